namespace HyperOS.Specs.Intel;

/// <summary>Start of a VMCS region; VMXON region likewise. Intel SDM vol. 3, "Format of the VMCS Region".</summary>
public static class VmcsRegion
{
    /// <summary>Of the revision identifier, 32 bits; bit 31 is the shadow-VMCS indicator.</summary>
    public const int RevisionOffset = 0;

    /// <summary>Of the VMX-abort indicator, 32 bits.</summary>
    public const int AbortOffset = 4;

    /// <summary>VMCS link pointer that links nothing.</summary>
    public const ulong NoLinkPointer = ulong.MaxValue;
}
