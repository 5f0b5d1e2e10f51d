namespace HyperOS.Devices;

/// <summary>What a bridge passes on. ACPI Specification, "Address Space Resource Descriptors", field "Resource Type".</summary>
internal enum AcpiResourceType : byte
{
    Memory = 0,
    Io = 1,
    BusNumber = 2,
}
