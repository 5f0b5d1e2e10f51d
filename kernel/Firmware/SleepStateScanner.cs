using System;
using HyperOS.Core;

namespace HyperOS.Firmware;

/// <summary>
/// Finds the <c>_S5</c> package in AML without interpreting it: the bytes of <c>Name (_S5, Package () {...})</c>, every one of which is
/// checked. ACPI Specification 6.5, sections "\_Sx (System States)" and "AML Grammar Definition".
/// </summary>
internal static class SleepStateScanner
{
    /// <summary>No definition that the scanner accepts needs more bytes than this, counted from its NameOp to its second element.</summary>
    public const int LongestDefinition = 64;

    private const byte NameOp = 0x08;
    private const byte RootChar = (byte)'\\';
    private const byte PackageOp = 0x12;
    private const byte ZeroOp = 0x00;
    private const byte OneOp = 0x01;
    private const byte OnesOp = 0xFF;
    private const byte BytePrefix = 0x0A;
    private const byte WordPrefix = 0x0B;
    private const byte DWordPrefix = 0x0C;
    private const byte QWordPrefix = 0x0E;

    /// <summary>"_S5_" as a little-endian number.</summary>
    private const uint S5Name = 0x5F35535F;

    /// <summary>SLP_TYP is a field of three bits.</summary>
    private const ulong GreatestSleepType = 7;

    /// <summary>Reads the definition that <paramref name="aml"/> begins with.</summary>
    /// <returns>False when there is none, or none that makes sense.</returns>
    public static bool TryReadDefinition(ReadOnlySpan<byte> aml, out byte sleepTypeA, out byte sleepTypeB)
    {
        sleepTypeA = 0;
        sleepTypeB = 0;
        if (aml.IsEmpty || aml[0] != NameOp)
            return false;
        LittleEndianReader reader = new(aml);
        reader.Skip(aml.Length > 1 && aml[1] == RootChar ? 2 : 1);
        if (reader.ReadUInt32() != S5Name || reader.ReadByte() != PackageOp || !TryReadPackageLength(ref reader, out int bodyLength))
            return false;

        // The package may go on behind what is here to be read; its two elements must not.
        reader.TryTake(Math.Min(bodyLength, reader.Remaining), out ReadOnlySpan<byte> body);
        LittleEndianReader elements = new(body);
        int count = elements.ReadByte();
        if (count == 0 || !TryReadInteger(ref elements, out ulong first))
            return false;
        ulong second = first >> 8;
        if (count == 1)
            first &= 0xFF; // Firmware exists that packs both values into one element.
        else if (!TryReadInteger(ref elements, out second))
            return false;
        if (first > GreatestSleepType || second > GreatestSleepType)
            return false;
        sleepTypeA = (byte)first;
        sleepTypeB = (byte)second;
        return true;
    }

    /// <summary>PkgLength: section "Package Length Encoding". The length counts the encoding's own bytes, which the result does not.</summary>
    private static bool TryReadPackageLength(ref LittleEndianReader reader, out int bodyLength)
    {
        int lead = reader.ReadByte();
        int following = lead >> 6;
        int length = following == 0 ? lead & 0x3F : lead & 0x0F;
        for (int i = 0; i < following; i++)
            length |= reader.ReadByte() << (4 + 8 * i);
        bodyLength = length - 1 - following;
        bool isWellFormed = following == 0 || (lead & 0x30) == 0;
        return isWellFormed && !reader.Overrun && bodyLength > 0;
    }

    private static bool TryReadInteger(ref LittleEndianReader reader, out ulong value)
    {
        byte opcode = reader.ReadByte();
        value = opcode switch
        {
            BytePrefix => reader.ReadByte(),
            WordPrefix => reader.ReadUInt16(),
            DWordPrefix => reader.ReadUInt32(),
            QWordPrefix => reader.ReadUInt64(),
            OneOp => 1,
            OnesOp => ulong.MaxValue,
            _ => 0,
        };
        return !reader.Overrun && opcode is ZeroOp or OneOp or OnesOp or BytePrefix or WordPrefix or DWordPrefix or QWordPrefix;
    }
}
