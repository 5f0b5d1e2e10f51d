using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>A vCPU's thread: the exit loop inside the machine's fault domain. A fault of the host's while serving the guest stops the guest.</summary>
internal sealed class VcpuThread<TVendor> : ThreadBody where TVendor : struct, IVirtualizationVendor
{
    private readonly Vcpu _vcpu;
    private readonly Service _service;

    public VcpuThread(Vcpu vcpu)
    {
        _vcpu = vcpu;
        _service = new Service(vcpu);
    }

    public override void Run()
    {
        _vcpu.Thread = Scheduler.Current;
        if (!_service.TryRun())
        {
            TVendor.ReadRawExit(_vcpu, out _vcpu.LastExit);
            _vcpu.Machine.Poison();
        }
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        ExtendedStates.Release(_vcpu);
        TVendor.Unload(_vcpu);
        Cpu.RestoreInterrupts(interrupts);
        VirtualMachines.WakeManager();
    }

    private sealed class Service : FaultDomain
    {
        private readonly Vcpu _vcpu;

        public Service(Vcpu vcpu) => _vcpu = vcpu;

        protected override void Run() => VcpuLoop<TVendor>.Run(_vcpu);
    }
}
