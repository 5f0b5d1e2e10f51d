namespace HyperOS.Abi.State;

/// <summary>Saved state of the fw_cfg device; its items are configuration.</summary>
public struct FirmwareConfigState
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public ushort Selector;
    public uint Offset;
}
