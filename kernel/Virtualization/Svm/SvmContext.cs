using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Memory;
using HyperOS.Specs.Amd;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization.Svm;

/// <summary>What SVM keeps for a vCPU: the VMCB's frame, its ASID, and what the next entry must say.</summary>
internal sealed unsafe class SvmContext : VendorState
{
    /// <summary>The frame of the VMCB.</summary>
    public readonly HostPhysicalAddress Frame;

    private readonly Vmcb* _vmcb;

    /// <summary>The vCPU's registers, which the world switch loads and saves.</summary>
    public readonly GuestRegisters* Registers;

    /// <summary>The processor that runs it, as long as nothing else was run there in between.</summary>
    public SvmProcessor? Processor;

    /// <summary>On <see cref="Processor"/>.</summary>
    public TranslationTag Asid;

    /// <summary>By what the processor multiplies its time-stamp counter for the guest.</summary>
    public ulong TscRatio = Specs.Amd.TscRatio.One;

    /// <summary>The next entry has something of the following to do first, or TLB_CONTROL still says what the last one did.</summary>
    public bool EntryChanges;
    public bool FlushWanted, LeavesAtOnce;

    /// <summary>Parts of the VMCB that the processor may take from its cache. Cleared by whoever changes one.</summary>
    public VmcbCleanBits Clean;

    /// <summary>What of an unchanged VMCB the processor caches.</summary>
    public readonly VmcbCleanBits Cached = SvmProcessor.CleanBits;

    /// <inheritdoc cref="SvmProcessor.RepeatsInterrupts"/>
    public readonly bool RepeatsInterrupts = SvmProcessor.RepeatsInterrupts;

    /// <summary>EFER.LME while the guest has set it and the VMCB has not.</summary>
    public Efer HeldBack;

    /// <summary>An NMI was injected and its handler has not returned.</summary>
    public bool NmiBlocked;

    /// <summary>That handler has reached an IRET, which the next entry or the current step is to execute.</summary>
    public bool NmiEnds;

    /// <summary>The entry executes one instruction, the one at <see cref="StepFrom"/>; TF was set for it unless the guest had set it.</summary>
    public bool IsStepping, StepSetsTrap;
    public ulong StepFrom;

    /// <summary>This exit is the #DB that the host's TF caused.</summary>
    public bool HasStepped;

    public SvmContext(Vcpu vcpu, HostPhysicalAddress frame)
    {
        Frame = frame;
        Registers = (GuestRegisters*)Unsafe.AsPointer(ref vcpu.Registers);
        _vmcb = (Vmcb*)Unsafe.AsPointer(ref PhysicalMemory.Structure<Vmcb>(frame));
    }

    // Its tag is not given to another before all translations are dropped.
    public override bool HasTranslations => false;

    public ref Vmcb Vmcb => ref *_vmcb;
}
