namespace HyperOS.Specs.Amd;

/// <summary>EXITINFO1 of control and debug register exits, with decode assists. AMD APM vol. 2, "Decode Assists".</summary>
public static class CrDrExitInfo
{
    /// <summary>The general register's number.</summary>
    public const ulong GprMask = 0xF;

    /// <summary>Set for MOV CRx; clear for CLTS, LMSW, SMSW, whose operand is not reported.</summary>
    public const ulong MovCrx = 1ul << 63;
}
