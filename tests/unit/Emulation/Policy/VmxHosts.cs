using HyperOS.Emulation;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

/// <summary>
/// Capability MSRs of processors and emulated ones, from IA32_VMX_BASIC on; a read of one that a part lacks fails the test, as it faults there.
/// </summary>
internal sealed class VmxHost(string name, uint signature, ulong featureControl, ulong[] capabilities, ulong? archCapabilities = null) : MsrSource
{
    private const uint Vmx = (uint)Cpuid1Ecx.VMX;

    /// <summary>Bochs 2.7, corei7_skylake_x.</summary>
    public static VmxHost BochsSkylakeX { get; } = new("Bochs corei7_skylake_x", 0x50654, 0,
    [
        0x00D8_1000_0000_002B, 0x0000_007F_0000_0016, 0xF7F9_FFFE_0401_E172, 0x007F_FFFF_0003_6DFF, 0x0000_FFFF_0000_11FF, 0x6004_01E0, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x0037_27FF, 0x34, 0x0217_7FFF_0000_0000, 0x0F01_0633_4141, 0x0000_007F_0000_0016, 0xF7F9_FFFE_0400_6172,
        0x007F_FFFF_0003_6DFB, 0x0000_FFFF_0000_11FB,
    ]);

    /// <summary>Bochs 2.7, corei5_lynnfield_750: no unrestricted guest.</summary>
    public static VmxHost BochsLynnfield { get; } = new("Bochs corei5_lynnfield_750", 0x106E5, 0,
    [
        0x00D8_1000_0000_002B, 0x0000_007F_0000_0016, 0xF7F9_FFFE_0401_E172, 0x007F_FFFF_0003_6DFF, 0x0000_FFFF_0000_11FF, 0x0004_01E0, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x67FF, 0x34, 0x0000_007F_0000_0000, 0x0F01_0611_4141, 0x0000_007F_0000_0016, 0xF7F9_FFFE_0400_6172,
        0x007F_FFFF_0003_6DFB, 0x0000_FFFF_0000_11FB,
    ]);

    /// <summary>Core 2 Duo T9600 (Penryn): no EPT, no TRUE controls.</summary>
    public static VmxHost Penryn { get; } = new("Core 2 T9600", 0x1067A, 5,
    [
        0x005A_0800_0000_000D, 0x0000_003F_0000_0016, 0xF7F9_FFFE_0401_E172, 0x0003_FFFF_0003_6DFF, 0x0000_3FFF_0000_11FF, 0x0004_03C0, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x0004_67FF, 0x2C, 0x0000_0041_0000_0000,
    ]);

    /// <summary>Core i5 M520 (Arrandale): the first with unrestricted guest, and a preemption timer that does not count well.</summary>
    public static VmxHost Arrandale { get; } = new("Core i5 M520", 0x20652, 5,
    [
        0x00DA_0400_0000_000F, 0x0000_007F_0000_0016, 0xFFF9_FFFE_0401_E172, 0x007F_FFFF_0003_6DFF, 0x0000_FFFF_0000_11FF, 0x0004_01E5, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x67FF, 0x2A, 0x0000_00FF_0000_0000, 0x0F01_0611_4141, 0x0000_007F_0000_0016, 0xFFF9_FFFE_0400_6172,
        0x007F_FFFF_0003_6DFB, 0x0000_FFFF_0000_11FB,
    ]);

    /// <summary>Core i7 2600K (Sandy Bridge).</summary>
    public static VmxHost SandyBridge { get; } = new("Core i7 2600K", 0x206A7, 5,
    [
        0x00DA_0400_0000_0010, 0x0000_007F_0000_0016, 0xFFF9_FFFE_0401_E172, 0x007F_FFFF_0003_6DFF, 0x0000_FFFF_0000_11FF, 0x1004_01E5, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x0006_27FF, 0x2A, 0x0000_00FF_0000_0000, 0x0F01_0611_4141, 0x0000_007F_0000_0016, 0xFFF9_FFFE_0400_6172,
        0x007F_FFFF_0003_6DFB, 0x0000_FFFF_0000_11FB,
    ]);

    /// <summary>Skylake-X, the part.</summary>
    public static VmxHost SkylakeX { get; } = new("Skylake-X", 0x50654, 5,
    [
        0x00DA_0400_0000_0004, 0x0000_00FF_0000_0016, 0xFFF9_FFFE_0401_E172, 0x01FF_FFFF_0003_6DFF, 0x0003_FFFF_0000_11FF, 0x7004_C1E7, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x0037_27FF, 0x2E, 0x025D_3FFF_0000_0000, 0x0F01_0673_4141, 0x0000_00FF_0000_0016, 0xFFF9_FFFE_0400_6172,
        0x01FF_FFFF_0003_6DFB, 0x0003_FFFF_0000_11FB,
    ]);

    /// <summary>Tiger Lake: tertiary controls, no iTLB multihit.</summary>
    public static VmxHost TigerLake { get; } = new("Tiger Lake", 0x806C1, 5,
    [
        0x01DA_0500_0000_0013, 0x0000_00FF_0000_0016, 0xFFFB_FFFE_0401_E172, 0x137F_FFFF_0003_6DFF, 0x0016_FFFF_0000_11FF, 0x7004_C1E7, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x00FF_2FFF, 0x2E, 0x035F_3FFF_0000_0000, 0x0F01_06F3_4141, 0x0000_00FF_0000_0016, 0xFFFB_FFFE_0400_6172,
        0x137F_FFFF_0003_6DFB, 0x0016_FFFF_0000_11FB,
    ], archCapabilities: 0x6B);

    /// <summary>Arrow Lake: secondary VM-exit controls, instruction timeout, bus lock detection.</summary>
    public static VmxHost ArrowLake { get; } = new("Arrow Lake", 0xC0660, 5,
    [
        0x03DA_0600_0000_0015, 0x0000_00FF_0000_0016, 0xFFFB_FFFE_0401_E172, 0xFF7F_FFFF_0003_6DFF, 0x007E_FFFF_0000_11FF, 0x7004_C1E7, 0x8000_0021,
        0xFFFF_FFFF, 0x2000, 0x1BF7_6FFF, 0x2E, 0xC75F_7FFF_0000_0000, 0x0F01_06F3_4141, 0x0000_00FF_0000_0016, 0xFFFB_FFFE_0400_6172,
        0xFF7F_FFFF_0003_6DFB, 0x007E_FFFF_0000_11FB,
    ], archCapabilities: 0x0DF9_FD6B);

    public static VmxHost[] All { get; } = [BochsSkylakeX, BochsLynnfield, Penryn, Arrandale, SandyBridge, SkylakeX, TigerLake, ArrowLake];

    public override ulong Read(uint msr) => msr switch
    {
        Msr.IA32_FEATURE_CONTROL => featureControl,
        Msr.IA32_ARCH_CAPABILITIES when archCapabilities is ulong value => value,
        >= Msr.IA32_VMX_BASIC when msr - Msr.IA32_VMX_BASIC < capabilities.Length => capabilities[msr - Msr.IA32_VMX_BASIC],
        _ => throw new InvalidOperationException($"{name} has no MSR {msr:X}."),
    };

    public VmxCapabilities Capture() => VmxCapabilities.Read(Cpuid().Capture(), this);

    public override string ToString() => name;

    private TestHost Cpuid() => new()
    {
        [CpuidLeaf.Basic] = new(7, 0x756E6547, 0x6C65746E, 0x49656E69),
        [CpuidLeaf.Features] = new(signature, 0, Vmx, 0),
        [CpuidLeaf.StructuredFeatures] = new(0, 0, 0, archCapabilities is null ? 0 : (uint)Cpuid7Edx.ARCH_CAPABILITIES),
        [CpuidLeaf.Extended] = new(CpuidLeaf.AddressSizes, 0, 0, 0),
        [CpuidLeaf.AddressSizes] = new(0x302E, 0, 0, 0),
    };
}
