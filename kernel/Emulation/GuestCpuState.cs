using System.Runtime.CompilerServices;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>The 16 general registers; the index is the hardware number (<see cref="GeneralRegister"/>).</summary>
[InlineArray(16)]
public struct GeneralRegisters
{
    private ulong _first;
}

/// <summary>
/// The part of a vCPU that emulated instructions see. The kernel fills it from the VMCB or VMCS before
/// <see cref="InstructionEmulator.Run(int)"/> and writes it back after.
/// </summary>
public struct GuestCpuState
{
    public GeneralRegisters Registers;
    public ulong RIP;
    public Rflags RFLAGS;
    public Cr0 CR0;
    public ulong CR2;
    public ulong CR3;
    public Cr4 CR4;
    public Efer EFER;
    public SegmentState ES;
    public SegmentState CS;
    public SegmentState SS;
    public SegmentState DS;
    public SegmentState FS;
    public SegmentState GS;

    /// <summary>0 to 3; 0 in real mode and 3 in virtual-8086 mode.</summary>
    public byte CPL;

    /// <summary>Physical address bits that the guest's CPUID reports (Fn8000_0008): 32 to 52. Page-table bits above it are reserved.</summary>
    public byte PhysicalAddressBits;

    public readonly CodeSize CodeSize => IsLongMode && (CS.Attributes & SegmentAttributes.L) != 0 ? CodeSize.Bits64
        : (CS.Attributes & SegmentAttributes.DB) != 0 ? CodeSize.Bits32 : CodeSize.Bits16;

    /// <summary>EFER.LMA: 64-bit or compatibility mode.</summary>
    public readonly bool IsLongMode => (EFER & Efer.LMA) != 0;

    /// <summary>Real mode or virtual-8086 mode: segments are a base and a limit without a type.</summary>
    public readonly bool HasUntypedSegments => (CR0 & Cr0.PE) == 0 || (RFLAGS & Rflags.VM) != 0;

    internal static ref readonly SegmentState Segment(ref readonly GuestCpuState state, SegmentRegister register)
    {
        switch (register)
        {
            case SegmentRegister.ES: return ref state.ES;
            case SegmentRegister.CS: return ref state.CS;
            case SegmentRegister.SS: return ref state.SS;
            case SegmentRegister.DS: return ref state.DS;
            case SegmentRegister.FS: return ref state.FS;
            default: return ref state.GS;
        }
    }
}
