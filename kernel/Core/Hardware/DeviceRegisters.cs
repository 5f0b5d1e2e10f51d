namespace HyperOS.Core;

/// <summary>
/// A window on a device's registers. Offsets are in bytes and multiples of the access's width; each access has exactly that width, and they happen in
/// the order in which they are written. A device that is no longer there reads as all ones, and ignores what is written.
/// </summary>
public abstract class DeviceRegisters
{
    /// <summary>In bytes. An access beyond it is the host's bug, and fails.</summary>
    public abstract uint Length { get; }

    public abstract byte Read8(uint offset);

    public abstract ushort Read16(uint offset);

    public abstract uint Read32(uint offset);

    public abstract void Write8(uint offset, byte value);

    public abstract void Write16(uint offset, ushort value);

    public abstract void Write32(uint offset, uint value);
}
