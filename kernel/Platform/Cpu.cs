using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperOS.Platform;

/// <summary>Registers that CPUID returns.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CpuidResult
{
    public uint Eax, Ebx, Ecx, Edx;
}

/// <summary>Instructions of the processor that this code runs on. Intel SDM vol. 2; AMD APM vol. 3.</summary>
public static unsafe class Cpu
{
    private const ulong InterruptFlag = 1 << 9;

    /// <summary>Enables interrupts and halts until one comes.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuHalt")]
    public static extern void Halt();

    /// <summary>Halts for good, interrupts off.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuStop")]
    public static extern void Stop();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuEnableInterrupts")]
    public static extern void EnableInterrupts();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuDisableInterrupts")]
    public static extern void DisableInterrupts();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuReadFlags")]
    private static extern ulong ReadFlags();

    /// <summary>RDTSC: ticks of this processor's time-stamp counter.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuReadTimestamp")]
    public static extern ulong ReadTimestamp();

    /// <summary>RDRAND: a random number, or 0 when the processor has none at hand. Only where CPUID says that it has the instruction.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuReadRandom")]
    public static extern ulong ReadRandom();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "CpuIdentify")]
    private static extern void Identify(uint leaf, uint subleaf, CpuidResult* result);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "StackPointer")]
    public static extern ulong StackPointer();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "FramePointer")]
    public static extern ulong FramePointer();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ReturnAddress")]
    public static extern ulong InstructionPointer();

    public static bool InterruptsEnabled => (ReadFlags() & InterruptFlag) != 0;

    public static CpuidResult Identify(uint leaf, uint subleaf = 0)
    {
        CpuidResult result;
        Identify(leaf, subleaf, &result);
        return result;
    }

    /// <returns>Whether interrupts were enabled, for <see cref="RestoreInterrupts"/>.</returns>
    public static bool SaveAndDisableInterrupts()
    {
        bool enabled = InterruptsEnabled;
        DisableInterrupts();
        return enabled;
    }

    public static void RestoreInterrupts(bool enabled)
    {
        if (enabled)
            EnableInterrupts();
    }
}

/// <summary>RDMSR and WRMSR. An MSR that the processor lacks raises #GP, which is fatal: ask CPUID first.</summary>
public static class ModelSpecificRegister
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "MsrRead")]
    public static extern ulong Read(uint register);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "MsrWrite")]
    public static extern void Write(uint register, ulong value);
}

/// <summary>I/O ports.</summary>
public static class Port
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "PortIn8")]
    public static extern byte Read8(ushort port);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "PortIn16")]
    public static extern ushort Read16(ushort port);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "PortIn32")]
    public static extern uint Read32(ushort port);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "PortOut8")]
    public static extern void Write8(ushort port, byte value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "PortOut16")]
    public static extern void Write16(ushort port, ushort value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "PortOut32")]
    public static extern void Write32(ushort port, uint value);
}

/// <summary>Control registers, XCR0 and the TLB.</summary>
public static class ControlRegister
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlReadCr0")]
    public static extern ulong ReadCr0();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteCr0")]
    public static extern void WriteCr0(ulong value);

    /// <summary>The address of the last page fault.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlReadCr2")]
    public static extern ulong ReadCr2();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlReadCr3")]
    public static extern ulong ReadCr3();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteCr3")]
    public static extern void WriteCr3(ulong value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlReadCr4")]
    public static extern ulong ReadCr4();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteCr4")]
    public static extern void WriteCr4(ulong value);

    /// <summary>INVLPG on this processor.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlInvalidatePage")]
    public static extern void InvalidatePage(ulong address);

    /// <summary>DR0 to DR3.</summary>
    public static void WriteDebug(int register, ulong value)
    {
        switch (register)
        {
            case 0: WriteDr0(value); break;
            case 1: WriteDr1(value); break;
            case 2: WriteDr2(value); break;
            default: WriteDr3(value); break;
        }
    }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteDr0")]
    private static extern void WriteDr0(ulong value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteDr1")]
    private static extern void WriteDr1(ulong value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteDr2")]
    private static extern void WriteDr2(ulong value);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteDr3")]
    private static extern void WriteDr3(ulong value);

    /// <summary>XSETBV; CR4.OSXSAVE must be set.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ControlWriteXcr0")]
    public static extern void WriteXcr0(ulong value);
}
