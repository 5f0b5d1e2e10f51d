using System;

namespace HyperOS.Devices;

/// <summary>What a local APIC has for its vCPU: see <see cref="LocalApic.Poll"/>.</summary>
[Flags]
public enum ApicEvents
{
    None = 0,

    /// <summary>An INIT: <see cref="LocalApic.TakeInit"/>.</summary>
    Init = 1,

    /// <summary>A start-up IPI: <see cref="LocalApic.TakeStartUp"/>. Lost on a vCPU that does not wait for one.</summary>
    StartUp = 2,

    /// <summary>An NMI: <see cref="LocalApic.TakeNmi"/>.</summary>
    Nmi = 4,

    /// <summary>The 8259A pair's INTR reaches the vCPU: its vector comes from <see cref="ProgrammableInterruptController.TryAcknowledge"/>.</summary>
    ExternalInterrupt = 8,

    /// <summary>A vector whose priority class is above the processor's: <see cref="LocalApic.Acknowledge"/>.</summary>
    Interrupt = 16,
}
