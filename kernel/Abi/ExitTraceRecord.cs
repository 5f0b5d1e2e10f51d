using System.Runtime.InteropServices;

namespace HyperOS.Abi;

/// <summary>Whose codes <see cref="ExitTraceRecord.Code"/> holds.</summary>
public enum VmVendor : byte
{
    None,

    /// <summary>AMD SVM: EXITCODE, EXITINFO1, EXITINFO2.</summary>
    Svm,

    /// <summary>Intel VT-x: exit reason, exit qualification, guest-physical address.</summary>
    Vmx,
}

/// <summary>
/// One exit of a guest, as the trace keeps it: 64 bytes, which the console shows as eight words of 16 hexadecimal digits. What the host
/// spends on an exit lies between its <see cref="ExitedAt"/> and the <see cref="EnteredAt"/> of the same vCPU's next record.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Length)]
public struct ExitTraceRecord
{
    /// <summary>In bytes.</summary>
    public const int Length = 64;

    /// <summary>Words of 8 bytes.</summary>
    public const int Words = Length / sizeof(ulong);

    /// <summary>The processor's time-stamp counter right after the exit.</summary>
    [FieldOffset(0)] public ulong ExitedAt;

    /// <summary>The same right before the entry that this exit ended.</summary>
    [FieldOffset(8)] public ulong EnteredAt;

    /// <summary>The guest's RIP.</summary>
    [FieldOffset(16)] public ulong InstructionPointer;

    /// <summary>The vendor's exit code.</summary>
    [FieldOffset(24)] public ulong Code;

    /// <summary>What the vendor adds to it.</summary>
    [FieldOffset(32)] public ulong Info1;

    /// <summary>What the vendor adds to it.</summary>
    [FieldOffset(40)] public ulong Info2;

    /// <summary>The machine's number, in the order of the bundle's definitions.</summary>
    [FieldOffset(48)] public ushort Machine;

    [FieldOffset(50)] public ushort Vcpu;

    /// <summary>The host's processor, in bring-up order.</summary>
    [FieldOffset(52)] public ushort Processor;

    [FieldOffset(54)] public VmExitKind Kind;

    [FieldOffset(55)] public VmVendor Vendor;

    /// <summary>The guest's EAX: CPUID's leaf, what an OUT writes.</summary>
    [FieldOffset(56)] public uint Eax;

    /// <summary>The guest's ECX: CPUID's subleaf, the number of an MSR.</summary>
    [FieldOffset(60)] public uint Ecx;

    /// <summary>The fields from 48 to 55 as one word.</summary>
    [FieldOffset(48)] public ulong Place;

    /// <summary>The fields from 56 on as one word.</summary>
    [FieldOffset(56)] public ulong Operands;
}
