using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

/// <summary>CPUID of made-up hosts.</summary>
internal sealed class TestHost : CpuidSource
{
    private readonly Dictionary<(uint, uint), CpuidResult> _leaves = [];

    public CpuidResult this[uint leaf, uint subleaf = 0]
    {
        set => _leaves[(leaf, subleaf)] = value;
    }

    /// <summary>Beyond the highest leaf this host answers nonsense, as Intel's processors do.</summary>
    public bool AnswersNonsense { get; init; }

    public override CpuidResult Read(uint leaf, uint subleaf) =>
        _leaves.TryGetValue((leaf, subleaf), out CpuidResult result) ? result
        : AnswersNonsense ? new CpuidResult(0xBAD, 0xBAD, 0xBAD, 0xBAD) : default;

    public HostCpuid Capture() => new(this);

    /// <summary>Every feature bit set, so that whatever the guest lacks was taken away by the policy.</summary>
    public static TestHost Amd()
    {
        TestHost host = new()
        {
            [CpuidLeaf.Basic] = new(0x10, 0x68747541, 0x444D4163, 0x69746E65),
            [CpuidLeaf.Features] = new(0x00800F12, 0x05200800, 0x7FFFFFFF, 0xFFFFFFFF),
            [CpuidLeaf.StructuredFeatures] = new(2, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
            [CpuidLeaf.StructuredFeatures, 1] = new(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
            [CpuidLeaf.ExtendedState] = new(0x000006E7, 0x340, 0x988, 0),
            [CpuidLeaf.ExtendedState, 1] = new(0x1F, 0x340, 0x1800, 0),
            [CpuidLeaf.ExtendedState, 2] = new(0x100, 0x240, 0, 0),
            [CpuidLeaf.ExtendedState, 5] = new(0x40, 0x340, 0, 0),
            [CpuidLeaf.ExtendedState, 6] = new(0x200, 0x380, 2, 0),
            [CpuidLeaf.ExtendedState, 7] = new(0x400, 0x580, 2, 0),
            [CpuidLeaf.Extended] = new(0x80000028, 0x68747541, 0x444D4163, 0x69746E65),
            [CpuidLeaf.ExtendedFeatures] = new(0x00800F12, 0x40000000, 0xFFFFFFFF, 0xFFFFFFFF),
            [CpuidLeaf.Name0] = new(0x20444D41, 0x43595045, 0, 0),
            [CpuidLeaf.L1Cache] = new(0xFF40FF40, 0xFF40FF40, 0x20080140, 0x40040140),
            [CpuidLeaf.L2Cache] = new(0x36006400, 0x56006400, 0x02006140, 0x0200C140),
            [CpuidLeaf.PowerManagement] = new(0, 0x3B, 0, 0x6799),
            [CpuidLeaf.AddressSizes] = new(0x3030, 0xFFFFFFFF, 0x7F3F, 0x00010007),
            [CpuidLeaf.Svm] = new(1, 0x8000, 0, 0xFFFFFFFF),
            [CpuidLeaf.CacheTopology, 0] = new(0x00004121, 0x01C0003F, 0x3F, 0),
            [CpuidLeaf.CacheTopology, 1] = new(0x00004122, 0x00C0003F, 0xFF, 0),
            [CpuidLeaf.CacheTopology, 2] = new(0x00004143, 0x01C0003F, 0x3FF, 2),
            [CpuidLeaf.CacheTopology, 3] = new(0x0001C163, 0x03C0003F, 0x1FFF, 1),
            [CpuidLeaf.ProcessorTopology] = new(0x11, 0x0108, 0x0301, 0),
            [CpuidLeaf.Encryption] = new(0xF, 0x16F, 0xF, 0),
            [CpuidLeaf.ExtendedFeatures2] = new(0xFFFFFFFF, 0, 0, 0),
        };
        return host;
    }

    public static TestHost Intel()
    {
        TestHost host = new()
        {
            AnswersNonsense = true,
            [CpuidLeaf.Basic] = new(0xD, 0x756E6547, 0x6C65746E, 0x49656E69),
            [CpuidLeaf.Features] = new(0x00050654, 0x00100800, 0x7FFEFBFF, 0xBFEBFBFF),
            [CpuidLeaf.CacheParameters, 0] = new(0x1C004121, 0x01C0003F, 0x3F, 0),
            [CpuidLeaf.CacheParameters, 1] = new(0x1C004122, 0x01C0003F, 0x3F, 0),
            [CpuidLeaf.CacheParameters, 2] = new(0x1C004143, 0x03C0003F, 0x3FF, 0),
            [CpuidLeaf.CacheParameters, 3] = new(0x1C03C163, 0x0280003F, 0x3FFF, 4),
            [CpuidLeaf.StructuredFeatures] = new(0, 0xD39FFFFB, 0x8, 0xBC000000),
            [CpuidLeaf.ExtendedState] = new(0x7, 0x340, 0x340, 0),
            [CpuidLeaf.ExtendedState, 1] = new(0xF, 0x340, 0, 0),
            [CpuidLeaf.ExtendedState, 2] = new(0x100, 0x240, 0, 0),
            [CpuidLeaf.Extended] = new(0x80000008, 0, 0, 0),
            [CpuidLeaf.ExtendedFeatures] = new(0, 0, 0x121, 0x2C100800),
            [CpuidLeaf.PowerManagement] = new(0, 0, 0, 0x100),
            [CpuidLeaf.AddressSizes] = new(0x302E, 0, 0, 0),
        };
        return host;
    }

    public const ProcessorTraits AllOffers = ProcessorTraits.Offers;

    public static GuestProcessor Guest(uint vcpus = 4, ProcessorTraits offers = AllOffers, Xcr0 state = (Xcr0)0xE7) => new()
    {
        VcpuCount = vcpus,
        Offers = offers,
        XCR0 = state,
        TscKHz = 2_400_000,
        PhysicalAddressBits = 46,
        ArchCapabilities = ArchCapabilities.RDCL_NO,
        MicrocodeRevision = 0x0800126C,
    };

    public static CpuidPolicy Policy(TestHost? host = null, GuestProcessor? guest = null) => new((host ?? Amd()).Capture(), guest ?? Guest());
}
