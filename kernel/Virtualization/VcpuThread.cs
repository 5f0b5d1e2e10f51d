using System;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>A vCPU's thread: the exit loop inside the machine's fault domain. A fault of the host's while serving the guest stops the guest.</summary>
internal sealed class VcpuThread<TVendor> : ThreadBody where TVendor : struct, IVirtualizationVendor
{
    private readonly Vcpu _vcpu;
    private readonly Service _service;
    private readonly Obituary _obituary;

    public VcpuThread(Vcpu vcpu)
    {
        _vcpu = vcpu;
        _service = new Service(vcpu);
        _obituary = new Obituary(vcpu);
    }

    public override void Run()
    {
        _vcpu.Thread = Scheduler.Current;
        Interlocked.MemoryBarrier(); // whoever has not seen the thread has left what it is to find
        if (!_service.TryRun())
            _vcpu.Machine.Poison();
        if (StopReasons.IsKill(_vcpu.Machine.StopReason))
            _obituary.TryRun();
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        ExtendedStates.Release(_vcpu);
        TVendor.Unload(_vcpu);
        Cpu.RestoreInterrupts(interrupts);
        VirtualMachines.WakeManager();
    }

    // A fault may have ended the vCPU where it has state in the processor yet: that is its end's to see to.
    public override bool TryLeaveProcessor()
    {
        if (_vcpu.Machine.IsStopping)
            return false;
        ExtendedStates.Evict(_vcpu);
        TVendor.Unload(_vcpu);
        return true;
    }

    private sealed class Service : FaultDomain
    {
        private readonly Vcpu _vcpu;

        public Service(Vcpu vcpu) => _vcpu = vcpu;

        public override ReadOnlySpan<byte> Room => _vcpu.Machine.Log.Room;

        protected override void Run() => VcpuLoop<TVendor>.Run(_vcpu);
    }

    // Where a killed guest was. What a fault left behind is looked at in a domain too.
    private sealed class Obituary : FaultDomain
    {
        private readonly Vcpu _vcpu;

        public Obituary(Vcpu vcpu) => _vcpu = vcpu;

        public override ReadOnlySpan<byte> Room => _vcpu.Machine.Log.Room;

        protected override void Run()
        {
            FaultPoint.Hit(FaultPlace.Obituary);
            ref GuestCpuState state = ref _vcpu.Emulator.State;
            bool interrupts = Cpu.SaveAndDisableInterrupts();
            TVendor.Load(_vcpu);
            TVendor.ReadRawExit(_vcpu, out RawExit exit);
            TVendor.ReadState(_vcpu, ref state);
            Cpu.RestoreInterrupts(interrupts);
            VmLog log = _vcpu.Machine.Log;
            log.WriteEvent($"last exit: {ExitReport.Name(_vcpu.Exit.Kind)}, code 0x{exit.Code:x} info 0x{exit.Info1:x} 0x{exit.Info2:x} rip 0x{exit.InstructionPointer:x}");
            log.WriteEvent($"guest: CS base 0x{state.CS.Base:x} CR0 0x{(ulong)state.CR0:x} CR3 0x{state.CR3:x} RSP 0x{state.Registers[(int)GeneralRegister.RSP]:x}");
        }
    }
}
