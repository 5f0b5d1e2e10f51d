namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Guest Non-Register State".</summary>
public enum ActivityState : uint
{
    /// <summary>Runs instructions.</summary>
    Active = 0,

    /// <summary>Halted.</summary>
    Hlt = 1,

    /// <summary>After a triple fault.</summary>
    Shutdown = 2,

    /// <summary>Waits for a start-up IPI.</summary>
    WaitForSipi = 3,
}
