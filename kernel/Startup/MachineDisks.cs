using HyperOS.Core;
using HyperOS.Disks;
using HyperOS.Firmware;
using HyperOS.Pci;
using HyperOS.Virtualization;

namespace HyperOS.Startup;

/// <summary>The machine's disks, for <see cref="HostStorage"/>.</summary>
internal sealed class MachineDisks : DiskSource
{
    /// <summary>Starts the disks' drivers, and what uses them; during start-up.</summary>
    public static void Start(PciScan functions, AcpiTables acpi, StoragePolicy policy)
    {
        if (policy != StoragePolicy.Off)
            DiskList.Start(functions, acpi, new Listener());
        HostStorage.Start(new MachineDisks(), policy);
    }

    public override bool IsEmpty => DiskList.IsEmpty;

    public override bool IsSettled => DiskList.IsSettled;

    public override int Count => DiskList.Count;

    public override BlockDevice Get(int index) => DiskList.Get(index);

    public override void NameNew() => DiskList.NameNew();

    private sealed class Listener : DiskListener
    {
        public override void Settled() => HostStorage.Wake();
    }
}
