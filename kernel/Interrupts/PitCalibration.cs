using HyperOS.Platform;

namespace HyperOS.Interrupts;

/// <summary>Measures the time-stamp counter against channel 2 of the 8254, which every PC has. Intel 8254 data sheet, "Mode 0".</summary>
public static class PitCalibration
{
    private const ulong PitFrequency = 1_193_182;
    private const ushort Counts = 11_932; // 10 ms
    private const ushort Channel2 = 0x42, Command = 0x43, SystemControl = 0x61;
    private const byte Gate = 0x01, Speaker = 0x02, Output = 0x20;
    private const int MaximumPolls = 50_000_000;

    /// <returns>Hertz, of the least disturbed of some measurements; 0 when there is no such timer, or the counter does not count.</returns>
    public static ulong MeasureTimestampFrequency()
    {
        const int Samples = 3;
        const ulong Slowest = 100_000_000, Fastest = 10_000_000_000;
        ulong least = ulong.MaxValue;
        for (int i = 0; i < Samples; i++)
            least = System.Math.Min(least, MeasureOnce());
        return least is >= Slowest and <= Fastest ? least : 0;
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
        while ((Port.Read8(SystemControl) & Output) == 0 && polls < MaximumPolls)
            polls++;
        ulong ticks = Cpu.ReadTimestamp() - start;
        Port.Write8(SystemControl, control);
        return polls == MaximumPolls ? 0 : ticks * PitFrequency / Counts;
    }
}
