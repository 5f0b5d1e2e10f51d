using System;
using System.Buffers.Binary;

namespace HyperOS.Userworld;

/// <summary>
/// The extended state in a signal's frame: XSAVE's standard format, with the words that Linux adds to it in bytes that the processor leaves to software.
/// Intel SDM vol. 1, "XSAVE Area"; Linux's struct _fpx_sw_bytes.
/// </summary>
public static class ExtendedFrame
{
    /// <summary>Bytes of the part that FXSAVE writes too, and of XSAVE's header behind it.</summary>
    public const int LegacyLength = 512, HeaderLength = 64;

    /// <summary>Bytes behind an XSAVE area that say that it is whole.</summary>
    public const int TrailerLength = 4;

    private const int MxcsrOffset = 24, XmmOffset = 160, XmmLength = 256;
    private const int SoftwareOffset = 464, ComponentsOffset = LegacyLength, CompactionOffset = LegacyLength + 8;
    private const uint Magic1 = 0x4650_5853, Magic2 = 0x4650_5845;

    // Of every processor with the extensions for guests.
    private const uint MxcsrBits = 0xFFFF;

    private const ulong LegacyComponents = 3;

    /// <summary>Makes an area that the processor wrote what a handler finds.</summary>
    /// <param name="area">With room for the trailer behind <paramref name="length"/>, if there is XSAVE.</param>
    /// <param name="length">Of the state.</param>
    /// <param name="components">That it may hold; 0 for an area of FXSAVE.</param>
    /// <param name="xmm">XMM0 to XMM15, which the kernel keeps elsewhere.</param>
    public static void Seal(Span<byte> area, int length, ulong components, ReadOnlySpan<byte> xmm)
    {
        xmm.CopyTo(area.Slice(XmmOffset, XmmLength));
        if (components == 0)
            return;
        Span<byte> software = area.Slice(SoftwareOffset, LegacyLength - SoftwareOffset);
        software.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(software, Magic1);
        BinaryPrimitives.WriteUInt32LittleEndian(software.Slice(4), (uint)(length + TrailerLength));
        BinaryPrimitives.WriteUInt64LittleEndian(software.Slice(8), components);
        BinaryPrimitives.WriteUInt32LittleEndian(software.Slice(16), (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(area.Slice(length), Magic2);
        Span<byte> present = area.Slice(ComponentsOffset, sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(present, BinaryPrimitives.ReadUInt64LittleEndian(present) | LegacyComponents);
    }

    /// <summary>
    /// Checks an area that a process gives back, so that the processor can restore it without a fault, whatever it holds: the header's bits are among
    /// the components, its reserved bytes and MXCSR's reserved bits are 0.
    /// </summary>
    /// <param name="area">The whole state; of FXSAVE or XSAVE.</param>
    /// <param name="xmm">Receives XMM0 to XMM15.</param>
    public static bool TryOpen(Span<byte> area, ulong components, Span<byte> xmm)
    {
        if ((BinaryPrimitives.ReadUInt32LittleEndian(area.Slice(MxcsrOffset)) & ~MxcsrBits) != 0)
            return false;
        area.Slice(XmmOffset, XmmLength).CopyTo(xmm);
        if (components == 0)
            return true;
        if ((BinaryPrimitives.ReadUInt64LittleEndian(area.Slice(ComponentsOffset)) & ~components) != 0)
            return false;
        foreach (byte b in area.Slice(CompactionOffset, HeaderLength - sizeof(ulong)))
        {
            if (b != 0)
                return false;
        }
        return true;
    }
}
