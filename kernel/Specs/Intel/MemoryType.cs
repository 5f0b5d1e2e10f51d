namespace HyperOS.Specs.Intel;

/// <summary>Memory types of EPT and of VMCS accesses. Intel SDM vol. 3, "Memory Types Available".</summary>
public enum MemoryType : byte
{
    /// <summary>Uncacheable.</summary>
    UC = 0,

    /// <summary>Write combining.</summary>
    WC = 1,

    /// <summary>Write through.</summary>
    WT = 4,

    /// <summary>Write protected.</summary>
    WP = 5,

    /// <summary>Write back.</summary>
    WB = 6,
}
