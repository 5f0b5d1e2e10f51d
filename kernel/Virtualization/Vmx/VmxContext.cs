using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Emulation;
using HyperOS.Memory;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization.Vmx;

/// <summary>What the world switch needs besides registers; Run.asm knows the offsets.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct VmxRunState
{
    /// <summary>HOST_RSP as the VMCS has it.</summary>
    [FieldOffset(0)] public ulong HostRsp;

    /// <summary>The guest's CR2, which the VMCS does not hold.</summary>
    [FieldOffset(8)] public ulong CR2;

    /// <summary>The VMCS is launched: the next entry is VMRESUME.</summary>
    [FieldOffset(16)] public bool Launched;
}

/// <summary>Vectors whose EOI exits, a bit for each.</summary>
[InlineArray(4)]
internal struct EoiExitBitmap
{
    private ulong _first;
}

/// <summary>What VMX keeps for a vCPU: the VMCS's frame, and what the VMCS does not hold.</summary>
internal sealed unsafe class VmxContext : VendorState
{
    private readonly uint* _apicPage;

    /// <summary>The frame of the VMCS.</summary>
    public readonly HostPhysicalAddress Frame;

    /// <summary>
    /// The frame of the virtual-APIC page. Where the processor serves the local APIC, the registers are there while <see cref="HoldsApic"/>; else
    /// only VTPR is in use. Intel SDM vol. 3, "Virtual APIC State".
    /// </summary>
    public readonly HostPhysicalAddress VirtualApicPage;

    /// <summary>The machine's page where guests in xAPIC mode find the registers; nothing is ever stored to it.</summary>
    public readonly HostPhysicalAddress ApicAccessPage;

    /// <summary>The machine's, for INVEPT.</summary>
    public readonly ulong EptPointer;

    public VmxRunState Run;

    /// <summary>The processor that has the VMCS, until <see cref="VmxProcessor.Unload"/>.</summary>
    public VmxProcessor? Processor;

    /// <summary>On <see cref="Processor"/>.</summary>
    public TranslationTag Vpid;

    /// <summary>When the preemption timer is to end the guest's run, in ticks of the host's time-stamp counter.</summary>
    public ulong Deadline = ulong.MaxValue;

    /// <summary>The next entry drops this guest's translations first.</summary>
    public bool FlushWanted;

    /// <summary>VMLAUNCH or VMRESUME failed: the VMCS says why in its VM-instruction error, if it was the current one.</summary>
    public bool EntryFailed;

    /// <summary>The exit reason as the VMCS has it; <see cref="VmExitReasonFlags.EntryFailure"/> alone when <see cref="EntryFailed"/>.</summary>
    public uint ExitReason;

    /// <summary>The VM-entry interruption information as the VMCS has it; an exit clears it.</summary>
    public uint EventInLine;

    // As the VMCS has them.
    public PrimaryProcessorBasedControls Primary;
    public uint TprThreshold;
    public SecondaryProcessorBasedControls Secondary;
    public EoiExitBitmap EoiExits;

    /// <summary>The local APIC's priorities and vectors are those of the page; else those of <see cref="Vcpu.Apic"/>.</summary>
    public bool HoldsApic;

    /// <summary>What the guest reads of the CR0 bits that are the host's.</summary>
    public Cr0 Cr0Shadow;

    /// <summary>CR4 as the guest reads it, but for bits that it writes without an exit.</summary>
    public Cr4 Cr4Shadow;

    /// <summary>The guest's DR6: every #DB exits, so the processor's own is never the guest's.</summary>
    public Dr6 DR6 = Dr6.Reset;

    // MSRs that guests reach without an exit and the VMCS does not hold, while another vCPU has the processor.
    public ulong STAR, LSTAR, CSTAR, SFMASK, KernelGSbase;

    public VmxContext(HostPhysicalAddress frame, HostPhysicalAddress virtualApicPage, HostPhysicalAddress apicAccessPage, ulong eptPointer)
    {
        Frame = frame;
        VirtualApicPage = virtualApicPage;
        ApicAccessPage = apicAccessPage;
        EptPointer = eptPointer;
        _apicPage = (uint*)Unsafe.AsPointer(ref PhysicalMemory.Structure<uint>(virtualApicPage));
    }

    // INVEPT ends it.
    public override bool HasTranslations => Processor is not null;

    /// <summary>TPR as the guest reads and writes it through CR8.</summary>
    public ref uint Vtpr => ref _apicPage[(int)ApicRegister.TPR << 2];

    /// <summary>The virtual-APIC page.</summary>
    public Span<uint> ApicPage => new(_apicPage, LocalApic.PageLength);
}
