using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Amd;

/// <summary>
/// Control area, the first 1 KiB of the VMCB. AMD APM vol. 2, appendix "Layout of VMCB", table "VMCB Layout, Control Area". Size and offsets asserted
/// in tests/unit/Specs.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = VmcbGeometry.ControlAreaSize)]
public struct VmcbControlArea
{
    /// <summary>Control register intercepts.</summary>
    [FieldOffset(0x000)] public InterceptCr InterceptCr;

    /// <summary>Debug register intercepts.</summary>
    [FieldOffset(0x004)] public InterceptDr InterceptDr;

    /// <summary>Exception intercepts by vector.</summary>
    [FieldOffset(0x008)] public InterceptExceptions InterceptExceptions;

    /// <summary>Event and instruction intercepts.</summary>
    [FieldOffset(0x00C)] public InterceptVector3 InterceptVector3;

    /// <summary>Instruction intercepts.</summary>
    [FieldOffset(0x010)] public InterceptVector4 InterceptVector4;

    /// <summary>Instruction intercepts.</summary>
    [FieldOffset(0x014)] public InterceptVector5 InterceptVector5;

    /// <summary>In processor cycles: PAUSEs further apart start a new count.</summary>
    [FieldOffset(0x03C)] public ushort PauseFilterThreshold;

    /// <summary>PAUSEs left before one exits.</summary>
    [FieldOffset(0x03E)] public ushort PauseFilterCount;

    /// <summary>I/O permission map: see <see cref="PermissionMaps"/>.</summary>
    [FieldOffset(0x040)] public HostPhysicalAddress IOPM_BASE_PA;

    /// <summary>MSR permission map: see <see cref="PermissionMaps"/>.</summary>
    [FieldOffset(0x048)] public HostPhysicalAddress MSRPM_BASE_PA;

    /// <summary>Added to the (scaled) TSC that the guest reads, modulo 2^64.</summary>
    [FieldOffset(0x050)] public ulong TSC_OFFSET;

    /// <summary>Address space identifier; 0 is the host's and makes VMRUN fail.</summary>
    [FieldOffset(0x058)] public uint GuestAsid;

    /// <summary>What VMRUN flushes.</summary>
    [FieldOffset(0x05C)] public TlbControl TLB_CONTROL;

    /// <summary>Virtual interrupt, virtual TPR, virtual GIF, AVIC.</summary>
    [FieldOffset(0x060)] public VirtualInterruptControl VirtualInterruptControl;

    /// <summary>The guest's interrupt shadow.</summary>
    [FieldOffset(0x068)] public InterruptShadow INTERRUPT_SHADOW;

    /// <summary>Why the guest stopped.</summary>
    [FieldOffset(0x070)] public SvmExitCode EXITCODE;

    /// <summary>First detail of the exit; its meaning is at the exit code.</summary>
    [FieldOffset(0x078)] public ulong EXITINFO1;

    /// <summary>Second detail of the exit.</summary>
    [FieldOffset(0x080)] public ulong EXITINFO2;

    /// <summary>The event whose delivery the exit cut short: see <see cref="EventInjection"/>.</summary>
    [FieldOffset(0x088)] public ulong EXITINTINFO;

    /// <summary>Nested paging and encryption.</summary>
    [FieldOffset(0x090)] public NestedControl NestedControl;

    /// <summary>Guest-physical address of the APIC page, bits 51:0.</summary>
    [FieldOffset(0x098)] public ulong AVIC_APIC_BAR;

    /// <summary>Guest-physical address of the GHCB of an SEV-ES guest.</summary>
    [FieldOffset(0x0A0)] public ulong GHCB;

    /// <summary>The event that VMRUN injects: see <see cref="EventInjection"/>.</summary>
    [FieldOffset(0x0A8)] public ulong EVENTINJ;

    /// <summary>Root of the nested page tables.</summary>
    [FieldOffset(0x0B0)] public HostPhysicalAddress N_CR3;

    /// <summary>LBR, VMSAVE/VMLOAD, IBS and PMC virtualization.</summary>
    [FieldOffset(0x0B8)] public VirtualizationControl VirtualizationControl;

    /// <summary>Groups that the processor may take from its cache.</summary>
    [FieldOffset(0x0C0)] public VmcbCleanBits VmcbCleanBits;

    /// <summary>The next sequential RIP; present where CPUID says NRIPS, else 0.</summary>
    [FieldOffset(0x0C8)] public ulong nRIP;

    /// <summary>Valid bytes in <see cref="GuestInstructionBytes"/>; present where CPUID says DecodeAssists.</summary>
    [FieldOffset(0x0D0)] public byte NumberOfBytesFetched;

    /// <summary>Instruction bytes at a nested page fault or data #PF.</summary>
    [FieldOffset(0x0D1)] public GuestInstructionBytes GuestInstructionBytes;

    /// <summary>This vCPU's APIC register page, bits 51:12.</summary>
    [FieldOffset(0x0E0)] public HostPhysicalAddress AVIC_APIC_BACKING_PAGE;

    /// <summary>Logical APIC id table, bits 51:12.</summary>
    [FieldOffset(0x0F0)] public HostPhysicalAddress AVIC_LOGICAL_TABLE;

    /// <summary>Physical APIC id table in bits 51:12, AVIC_PHYSICAL_MAX_INDEX in the bits below.</summary>
    [FieldOffset(0x0F8)] public ulong AVIC_PHYSICAL_TABLE;

    /// <summary>Save area of an SEV-ES guest.</summary>
    [FieldOffset(0x108)] public HostPhysicalAddress VMSA;

    /// <summary>RAX at VMGEXIT.</summary>
    [FieldOffset(0x110)] public ulong VMGEXIT_RAX;

    /// <summary>CPL at VMGEXIT.</summary>
    [FieldOffset(0x118)] public byte VMGEXIT_CPL;

    /// <summary>Bus locks left before one exits.</summary>
    [FieldOffset(0x120)] public ushort BUS_LOCK_THRESHOLD;

    /// <summary>Bit 0: REQUESTED_IRR is to be merged (secure AVIC).</summary>
    [FieldOffset(0x134)] public uint UPDATE_IRR;

    /// <summary>SEV features allowed; bit 63 enables the check.</summary>
    [FieldOffset(0x138)] public ulong ALLOWED_SEV_FEATURES;

    /// <summary>SEV features of the guest.</summary>
    [FieldOffset(0x140)] public ulong GUEST_SEV_FEATURES;

    /// <summary>Interrupt vectors 63:0 requested (secure AVIC).</summary>
    [FieldOffset(0x150)] public ulong REQUESTED_IRR0;

    /// <summary>Interrupt vectors 127:64 requested.</summary>
    [FieldOffset(0x158)] public ulong REQUESTED_IRR1;

    /// <summary>Interrupt vectors 191:128 requested.</summary>
    [FieldOffset(0x160)] public ulong REQUESTED_IRR2;

    /// <summary>Interrupt vectors 255:192 requested.</summary>
    [FieldOffset(0x168)] public ulong REQUESTED_IRR3;
}
