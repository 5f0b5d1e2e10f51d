namespace HyperOS.Specs.Kvm;

/// <summary>MSRs of the KVM interface. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
public static class KvmMsr
{
    /// <summary>Old number of the wall clock.</summary>
    public const uint MSR_KVM_WALL_CLOCK = 0x11;

    /// <summary>Old number of the system time; bit 0 enables.</summary>
    public const uint MSR_KVM_SYSTEM_TIME = 0x12;

    /// <summary>Guest-physical address of a <see cref="PvclockWallClock"/> to fill once.</summary>
    public const uint MSR_KVM_WALL_CLOCK_NEW = 0x4B564D00;

    /// <summary>Guest-physical address of this vCPU's <see cref="PvclockVcpuTimeInfo"/>; bit 0 enables.</summary>
    public const uint MSR_KVM_SYSTEM_TIME_NEW = 0x4B564D01;

    /// <summary>Asynchronous page faults.</summary>
    public const uint MSR_KVM_ASYNC_PF_EN = 0x4B564D02;

    /// <summary>Guest-physical address of this vCPU's <see cref="KvmStealTime"/>, 64-byte aligned; bit 0 enables.</summary>
    public const uint MSR_KVM_STEAL_TIME = 0x4B564D03;

    /// <summary>Guest-physical address of a word, 4-byte aligned; bit 0 enables.</summary>
    public const uint MSR_KVM_PV_EOI_EN = 0x4B564D04;

    /// <summary>Bit 0: the host may poll on HLT.</summary>
    public const uint MSR_KVM_POLL_CONTROL = 0x4B564D05;

    /// <summary>Vector of the completion interrupt.</summary>
    public const uint MSR_KVM_ASYNC_PF_INT = 0x4B564D06;

    /// <summary>Acknowledges a completion.</summary>
    public const uint MSR_KVM_ASYNC_PF_ACK = 0x4B564D07;

    /// <summary>Bit 0: ready for migration.</summary>
    public const uint MSR_KVM_MIGRATION_CONTROL = 0x4B564D08;
}
