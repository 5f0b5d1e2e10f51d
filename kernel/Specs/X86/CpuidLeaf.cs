namespace HyperOS.Specs.X86;

/// <summary>
/// CPUID leaves (EAX values). Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".
/// </summary>
public static class CpuidLeaf
{
    /// <summary>Vendor and highest basic leaf.</summary>
    public const uint Basic = 0x00000000;

    /// <summary>Family, model, features.</summary>
    public const uint Features = 0x00000001;

    /// <summary>Intel cache descriptors.</summary>
    public const uint CacheDescriptors = 0x00000002;

    /// <summary>Intel cache parameters, by subleaf.</summary>
    public const uint CacheParameters = 0x00000004;

    /// <summary>MONITOR and MWAIT.</summary>
    public const uint MonitorMwait = 0x00000005;

    /// <summary>Thermal and power.</summary>
    public const uint Power = 0x00000006;

    /// <summary>Features, by subleaf.</summary>
    public const uint StructuredFeatures = 0x00000007;

    /// <summary>Intel performance monitoring.</summary>
    public const uint PerformanceMonitoring = 0x0000000A;

    /// <summary>x2APIC topology, by subleaf.</summary>
    public const uint Topology = 0x0000000B;

    /// <summary>XSAVE state, by subleaf.</summary>
    public const uint ExtendedState = 0x0000000D;

    /// <summary>TSC and crystal clock.</summary>
    public const uint TscClock = 0x00000015;

    /// <summary>Processor frequency, in MHz.</summary>
    public const uint Frequency = 0x00000016;

    /// <summary>Intel V2 topology, by subleaf.</summary>
    public const uint TopologyV2 = 0x0000001F;

    /// <summary>Hypervisor signature and highest hypervisor leaf.</summary>
    public const uint Hypervisor = 0x40000000;

    /// <summary>Highest extended leaf.</summary>
    public const uint Extended = 0x80000000;

    /// <summary>AMD features.</summary>
    public const uint ExtendedFeatures = 0x80000001;

    /// <summary>Processor name, characters 0-15.</summary>
    public const uint Name0 = 0x80000002;

    /// <summary>Processor name, characters 16-31.</summary>
    public const uint Name1 = 0x80000003;

    /// <summary>Processor name, characters 32-47.</summary>
    public const uint Name2 = 0x80000004;

    /// <summary>AMD L1 caches and TLBs.</summary>
    public const uint L1Cache = 0x80000005;

    /// <summary>AMD L2 and L3 caches and TLBs.</summary>
    public const uint L2Cache = 0x80000006;

    /// <summary>Advanced power management.</summary>
    public const uint PowerManagement = 0x80000007;

    /// <summary>Address widths, core count, features.</summary>
    public const uint AddressSizes = 0x80000008;

    /// <summary>SVM features.</summary>
    public const uint Svm = 0x8000000A;

    /// <summary>AMD TLBs for 1 GiB pages.</summary>
    public const uint Tlb1G = 0x80000019;

    /// <summary>AMD performance optimization hints.</summary>
    public const uint Optimization = 0x8000001A;

    /// <summary>AMD cache topology, by subleaf.</summary>
    public const uint CacheTopology = 0x8000001D;

    /// <summary>AMD topology.</summary>
    public const uint ProcessorTopology = 0x8000001E;

    /// <summary>AMD memory encryption.</summary>
    public const uint Encryption = 0x8000001F;

    /// <summary>AMD features.</summary>
    public const uint ExtendedFeatures2 = 0x80000021;
}
