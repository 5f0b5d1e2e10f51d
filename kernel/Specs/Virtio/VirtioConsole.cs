namespace HyperOS.Specs.Virtio;

/// <summary>Feature bits and configuration of the console device, offsets in bytes. Virtio 1.2, section "Console Device".</summary>
public static class VirtioConsole
{
    public const ulong VIRTIO_CONSOLE_F_SIZE = 1ul << 0;
    public const ulong VIRTIO_CONSOLE_F_EMERG_WRITE = 1ul << 2;

    /// <summary>Configuration: cols (2), rows (2), max_nr_ports (4), emerg_wr (4).</summary>
    public const int Cols = 0, Rows = 2, EmergWr = 8, ConfigurationBytes = 12;

    /// <summary>Queues of port 0.</summary>
    public const int ReceiveQueue = 0, TransmitQueue = 1;
}
