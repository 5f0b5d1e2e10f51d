namespace HyperOS.Specs.Amd;

/// <summary>EXITINFO2 of VMEXIT_TASK_SWITCH; the error code is in bits 31:0. AMD APM vol. 2, "Task Switch Intercept".</summary>
public static class TaskSwitchExitInfo2
{
    /// <summary>Caused by IRET.</summary>
    public const ulong Iret = 1ul << 36;

    /// <summary>Caused by a far jump.</summary>
    public const ulong FarJump = 1ul << 38;

    /// <summary>Caused by an exception with an error code.</summary>
    public const ulong HasErrorCode = 1ul << 44;

    /// <summary>RFLAGS.RF to be stored in the outgoing TSS.</summary>
    public const ulong Rf = 1ul << 48;
}
