using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>RAM from address 0 on, which lies together within blocks only, as that of a real guest does; of <see cref="SmallestBlock"/> or a multiple.</summary>
internal sealed class TestRam(int length, int block = 2 * 1024 * 1024) : GuestRam
{
    /// <summary>A page, in which all lies together.</summary>
    public const int SmallestBlock = 4096;

    public byte[] Bytes { get; } = new byte[length];

    /// <summary>Called before each read: another of the guest's processors.</summary>
    public Action<ulong>? Other { get; set; }

    public override bool Contains(GuestPhysicalAddress address, ulong length) =>
        address.Value <= (ulong)Bytes.Length && length <= (ulong)Bytes.Length - address.Value;

    public override bool TryGetReadable(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes)
    {
        Other?.Invoke(address.Value);
        bool found = TryGetWritable(address, length, out Span<byte> span);
        bytes = span;
        return found;
    }

    public override bool TryGetWritable(GuestPhysicalAddress address, uint length, out Span<byte> bytes)
    {
        bytes = default;
        if (address.Value >= (ulong)Bytes.Length)
            return false;
        int start = (int)address.Value;
        int end = (int)Math.Min((uint)Bytes.Length, Math.Min((ulong)start + length, ((ulong)start / (uint)block + 1) * (uint)block));
        bytes = Bytes.AsSpan(start, end - start);
        return true;
    }

    public override Span<ushort> HalfWords(GuestPhysicalAddress address, int count) => Items<ushort>(address, count);

    public override Span<ulong> Words(GuestPhysicalAddress address, int count) => Items<ulong>(address, count);

    private Span<T> Items<T>(GuestPhysicalAddress address, int count)
        where T : unmanaged
    {
        Span<T> items = TryGetWritable(address, (uint)(count * Unsafe.SizeOf<T>()), out Span<byte> bytes) ? MemoryMarshal.Cast<byte, T>(bytes) : default;
        return items.Length == count ? items : default;
    }

    public override bool TryExchange(GuestPhysicalAddress address, uint value, out uint before)
    {
        before = 0;
        if (!Contains(address, sizeof(uint)))
            return false;
        before = Interlocked.Exchange(ref MemoryMarshal.AsRef<uint>(Bytes.AsSpan((int)address.Value)), value);
        return true;
    }
}
