using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperOS.Tests.Tap;

/// <summary>What .NET has no word for: namespaces, ioctl and poll (namespaces(7), tun(4) of Linux' documentation).</summary>
internal static class Libc
{
    public const short PollIn = 1;

    private const int NewNetwork = 0x4000_0000;
    private const int ReadWriteNonblocking = 0x802;
    private const nuint SetInterface = 0x4004_54CA;
    private const short TapWithoutInformation = 0x1002;

    /// <summary>From now on the calling thread, and whom it starts, are in a network of their own.</summary>
    public static void EnterNewNetwork() => Check(unshare(NewNetwork), "unshare");

    /// <summary>The calling thread's number, by which others name its network.</summary>
    public static int ThreadId => gettid();

    /// <summary>Makes a TAP device in the calling thread's network; it lives as long as the handle.</summary>
    public static SafeFileHandle OpenTap(string name)
    {
        SafeFileHandle handle = new(Check(open("/dev/net/tun", ReadWriteNonblocking), "/dev/net/tun"), ownsHandle: true);
        byte[] request = new byte[40];
        System.Text.Encoding.ASCII.GetBytes(name, request);
        MemoryMarshal.Write(request.AsSpan(16), TapWithoutInformation);
        Check(ioctl(handle, SetInterface, request), "TUNSETIFF");
        return handle;
    }

    /// <summary>A descriptor that can be read once something was written to it.</summary>
    public static SafeFileHandle OpenEvent() => new(Check(eventfd(0, 0), "eventfd"), ownsHandle: true);

    /// <returns>How many bytes; 0 if there are none now.</returns>
    public static int Read(SafeFileHandle handle, Span<byte> into) => (int)Math.Max(0, read(handle, ref MemoryMarshal.GetReference(into), into.Length));

    public static bool TryWrite(SafeFileHandle handle, ReadOnlySpan<byte> bytes) => write(handle, ref MemoryMarshal.GetReference(bytes), bytes.Length) == bytes.Length;

    /// <summary>Waits until one of them can be read.</summary>
    public static void Poll(PollEntry[] entries) => poll(entries, (nuint)entries.Length, -1);

    private static int Check(int result, string what) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

    [DllImport("libc", SetLastError = true)]
    private static extern int unshare(int flags);

    [DllImport("libc")]
    private static extern int gettid();

    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPStr)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(SafeFileHandle handle, nuint request, byte[] argument);

    [DllImport("libc", SetLastError = true)]
    private static extern int eventfd(uint value, int flags);

    [DllImport("libc")]
    private static extern nint read(SafeFileHandle handle, ref byte bytes, nint count);

    [DllImport("libc")]
    private static extern nint write(SafeFileHandle handle, ref byte bytes, nint count);

    [DllImport("libc")]
    private static extern int poll([In, Out] PollEntry[] entries, nuint count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry(SafeFileHandle handle)
    {
        private readonly int _descriptor = (int)handle.DangerousGetHandle();
        private readonly short _wanted = PollIn;
        public short Ready;
    }
}
