using HyperOS.Platform;

namespace HyperOS.Interrupts;

/// <summary>What the host uses interrupt vectors for; 0 to 31 are the processor's exceptions.</summary>
public static class Vectors
{
    /// <summary>A failed check of compiled code; KernelFail in Runtime.asm raises it, and nothing else does.</summary>
    public const int FailedCheck = InterruptDispatcher.FailedCheckVector;

    /// <summary>First of the 24 vectors that the IOAPIC's pins deliver: pin n at this + n.</summary>
    public const int FirstPin = 0x30;

    public const int Pins = 24;

    /// <summary>First and last of the vectors for devices' messages.</summary>
    public const int FirstDevice = 0x50, LastDevice = 0xDF;

    /// <summary>The local APIC's timer.</summary>
    public const int Timer = 0xE0;

    /// <summary>From another processor: look at the run queue, or leave the guest.</summary>
    public const int Reschedule = 0xE1;

    /// <summary>From another processor: forget translations.</summary>
    public const int Shootdown = 0xE2;

    /// <summary>The local APIC's spurious interrupt; needs no EOI.</summary>
    public const int Spurious = 0xFF;
}
