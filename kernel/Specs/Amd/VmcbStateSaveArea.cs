using System.Runtime.InteropServices;
using HyperOS.Specs.X86;

namespace HyperOS.Specs.Amd;

/// <summary>
/// State save area, from offset 400h of the VMCB. AMD APM vol. 2, appendix "Layout of VMCB", table "VMCB Layout, State Save Area". Offsets are from
/// the area's own start.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = VmcbGeometry.StateSaveAreaSize)]
public struct VmcbStateSaveArea
{
    /// <summary>ES.</summary>
    [FieldOffset(0x000)] public SegmentState ES;

    /// <summary>CS.</summary>
    [FieldOffset(0x010)] public SegmentState CS;

    /// <summary>SS.</summary>
    [FieldOffset(0x020)] public SegmentState SS;

    /// <summary>DS.</summary>
    [FieldOffset(0x030)] public SegmentState DS;

    /// <summary>FS. Loaded by VMLOAD, not by VMRUN.</summary>
    [FieldOffset(0x040)] public SegmentState FS;

    /// <summary>GS. Loaded by VMLOAD, not by VMRUN.</summary>
    [FieldOffset(0x050)] public SegmentState GS;

    /// <summary>GDTR: base and limit only.</summary>
    [FieldOffset(0x060)] public SegmentState GDTR;

    /// <summary>LDTR. Loaded by VMLOAD, not by VMRUN.</summary>
    [FieldOffset(0x070)] public SegmentState LDTR;

    /// <summary>IDTR: base and limit only.</summary>
    [FieldOffset(0x080)] public SegmentState IDTR;

    /// <summary>TR. Loaded by VMLOAD, not by VMRUN.</summary>
    [FieldOffset(0x090)] public SegmentState TR;

    /// <summary>Current privilege level.</summary>
    [FieldOffset(0x0CB)] public byte CPL;

    /// <summary>EFER; SVME must be set or VMRUN fails.</summary>
    [FieldOffset(0x0D0)] public Efer EFER;

    /// <summary>Performance event select 0, with PMC virtualization.</summary>
    [FieldOffset(0x0E0)] public ulong PERF_CTL0;

    /// <summary>Performance counter 0, with PMC virtualization.</summary>
    [FieldOffset(0x0E8)] public ulong PERF_CTR0;

    /// <summary>Performance event select 1, with PMC virtualization.</summary>
    [FieldOffset(0x0F0)] public ulong PERF_CTL1;

    /// <summary>Performance counter 1, with PMC virtualization.</summary>
    [FieldOffset(0x0F8)] public ulong PERF_CTR1;

    /// <summary>Performance event select 2, with PMC virtualization.</summary>
    [FieldOffset(0x100)] public ulong PERF_CTL2;

    /// <summary>Performance counter 2, with PMC virtualization.</summary>
    [FieldOffset(0x108)] public ulong PERF_CTR2;

    /// <summary>Performance event select 3, with PMC virtualization.</summary>
    [FieldOffset(0x110)] public ulong PERF_CTL3;

    /// <summary>Performance counter 3, with PMC virtualization.</summary>
    [FieldOffset(0x118)] public ulong PERF_CTR3;

    /// <summary>Performance event select 4, with PMC virtualization.</summary>
    [FieldOffset(0x120)] public ulong PERF_CTL4;

    /// <summary>Performance counter 4, with PMC virtualization.</summary>
    [FieldOffset(0x128)] public ulong PERF_CTR4;

    /// <summary>Performance event select 5, with PMC virtualization.</summary>
    [FieldOffset(0x130)] public ulong PERF_CTL5;

    /// <summary>Performance counter 5, with PMC virtualization.</summary>
    [FieldOffset(0x138)] public ulong PERF_CTR5;

    /// <summary>CR4.</summary>
    [FieldOffset(0x148)] public Cr4 CR4;

    /// <summary>CR3: a guest-physical address under nested paging.</summary>
    [FieldOffset(0x150)] public ulong CR3;

    /// <summary>CR0.</summary>
    [FieldOffset(0x158)] public Cr0 CR0;

    /// <summary>DR7.</summary>
    [FieldOffset(0x160)] public Dr7 DR7;

    /// <summary>DR6.</summary>
    [FieldOffset(0x168)] public Dr6 DR6;

    /// <summary>RFLAGS.</summary>
    [FieldOffset(0x170)] public Rflags RFLAGS;

    /// <summary>RIP.</summary>
    [FieldOffset(0x178)] public ulong RIP;

    /// <summary>Instructions retired, with PMC virtualization.</summary>
    [FieldOffset(0x1C0)] public ulong INSTR_RETIRED_CTR;

    /// <summary>Counter overflow status, with PMC virtualization.</summary>
    [FieldOffset(0x1C8)] public ulong PERF_CTR_GLOBAL_STS;

    /// <summary>Counter enables, with PMC virtualization.</summary>
    [FieldOffset(0x1D0)] public ulong PERF_CTR_GLOBAL_CTL;

    /// <summary>RSP.</summary>
    [FieldOffset(0x1D8)] public ulong RSP;

    /// <summary>Supervisor shadow stack control.</summary>
    [FieldOffset(0x1E0)] public ulong S_CET;

    /// <summary>Shadow stack pointer.</summary>
    [FieldOffset(0x1E8)] public ulong SSP;

    /// <summary>Interrupt shadow stack table address.</summary>
    [FieldOffset(0x1F0)] public ulong ISST_ADDR;

    /// <summary>RAX; VMRUN and #VMEXIT leave the other general registers alone.</summary>
    [FieldOffset(0x1F8)] public ulong RAX;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x200)] public ulong STAR;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x208)] public ulong LSTAR;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x210)] public ulong CSTAR;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x218)] public ulong SFMASK;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x220)] public ulong KernelGsBase;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x228)] public ulong SYSENTER_CS;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x230)] public ulong SYSENTER_ESP;

    /// <summary>Loaded by VMLOAD.</summary>
    [FieldOffset(0x238)] public ulong SYSENTER_EIP;

    /// <summary>CR2.</summary>
    [FieldOffset(0x240)] public ulong CR2;

    /// <summary>The guest's PAT; used under nested paging only.</summary>
    [FieldOffset(0x268)] public ulong G_PAT;

    /// <summary>DEBUGCTL, with LBR virtualization.</summary>
    [FieldOffset(0x270)] public ulong DBGCTL;

    /// <summary>LASTBRANCHFROMIP, with LBR virtualization.</summary>
    [FieldOffset(0x278)] public ulong BR_FROM;

    /// <summary>LASTBRANCHTOIP, with LBR virtualization.</summary>
    [FieldOffset(0x280)] public ulong BR_TO;

    /// <summary>LASTINTFROMIP, with LBR virtualization.</summary>
    [FieldOffset(0x288)] public ulong LASTEXCPFROM;

    /// <summary>LASTINTTOIP, with LBR virtualization.</summary>
    [FieldOffset(0x290)] public ulong LASTEXCPTO;

    /// <summary>Debug extension control, with LBR virtualization.</summary>
    [FieldOffset(0x298)] public ulong DBGEXTNCTL;

    /// <summary>The guest's SPEC_CTRL; present where CPUID says SpecCtrl.</summary>
    [FieldOffset(0x2E0)] public ulong SPEC_CTRL;

    /// <summary>Last-branch stack, with LBR stack virtualization.</summary>
    [FieldOffset(0x670)] public LbrStack LBR_STACK;

    /// <summary>Last-branch filter.</summary>
    [FieldOffset(0x770)] public ulong LBR_SELECT;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x778)] public ulong IBS_FETCH_CTL;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x780)] public ulong IBS_FETCH_LINADDR;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x788)] public ulong IBS_OP_CTL;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x790)] public ulong IBS_OP_RIP;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x798)] public ulong IBS_OP_DATA;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x7A0)] public ulong IBS_OP_DATA2;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x7A8)] public ulong IBS_OP_DATA3;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x7B0)] public ulong IBS_DC_LINADDR;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x7B8)] public ulong BP_IBSTGT_RIP;

    /// <summary>With IBS virtualization.</summary>
    [FieldOffset(0x7C0)] public ulong IC_IBS_EXTD_CTL;
}
