using System;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>The leaves of the host's CPUID that the policies look at, read once at start-up. Leaves that the host does not have read as zero.</summary>
public sealed class HostCpuid
{
    private readonly CpuidResult[] _results;

    /// <summary>Reads them all.</summary>
    public HostCpuid(CpuidSource source)
    {
        ReadOnlySpan<uint> wanted = Wanted;
        _results = new CpuidResult[wanted.Length / 2];
        uint highestBasic = source.Read(CpuidLeaf.Basic, 0).Eax;
        uint highestExtended = source.Read(CpuidLeaf.Extended, 0).Eax;
        for (int i = 0; i < _results.Length; i++)
        {
            uint leaf = wanted[2 * i];
            // Beyond its highest leaf a processor repeats another one: such an answer means nothing.
            bool present = leaf < CpuidLeaf.Hypervisor ? leaf <= highestBasic
                : leaf < CpuidLeaf.Extended ? (_results[IndexOf(CpuidLeaf.Features, 0)].Ecx & (uint)Cpuid1Ecx.HYPERVISOR) != 0
                : leaf <= highestExtended && highestExtended >= CpuidLeaf.Extended;
            if (present)
                _results[i] = source.Read(leaf, wanted[2 * i + 1]);
        }
    }

    /// <summary>Leaf and subleaf by turns. Leaf 1 stands in front of the hypervisor's.</summary>
    private static ReadOnlySpan<uint> Wanted =>
    [
        CpuidLeaf.Basic, 0, CpuidLeaf.Features, 0, CpuidLeaf.CacheDescriptors, 0,
        CpuidLeaf.CacheParameters, 0, CpuidLeaf.CacheParameters, 1, CpuidLeaf.CacheParameters, 2, CpuidLeaf.CacheParameters, 3,
        CpuidLeaf.StructuredFeatures, 0, CpuidLeaf.StructuredFeatures, 1, CpuidLeaf.StructuredFeatures, 2,
        CpuidLeaf.ExtendedState, 0, CpuidLeaf.ExtendedState, 1, CpuidLeaf.ExtendedState, 2,
        CpuidLeaf.ExtendedState, 5, CpuidLeaf.ExtendedState, 6, CpuidLeaf.ExtendedState, 7,
        CpuidLeaf.Hypervisor, 0,
        CpuidLeaf.Extended, 0, CpuidLeaf.ExtendedFeatures, 0, CpuidLeaf.Name0, 0, CpuidLeaf.Name1, 0, CpuidLeaf.Name2, 0,
        CpuidLeaf.L1Cache, 0, CpuidLeaf.L2Cache, 0, CpuidLeaf.PowerManagement, 0, CpuidLeaf.AddressSizes, 0, CpuidLeaf.Svm, 0,
        CpuidLeaf.Tlb1G, 0, CpuidLeaf.Optimization, 0,
        CpuidLeaf.CacheTopology, 0, CpuidLeaf.CacheTopology, 1, CpuidLeaf.CacheTopology, 2, CpuidLeaf.CacheTopology, 3,
        CpuidLeaf.ProcessorTopology, 0, CpuidLeaf.ExtendedFeatures2, 0,
    ];

    /// <summary>The host's answer, or zeros for what it does not have and for leaves that no policy looks at.</summary>
    public CpuidResult Read(uint leaf, uint subleaf)
    {
        int index = IndexOf(leaf, subleaf);
        return index < 0 ? default : _results[index];
    }

    /// <summary>The 12 characters of the vendor are those of AMD, or of the maker that builds on AMD's core.</summary>
    public bool IsAmd => IsVendor(0x68747541, 0x69746E65, 0x444D4163) || IsVendor(0x6F677948, 0x6E65476E, 0x656E6975);

    /// <summary>The vendor is "GenuineIntel".</summary>
    public bool IsIntel => IsVendor(0x756E6547, 0x49656E69, 0x6C65746E);

    /// <summary>The host is itself emulated by QEMU's translator ("TCGTCGTCGTCG" in the hypervisor leaf), which speculates on nothing.</summary>
    public bool IsTranslated
    {
        get
        {
            CpuidResult leaf = Read(CpuidLeaf.Hypervisor, 0);
            return leaf.Ebx == 0x54474354 && leaf.Ecx == 0x43544743 && leaf.Edx == 0x47435447;
        }
    }

    /// <summary>Family with the extended family added, as the manuals write it. AMD APM vol. 3, CPUID Fn0000_0001 EAX.</summary>
    public uint Family
    {
        get
        {
            uint signature = Read(CpuidLeaf.Features, 0).Eax;
            uint family = signature >> 8 & 0xF;
            return family == 0xF ? family + (signature >> 20 & 0xFF) : family;
        }
    }

    private bool IsVendor(uint ebx, uint edx, uint ecx)
    {
        CpuidResult leaf = Read(CpuidLeaf.Basic, 0);
        return leaf.Ebx == ebx && leaf.Edx == edx && leaf.Ecx == ecx;
    }

    private static int IndexOf(uint leaf, uint subleaf)
    {
        ReadOnlySpan<uint> wanted = Wanted;
        for (int i = 0; i < wanted.Length; i += 2)
        {
            if (wanted[i] == leaf && wanted[i + 1] == subleaf)
                return i / 2;
        }
        return -1;
    }
}
