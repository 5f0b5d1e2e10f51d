namespace HyperOS.Specs.Intel;

/// <summary>Exit qualification of task switches. Intel SDM vol. 3, "Exit Qualification".</summary>
public static class TaskSwitchQualification
{
    /// <summary>Mask of the selector of the new TSS.</summary>
    public const ulong SelectorMask = 0xFFFF;

    /// <summary>Position of the <see cref="TaskSwitchSource"/>.</summary>
    public const int SourceShift = 30;

    /// <summary>Mask of the <see cref="TaskSwitchSource"/>.</summary>
    public const ulong SourceMask = 0x3ul << 30;
}
