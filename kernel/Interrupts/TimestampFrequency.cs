using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Interrupts;

/// <summary>
/// How fast the time-stamp counter counts: measured against channel 2 of the 8254, or, where the firmware has switched that off, what CPUID says.
/// Intel 8254 data sheet, "Mode 0"; Intel SDM vol. 3, "Determining the Processor Base Frequency".
/// </summary>
public static class TimestampFrequency
{
    private const ulong PitFrequency = 1_193_182;
    private const ushort Counts = 11_932; // 10 ms
    private const ushort Channel2 = 0x42, Command = 0x43, SystemControl = 0x61;
    private const byte Gate = 0x01, Speaker = 0x02, Output = 0x20;
    private const int MaximumPolls = 50_000_000;
    private const ulong MaximumTicks = 1_000_000_000;
    private const ulong Slowest = 100_000_000, Fastest = 10_000_000_000;

    /// <returns>Hertz; 0 when nothing tells.</returns>
    public static ulong Find()
    {
        ulong measured = Measure();
        return measured is >= Slowest and <= Fastest ? measured : ReadCpuid();
    }

    // The least disturbed of some measurements; more of them until two agree, where others use the machine's processors too.
    private static ulong Measure()
    {
        const int Samples = 3, MostSamples = 40;
        const ulong Agreement = 128;
        ulong least = ulong.MaxValue, next = ulong.MaxValue;
        for (int i = 0; i < MostSamples && (i < Samples || next - least > least / Agreement); i++)
        {
            ulong sample = MeasureOnce();
            if (sample == 0)
                return 0;
            next = System.Math.Min(next, System.Math.Max(least, sample));
            least = System.Math.Min(least, sample);
        }
        return least;
    }

    private static ulong ReadCpuid()
    {
        uint leaves = Cpu.Identify(CpuidLeaf.Basic).Eax;
        if (leaves < CpuidLeaf.TscClock)
            return 0;
        CpuidResult clock = Cpu.Identify(CpuidLeaf.TscClock); // ECX: the crystal's hertz; EBX / EAX: the counter's ratio to it
        if (clock.Eax != 0 && clock.Ebx != 0 && clock.Ecx != 0)
            return (ulong)clock.Ecx * clock.Ebx / clock.Eax;
        return leaves < CpuidLeaf.Frequency ? 0 : (Cpu.Identify(CpuidLeaf.Frequency).Eax & 0xFFFF) * 1_000_000ul;
    }

    private static ulong MeasureOnce()
    {
        byte control = Port.Read8(SystemControl);
        Port.Write8(SystemControl, (byte)(control & ~Speaker & 0xFF | Gate));
        Port.Write8(Command, 0xB0); // channel 2, both bytes, mode 0
        Port.Write8(Channel2, Counts & 0xFF);
        ulong start = Cpu.ReadTimestamp();
        Port.Write8(Channel2, Counts >> 8);
        int polls = 0;
        ulong ticks;
        bool elapsed;
        do
        {
            elapsed = (Port.Read8(SystemControl) & Output) != 0;
            ticks = Cpu.ReadTimestamp() - start;
        }
        while (!elapsed && ticks < MaximumTicks && ++polls < MaximumPolls);
        elapsed |= (Port.Read8(SystemControl) & Output) != 0; // after a long disturbance between the two looks too
        Port.Write8(SystemControl, control);
        return elapsed ? ticks * PitFrequency / Counts : 0;
    }
}
