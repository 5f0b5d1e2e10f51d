namespace HyperOS.Emulation;

/// <summary>Something that answers CPUID: the processor itself, or a table in a test.</summary>
public abstract class CpuidSource
{
    /// <summary>Executes CPUID with EAX and ECX as given, on the calling core.</summary>
    public abstract CpuidResult Read(uint leaf, uint subleaf);
}
