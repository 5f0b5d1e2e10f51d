using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// The CPUID of one VM: worked out once from the host's CPUID, the VM's configuration and <see cref="CpuidRows"/>, then answered from
/// a small table. Leaves and bits that the rows do not list read as zero.
/// </summary>
public sealed class CpuidPolicy
{
    private const int BasicSlots = 0x20;
    private const int HypervisorSlots = 0x20;
    private const int ExtendedSlots = 0x40;
    private const int Capacity = 64;
    private const int MaximumStateComponents = 8;

    /// <summary>Rate of the emulated APIC timer's clock, in kHz.</summary>
    public const uint ApicBusKHz = 1_000_000;

    private const uint HighestExtendedLeaf = CpuidLeaf.ExtendedFeatures2;
    private const uint LinearAddressBits = 48;
    private const Xcr0 Avx512State = Xcr0.Opmask | Xcr0.ZMM_Hi256 | Xcr0.Hi16_ZMM;

    // The FXSAVE image and the XSAVE header, in bytes; the components from AVX up follow.
    private const uint LegacyAndHeaderSize = 576;
    private const int FirstExtendedComponent = 2;

    // AMD's leaf 8000_0001h EDX repeats these bits of leaf 1 EDX; APIC follows the vCPU.
    private const uint RepeatedFeatures = 0x0183F1FF;

    private static ReadOnlySpan<uint> FollowingVcpu =>
    [
        CpuidLeaf.Features, CpuidLeaf.Topology, CpuidLeaf.ExtendedState, CpuidLeaf.ExtendedFeatures, CpuidLeaf.ProcessorTopology,
    ];

    private struct Leaf
    {
        /// <summary>Where its results begin: 0, where all is zero, for leaves that are not there.</summary>
        public byte First;

        /// <summary>How many it has; 0: it looks at EAX alone.</summary>
        public byte Subleaves;

        /// <summary>What the table says is not all: see <see cref="Complete"/>.</summary>
        public bool FollowsVcpu;
    }

    private readonly Leaf[] _leaves = new Leaf[BasicSlots + HypervisorSlots + ExtendedSlots];
    private readonly CpuidResult[] _results = new CpuidResult[Capacity];
    private int _used = 1;

    /// <summary>Works out the table: all that a VM's CPUID shows follows from the two.</summary>
    public CpuidPolicy(HostCpuid host, in GuestProcessor guest)
    {
        XCR0 = StateComponents(host, guest.XCR0);
        Traits = FindTraits(host, guest, XCR0);
        CpuidRows.Show(new Builder(this, host));
        Compute(host, guest);
        foreach (uint leaf in FollowingVcpu)
            _leaves[Slot(leaf)].FollowsVcpu = true;
        PhysicalAddressBits = Math.Max(Result(CpuidLeaf.AddressSizes, 0).Eax & 0xFF, 32);
    }

    /// <summary>What the VM's processors have: the MSR policy follows the same.</summary>
    public ProcessorTraits Traits { get; }

    /// <summary>State components that the guest may enable in XCR0; none without XSAVE.</summary>
    public Xcr0 XCR0 { get; }

    /// <summary>Width of guest-physical addresses, in bits.</summary>
    public uint PhysicalAddressBits { get; }

    /// <summary>What the guest's CPUID instruction returns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CpuidResult Answer(uint leaf, uint subleaf, in CpuidVcpuState vcpu)
    {
        FaultPoint.Hit(FaultPlace.CpuidPolicy);
        Leaf[] leaves = _leaves;
        int slot = Slot(leaf);
        if (unchecked((uint)slot) >= (uint)leaves.Length)
            return default;
        ref readonly Leaf row = ref leaves[slot];
        int index = row.First;
        if (row.Subleaves != 0)
            index = subleaf < row.Subleaves ? index + (int)subleaf : 0;
        CpuidResult result = _results[index];
        if (row.FollowsVcpu)
            Complete(ref result, leaf, subleaf, in vcpu);
        return result;
    }

    // What the leaves of FollowingVcpu show depends on the vCPU's identity, its APIC's mode, CR4 and XCR0.
    private void Complete(ref CpuidResult result, uint leaf, uint subleaf, in CpuidVcpuState vcpu)
    {
        switch (leaf)
        {
            case CpuidLeaf.Features:
                result.Ebx |= unchecked(vcpu.ApicId << 24);
                if ((vcpu.CR4 & Cr4.OSXSAVE) != 0)
                    result.Ecx |= (uint)Cpuid1Ecx.OSXSAVE;
                if (!vcpu.ApicEnabled)
                    result.Edx &= ~(uint)Cpuid1Edx.APIC;
                break;
            case CpuidLeaf.Topology:
                // The manual's rule for subleaves past the last level: zeros, the subleaf's own number, and the x2APIC id.
                result.Ecx |= subleaf & 0xFF;
                result.Edx = vcpu.ApicId;
                break;
            case CpuidLeaf.ExtendedState when subleaf == 0 && XCR0 != 0:
                result.Ebx = StandardSize(vcpu.XCR0);
                break;
            case CpuidLeaf.ExtendedState when subleaf == 1 && (result.Eax & (uint)CpuidDSub1Eax.XSAVEC) != 0:
                result.Ebx = CompactedSize(vcpu.XCR0);
                break;
            case CpuidLeaf.ExtendedFeatures when !vcpu.ApicEnabled:
                result.Edx &= ~(uint)Cpuid1Edx.APIC;
                break;
            case CpuidLeaf.ProcessorTopology when (Traits & ProcessorTraits.Amd) != 0:
                result.Eax = vcpu.ApicId;
                result.Ebx = vcpu.ApicId & 0xFF;
                break;
        }
    }

    /// <summary>The table's entry, before the vCPU's state is put in: for policies that follow CPUID.</summary>
    public CpuidResult Result(uint leaf, uint subleaf)
    {
        int slot = Slot(leaf);
        return slot < 0 || subleaf != 0 && subleaf >= _leaves[slot].Subleaves ? default : _results[_leaves[slot].First + (int)subleaf];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Slot(uint leaf)
    {
        if (leaf < BasicSlots)
            return unchecked((int)leaf);
        uint hypervisor = unchecked(leaf - CpuidLeaf.Hypervisor);
        if (hypervisor < HypervisorSlots)
            return BasicSlots + (int)hypervisor;
        uint extended = unchecked(leaf - CpuidLeaf.Extended);
        return extended < ExtendedSlots ? BasicSlots + HypervisorSlots + (int)extended : -1;
    }

    private static byte SubleavesOf(uint leaf) => leaf switch
    {
        CpuidLeaf.CacheParameters or CpuidLeaf.CacheTopology => 4,
        CpuidLeaf.StructuredFeatures => 3,
        CpuidLeaf.Topology => 2,
        CpuidLeaf.ExtendedState => MaximumStateComponents,
        _ => 0,
    };

    /// <summary>The entry of a leaf that the rows name; made at the first call.</summary>
    private ref CpuidResult Entry(uint leaf, uint subleaf)
    {
        int slot = Slot(leaf);
        ref Leaf row = ref _leaves[slot];
        if (row.First == 0)
        {
            byte subleaves = SubleavesOf(leaf);
            row.First = (byte)_used;
            row.Subleaves = subleaves;
            _used += Math.Max(subleaves, (byte)1);
        }
        return ref _results[row.First + (int)subleaf];
    }

    private static Xcr0 StateComponents(HostCpuid host, Xcr0 switched)
    {
        if ((host.Read(CpuidLeaf.Features, 0).Ecx & (uint)Cpuid1Ecx.XSAVE) == 0)
            return 0;
        CpuidResult state = host.Read(CpuidLeaf.ExtendedState, 0);
        Xcr0 components = switched & (Xcr0)state.Eax;
        if ((components & (Xcr0.X87 | Xcr0.SSE)) != (Xcr0.X87 | Xcr0.SSE))
            return 0;
        Xcr0 offered = Xcr0.X87 | Xcr0.SSE | components & Xcr0.AVX;
        if ((components & (Xcr0.AVX | Avx512State)) == (Xcr0.AVX | Avx512State))
            offered |= Avx512State;
        return offered;
    }

    private static ProcessorTraits FindTraits(HostCpuid host, in GuestProcessor guest, Xcr0 components)
    {
        ProcessorTraits traits = guest.Offers & ProcessorTraits.Offers;
        if (host.IsAmd)
            traits |= ProcessorTraits.Amd;
        if (host.IsIntel)
            traits |= ProcessorTraits.Intel;
        if (guest.VcpuCount > 1)
            traits |= ProcessorTraits.MultiProcessor;
        if (components != 0)
            traits |= ProcessorTraits.Xsave;
        if ((components & Xcr0.AVX) != 0)
            traits |= ProcessorTraits.Avx;
        if ((components & Avx512State) != 0)
            traits |= ProcessorTraits.Avx512;
        if ((host.Read(CpuidLeaf.ExtendedFeatures, 0).Edx & (uint)Cpuid80000001Edx.RDTSCP) != 0
            || (host.Read(CpuidLeaf.StructuredFeatures, 0).Ecx & (uint)Cpuid7Ecx.RDPID) != 0)
            traits |= ProcessorTraits.TscAux;
        if ((host.Read(CpuidLeaf.PowerManagement, 0).Edx & (uint)Cpuid80000007Edx.TscInvariant) != 0)
            traits |= ProcessorTraits.InvariantTsc;
        return traits;
    }

    /// <summary>Puts in what the rows leave to be worked out: their reasons stand there.</summary>
    private void Compute(HostCpuid host, in GuestProcessor guest)
    {
        bool amd = (Traits & ProcessorTraits.Amd) != 0;
        bool intel = (Traits & ProcessorTraits.Intel) != 0;
        uint cores = Math.Max(guest.VcpuCount, 1);
        int coreBits = cores == 1 ? 0 : BitOperations.Log2(cores - 1) + 1;

        Entry(CpuidLeaf.Basic, 0).Eax = intel && guest.TscKHz != 0 ? CpuidLeaf.Frequency : CpuidLeaf.ExtendedState;

        ref CpuidResult features = ref Entry(CpuidLeaf.Features, 0);
        features.Ebx |= Math.Min(cores, 0xFF) << 16;
        features.Edx |= (uint)Cpuid1Edx.APIC;

        ComputeCaches(host, CpuidLeaf.CacheParameters, intel, cores, (Math.Min(cores, 64) - 1) << 26);
        ComputeCaches(host, CpuidLeaf.CacheTopology, amd, cores, 0);

        Entry(CpuidLeaf.StructuredFeatures, 0).Eax = Math.Min(host.Read(CpuidLeaf.StructuredFeatures, 0).Eax, 1);

        const uint ThreadLevel = 1u << 8, CoreLevel = 2u << 8;
        Entry(CpuidLeaf.Topology, 0) = new CpuidResult(0, 1, ThreadLevel, 0);
        Entry(CpuidLeaf.Topology, 1) = new CpuidResult((uint)coreBits, cores, CoreLevel, 0);

        if (XCR0 != 0)
        {
            ref CpuidResult state = ref Entry(CpuidLeaf.ExtendedState, 0);
            state.Eax = (uint)XCR0;
            state.Ecx = StandardSize(XCR0);
        }

        if (intel)
            ComputeFrequencies(guest.TscKHz);

        Entry(CpuidLeaf.Hypervisor, 0) =
            new CpuidResult(KvmCpuid.TimingLeaf, KvmCpuid.SignatureEbx, KvmCpuid.SignatureEcx, KvmCpuid.SignatureEdx);
        Entry(KvmCpuid.TimingLeaf, 0) = new CpuidResult(guest.TscKHz, ApicBusKHz, 0, 0);

        uint highestExtended = host.Read(CpuidLeaf.Extended, 0).Eax;
        Entry(CpuidLeaf.Extended, 0).Eax = Math.Max(Math.Min(highestExtended, HighestExtendedLeaf), CpuidLeaf.AddressSizes);
        if (amd)
            Entry(CpuidLeaf.ExtendedFeatures, 0).Edx |= features.Edx & (RepeatedFeatures | (uint)Cpuid1Edx.APIC);

        uint sizes = host.Read(CpuidLeaf.AddressSizes, 0).Eax;
        ref CpuidResult addresses = ref Entry(CpuidLeaf.AddressSizes, 0);
        addresses.Eax = Math.Min(sizes & 0xFF, guest.PhysicalAddressBits & 0xFF) | Math.Min(sizes >> 8 & 0xFF, LinearAddressBits) << 8;
        if (amd)
            addresses.Ecx = Math.Min(cores - 1, 0xFF) | (uint)coreBits << 12;
    }

    private void ComputeCaches(HostCpuid host, uint leaf, bool present, uint cores, uint coreField)
    {
        const uint FirstSharedLevel = 3;
        if (!present)
            return;
        for (uint subleaf = 0; subleaf < SubleavesOf(leaf); subleaf++)
        {
            ref CpuidResult cache = ref Entry(leaf, subleaf);
            if ((cache.Eax & 0x1F) == 0)
                continue;
            uint sharing = (cache.Eax >> 5 & 0x7) >= FirstSharedLevel ? Math.Min(cores, 0x1000) : 1;
            cache.Eax |= (sharing - 1) << 14 | coreField;
        }
    }

    private void ComputeFrequencies(uint tscKHz)
    {
        if (tscKHz == 0)
            return;
        uint divisor = GreatestCommonDivisor(tscKHz, ApicBusKHz);
        uint numerator = tscKHz / divisor;
        // Guests multiply the crystal's kHz by the numerator in 32 bits.
        if ((ulong)numerator * ApicBusKHz <= uint.MaxValue)
            Entry(CpuidLeaf.TscClock, 0) = new CpuidResult(ApicBusKHz / divisor, numerator, ApicBusKHz * 1000, 0);
        uint megahertz = tscKHz / 1000 & 0xFFFF;
        Entry(CpuidLeaf.Frequency, 0) = new CpuidResult(megahertz, megahertz, ApicBusKHz / 1000, 0);
    }

    /// <summary>Bytes that XSAVE writes in the standard format: Intel SDM vol. 1, "Standard Format of the XSAVE Area".</summary>
    private uint StandardSize(Xcr0 enabled)
    {
        uint size = LegacyAndHeaderSize;
        for (int component = FirstExtendedComponent; component < MaximumStateComponents; component++)
        {
            CpuidResult state = Result(CpuidLeaf.ExtendedState, (uint)component);
            if (((ulong)enabled >> component & 1) != 0)
                size = Math.Max(size, unchecked(state.Eax + state.Ebx));
        }
        return size;
    }

    /// <summary>Bytes that XSAVEC writes: Intel SDM vol. 1, "Compacted Form of the XSAVE Area".</summary>
    private uint CompactedSize(Xcr0 enabled)
    {
        const uint Aligned = 2;
        uint size = LegacyAndHeaderSize;
        for (int component = FirstExtendedComponent; component < MaximumStateComponents; component++)
        {
            if (((ulong)enabled >> component & 1) == 0)
                continue;
            CpuidResult state = Result(CpuidLeaf.ExtendedState, (uint)component);
            if ((state.Ecx & Aligned) != 0)
                size = unchecked(size + 63) & ~63u;
            size = unchecked(size + state.Eax);
        }
        return size;
    }

    private static uint GreatestCommonDivisor(uint left, uint right)
    {
        while (right != 0)
            (left, right) = (right, left % right);
        return left;
    }

    /// <summary>Puts the rows that are not worked out into the table.</summary>
    private sealed class Builder : CpuidRowVisitor
    {
        private readonly CpuidPolicy _policy;
        private readonly HostCpuid _host;

        public Builder(CpuidPolicy policy, HostCpuid host)
        {
            _policy = policy;
            _host = host;
        }

        public override void Visit(in CpuidRow row)
        {
            if ((row.Needs & ~_policy.Traits) != 0)
                return;
            ref CpuidResult entry = ref _policy.Entry(row.Leaf, row.Subleaf);
            CpuidResult host = _host.Read(row.Leaf, row.Subleaf);
            switch (row.Action)
            {
                case CpuidAction.Pass:
                    Add(ref entry, row.Registers, row.Bits, host);
                    break;
                case CpuidAction.Force:
                    Add(ref entry, row.Registers, row.Bits, new CpuidResult(row.Bits, row.Bits, row.Bits, row.Bits));
                    break;
            }
        }

        private static void Add(ref CpuidResult entry, CpuidRegister registers, uint bits, in CpuidResult source)
        {
            if ((registers & CpuidRegister.Eax) != 0)
                entry.Eax |= source.Eax & bits;
            if ((registers & CpuidRegister.Ebx) != 0)
                entry.Ebx |= source.Ebx & bits;
            if ((registers & CpuidRegister.Ecx) != 0)
                entry.Ecx |= source.Ecx & bits;
            if ((registers & CpuidRegister.Edx) != 0)
                entry.Edx |= source.Edx & bits;
        }
    }
}
