using HyperOS.Block;
using HyperOS.Interrupts;
using HyperOS.Specs.Ata;

namespace HyperOS.Disks;

/// <summary>An adapter's interrupt, which its ports share.</summary>
internal sealed class AhciHandler : InterruptHandler
{
    private readonly AhciPort?[] _ports = new AhciPort?[AhciRegisters.MostPorts];
    private readonly PhysicalDisk?[] _disks = new PhysicalDisk?[AhciRegisters.MostPorts];
    private int _count;

    /// <summary>During start-up.</summary>
    public void Add(AhciPort port, PhysicalDisk disk)
    {
        _ports[_count] = port;
        _disks[_count++] = disk;
    }

    public override void Handle()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_ports[i]!.HasInterrupted)
                _disks[i]!.OnInterrupt();
        }
    }
}
