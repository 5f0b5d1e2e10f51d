namespace HyperOS.Specs.Intel;

/// <summary>Bits 31:30 of the exit qualification of task switches. Intel SDM vol. 3, "Exit Qualification".</summary>
public enum TaskSwitchSource : uint
{
    /// <summary>CALL.</summary>
    Call = 0,

    /// <summary>IRET.</summary>
    Iret = 1,

    /// <summary>JMP.</summary>
    Jmp = 2,

    /// <summary>Task gate in the IDT.</summary>
    TaskGate = 3,
}
