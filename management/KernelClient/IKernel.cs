using System;

namespace HyperOS.Management.KernelClient;

/// <summary>
/// The kernel as the process reaches it: device files. The real ones (<see cref="DeviceKernel"/>) and the simulated ones speak the same messages, and
/// one suite of tests runs on both: docs/control-abi.md.
/// </summary>
public interface IKernel
{
    /// <param name="path">One of <see cref="HyperOS.Abi.Control.DevicePaths"/>.</param>
    /// <exception cref="System.IO.IOException">There is no such file.</exception>
    IDeviceFile Open(string path);
}

/// <summary>An open device file. Calls block, so each has a thread of its own.</summary>
public interface IDeviceFile : IDisposable
{
    /// <returns>How many bytes were read; 0 at the end.</returns>
    /// <exception cref="System.IO.IOException">The kernel refuses.</exception>
    int Read(Span<byte> buffer, ulong offset = 0);

    /// <returns>How many bytes were taken.</returns>
    /// <exception cref="System.IO.IOException">The kernel refuses.</exception>
    int Write(ReadOnlySpan<byte> bytes, ulong offset = 0);
}
