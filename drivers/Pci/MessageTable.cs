using HyperOS.Core;
using HyperOS.Specs.Pci;

namespace HyperOS.Pci;

/// <summary>The table of a function's MSI-X messages. PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".</summary>
public sealed class MessageTable
{
    private readonly DeviceRegisters _registers;

    /// <param name="registers">The table; what of it is whole entries counts.</param>
    public MessageTable(DeviceRegisters registers) => _registers = registers;

    public int Count => (int)(_registers.Length / MsixCapability.EntryLength);

    /// <summary>Sets what a message is, and lets it through. Messages beyond <see cref="Count"/> are left out.</summary>
    public void Set(int message, uint address, uint data)
    {
        if ((uint)message >= (uint)Count)
            return;
        Write(message, MsixCapability.VectorControl, MsixCapability.Masked);
        Write(message, MsixCapability.MessageAddress, address);
        Write(message, MsixCapability.MessageUpperAddress, 0);
        Write(message, MsixCapability.MessageData, data);
        Write(message, MsixCapability.VectorControl, 0);
    }

    /// <summary>Lets no message through.</summary>
    public void MaskAll()
    {
        for (int i = 0; i < Count; i++)
            Write(i, MsixCapability.VectorControl, MsixCapability.Masked);
    }

    private void Write(int message, int doubleWord, uint value) =>
        _registers.Write32((uint)(message * MsixCapability.EntryLength + 4 * doubleWord), value);
}
