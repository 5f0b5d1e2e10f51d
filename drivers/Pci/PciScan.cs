using HyperOS.Specs.Pci;

namespace HyperOS.Pci;

/// <summary>
/// Finds the functions of a segment, bus by bus, by the bus numbers that firmware has given to the bridges. Behind bridges without a number nothing
/// is found; a bus that two bridges claim is looked at once.
/// </summary>
public sealed class PciScan
{
    private const int BusCount = 256;

    private readonly ConfigurationSpace _space;
    private readonly PciFunction?[] _functions;

    /// <param name="space">All segments' configuration space.</param>
    /// <param name="capacity">Most functions that are kept.</param>
    public PciScan(ConfigurationSpace space, int capacity)
    {
        _space = space;
        _functions = new PciFunction?[capacity];
    }

    /// <summary>Functions found, in the order of buses, devices and functions.</summary>
    public int Count { get; private set; }

    /// <summary>Functions for which there was no room.</summary>
    public int Refused { get; private set; }

    /// <param name="index">Below <see cref="Count"/>.</param>
    public PciFunction this[int index] => _functions[index]!;

    /// <summary>Looks at a segment.</summary>
    /// <param name="segment">Segment group.</param>
    /// <param name="firstBus">Where its root is.</param>
    public void Add(ushort segment, byte firstBus)
    {
        bool[] isKnown = new bool[BusCount];
        isKnown[firstBus] = true;
        for (int bus = firstBus; bus < BusCount; bus++)
        {
            if (!isKnown[bus])
                continue;
            for (int device = 0; device < PciConfiguration.DeviceCount; device++)
                AddDevice(segment, (byte)bus, device, isKnown);
        }
    }

    private void AddDevice(ushort segment, byte bus, int device, bool[] isKnown)
    {
        int functions = 1;
        for (int i = 0; i < functions; i++)
        {
            PciAddress address = new(segment, bus, device, i);
            ushort vendor = unchecked((ushort)_space.Read(address, PciConfiguration.VendorId));
            if (vendor is PciConfiguration.NoVendor or 0)
                continue;
            PciFunction function = new(_space, address);
            if (i == 0 && (function.HeaderType & PciConfiguration.Multifunction) != 0)
                functions = PciConfiguration.FunctionCount;
            // Numbers rise with the distance from the root.
            if (function.SecondaryBus > bus)
                isKnown[function.SecondaryBus] = true;
            if (Count == _functions.Length)
                Refused++;
            else
                _functions[Count++] = function;
        }
    }
}
