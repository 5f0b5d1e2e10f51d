using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Specs.Acpi;

namespace HyperOS.Firmware;

/// <summary>
/// Finds the RSDP: the boot loader's copy, then the address that it gave, then the search of ACPI Specification 6.5, section "Finding the
/// RSDP on IA-PC Systems".
/// </summary>
internal sealed class RsdpLocator
{
    private const ulong EbdaSegmentPointer = 0x40E;
    private const ulong EbdaLength = 1 * Size.KiB;
    private const ulong BiosAreaStart = 0xE0000;
    private const ulong BiosAreaLength = 128 * Size.KiB;
    private const ulong SearchStep = 16;

    /// <summary>Structures that claim to be longer are refused.</summary>
    private const int LongestStructure = 256;

    private readonly PhysicalMemoryReader _memory;
    private readonly byte[] _bytes = new byte[LongestStructure];

    public RsdpLocator(PhysicalMemoryReader memory) => _memory = memory;

    public bool TryFind(BootInfo bootInfo, out RSDP rsdp) =>
        TryAccept(bootInfo.Rsdp, out rsdp)
        || (!bootInfo.RsdpAddress.IsNull && TryReadAt(bootInfo.RsdpAddress, out rsdp))
        || TrySearchEbda(out rsdp)
        || TrySearch(BiosAreaStart, BiosAreaLength, out rsdp);

    private bool TrySearchEbda(out RSDP rsdp)
    {
        rsdp = default;
        Span<byte> segment = new(_bytes, 0, sizeof(ushort));
        if (!_memory.TryRead(new HostPhysicalAddress(EbdaSegmentPointer), segment))
            return false;
        ulong ebda = (ulong)BinaryPrimitives.ReadUInt16LittleEndian(segment) << 4;
        return ebda != 0 && TrySearch(Alignment.Up(ebda, SearchStep), EbdaLength, out rsdp);
    }

    private bool TrySearch(ulong start, ulong length, out RSDP rsdp)
    {
        for (ulong offset = 0; offset < length; offset += SearchStep)
        {
            if (TryReadAt(new HostPhysicalAddress(start + offset), out rsdp))
                return true;
        }
        rsdp = default;
        return false;
    }

    private bool TryReadAt(HostPhysicalAddress address, out RSDP rsdp)
    {
        rsdp = default;
        Span<byte> bytes = _bytes;
        int length = RSDP.SizeInBytesRevision0;
        if (!_memory.TryRead(address, bytes.Slice(0, length)) || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != RSDP.ExpectedSignature)
            return false;
        // The length field is there from revision 2 on; where it cannot be read, the structure is judged as what could be read.
        if (_memory.TryRead(address, bytes.Slice(0, RSDP.SizeInBytes)))
        {
            LittleEndianReader reader = new(bytes);
            RSDP candidate = RSDP.Read(ref reader);
            length = RSDP.SizeInBytes;
            if (candidate.Revision >= 2 && candidate.Length > RSDP.SizeInBytes && candidate.Length <= LongestStructure)
            {
                length = (int)candidate.Length;
                if (!_memory.TryRead(address, bytes.Slice(0, length)))
                    return false;
            }
        }
        return TryAccept(bytes.Slice(0, length), out rsdp);
    }

    /// <summary>Checks the signature, the checksum of ACPI 1.0 and, from revision 2 on, that of the whole structure.</summary>
    private static bool TryAccept(ReadOnlySpan<byte> bytes, out RSDP rsdp)
    {
        LittleEndianReader reader = new(bytes);
        rsdp = RSDP.Read(ref reader);
        if (bytes.Length < RSDP.SizeInBytesRevision0 || rsdp.Signature != RSDP.ExpectedSignature
            || ByteSpans.Sum(bytes.Slice(0, RSDP.SizeInBytesRevision0)) != 0)
            return false;
        if (rsdp.Revision < 2)
        {
            // What follows the structure of ACPI 1.0 is not part of it.
            rsdp.XsdtAddress = 0;
            return true;
        }
        return rsdp.Length >= RSDP.SizeInBytes && rsdp.Length <= (uint)bytes.Length && ByteSpans.Sum(bytes.Slice(0, (int)rsdp.Length)) == 0;
    }
}
