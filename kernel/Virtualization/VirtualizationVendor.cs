using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Loaders;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Virtualization.Svm;
using HyperOS.Virtualization.Vmx;

namespace HyperOS.Virtualization;

/// <summary>
/// The virtualization extensions of this machine's processors, chosen once. What happens seldom goes through here; the exit loop is bound to its
/// vendor when the kernel is compiled.
/// </summary>
public abstract class VirtualizationVendor
{
    private static VirtualizationVendor? s_current;

    public static VirtualizationVendor Current => s_current!;

    /// <summary>Whether this machine can run guests.</summary>
    public bool IsAvailable { get; private protected set; }

    internal abstract NestedPageFormat NestedPages { get; }

    /// <summary>How the processor scales guests' time-stamp counters, if it does.</summary>
    internal abstract TscRatioFormat TscRatio { get; }

    /// <summary>Whether the processor serves the local APIC while a guest runs.</summary>
    internal abstract bool ServesLocalApic { get; }

    /// <summary>
    /// Chooses by the processor's maker, here and nowhere else, and says on the log what it found. On the boot processor; then <see cref="TryPrepare"/> for, and
    /// <see cref="Enable"/> on, each.
    /// </summary>
    public static void Initialize(ApicVirtualization apicVirtualization) =>
        s_current = GuestProcessors.Host.IsAmd ? new VirtualizationVendor<SvmVendor>(apicVirtualization) : new VirtualizationVendor<VmxVendor>(apicVirtualization);

    /// <summary>What a processor needs before <see cref="Enable"/>; during start-up.</summary>
    /// <returns>False when frames ran out.</returns>
    public abstract bool TryPrepare(int processor);

    /// <summary>Turns the extensions on; each processor for itself.</summary>
    public abstract void Enable();

    /// <summary>A process comes to this processor: what guests' registers it holds outside a world switch goes to memory. Interrupts are off.</summary>
    internal abstract void StoreRegisters();

    /// <summary>Allocates a vCPU's control structure. Under the machine's arena.</summary>
    internal abstract bool TryCreate(Vcpu vcpu);

    /// <summary>Puts a loader's entry state into a vCPU that has not run.</summary>
    internal abstract void Apply(Vcpu vcpu, in EntryState entry);

    /// <summary>What runs the vCPU. Under the machine's arena.</summary>
    internal abstract ThreadBody CreateThread(Vcpu vcpu);

    /// <summary>Makes this processor forget a vCPU that has never run, on the thread that built it.</summary>
    internal abstract void Unload(Vcpu vcpu);
}

internal sealed class VirtualizationVendor<TVendor> : VirtualizationVendor where TVendor : struct, IVirtualizationVendor
{
    public VirtualizationVendor(ApicVirtualization apicVirtualization) => IsAvailable = TVendor.Initialize(apicVirtualization);

    internal override NestedPageFormat NestedPages => TVendor.NestedPages;

    internal override TscRatioFormat TscRatio => TVendor.TscRatio;

    internal override bool ServesLocalApic => TVendor.ServesLocalApic;

    public override bool TryPrepare(int processor) => !IsAvailable || TVendor.TryPrepare(processor);

    public override void Enable()
    {
        if (IsAvailable && !TVendor.TryEnable())
            IsAvailable = false;
    }

    internal override void StoreRegisters() => TVendor.StoreRegisters();

    internal override bool TryCreate(Vcpu vcpu) => TVendor.TryCreate(vcpu);

    internal override void Apply(Vcpu vcpu, in EntryState entry)
    {
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        TVendor.Load(vcpu);
        EntryStates.Apply<TVendor>(vcpu, in entry);
        TVendor.Unload(vcpu);
        Cpu.RestoreInterrupts(interrupts);
    }

    internal override ThreadBody CreateThread(Vcpu vcpu) => new VcpuThread<TVendor>(vcpu);

    internal override void Unload(Vcpu vcpu)
    {
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        TVendor.Unload(vcpu);
        Cpu.RestoreInterrupts(interrupts);
    }
}
