using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Interrupts;

/// <summary>
/// The local APIC of the processor that asks, through x2APIC's MSRs where the processor has them and the 4 KiB register page elsewhere.
/// Intel SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)".
/// </summary>
public static class LocalApic
{
    // Register page offsets; the x2APIC MSR of each is X2ApicBase + offset / 16.
    private const uint Id = 0x020, EndOfInterruptRegister = 0x0B0, SpuriousVector = 0x0F0, InterruptCommandLow = 0x300, InterruptCommandHigh = 0x310;
    private const uint LvtTimer = 0x320, LvtLint0 = 0x350, LvtLint1 = 0x360, LvtError = 0x370, InitialCount = 0x380, CurrentCount = 0x390, DivideConfiguration = 0x3E0;
    private const uint X2ApicBase = 0x800;
    private const ulong X2ApicEnable = 1 << 10, ApicEnable = 1 << 11;
    private const uint SoftwareEnable = 1 << 8, Masked = 1 << 16, DeliverNmi = 4 << 8, DeliverInit = 5 << 8, DeliverStartup = 6 << 8;
    private const uint LevelAssert = 1 << 14, DeliveryPending = 1 << 12, AllExcludingSelf = 3 << 18;
    private const uint TscDeadlineMode = 2 << 17, DivideByOne = 0xB;

    private static DeviceMemory? s_page;
    private static bool s_x2Apic, s_tscDeadline;
    private static ulong s_timerFrequency;

    /// <summary>Whether the machine runs in x2APIC mode.</summary>
    public static bool IsX2Apic => s_x2Apic;

    /// <summary>Identifier of this processor's APIC.</summary>
    public static uint CurrentId => s_x2Apic ? Read(Id) : Read(Id) >> 24;

    /// <summary>Chooses the mode for the machine; on the boot processor, first.</summary>
    /// <param name="address">Of the register page, from the MADT.</param>
    /// <returns>False when the page cannot be mapped.</returns>
    public static bool TryInitialize(HostPhysicalAddress address)
    {
        CpuidResult features = Cpu.Identify(1);
        s_x2Apic = (features.Ecx & (uint)Cpuid1Ecx.X2APIC) != 0;
        s_tscDeadline = (features.Ecx & (uint)Cpuid1Ecx.TSC_DEADLINE) != 0;
        return s_x2Apic || DeviceMemory.TryMap(address, (uint)Size.Page, out s_page);
    }

    /// <summary>Turns this processor's APIC on, with everything masked but what <see cref="Vectors"/> names.</summary>
    public static void Enable()
    {
        ulong apicBase = ModelSpecificRegister.Read(Msr.IA32_APIC_BASE) | ApicEnable;
        ModelSpecificRegister.Write(Msr.IA32_APIC_BASE, apicBase);
        if (s_x2Apic)
            ModelSpecificRegister.Write(Msr.IA32_APIC_BASE, apicBase | X2ApicEnable);
        Write(SpuriousVector, SoftwareEnable | Vectors.Spurious);
        Write(LvtLint0, Masked);
        Write(LvtLint1, DeliverNmi);
        Write(LvtError, Masked);
        Write(DivideConfiguration, DivideByOne);
        Write(LvtTimer, Vectors.Timer | (s_tscDeadline ? TscDeadlineMode : 0));
    }

    /// <summary>Measures the timer against the clock; on the boot processor. Nothing to do with a TSC deadline.</summary>
    public static void CalibrateTimer()
    {
        const ulong Interval = 2_000_000;
        if (s_tscDeadline)
            return;
        Write(LvtTimer, Masked);
        Write(InitialCount, uint.MaxValue);
        ulong start = Cpu.ReadTimestamp();
        Clock.Delay(Interval);
        uint elapsed = uint.MaxValue - Read(CurrentCount);
        ulong nanoseconds = Clock.ToNanoseconds(Cpu.ReadTimestamp() - start);
        Write(InitialCount, 0);
        Write(LvtTimer, Vectors.Timer);
        s_timerFrequency = System.Math.Max(1, (ulong)elapsed * 1_000_000_000 / nanoseconds);
    }

    /// <summary>Interrupts this processor with <see cref="Vectors.Timer"/> at a time of <see cref="Clock"/>, or a little after.</summary>
    public static void ArmTimer(ulong deadline)
    {
        // At most a second ahead, however far the deadline is: the interrupt then arms it anew.
        const ulong Farthest = 1_000_000_000;
        ulong now = Clock.Now;
        ulong ahead = deadline <= now ? 0 : System.Math.Min(deadline - now, Farthest);
        if (s_tscDeadline)
        {
            ModelSpecificRegister.Write(Msr.IA32_TSC_DEADLINE, Cpu.ReadTimestamp() + Clock.ToTicks(ahead));
            return;
        }
        Write(InitialCount, (uint)System.Math.Max(1, ahead * s_timerFrequency / 1_000_000_000 + 1));
    }

    /// <summary>No timer interrupt until armed again.</summary>
    public static void DisarmTimer()
    {
        if (s_tscDeadline)
            ModelSpecificRegister.Write(Msr.IA32_TSC_DEADLINE, 0);
        else
            Write(InitialCount, 0);
    }

    public static void EndOfInterrupt() => Write(EndOfInterruptRegister, 0);

    /// <summary>A fixed interrupt for another processor.</summary>
    public static void Send(uint apicId, int vector) => Command(apicId, (uint)vector | LevelAssert);

    /// <summary>An interrupt for every processor but this one.</summary>
    public static void SendToOthers(int vector) => Command(0, (uint)vector | LevelAssert | AllExcludingSelf);

    public static void SendNmi(uint apicId) => Command(apicId, DeliverNmi | LevelAssert);

    public static void SendInit(uint apicId) => Command(apicId, DeliverInit | LevelAssert);

    /// <param name="page">Page below 1 MiB where the processor begins, in real mode.</param>
    public static void SendStartup(uint apicId, byte page) => Command(apicId, DeliverStartup | LevelAssert | page);

    private static void Command(uint apicId, uint command)
    {
        if (s_x2Apic)
        {
            ModelSpecificRegister.Write(X2ApicBase + InterruptCommandLow / 16, (ulong)apicId << 32 | command);
            return;
        }
        // The two halves are one register: no handler may come between them.
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        while ((Read(InterruptCommandLow) & DeliveryPending) != 0)
            System.Threading.Thread.SpinWait(1);
        Write(InterruptCommandHigh, apicId << 24);
        Write(InterruptCommandLow, command);
        Cpu.RestoreInterrupts(interrupts);
    }

    private static uint Read(uint register) =>
        s_x2Apic ? unchecked((uint)ModelSpecificRegister.Read(X2ApicBase + register / 16)) : s_page!.Read32(register);

    private static void Write(uint register, uint value)
    {
        if (s_x2Apic)
            ModelSpecificRegister.Write(X2ApicBase + register / 16, value);
        else
            s_page!.Write32(register, value);
    }
}
