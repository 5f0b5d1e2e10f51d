namespace HyperOS.Emulation;

/// <summary>How much <see cref="SpeculationPolicy"/> does.</summary>
public enum Mitigations : byte
{
    /// <summary>What the processor needs.</summary>
    Auto,

    /// <summary>Nothing: all guests trust each other.</summary>
    Off,

    /// <summary>All that the processor has the means for.</summary>
    All,
}
