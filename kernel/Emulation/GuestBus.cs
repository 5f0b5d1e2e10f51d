using System;
using HyperOS.Core;

namespace HyperOS.Emulation;

/// <summary>How an access of <see cref="GuestBus"/> ended.</summary>
public enum BusResult : byte
{
    Completed,

    /// <summary>Compare-exchange found another value and stored nothing.</summary>
    Changed,

    /// <summary>The kernel cannot carry the access out at all; nothing was accessed.</summary>
    Refused,
}

/// <summary>
/// What emulated instructions reach of the guest: physical memory, ports and XMM registers. The kernel implements it once per vCPU and decides
/// whether an address is RAM or a device. Every call is one access of the guest as it was issued: sizes are 1, 2, 4 or 8 bytes, values are
/// zero-extended, addresses may be unaligned but never cross a 4 KiB page.
/// </summary>
public abstract class GuestBus
{
    public abstract BusResult Read(GuestPhysicalAddress address, int size, out ulong value);

    public abstract BusResult Write(GuestPhysicalAddress address, int size, ulong value);

    /// <summary>
    /// Writes <paramref name="replacement"/> if memory still holds <paramref name="expected"/>: the second half of a locked instruction, whose first
    /// was <see cref="Read"/>. RAM does it atomically. A device knows no atomic access: it takes the write and completes.
    /// </summary>
    public abstract BusResult CompareExchange(GuestPhysicalAddress address, int size, ulong expected, ulong replacement);

    /// <summary>One access of 16 bytes.</summary>
    public abstract BusResult Read16(GuestPhysicalAddress address, out ulong low, out ulong high);

    /// <summary>One access of 16 bytes.</summary>
    public abstract BusResult Write16(GuestPhysicalAddress address, ulong low, ulong high);

    /// <summary>As <see cref="CompareExchange"/>, for CMPXCHG16B; the address is aligned.</summary>
    public abstract BusResult CompareExchange16(
        GuestPhysicalAddress address, ulong expectedLow, ulong expectedHigh, ulong replacementLow, ulong replacementHigh);

    /// <summary>Copies code from RAM or ROM, within one page; it never reads a device.</summary>
    /// <returns>False where there is no code to be had.</returns>
    public abstract bool ReadCode(GuestPhysicalAddress address, Span<byte> destination);

    /// <summary>As <see cref="ReadCode"/>, from a linear address, where the kernel knows without a walk that the guest's tables lead to the code.</summary>
    /// <returns>False where they have to be walked.</returns>
    public virtual bool TryReadCode(ref readonly GuestCpuState state, ulong linear, Span<byte> destination) => false;

    /// <summary>A walk led from a linear address to code: what <see cref="TryReadCode"/> may know from now on.</summary>
    public virtual void RememberCode(ref readonly GuestCpuState state, ulong linear, GuestPhysicalAddress address)
    {
    }

    /// <summary>Port input of 1, 2 or 4 bytes for INS; the processor has checked the guest's I/O permission before the exit.</summary>
    public abstract BusResult Input(ushort port, int size, out uint value);

    /// <summary>Port output of 1, 2 or 4 bytes for OUTS.</summary>
    public abstract BusResult Output(ushort port, int size, uint value);

    /// <param name="register">XMM register, 0 to 15.</param>
    /// <param name="low">Bits 63:0.</param>
    /// <param name="high">Bits 127:64.</param>
    public abstract void ReadVector(int register, out ulong low, out ulong high);

    /// <summary>Writes bits 127:0; a legacy SSE move leaves the upper bits of YMM alone.</summary>
    public abstract void WriteVector(int register, ulong low, ulong high);
}
