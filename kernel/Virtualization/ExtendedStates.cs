using System;
using HyperOS.Core;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>
/// Registers that stay in a processor from one exit to the next, because the kernel touches none of them: x87, the upper halves of AVX and
/// what XCR0 enables beyond, XCR0 itself, TSC_AUX, DR0 to DR3. They are switched only when another vCPU comes.
/// </summary>
public static class ExtendedStates
{
    private const uint StateLeaf = 0xD;

    private static readonly Vcpu?[] s_owners = new Vcpu?[Processors.Maximum];
    private static bool s_xsave, s_tscAux;
    private static Xcr0 s_all;

    /// <summary>Bytes that a vCPU's state needs, at most a frame.</summary>
    public static ulong Length { get; private set; } = 512;

    /// <summary>State components that guests may use: those that fit into a frame.</summary>
    public static Xcr0 Supported => s_all;

    /// <summary>Looks at what the processor has. Once.</summary>
    public static void Initialize()
    {
        s_xsave = (Cpu.Identify(1).Ecx & (uint)Cpuid1Ecx.XSAVE) != 0;
        s_tscAux = (Cpu.Identify(0x80000001).Edx & (uint)Cpuid80000001Edx.RDTSCP) != 0;
        s_all = Xcr0.X87 | Xcr0.SSE;
        if (!s_xsave)
            return;
        CpuidResult offered = Cpu.Identify(StateLeaf);
        Xcr0 wanted = (Xcr0)offered.Eax & (Xcr0.X87 | Xcr0.SSE | Xcr0.AVX | Xcr0.Opmask | Xcr0.ZMM_Hi256 | Xcr0.Hi16_ZMM);
        ControlRegister.WriteXcr0((ulong)wanted);
        Length = Cpu.Identify(StateLeaf).Ebx;
        s_all = wanted;
        ExtendedState.FillsByAvx = (wanted & (Xcr0.AVX | Xcr0.ZMM_Hi256)) == Xcr0.AVX;
        if (Length <= Size.Page)
            return;
        s_all = wanted & (Xcr0.X87 | Xcr0.SSE | Xcr0.AVX);
        ControlRegister.WriteXcr0((ulong)s_all);
        Length = Cpu.Identify(StateLeaf).Ebx;
    }

    /// <summary>Before a guest is entered, with interrupts off: its state into this processor.</summary>
    public static void Acquire(Vcpu vcpu)
    {
        ref Vcpu? owner = ref s_owners[Processor.Current.Index];
        if (owner == vcpu)
            return;
        // From here on the other's state changes too: what can fail comes before it is saved, or after it no longer has the processor.
        Span<byte> leaving = owner is null ? default : Area(owner), coming = Area(vcpu);
        bool isOtherMachine = owner?.Machine != vcpu.Machine;
        if (s_xsave)
            ControlRegister.WriteXcr0((ulong)s_all);
        if (owner is not null)
            ExtendedState.Save(leaving, s_xsave);
        owner = null;
        FaultPoint.Hit(FaultPlace.ExtendedState);
        if (isOtherMachine)
            GuestProcessors.SwitchMachines();
        ExtendedState.Restore(coming, s_xsave);
        owner = vcpu;
        LoadXcr0(vcpu);
        LoadDebugAddresses(vcpu);
        if (s_tscAux)
            ModelSpecificRegister.Write(Msr.TSC_AUX, vcpu.TscAux);
    }

    /// <summary>A vCPU leaves the processor that it ran on for another: what that holds of it goes to its frame. With interrupts off.</summary>
    public static void Evict(Vcpu vcpu)
    {
        ref Vcpu? owner = ref s_owners[Processor.Current.Index];
        if (owner != vcpu)
            return;
        if (s_xsave)
            ControlRegister.WriteXcr0((ulong)s_all);
        ExtendedState.Save(Area(vcpu), s_xsave);
        owner = null;
    }

    /// <summary>A vCPU ends, on the processor that it ran on: nothing of it is to be kept. With interrupts off.</summary>
    public static void Release(Vcpu vcpu)
    {
        ref Vcpu? owner = ref s_owners[Processor.Current.Index];
        if (owner == vcpu)
            owner = null;
    }

    /// <summary>What a frame for the state begins with: the state after reset.</summary>
    public static void Reset(HostPhysicalAddress frame)
    {
        Span<byte> area = PhysicalMemory.Bytes(frame, (int)Size.Page);
        area.Clear();
        area[0] = 0x7F; // FCW 0x037F
        area[1] = 0x03;
        area[24] = 0x80; // MXCSR 0x1F80
        area[25] = 0x1F;
    }

    private static Span<byte> Area(Vcpu vcpu) => PhysicalMemory.Bytes(vcpu.ExtendedState, (int)Size.Page);

    internal static void LoadXcr0(Vcpu vcpu)
    {
        if (s_xsave)
            ControlRegister.WriteXcr0((ulong)vcpu.XCR0);
    }

    internal static void LoadDebugAddresses(Vcpu vcpu)
    {
        for (int i = 0; i < 4; i++)
            ControlRegister.WriteDebug(i, vcpu.Breakpoints.Addresses[i]);
    }
}
