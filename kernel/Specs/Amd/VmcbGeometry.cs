namespace HyperOS.Specs.Amd;

/// <summary>Sizes of the VMCB and its parts, in bytes. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
public static class VmcbGeometry
{
    /// <summary>The VMCB.</summary>
    public const int Size = 0x1000;

    /// <summary>The control area, from offset 0.</summary>
    public const int ControlAreaSize = 0x400;

    /// <summary>The state save area, which follows.</summary>
    public const int StateSaveAreaSize = 0xC00;

    /// <summary>The area that VM_HSAVE_PA names.</summary>
    public const int HostSaveAreaSize = 0x1000;
}
