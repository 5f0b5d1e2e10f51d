namespace HyperOS.Specs.X86;

/// <summary>Type field of system descriptors in long mode. AMD APM vol. 2, "System Descriptors".</summary>
public enum SystemDescriptorType : byte
{
    /// <summary>Local descriptor table.</summary>
    LDT = 0x2,

    /// <summary>64-bit TSS, available.</summary>
    AvailableTss = 0x9,

    /// <summary>64-bit TSS, busy.</summary>
    BusyTss = 0xB,

    /// <summary>64-bit call gate.</summary>
    CallGate = 0xC,

    /// <summary>64-bit interrupt gate: clears IF.</summary>
    InterruptGate = 0xE,

    /// <summary>64-bit trap gate.</summary>
    TrapGate = 0xF,
}
