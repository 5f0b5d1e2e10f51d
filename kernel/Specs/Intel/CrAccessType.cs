namespace HyperOS.Specs.Intel;

/// <summary>Bits 5:4 of the exit qualification of control-register accesses. Intel SDM vol. 3, "Exit Qualification".</summary>
public enum CrAccessType : uint
{
    /// <summary>MOV to CR.</summary>
    MovToCr = 0,

    /// <summary>MOV from CR.</summary>
    MovFromCr = 1,

    /// <summary>CLTS.</summary>
    Clts = 2,

    /// <summary>LMSW.</summary>
    Lmsw = 3,
}
