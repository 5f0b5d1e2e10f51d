using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace HyperOS.Management.KernelClient;

/// <summary>The kernel below this process.</summary>
public sealed class DeviceKernel : IKernel
{
    /// <summary>Whether there is one: else the process runs on another system.</summary>
    public static bool IsPresent => File.Exists(HyperOS.Abi.Control.DevicePaths.Control);

    public IDeviceFile Open(string path) => new DeviceFile(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));

    private sealed class DeviceFile(SafeFileHandle handle) : IDeviceFile
    {
        // Without buffers: a read is a read, and a write a write. Of files that cannot seek the offset means nothing to the framework.
        private readonly FileStream _stream = new(handle, FileAccess.ReadWrite, bufferSize: 0);

        public int Read(Span<byte> buffer, ulong offset) => _stream.CanSeek ? RandomAccess.Read(handle, buffer, (long)offset) : _stream.Read(buffer);

        public int Write(ReadOnlySpan<byte> bytes, ulong offset)
        {
            if (_stream.CanSeek)
                RandomAccess.Write(handle, bytes, (long)offset);
            else
                _stream.Write(bytes);
            return bytes.Length;
        }

        public void Dispose() => _stream.Dispose();
    }
}
