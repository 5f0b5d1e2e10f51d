using System;
using System.Buffers.Binary;

namespace HyperOS.Devices;

/// <summary>
/// Writes ACPI tables and AML one after the other. What does not fit is dropped and <see cref="Overflowed"/> tells: nobody has to compute
/// sizes first. AML encodings: ACPI Specification, "ACPI Machine Language (AML) Specification".
/// </summary>
internal ref struct AcpiTableWriter
{
    private const int HeaderLengthOffset = 4, HeaderChecksumOffset = 9;
    private const byte TwoFollowingBytes = 2 << 6;
    private const byte BytePrefix = 0x0A, WordPrefix = 0x0B, DWordPrefix = 0x0C, StringPrefix = 0x0D, ZeroOp = 0x00, OneOp = 0x01, NameOp = 0x08,
        BufferOp = 0x11, MethodOp = 0x14, ScopeOp = 0x10, PackageOp = 0x12, ExtOpPrefix = 0x5B, DeviceOp = 0x82,
        IfOp = 0xA0;
    private const byte IoPortDescriptor = 0x47, EndTag = 0x79;
    private const int PackageLengthBytes = 3;

    private readonly Span<byte> _destination;

    public AcpiTableWriter(Span<byte> destination) => _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether something did not fit; then what is written is worthless.</summary>
    public bool Overflowed { get; private set; }

    public void Byte(int value)
    {
        Span<byte> to = Take(1);
        if (!to.IsEmpty)
            to[0] = (byte)value;
    }

    public void Word(int value)
    {
        Span<byte> to = Take(2);
        if (!to.IsEmpty)
            BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)value);
    }

    public void DWord(uint value)
    {
        Span<byte> to = Take(4);
        if (!to.IsEmpty)
            BinaryPrimitives.WriteUInt32LittleEndian(to, value);
    }

    public void QWord(ulong value)
    {
        Span<byte> to = Take(8);
        if (!to.IsEmpty)
            BinaryPrimitives.WriteUInt64LittleEndian(to, value);
    }

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        Span<byte> to = Take(value.Length);
        if (!to.IsEmpty)
            value.CopyTo(to);
    }

    public void Zeros(int count) => Take(count).Clear();

    /// <summary>Zeros up to the next multiple of <paramref name="alignment"/> from the beginning.</summary>
    public void Align(int alignment) => Zeros((alignment - Length % alignment) % alignment);

    /// <summary>Generic Address Structure of a block of I/O ports; <paramref name="accessSize"/> is 1 for bytes, 2 for words, 3 for double words.</summary>
    public void PortAddress(ushort port, int bits, int accessSize)
    {
        const byte SystemIo = 1;
        Byte(SystemIo);
        Byte(bits);
        Byte(0);
        Byte(accessSize);
        QWord(port);
    }

    /// <summary>Overwrites four bytes written before.</summary>
    public readonly void PatchDWord(int at, uint value)
    {
        if (!Overflowed)
            BinaryPrimitives.WriteUInt32LittleEndian(_destination.Slice(at), value);
    }

    public readonly void PatchQWord(int at, ulong value)
    {
        if (!Overflowed)
            BinaryPrimitives.WriteUInt64LittleEndian(_destination.Slice(at), value);
    }

    /// <summary>Makes the bytes from <paramref name="start"/> sum up to zero by means of the byte at <paramref name="at"/>, which is zero.</summary>
    public readonly void PatchChecksum(int start, int length, int at)
    {
        if (Overflowed)
            return;
        byte sum = 0;
        foreach (byte value in _destination.Slice(start, length))
            sum = unchecked((byte)(sum + value));
        _destination[at] = unchecked((byte)-sum);
    }

    /// <summary>Begins a system description table with its header.</summary>
    /// <returns>The table's offset, for <see cref="EndTable"/>.</returns>
    public int BeginTable(scoped ReadOnlySpan<byte> signature, int revision)
    {
        Align(16);
        int start = Length;
        Bytes(signature);
        DWord(0);
        Byte(revision);
        Byte(0);
        Bytes(GuestAcpiTables.OemId);
        Bytes("MICROVM "u8);
        DWord(1);
        Bytes("HYPR"u8);
        DWord(1);
        return start;
    }

    /// <summary>Ends a table: fills in its length and checksum.</summary>
    public readonly void EndTable(int start)
    {
        PatchDWord(start + HeaderLengthOffset, (uint)(Length - start));
        PatchChecksum(start, Length - start, start + HeaderChecksumOffset);
    }

    /// <summary>Begins Name (<paramref name="name"/>, …); the object follows.</summary>
    public void Name(scoped ReadOnlySpan<byte> name)
    {
        Byte(NameOp);
        Bytes(name);
    }

    public void Integer(uint value)
    {
        switch (value)
        {
            case 0:
                Byte(ZeroOp);
                break;
            case 1:
                Byte(OneOp);
                break;
            case <= byte.MaxValue:
                Byte(BytePrefix);
                Byte((int)value);
                break;
            case <= ushort.MaxValue:
                Byte(WordPrefix);
                Word((int)value);
                break;
            default:
                Byte(DWordPrefix);
                DWord(value);
                break;
        }
    }

    public void String(scoped ReadOnlySpan<byte> value)
    {
        Byte(StringPrefix);
        Bytes(value);
        Byte(0);
    }

    /// <summary>A compressed EISA identifier, as EISAID("PNP0501") gives: three letters in five bits each, then four hexadecimal digits.</summary>
    public void EisaId(scoped ReadOnlySpan<byte> id)
    {
        uint value = 0;
        for (int i = 0; i < 3; i++)
            value = value << 5 | (uint)(id[i] - '@');
        for (int i = 3; i < 7; i++)
            value = value << 4 | (uint)(id[i] <= '9' ? id[i] - '0' : id[i] - 'A' + 10);
        Byte(DWordPrefix);
        DWord(BinaryPrimitives.ReverseEndianness(value));
    }

    /// <returns>The offset of the length, for <see cref="EndPackage"/>.</returns>
    public int BeginScope(scoped ReadOnlySpan<byte> name)
    {
        Byte(ScopeOp);
        int length = BeginLength();
        Bytes(name);
        return length;
    }

    /// <returns>The offset of the length, for <see cref="EndPackage"/>.</returns>
    public int BeginDevice(scoped ReadOnlySpan<byte> name)
    {
        Byte(ExtOpPrefix);
        Byte(DeviceOp);
        int length = BeginLength();
        Bytes(name);
        return length;
    }

    /// <summary>Begins If: the condition follows, then what it guards.</summary>
    /// <returns>The offset of the length, for <see cref="EndPackage"/>.</returns>
    public int BeginIf()
    {
        Byte(IfOp);
        return BeginLength();
    }

    /// <returns>The offset of the length, for <see cref="EndPackage"/>.</returns>
    public int BeginMethod(scoped ReadOnlySpan<byte> name, int arguments)
    {
        Byte(MethodOp);
        int length = BeginLength();
        Bytes(name);
        Byte(arguments);
        return length;
    }

    /// <returns>The offset of the length, for <see cref="EndPackage"/>.</returns>
    public int BeginPackage(int elements)
    {
        Byte(PackageOp);
        int length = BeginLength();
        Byte(elements);
        return length;
    }

    /// <summary>Ends what the matching Begin began: fills in PkgLength, always in its form of three bytes.</summary>
    public readonly void EndPackage(int length)
    {
        if (Overflowed)
            return;
        int bytes = Length - length;
        _destination[length] = (byte)(TwoFollowingBytes | bytes & 0x0F);
        BinaryPrimitives.WriteUInt16LittleEndian(_destination.Slice(length + 1), (ushort)(bytes >> 4));
    }

    /// <summary>A resource template of one range of I/O ports and, where <paramref name="irq"/> is not negative, one ISA interrupt.</summary>
    public void PortResources(ushort port, int count, int irq)
    {
        const byte IrqDescriptor = 0x22;
        Byte(BufferOp);
        int length = BeginLength();
        Integer(irq < 0 ? 10u : 13u);
        Ports(port, count);
        if (irq >= 0)
        {
            Byte(IrqDescriptor);
            Word(1 << irq);
        }
        Byte(EndTag);
        Byte(0);
        EndPackage(length);
    }

    /// <summary>Begins a resource template of any length; the descriptors follow.</summary>
    /// <returns>For <see cref="EndResources"/>.</returns>
    public int BeginResources()
    {
        Byte(BufferOp);
        int length = BeginLength();
        Byte(WordPrefix);
        Word(0);
        return length;
    }

    /// <summary>Ends a resource template: end tag, buffer size, package length.</summary>
    public void EndResources(int length)
    {
        const int SizeAt = PackageLengthBytes + 1, ContentAt = SizeAt + 2;
        Byte(EndTag);
        Byte(0);
        if (!Overflowed)
            BinaryPrimitives.WriteUInt16LittleEndian(_destination.Slice(length + SizeAt), (ushort)(Length - length - ContentAt));
        EndPackage(length);
    }

    /// <summary>Ports that a device answers. ACPI Specification, "I/O Port Descriptor".</summary>
    public void Ports(ushort port, int count)
    {
        const byte Decode16 = 1;
        Byte(IoPortDescriptor);
        Byte(Decode16);
        Word(port);
        Word(port);
        Byte(1);
        Byte(count);
    }

    /// <summary>Memory that a device answers. ACPI Specification, "32-Bit Fixed Memory Range Descriptor".</summary>
    public void FixedMemory(uint address, uint length)
    {
        const byte Memory32Fixed = 0x86, Writable = 1;
        Byte(Memory32Fixed);
        Word(9);
        Byte(Writable);
        DWord(address);
        DWord(length);
    }

    /// <summary>
    /// Addresses from <paramref name="first"/> to <paramref name="last"/> that a bridge passes on, in a descriptor of as few bits as they need. ACPI
    /// Specification, "Word Address Space Descriptor" and the following.
    /// </summary>
    public void Window(AcpiResourceType type, ulong first, ulong last)
    {
        const byte WordSpace = 0x88, DWordSpace = 0x87, QWordSpace = 0x8A, BothFixed = 0x0C, WritableMemory = 0x01, EntirePorts = 0x03;
        int bytes = type != AcpiResourceType.Memory ? sizeof(ushort) : last <= uint.MaxValue ? sizeof(uint) : sizeof(ulong);
        Byte(bytes switch { sizeof(ushort) => WordSpace, sizeof(uint) => DWordSpace, _ => QWordSpace });
        Word(3 + 5 * bytes);
        Byte((int)type);
        Byte(BothFixed);
        Byte(type switch { AcpiResourceType.Memory => WritableMemory, AcpiResourceType.Io => EntirePorts, _ => 0 });
        Number(0, bytes);
        Number(first, bytes);
        Number(last, bytes);
        Number(0, bytes);
        Number(last - first + 1, bytes);
    }

    private void Number(ulong value, int bytes)
    {
        for (int i = 0; i < bytes; i++)
            Byte(unchecked((byte)(value >> (8 * i))));
    }

    private int BeginLength()
    {
        int at = Length;
        Zeros(PackageLengthBytes);
        return at;
    }

    private Span<byte> Take(int count)
    {
        if (Overflowed || count > _destination.Length - Length)
        {
            Overflowed = true;
            return default;
        }
        Span<byte> taken = _destination.Slice(Length, count);
        Length += count;
        return taken;
    }
}
