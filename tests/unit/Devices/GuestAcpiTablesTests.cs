using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using HyperOS.Devices;
using HyperOS.Tests.Unit.Devices.Pci;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Reads the tables as a guest would, knowing nothing of the builder: from the RSDP on, by the ACPI Specification's layouts.</summary>
public class GuestAcpiTablesTests
{
    private const uint Base = GuestAcpiTables.UsualAddress;

    private static byte[] Build(int vcpus, uint address = Base, PciBus? pci = null)
    {
        byte[] space = new byte[0x2_0000];
        Assert.Equal(AcpiTablesStatus.Built, GuestAcpiTables.Build(vcpus, pci, address, space, out int length));
        return space[..length];
    }

    /// <summary>3 GiB of RAM above 4 GiB; device 1 with a pin, device 2 with two, device 3 with none.</summary>
    private static PciBus NewBus()
    {
        PciMachine machine = new(highRam: 3ul << 30);
        machine.Add(1);
        machine.Add(2, pin: 1);
        machine.Add(2, 1, pin: 4);
        machine.Add(3, pin: 0);
        return machine.Bus;
    }

    private static ReadOnlySpan<byte> At(byte[] tables, ulong address, int length) => tables.AsSpan((int)(address - Base), length);

    private static void AssertSumsToZero(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
            sum += value;
        Assert.Equal(0, sum);
    }

    private static byte[] Table(byte[] tables, ulong address, string signature)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(At(tables, address + 4, 4));
        byte[] table = At(tables, address, length).ToArray();
        Assert.Equal(signature, Encoding.ASCII.GetString(table, 0, 4));
        Assert.Equal("HYPROS", Encoding.ASCII.GetString(table, 10, 6));
        AssertSumsToZero(table);
        return table;
    }

    private static (byte[] Fadt, byte[] Madt) ByXsdt(byte[] tables)
    {
        byte[] xsdt = Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(tables.AsSpan(24)), "XSDT");
        Assert.Equal(36 + 2 * 8, xsdt.Length);
        return (Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(36)), "FACP"),
            Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(44)), "APIC"));
    }

    private static byte[] Dsdt(byte[] tables) => Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(ByXsdt(tables).Fadt.AsSpan(40)), "DSDT");

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_tables_are_the_golden_ones(int vcpus)
    {
        string golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Devices", "Golden", $"acpi-{vcpus}.hex"));
        StringBuilder text = new();
        foreach (byte[] line in Build(vcpus).Chunk(32))
            text.Append(Convert.ToHexString(line)).Append('\n');
        Assert.Equal(golden, text.ToString());
    }

    [Fact]
    public void The_tables_with_PCI_are_the_golden_ones()
    {
        string golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Devices", "Golden", "acpi-pci.hex"));
        StringBuilder text = new();
        foreach (byte[] line in Build(2, Base, NewBus()).Chunk(32))
            text.Append(Convert.ToHexString(line)).Append('\n');
        Assert.Equal(golden, text.ToString());
    }

    [Fact]
    public void The_mcfg_tells_where_configuration_space_is()
    {
        byte[] tables = Build(1, Base, NewBus());
        byte[] xsdt = Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(tables.AsSpan(24)), "XSDT");
        byte[] rsdt = Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(tables.AsSpan(16)), "RSDT");
        Assert.Equal(36 + 3 * 8, xsdt.Length);
        byte[] mcfg = Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(52)), "MCFG");
        Assert.Equal(mcfg, Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(rsdt.AsSpan(44)), "MCFG"));
        Assert.Equal(60, mcfg.Length);
        // Segment group 0, buses 0 to 0.
        Assert.Equal("0000000000000000" + "000000E000000000" + "0000" + "00" + "00" + "00000000", Convert.ToHexString(mcfg.AsSpan(36)));
    }

    [Fact]
    public void The_dsdt_describes_the_host_bridge()
    {
        List<string> objects = [];
        byte[] tables = Build(1, Base, NewBus());
        byte[] xsdt = Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(tables.AsSpan(24)), "XSDT");
        byte[] fadt = Table(tables, BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(36)), "FACP");
        Parse(Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(40)), "DSDT").AsSpan(36), "", objects);
        Assert.Equal(
        [
            @"\_SB_.PCI0._HID = 080AD041", @"\_SB_.PCI0._CID = 030AD041", @"\_SB_.PCI0._UID = 0",
            @"\_SB_.PCI0._CRS = buffer " +
                "880D00" + "020C00" + "0000" + "0000" + "0000" + "0000" + "0100" +
                "4701F80CF80C0108" +
                "880D00" + "010C03" + "0000" + "0000" + "F70C" + "0000" + "F80C" +
                "880D00" + "010C03" + "0000" + "000D" + "FFFF" + "0000" + "00F3" +
                "871700" + "000C01" + "00000000" + "000000C0" + "FFFFFFDF" + "00000000" + "00000020" +
                "8A2B00" + "000C01" + "0000000000000000" + "0000000008000000" + "FFFFFFFF0F000000" + "0000000000000000" + "0000000008000000" + "7900",
            @"\_SB_.PCI0._PRT = package " + Pin(1, 0, 17) + Pin(2, 0, 18) + Pin(2, 3, 21),
            @"\_SB_.PCI0._OSC = method 048A6B00434457318A6B0A0843445733A0" + "880100" + "434457337D434457310A1043445731700043445733A46B",
            @"\_SB_.MRES._HID = 020CD041", @"\_SB_.MRES._CRS = buffer 86090001000000E000001000" + "7900",
        ], objects.Where(line => line.Contains(".PCI0.", StringComparison.Ordinal) || line.Contains(".MRES.", StringComparison.Ordinal)));

        // A package of device and all functions, pin, no link device, interrupt line.
        static string Pin(int device, int pin, int line)
        {
            string content = "04" + $"0CFFFF{device:X2}00" + (pin < 2 ? $"{pin:X2}" : $"0A{pin:X2}") + "00" + $"0A{line:X2}";
            int length = content.Length / 2 + 3;
            return $"12{0x80 | length & 15:X2}{length >> 4:X2}00" + content;
        }
    }

    [Fact]
    public void The_root_pointer_is_right_in_both_its_forms()
    {
        byte[] tables = Build(1);
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(tables, 0, 8));
        Assert.Equal(2, tables[15]);
        Assert.Equal(36, BinaryPrimitives.ReadInt32LittleEndian(tables.AsSpan(20)));
        AssertSumsToZero(tables.AsSpan(0, 20));
        AssertSumsToZero(tables.AsSpan(0, 36));
    }

    [Fact]
    public void Rsdt_and_xsdt_point_to_the_same_tables()
    {
        byte[] tables = Build(4);
        byte[] rsdt = Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(tables.AsSpan(16)), "RSDT");
        Assert.Equal(36 + 2 * 4, rsdt.Length);
        (byte[] fadt, byte[] madt) = ByXsdt(tables);
        Assert.Equal(fadt, Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(rsdt.AsSpan(36)), "FACP"));
        Assert.Equal(madt, Table(tables, BinaryPrimitives.ReadUInt32LittleEndian(rsdt.AsSpan(40)), "APIC"));
    }

    [Fact]
    public void The_fadt_tells_of_the_fixed_hardware()
    {
        byte[] tables = Build(1);
        byte[] fadt = ByXsdt(tables).Fadt;
        Assert.Equal(276, fadt.Length);
        Assert.Equal(6, fadt[8]);
        ulong facs = BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(36));
        Assert.Equal(0ul, facs % 64);
        Assert.Equal("FACS", Encoding.ASCII.GetString(At(tables, facs, 4)));
        Assert.Equal(64, BinaryPrimitives.ReadInt32LittleEndian(At(tables, facs + 4, 4)));
        Assert.Equal(0ul, BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(132)));
        Assert.Equal(BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(40)), BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140)));
        Assert.Equal(9, BinaryPrimitives.ReadUInt16LittleEndian(fadt.AsSpan(46)));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(48)));
        Assert.Equal(0x600u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(56)));
        Assert.Equal(0x604u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(64)));
        Assert.Equal(0x608u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(76)));
        Assert.Equal(0x60Cu, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(80)));
        Assert.Equal([4, 2, 0, 4, 2], fadt.AsSpan(88, 5).ToArray());
        Assert.Equal(0x32, fadt[108]);
        Assert.Equal(0x0005, BinaryPrimitives.ReadUInt16LittleEndian(fadt.AsSpan(109)));
        Assert.Equal(0x1565u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(112)));
        // The reset register, and the extended addresses, which say the same as the short ones.
        Assert.Equal((1, 8, 0xCF9ul), Address(116));
        Assert.Equal(0x06, fadt[128]);
        Assert.Equal((1, 32, 0x600ul), Address(148));
        Assert.Equal((1, 16, 0x604ul), Address(172));
        Assert.Equal((1, 32, 0x608ul), Address(208));
        Assert.Equal((1, 16, 0x60Cul), Address(220));
        Assert.Equal("HyperOS", Encoding.ASCII.GetString(fadt, 268, 7));

        (int Space, int Bits, ulong Address) Address(int at) => (fadt[at], fadt[at + 1], BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(at + 4)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(255)]
    [InlineData(300)]
    public void The_madt_tells_of_every_vcpu_and_of_the_wiring(int vcpus)
    {
        byte[] madt = ByXsdt(Build(vcpus)).Madt;
        Assert.Equal(0xFEE0_0000u, BinaryPrimitives.ReadUInt32LittleEndian(madt.AsSpan(36)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(madt.AsSpan(40)));
        List<uint> apicIds = [];
        List<string> others = [];
        for (int at = 44; at < madt.Length; at += madt[at + 1])
        {
            ReadOnlySpan<byte> entry = madt.AsSpan(at, madt[at + 1]);
            switch (entry[0])
            {
                case 0:
                    Assert.Equal(8, entry.Length);
                    Assert.Equal(entry[2], entry[3]);
                    Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
                    apicIds.Add(entry[3]);
                    break;
                case 9:
                    Assert.Equal(16, entry.Length);
                    Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]));
                    apicIds.Add(BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
                    Assert.Equal(apicIds[^1], BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]));
                    Assert.True(apicIds[^1] > 254);
                    break;
                default:
                    others.Add(Convert.ToHexString(entry));
                    break;
            }
        }
        Assert.Equal(Enumerable.Range(0, vcpus).Select(id => (uint)id), apicIds);
        string[] expected = ["010C00000000C0FE00000000", "020A0000020000000000", "020A0009090000000D00", "0406FF000001"];
        Assert.Equal(vcpus > 255 ? [.. expected, "0A0C0000FFFFFFFF01000000"] : expected, others);
    }

    [Fact]
    public void More_than_eight_vcpus_need_physical_destinations()
    {
        Assert.Equal(0, ByXsdt(Build(8)).Fadt[114] & 0x08);
        Assert.Equal(0x08, ByXsdt(Build(9)).Fadt[114] & 0x08);
    }

    [Fact]
    public void The_dsdt_holds_soft_off_and_the_devices()
    {
        List<string> objects = [];
        byte[] aml = Dsdt(Build(2));
        Parse(aml.AsSpan(36), "", objects);
        Assert.Equal(
        [
            @"\_S5_ = package 00000000",
            @"\_SB_.COM1._HID = 0105D041", @"\_SB_.COM1._UID = 1", @"\_SB_.COM1._CRS = buffer 4701F803F803010822100079" + "00",
            @"\_SB_.RTC_._HID = 000BD041", @"\_SB_.RTC_._CRS = buffer 4701700070000102220001" + "7900",
            @"\_SB_.FWCF._HID = QEMU0002", @"\_SB_.FWCF._CRS = buffer 4701100510050102" + "7900",
            @"\_SB_.C000._HID = ACPI0007", @"\_SB_.C000._UID = 0", @"\_SB_.C001._HID = ACPI0007", @"\_SB_.C001._UID = 1",
        ], objects);
    }

    [Fact]
    public void Processor_names_are_hexadecimal_and_all_are_there()
    {
        List<string> objects = [];
        Parse(Dsdt(Build(300)).AsSpan(36), "", objects);
        Assert.Contains(@"\_SB_.C12B._UID = 299", objects);
        Assert.Equal(300, objects.Count(line => line.EndsWith("ACPI0007", StringComparison.Ordinal)));
    }

    /// <summary>Reads the little AML there is: scopes, devices and names. Every length must end where its content ends.</summary>
    private static void Parse(ReadOnlySpan<byte> aml, string scope, List<string> objects)
    {
        while (aml.Length > 0)
        {
            int skip = aml[0] == 0x5B ? 2 : 1;
            if (aml[0] is 0x10 or 0x5B)
            {
                Assert.True(aml[0] == 0x10 || aml[1] == 0x82);
                int length = PackageLength(aml[skip..], out int lengthBytes);
                ReadOnlySpan<byte> body = aml.Slice(skip + lengthBytes, length - lengthBytes);
                string name = NameOf(ref body);
                Parse(body, scope.Length == 0 ? name : scope + "." + name, objects);
                aml = aml[(skip + length)..];
                continue;
            }
            if (aml[0] == 0x14)
            {
                int length = PackageLength(aml[1..], out int lengthBytes);
                ReadOnlySpan<byte> body = aml.Slice(1 + lengthBytes, length - lengthBytes);
                objects.Add(scope + "." + NameOf(ref body) + " = method " + Convert.ToHexString(body));
                aml = aml[(1 + length)..];
                continue;
            }
            Assert.Equal(0x08, aml[0]);
            aml = aml[1..];
            string object_ = NameOf(ref aml);
            objects.Add((scope.Length == 0 ? object_ : scope + "." + object_) + " = " + Value(ref aml));
        }
    }

    private static string NameOf(ref ReadOnlySpan<byte> aml)
    {
        int length = aml[0] == '\\' ? 5 : 4;
        string name = Encoding.ASCII.GetString(aml[..length]);
        aml = aml[length..];
        return name;
    }

    private static int PackageLength(ReadOnlySpan<byte> aml, out int bytes)
    {
        bytes = 1 + (aml[0] >> 6);
        if (bytes == 1)
            return aml[0] & 0x3F;
        int length = aml[0] & 0x0F;
        for (int i = 1; i < bytes; i++)
            length |= aml[i] << (4 + 8 * (i - 1));
        return length;
    }

    private static string Value(ref ReadOnlySpan<byte> aml)
    {
        byte op = aml[0];
        ReadOnlySpan<byte> rest = aml[1..];
        switch (op)
        {
            case 0x00 or 0x01:
                aml = rest;
                return op.ToString(CultureInfo.InvariantCulture);
            case 0x0A:
                aml = rest[1..];
                return rest[0].ToString(CultureInfo.InvariantCulture);
            case 0x0B:
                aml = rest[2..];
                return BinaryPrimitives.ReadUInt16LittleEndian(rest).ToString(CultureInfo.InvariantCulture);
            case 0x0C:
                aml = rest[4..];
                return BinaryPrimitives.ReadUInt32LittleEndian(rest).ToString("X8", CultureInfo.InvariantCulture);
            case 0x0D:
                int end = rest.IndexOf((byte)0);
                aml = rest[(end + 1)..];
                return Encoding.ASCII.GetString(rest[..end]);
            default:
                Assert.True(op is 0x11 or 0x12);
                int length = PackageLength(rest, out int lengthBytes);
                ReadOnlySpan<byte> body = rest[lengthBytes..length];
                aml = rest[length..];
                if (op == 0x12)
                {
                    // Either plain bytes or packages.
                    Assert.True(body[0] == body.Length - 1 || body[1] == 0x12);
                    return "package " + Convert.ToHexString(body[1..]);
                }
                int prefix = body[0] == 0x0B ? 3 : 2;
                Assert.Equal(prefix == 3 ? BinaryPrimitives.ReadUInt16LittleEndian(body[1..]) : body[1], body.Length - prefix);
                Assert.True(body[0] is 0x0A or 0x0B);
                return "buffer " + Convert.ToHexString(body[prefix..]);
        }
    }

    [Fact]
    public void What_cannot_be_built_is_refused()
    {
        byte[] space = new byte[0x2_0000];
        Assert.Equal(AcpiTablesStatus.BadVcpuCount, GuestAcpiTables.Build(0, null, Base, space, out _));
        Assert.Equal(AcpiTablesStatus.BadVcpuCount, GuestAcpiTables.Build(1025, null, Base, space, out _));
        Assert.Equal(AcpiTablesStatus.BadAddress, GuestAcpiTables.Build(1, null, Base + 16, space, out _));
        Assert.Equal(AcpiTablesStatus.BadAddress, GuestAcpiTables.Build(1, null, 0x10_0000, space, out _));
        Assert.Equal(AcpiTablesStatus.BadAddress, GuestAcpiTables.Build(1, null, 0xF_FFC0, space, out _));
        for (int size = 0; size < Build(1).Length; size++)
            Assert.Equal(AcpiTablesStatus.NoSpace, GuestAcpiTables.Build(1, null, Base, space.AsSpan(0, size), out _));
        Assert.Equal(AcpiTablesStatus.Built, GuestAcpiTables.Build(1024, null, Base, space, out _));
    }

    [Fact]
    public void Nothing_but_the_pointers_depends_on_the_address() => Assert.Equal(Build(2).Length, Build(2, 0xF_0000).Length);
}
