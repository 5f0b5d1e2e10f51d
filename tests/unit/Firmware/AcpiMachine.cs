using HyperOS.Core;
using HyperOS.Firmware;

namespace HyperOS.Tests.Unit.Firmware;

/// <summary>The memory of a machine with a full set of ACPI tables, which tests may break.</summary>
internal sealed class AcpiMachine
{
    private const ulong RsdpAddress = 0xF5000;
    private const ulong RsdtAddress = 0x7FF0_0000;
    private const ulong XsdtAddress = 0x7FF0_1000;
    private const ulong FirstTable = 0x7FE0_0000;
    private const ulong TableStride = 0x20_000;
    private static readonly string[] Signatures = ["DSDT", "FACP", "APIC", "MCFG", "HPET", "SRAT", "UEFI"];

    public AcpiMachine()
    {
        Memory.Put(RsdpAddress, Rsdp(2));
        ByteWriter rsdt = new(), xsdt = new();
        for (int i = 1; i < Signatures.Length; i++)
        {
            rsdt.U32((uint)AddressOf(Signatures[i]));
            xsdt.U64(AddressOf(Signatures[i]));
        }
        Replace("RSDT", Table("RSDT", 1, rsdt.ToArray()));
        Replace("XSDT", Table("XSDT", 1, xsdt.ToArray()));
        Replace("DSDT", Table("DSDT", 2, [0x10, 0x20, 0x08, .. "_S5_"u8, 0x12, 0x06, 0x04, 0x0A, 0x05, 0x0A, 0x06, 0x00]));
        Replace("FACP", Table("FACP", 6, Fadt()));
        Replace("APIC", Table("APIC", 4, new ByteWriter().U32(0xFEE00000).U32(1)
            .U8(0, 8, 0, 0).U32(1)
            .U8(0, 8, 1, 1).U32(1)
            .U8(0, 8, 2, 0xFF).U32(0)
            .U8(1, 12, 0, 0).U32(0xFEC00000).U32(24)
            .U8(2, 10, 0, 0).U32(2).U16(5)
            .U8(3, 8, 0, 0).U32(11)
            .U8(4, 6, 0xFF, 5, 0, 1)
            .U8(9, 16, 0, 0).U32(300).U32(2).U32(3)
            .U8(9, 16, 0, 0).U32(1).U32(1).U32(1)
            .U8(0x7F, 4, 0, 0).ToArray()));
        Replace("MCFG", Table("MCFG", 1, new ByteWriter().Zeros(8).U64(0xB0000000).U16(0).U8(0, 255).U32(0).ToArray()));
        Replace("HPET", Table("HPET", 1, new ByteWriter().U32(0x8086A201).U8(0, 64, 0, 0).U64(0xFED00000).U8(0, 0x80, 0, 0).ToArray()));
        Replace("SRAT", Table("SRAT", 3, new ByteWriter().Zeros(12)
            .U8(0, 16, 7, 0).U32(1).Zeros(8)
            .U8(0, 16, 9, 1).U32(1).Zeros(8)
            .U8(2, 24, 0, 0).U32(9).U32(300).U32(1).Zeros(8)
            .U8(1, 40).U32(7).Zeros(2).U64(0).U64(0x8000_0000).Zeros(4).U32(1).Zeros(8)
            .U8(1, 40).U32(9).Zeros(2).U64(0x1_0000_0000).U64(0x8000_0000).Zeros(4).U32(3).Zeros(8)
            .U8(1, 40).U32(11).Zeros(2).U64(0x2_0000_0000).U64(0x8000_0000).Zeros(4).U32(0).Zeros(8).ToArray()));
        Replace("UEFI", Table("UEFI", 1, [1, 2, 3]));
    }

    public FakeMemory Memory { get; } = new();

    /// <summary>The bytes in memory, so that changing them changes the machine.</summary>
    public Dictionary<string, byte[]> Tables { get; } = [];

    public void Replace(string signature, byte[] table)
    {
        Tables[signature] = table;
        Memory.Put(AddressOf(signature), table);
    }

    /// <summary>Moves the RSDP; address 0 takes it away.</summary>
    public void RsdpAt(ulong address)
    {
        Memory.Put(RsdpAddress, []);
        if (address != 0)
            Memory.Put(address, Rsdp(2));
    }

    public AcpiTables Discover(AcpiStatus expected)
    {
        AcpiTables tables = new(Memory);
        Assert.Equal(expected, tables.Discover(new BootInfo()));
        return tables;
    }

    public static byte[] Rsdp(byte revision)
    {
        byte[] rsdp = new ByteWriter().Ascii("RSD PTR ").U8(0).Ascii("HYPER ").U8(revision).U32((uint)RsdtAddress).U32(36).U64(XsdtAddress).Zeros(4).ToArray();
        rsdp[8] = Negative(rsdp.AsSpan(0, 20));
        rsdp[32] = Negative(rsdp);
        return rsdp;
    }

    public static byte[] Table(string signature, byte revision, byte[] body)
    {
        byte[] table = new ByteWriter().Ascii(signature).U32((uint)body.Length + 36).U8(revision, 0)
            .Ascii("HYPER HYPEROS ").U32(1).Ascii("HYOS").U32(1).Append(body).ToArray();
        table[9] = Negative(table);
        return table;
    }

    /// <summary>A FADT of revision 6 without its header.</summary>
    public static byte[] Fadt() => new ByteWriter().U32(0).U32((uint)AddressOf("DSDT")).U8(0, 0).U16(9).U32(0xB2).U8(0xF1, 0xF0, 0, 0)
        .U32(0x600).U32(0).U32(0x604).U32(0).U32(0).U32(0x608).U32(0).U32(0).U8(4, 2, 0, 4).PadTo(109 - 36)
        .U16(6).U8(0).U32(1 << 8 | 1 << 10).U8(1, 8, 0, 1).U64(0xCF9).U8(6).PadTo(208 - 36).U8(0, 32, 0, 3).U64(0xCAFE0000).PadTo(276 - 36).ToArray();

    private static ulong AddressOf(string signature) => signature switch
    {
        "RSDT" => RsdtAddress,
        "XSDT" => XsdtAddress,
        _ => FirstTable + (ulong)Array.IndexOf(Signatures, signature) * TableStride,
    };

    /// <summary>What makes the sum of the bytes zero.</summary>
    private static byte Negative(ReadOnlySpan<byte> bytes) => unchecked((byte)-ByteSpans.Sum(bytes));

}
