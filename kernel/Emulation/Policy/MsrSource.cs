namespace HyperOS.Emulation;

/// <summary>Something that answers RDMSR: the processor itself, or a table in a test.</summary>
public abstract class MsrSource
{
    /// <summary>Executes RDMSR on the calling core. Only MSRs that CPUID or another MSR announces are asked for: others fault.</summary>
    public abstract ulong Read(uint msr);
}
