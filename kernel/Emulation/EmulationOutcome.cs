using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>How <see cref="InstructionEmulator"/> left the instruction. The state is to be written back whatever it is.</summary>
public enum EmulationOutcome : byte
{
    /// <summary>Done; RIP is past it. An interrupt shadow that covered the instruction is over.</summary>
    Completed,

    /// <summary>RIP is still on it: the budget is spent or another processor interfered. Interrupts may be delivered; entering the guest goes on.</summary>
    Again,

    /// <summary>The exception <see cref="InstructionEmulator.Exception"/> is to be injected; RIP is still on the instruction.</summary>
    Exception,

    /// <summary>Nothing was changed: no emulation exists. <see cref="InstructionEmulator.Code"/> names it for the report that stops the VM.</summary>
    Unsupported,

    /// <summary>The bus refused an access. Nothing of the guest's registers was changed.</summary>
    Refused,
}

/// <summary>An exception to be injected. For #PF the address is in <see cref="GuestCpuState.CR2"/>.</summary>
public readonly struct GuestException
{
    public readonly ExceptionVector Vector;

    /// <summary>An error code is pushed: the vector has one and the processor is not in real mode.</summary>
    public readonly bool HasErrorCode;

    public readonly uint ErrorCode;

    public GuestException(ExceptionVector vector, bool hasErrorCode, uint errorCode)
    {
        Vector = vector;
        HasErrorCode = hasErrorCode;
        ErrorCode = errorCode;
    }
}
