namespace HyperOS.Devices;

/// <summary>How a guest's RDMSR or WRMSR ends.</summary>
public enum MsrAccess
{
    Done,

    /// <summary>#GP(0) is raised and nothing has changed.</summary>
    GeneralProtection,
}
