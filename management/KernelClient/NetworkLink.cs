using System;
using System.IO;
using HyperOS.Abi.Control;
using HyperOS.Management.TcpIp;

namespace HyperOS.Management.KernelClient;

/// <summary>
/// The process's port in the virtual switch as a stack's link: frames go and come in batches by <see cref="DevicePaths.Network"/>, a system call for
/// each batch.
/// </summary>
/// <param name="file">The open device file.</param>
/// <param name="address">The port's station address.</param>
/// <param name="mtu">The largest IP packet of a frame, in bytes.</param>
public sealed class NetworkLink(IDeviceFile file, MacAddress address, int mtu = NetworkLink.LargestMtu) : ILink
{
    /// <summary>What the longest frame leaves for its packet, in bytes.</summary>
    public const int LargestMtu = 1500;

    private readonly byte[] _batch = new byte[FrameStream.MaxLength];
    private int _length;

    /// <inheritdoc/>
    public MacAddress Address => address;

    /// <inheritdoc/>
    public int Mtu => mtu;

    /// <inheritdoc/>
    public bool TryTransmit(ReadOnlySpan<byte> frame)
    {
        if (FrameStream.TryAdd(_batch, ref _length, frame))
            return true;
        Flush();
        return FrameStream.TryAdd(_batch, ref _length, frame);
    }

    /// <summary>Hands over what was gathered, which never waits; a batch that the kernel refuses is lost, as on a wire.</summary>
    public void Flush()
    {
        if (_length == 0)
            return;
        try
        {
            file.Write(_batch.AsSpan(0, _length));
        }
        catch (IOException)
        {
        }
        _length = 0;
    }

    /// <summary>Brings the stack what comes, until the file ends; it blocks, so it has a thread of its own.</summary>
    /// <exception cref="IOException">The kernel refuses to read on.</exception>
    public void Run(NetworkStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        byte[] buffer = new byte[FrameStream.MaxLength];
        while (file.Read(buffer) is > 0 and int length)
        {
            Batch batch = new(buffer.AsSpan(0, length));
            stack.Receive(ref batch);
        }
    }

    private ref struct Batch(ReadOnlySpan<byte> bytes) : IFrameBatch
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool TryNext(out ReadOnlySpan<byte> frame) => FrameStream.TryTake(ref _rest, out frame);
    }
}
