using HyperOS.Emulation;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

public class CpuidPolicyTests
{
    private static readonly CpuidVcpuState Third = new() { ApicId = 3, ApicEnabled = true, CR4 = Cr4.OSXSAVE, XCR0 = Xcr0.X87 | Xcr0.SSE | Xcr0.AVX };

    private static CpuidResult Answer(CpuidPolicy policy, uint leaf, uint subleaf = 0) => policy.Answer(leaf, subleaf, Third);

    private static List<CpuidRow> Rows()
    {
        Collector collector = new();
        CpuidRows.Show(collector);
        return collector.Rows;
    }

    private sealed class Collector : CpuidRowVisitor
    {
        public List<CpuidRow> Rows { get; } = [];

        public override void Visit(in CpuidRow row) => Rows.Add(row);
    }

    [Fact]
    public void Every_row_has_bits_and_a_reason()
    {
        Assert.All(Rows(), row =>
        {
            Assert.NotEqual(0u, row.Bits);
            Assert.NotEqual(0, (int)row.Registers);
            Assert.EndsWith(".", row.Reason, StringComparison.Ordinal);
        });
    }

    public static TheoryData<uint, uint, CpuidRegister, Type> Registers => new()
    {
        { CpuidLeaf.Features, 0, CpuidRegister.Ecx, typeof(Cpuid1Ecx) },
        { CpuidLeaf.Features, 0, CpuidRegister.Edx, typeof(Cpuid1Edx) },
        { CpuidLeaf.Power, 0, CpuidRegister.Eax, typeof(Cpuid6Eax) },
        { CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, typeof(Cpuid7Ebx) },
        { CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, typeof(Cpuid7Ecx) },
        { CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, typeof(Cpuid7Edx) },
        { CpuidLeaf.StructuredFeatures, 1, CpuidRegister.Eax, typeof(Cpuid7Sub1Eax) },
        { CpuidLeaf.StructuredFeatures, 2, CpuidRegister.Edx, typeof(Cpuid7Sub2Edx) },
        { CpuidLeaf.ExtendedState, 1, CpuidRegister.Eax, typeof(CpuidDSub1Eax) },
        { KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, typeof(KvmFeatures) },
        { CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, typeof(Cpuid80000001Ecx) },
        { CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Edx, typeof(Cpuid80000001Edx) },
        { CpuidLeaf.PowerManagement, 0, CpuidRegister.Edx, typeof(Cpuid80000007Edx) },
        { CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, typeof(Cpuid80000008Ebx) },
        { CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, typeof(Cpuid80000021Eax) },
    };

    [Theory]
    [MemberData(nameof(Registers))]
    public void Every_bit_that_has_a_name_is_spoken_of_in_one_row(uint leaf, uint subleaf, CpuidRegister register, Type names)
    {
        foreach (Enum bit in Enum.GetValues(names))
        {
            IEnumerable<CpuidRow> rows = Rows().Where(row =>
                row.Leaf == leaf && row.Subleaf == subleaf && (row.Registers & register) != 0 && (row.Bits & Convert.ToUInt32(bit)) != 0);
            Assert.True(rows.Count() == 1, $"{names.Name}.{bit} is spoken of in {rows.Count()} rows.");
        }
    }

    [Theory]
    [InlineData(0x00000000u, 0x0000000Du, 0x68747541u, 0x444D4163u, 0x69746E65u)]
    [InlineData(0x00000001u, 0x00800F12u, 0x03040800u, 0xFFFA3203u, 0x1F8BFBFFu)]
    [InlineData(0x00000006u, 0x00000004u, 0x00000000u, 0x00000000u, 0x00000000u)]
    [InlineData(0x0000000Du, 0x000000E7u, 0x00000340u, 0x00000980u, 0x00000000u)]
    [InlineData(0x40000000u, 0x40000010u, 0x4B4D564Bu, 0x564B4D56u, 0x0000004Du)]
    [InlineData(0x40000001u, 0x01002AEAu, 0x00000000u, 0x00000000u, 0x00000000u)]
    [InlineData(0x40000010u, 0x00249F00u, 0x000F4240u, 0x00000000u, 0x00000000u)]
    [InlineData(0x80000000u, 0x80000021u, 0x68747541u, 0x444D4163u, 0x69746E65u)]
    [InlineData(0x80000007u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000100u)]
    [InlineData(0x8000001Eu, 0x00000003u, 0x00000003u, 0x00000000u, 0x00000000u)]
    public void A_leaf_is_as_expected_on_an_AMD_host_that_has_everything(uint leaf, uint eax, uint ebx, uint ecx, uint edx)
    {
        CpuidResult result = Answer(TestHost.Policy(), leaf);
        Assert.Equal((eax, ebx, ecx, edx), (result.Eax, result.Ebx, result.Ecx, result.Edx));
    }

    [Fact]
    public void Leaves_that_no_row_names_read_as_zero()
    {
        CpuidPolicy policy = TestHost.Policy();
        HashSet<uint> named = [.. Rows().Select(row => row.Leaf)];
        uint[] edges = [0x20, 0x3FFFFFFF, 0x400000FF, 0x40000100, 0x7FFFFFFF, 0x80000040, 0x80860000, 0xC0000000, 0xFFFFFFFF];
        foreach (uint leaf in Enumerable.Range(0, 0x20).SelectMany(i => new[] { (uint)i, 0x40000000u + (uint)i, 0x80000000u + (uint)i, 0x80000020u + (uint)i })
            .Concat(edges).Where(leaf => !named.Contains(leaf)))
            Assert.Equal(default, Answer(policy, leaf));
    }

    [Fact]
    public void Neither_SVM_nor_its_leaf_nor_memory_encryption_is_seen()
    {
        CpuidPolicy policy = TestHost.Policy();
        Assert.Equal(0u, Answer(policy, CpuidLeaf.ExtendedFeatures).Ecx & (uint)Cpuid80000001Ecx.SVM);
        Assert.Equal(default, Answer(policy, CpuidLeaf.Svm));
        Assert.Equal(default, Answer(policy, CpuidLeaf.Encryption));
    }

    [Fact]
    public void Features_without_their_code_behind_them_are_not_seen()
    {
        CpuidPolicy policy = TestHost.Policy(guest: TestHost.Guest(offers: 0, state: 0));
        Assert.Equal(0u, Answer(policy, CpuidLeaf.Features).Ecx & (uint)(Cpuid1Ecx.X2APIC | Cpuid1Ecx.TSC_DEADLINE | Cpuid1Ecx.XSAVE | Cpuid1Ecx.AVX));
        Assert.Equal(0u, Answer(policy, CpuidLeaf.StructuredFeatures).Ebx & (uint)(Cpuid7Ebx.AVX2 | Cpuid7Ebx.TSC_ADJUST | Cpuid7Ebx.AVX512F));
        Assert.Equal(0u, Answer(policy, CpuidLeaf.StructuredFeatures).Edx & (uint)(Cpuid7Edx.IBRS_IBPB | Cpuid7Edx.ARCH_CAPABILITIES));
        Assert.Equal((uint)(KvmFeatures.CLOCKSOURCE2 | KvmFeatures.NOP_IO_DELAY), Answer(policy, KvmCpuid.FeaturesLeaf).Eax);
        Assert.Equal(default, Answer(policy, CpuidLeaf.ExtendedState));
        Assert.Equal(0u, Answer(policy, CpuidLeaf.AddressSizes).Ebx & (uint)(Cpuid80000008Ebx.IBPB | Cpuid80000008Ebx.IBRS));
    }

    [Fact]
    public void KVM_s_features_are_those_whose_code_is_there()
    {
        const KvmFeatures All = KvmFeatures.CLOCKSOURCE2 | KvmFeatures.NOP_IO_DELAY | KvmFeatures.CLOCKSOURCE_STABLE_BIT | KvmFeatures.STEAL_TIME
            | KvmFeatures.PV_EOI | KvmFeatures.PV_UNHALT | KvmFeatures.PV_TLB_FLUSH | KvmFeatures.PV_SEND_IPI | KvmFeatures.PV_SCHED_YIELD;
        Assert.Equal(All, (KvmFeatures)Answer(TestHost.Policy(), KvmCpuid.FeaturesLeaf).Eax);
        CpuidPolicy served = TestHost.Policy(guest: TestHost.Guest(offers: TestHost.AllOffers & ~ProcessorTraits.PvEndOfInterrupt));
        Assert.Equal(All & ~KvmFeatures.PV_EOI, (KvmFeatures)Answer(served, KvmCpuid.FeaturesLeaf).Eax);
    }

    [Theory]
    [InlineData(Xcr0.X87 | Xcr0.SSE, Xcr0.X87 | Xcr0.SSE)]
    [InlineData(Xcr0.X87 | Xcr0.AVX, (Xcr0)0)]
    [InlineData(Xcr0.X87 | Xcr0.SSE | Xcr0.AVX | Xcr0.PKRU, Xcr0.X87 | Xcr0.SSE | Xcr0.AVX)]
    [InlineData(Xcr0.X87 | Xcr0.SSE | Xcr0.AVX | Xcr0.Opmask, Xcr0.X87 | Xcr0.SSE | Xcr0.AVX)]
    [InlineData((Xcr0)0xFFF, (Xcr0)0xE7)]
    public void State_components_are_offered_in_whole_sets(Xcr0 switched, Xcr0 offered) =>
        Assert.Equal(offered, TestHost.Policy(guest: TestHost.Guest(state: switched)).XCR0);

    [Fact]
    public void The_size_of_the_XSAVE_area_follows_XCR0()
    {
        CpuidPolicy policy = TestHost.Policy();
        CpuidVcpuState state = Third;
        foreach ((Xcr0 enabled, uint standard, uint compacted) in new[]
        {
            (Xcr0.X87, 576u, 576u), (Xcr0.X87 | Xcr0.SSE | Xcr0.AVX, 0x340u, 0x340u), ((Xcr0)0xE7, 0x980u, 0x980u), ((Xcr0)0xE3, 0x980u, 0x880u),
        })
        {
            state.XCR0 = enabled;
            Assert.Equal(standard, policy.Answer(CpuidLeaf.ExtendedState, 0, state).Ebx);
            Assert.Equal(compacted, policy.Answer(CpuidLeaf.ExtendedState, 1, state).Ebx);
        }
    }

    [Fact]
    public void Bits_that_follow_the_vCPU_follow_it()
    {
        CpuidPolicy policy = TestHost.Policy();
        CpuidVcpuState off = default;
        Assert.Equal(0u, policy.Answer(CpuidLeaf.Features, 0, off).Ecx & (uint)Cpuid1Ecx.OSXSAVE);
        Assert.Equal(0u, policy.Answer(CpuidLeaf.Features, 0, off).Edx & (uint)Cpuid1Edx.APIC);
        Assert.Equal(0u, policy.Answer(CpuidLeaf.ExtendedFeatures, 0, off).Edx & (uint)Cpuid1Edx.APIC);
        Assert.NotEqual(0u, Answer(policy, CpuidLeaf.Features).Ecx & (uint)Cpuid1Ecx.OSXSAVE);
        Assert.NotEqual(0u, Answer(policy, CpuidLeaf.ExtendedFeatures).Edx & (uint)Cpuid1Edx.APIC);
    }

    [Theory]
    [InlineData(1u, 0u)]
    [InlineData(2u, 1u)]
    [InlineData(3u, 2u)]
    [InlineData(4u, 2u)]
    [InlineData(5u, 3u)]
    [InlineData(64u, 6u)]
    public void Topology_leaves_agree_on_the_vCPU_count(uint vcpus, uint coreBits)
    {
        CpuidPolicy policy = TestHost.Policy(guest: TestHost.Guest(vcpus));
        CpuidResult features = Answer(policy, CpuidLeaf.Features);
        Assert.Equal(vcpus, features.Ebx >> 16 & 0xFF);
        Assert.Equal(vcpus > 1, (features.Edx & (uint)Cpuid1Edx.HTT) != 0);
        Assert.Equal(vcpus > 1, (Answer(policy, CpuidLeaf.ExtendedFeatures).Ecx & (uint)Cpuid80000001Ecx.CmpLegacy) != 0);
        Assert.Equal(new CpuidResult(0, 1, 0x100, 3), Answer(policy, CpuidLeaf.Topology, 0));
        Assert.Equal(new CpuidResult(coreBits, vcpus, 0x201, 3), Answer(policy, CpuidLeaf.Topology, 1));
        Assert.Equal(new CpuidResult(0, 0, 2, 3), Answer(policy, CpuidLeaf.Topology, 2));
        Assert.Equal(vcpus - 1 | coreBits << 12, Answer(policy, CpuidLeaf.AddressSizes).Ecx);
        Assert.Equal(0x143u, Answer(policy, CpuidLeaf.CacheTopology, 2).Eax);
        Assert.Equal(0x163u | (vcpus - 1) << 14, Answer(policy, CpuidLeaf.CacheTopology, 3).Eax);
        Assert.Equal(default, Answer(policy, CpuidLeaf.CacheTopology, 4));
    }

    [Fact]
    public void An_Intel_guest_learns_its_TSC_and_caches_and_no_AMD_leaf()
    {
        CpuidPolicy policy = TestHost.Policy(TestHost.Intel());
        Assert.Equal(0x16u, Answer(policy, CpuidLeaf.Basic).Eax);
        Assert.Equal(new CpuidResult(5, 12, 1_000_000_000, 0), Answer(policy, CpuidLeaf.TscClock));
        Assert.Equal(new CpuidResult(2400, 2400, 1000, 0), Answer(policy, CpuidLeaf.Frequency));
        Assert.Equal(0x0C000121u, Answer(policy, CpuidLeaf.CacheParameters, 0).Eax);
        Assert.Equal(0x0C00C163u, Answer(policy, CpuidLeaf.CacheParameters, 3).Eax);
        Assert.Equal(default, Answer(policy, CpuidLeaf.ProcessorTopology));
        Assert.Equal(default, Answer(policy, CpuidLeaf.CacheTopology));
        Assert.Equal(default, Answer(policy, CpuidLeaf.L1Cache));
        Assert.Equal(0u, Answer(policy, CpuidLeaf.ExtendedFeatures).Edx & 0x3FF);
        Assert.Equal(46u, policy.PhysicalAddressBits);
    }

    [Fact]
    public void A_TSC_rate_that_32_bits_cannot_express_is_not_announced_as_a_ratio()
    {
        GuestProcessor guest = TestHost.Guest();
        guest.TscKHz = 2_399_987;
        CpuidPolicy policy = TestHost.Policy(TestHost.Intel(), guest);
        Assert.Equal(default, Answer(policy, CpuidLeaf.TscClock));
        Assert.Equal(2399u, Answer(policy, CpuidLeaf.Frequency).Eax);
    }

    [Fact]
    public void Address_widths_are_those_that_host_and_nested_tables_share()
    {
        GuestProcessor guest = TestHost.Guest();
        Assert.Equal(0x302Eu, Answer(TestHost.Policy(guest: guest), CpuidLeaf.AddressSizes).Eax);
        guest.PhysicalAddressBits = 52;
        Assert.Equal(0x3030u, Answer(TestHost.Policy(guest: guest), CpuidLeaf.AddressSizes).Eax);
    }

    [Fact]
    public void A_guest_sees_no_more_than_the_host_has_where_bits_are_passed()
    {
        TestHost poor = TestHost.Amd();
        poor[CpuidLeaf.StructuredFeatures] = default;
        poor[CpuidLeaf.ExtendedFeatures] = new(0, 0, 0, (uint)Cpuid80000001Edx.LM);
        poor[CpuidLeaf.PowerManagement] = default;
        CpuidPolicy policy = TestHost.Policy(poor);
        Assert.Equal((uint)Cpuid7Ebx.TSC_ADJUST, Answer(policy, CpuidLeaf.StructuredFeatures).Ebx);
        Assert.Equal(default, Answer(policy, CpuidLeaf.PowerManagement));
        Assert.Equal(0u, Answer(policy, CpuidLeaf.ExtendedFeatures).Edx & (uint)(Cpuid80000001Edx.RDTSCP | Cpuid80000001Edx.NX));
        Assert.Equal(0, (int)(policy.Traits & ProcessorTraits.TscAux));
    }
}
