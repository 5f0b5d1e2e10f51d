namespace HyperOS.Core;

/// <summary>Guest-physical address, in bytes; meaningful only through that guest's nested page tables.</summary>
public readonly struct GuestPhysicalAddress
{
    public readonly ulong Value;

    public GuestPhysicalAddress(ulong value) => Value = value;

    /// <returns>False on wrap-around. Lengths that a guest supplies must come through here.</returns>
    public bool TryAdd(ulong bytes, out GuestPhysicalAddress sum)
    {
        sum = new GuestPhysicalAddress(unchecked(Value + bytes));
        return sum.Value >= Value;
    }
}

/// <summary>Host-physical address, in bytes: what page tables, the VMCB and DMA hold. Never dereferenced; Memory maps it first.</summary>
public readonly struct HostPhysicalAddress
{
    public readonly ulong Value;

    public HostPhysicalAddress(ulong value) => Value = value;

    public bool IsNull => Value == 0;

    /// <returns>False on wrap-around.</returns>
    public bool TryAdd(ulong bytes, out HostPhysicalAddress sum)
    {
        sum = new HostPhysicalAddress(unchecked(Value + bytes));
        return sum.Value >= Value;
    }

    /// <summary>The address <paramref name="bytes"/> further on; an overflow is a host bug and fails the checked addition.</summary>
    public HostPhysicalAddress Offset(ulong bytes) => new(Value + bytes);
}

/// <summary>Address in the kernel's own address space, in bytes.</summary>
public readonly struct HostVirtualAddress
{
    public readonly ulong Value;

    public HostVirtualAddress(ulong value) => Value = value;

    /// <summary>The address <paramref name="bytes"/> further on; an overflow is a host bug and fails the checked addition.</summary>
    public HostVirtualAddress Offset(ulong bytes) => new(Value + bytes);
}
