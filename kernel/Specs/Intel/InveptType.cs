namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "INVEPT - Invalidate Translations Derived from EPT".</summary>
public enum InveptType : ulong
{
    /// <summary>Of the descriptor's EPTP.</summary>
    SingleContext = 1,

    /// <summary>Of all EPTPs.</summary>
    AllContext = 2,
}
