using System.Runtime.InteropServices;

namespace HyperOS.Tests.Unit.Devices;

internal static class SavedState
{
    /// <summary>The bytes of a record: records with bytes in place have no equality of their own.</summary>
    public static byte[] Bytes<T>(T state) where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in state)).ToArray();
}
