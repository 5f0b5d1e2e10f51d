namespace HyperOS.Specs.Kvm;

/// <summary>The CPUID leaves of the KVM interface. Linux, Documentation/virt/kvm/x86/cpuid.rst.</summary>
public static class KvmCpuid
{
    /// <summary>EAX: the highest hypervisor leaf; EBX, ECX, EDX: the signature.</summary>
    public const uint SignatureLeaf = 0x40000000;

    /// <summary>EAX: <see cref="KvmFeatures"/>; EDX: <see cref="KvmHints"/>.</summary>
    public const uint FeaturesLeaf = 0x40000001;

    /// <summary>EAX: TSC in kHz; EBX: APIC bus in kHz. VMware's leaf, which others took over.</summary>
    public const uint TimingLeaf = 0x40000010;

    /// <summary>"KVMK".</summary>
    public const uint SignatureEbx = 0x4B4D564B;

    /// <summary>"VMKV".</summary>
    public const uint SignatureEcx = 0x564B4D56;

    /// <summary>"M" and three zeros.</summary>
    public const uint SignatureEdx = 0x0000004D;
}
