using System;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// A guest's RAM as devices reach it. Addresses and lengths are the guest's and need no check before; contents may change at any time, by the
/// guest's other processors, so that what a decision hangs on is read once. RAM does not come or go while devices run.
/// </summary>
public abstract class GuestRam
{
    /// <summary>Whether all of a range is RAM; nothing is touched.</summary>
    public abstract bool Contains(GuestPhysicalAddress address, ulong length);

    /// <summary>The bytes from an address on that lie together in host memory, as many as asked for or fewer, but at least one; for reading.</summary>
    /// <param name="length">In bytes, not 0.</param>
    /// <returns>False where the address has no RAM.</returns>
    public abstract bool TryGetReadable(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes);

    /// <summary>As <see cref="TryGetReadable"/>, for writing: the pages count as written, whatever becomes of the span.</summary>
    public abstract bool TryGetWritable(GuestPhysicalAddress address, uint length, out Span<byte> bytes);

    /// <summary>All bytes of a range within a page of 4 KiB, which so lies together; for reading.</summary>
    /// <param name="length">In bytes, not 0.</param>
    /// <returns>False where it has no RAM.</returns>
    public virtual bool TryGetReadableInPage(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes) =>
        TryGetReadable(address, length, out bytes) && bytes.Length == length;

    /// <summary>As <see cref="TryGetReadableInPage"/>, for writing.</summary>
    public virtual bool TryGetWritableInPage(GuestPhysicalAddress address, uint length, out Span<byte> bytes) =>
        TryGetWritable(address, length, out bytes) && bytes.Length == length;

    /// <summary>Words of 2 bytes that follow each other; empty where they do not lie together in RAM.</summary>
    /// <param name="address">A multiple of 2.</param>
    public abstract Span<ushort> HalfWords(GuestPhysicalAddress address, int count);

    /// <summary>Words of 8 bytes that follow each other; empty where they do not lie together in RAM.</summary>
    /// <param name="address">A multiple of 4.</param>
    public abstract Span<ulong> Words(GuestPhysicalAddress address, int count);

    /// <summary>Puts a value in the place of another, in one piece that no processor sees half done.</summary>
    /// <param name="address">A multiple of 4.</param>
    /// <returns>False where the address has no RAM.</returns>
    public abstract bool TryExchange(GuestPhysicalAddress address, uint value, out uint before);

    /// <summary>Copies out of RAM.</summary>
    /// <returns>False, with the destination's contents undefined, where not all of the range is RAM.</returns>
    public bool TryRead(GuestPhysicalAddress address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (!TryGetReadable(address, (uint)destination.Length, out ReadOnlySpan<byte> part))
                return false;
            part.CopyTo(destination);
            destination = destination.Slice(part.Length);
            if (!address.TryAdd((uint)part.Length, out address))
                return destination.IsEmpty;
        }
        return true;
    }

    /// <summary>Copies into RAM.</summary>
    /// <returns>False, with a part perhaps written, where not all of the range is RAM.</returns>
    public bool TryWrite(GuestPhysicalAddress address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (!TryGetWritable(address, (uint)source.Length, out Span<byte> part))
                return false;
            source.Slice(0, part.Length).CopyTo(part);
            source = source.Slice(part.Length);
            if (!address.TryAdd((uint)part.Length, out address))
                return source.IsEmpty;
        }
        return true;
    }
}
