using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>What an access wants of a page.</summary>
public enum PageAccess : byte { Read, Write, Execute }

/// <summary>How a walk ended.</summary>
public enum PageWalkResult : byte
{
    Translated,

    /// <summary>#PF with the error code that the walk gave.</summary>
    PageFault,

    /// <summary>Another processor keeps changing the tables; run the instruction again.</summary>
    Retry,

    /// <summary>A table lies where <see cref="GuestBus"/> refuses access.</summary>
    Refused,
}

/// <summary>
/// Translates linear to guest-physical addresses through the guest's own tables (AMD APM vol. 2, "Page Translation and Protection") and sets accessed
/// and dirty bits as the processor does. Protection keys and shadow stacks are not offered to guests and not checked.
/// </summary>
public static class GuestPageWalker
{
    private const ulong Present = 1ul << 0;
    private const ulong Writable = 1ul << 1;
    private const ulong User = 1ul << 2;
    private const ulong Accessed = 1ul << 5;
    private const ulong Dirty = 1ul << 6;
    private const ulong LargePage = 1ul << 7;
    private const ulong NoExecute = 1ul << 63;

    private const ulong AddressBits = 0x000F_FFFF_FFFF_F000;
    private const ulong AddressBits32 = 0xFFFF_F000;

    /// <summary>PAE page-directory-pointer entries: bits 2:1 and 8:5. Bit 5 is let pass: QEMU sets it, as the accessed bit of any other entry.</summary>
    private const ulong PaePointerReserved = 0x1C6;

    /// <summary>PAE entries: bits 62:52, which long mode leaves to software.</summary>
    private const ulong PaeReserved = 0x7FF0_0000_0000_0000;

    private const int Attempts = 8;

    /// <param name="bus">Where the tables lie.</param>
    /// <param name="state">Control registers, CPL and RFLAGS.AC of the access.</param>
    /// <param name="linear">Canonical in 64-bit mode, 32 bits otherwise: segmentation comes first.</param>
    /// <param name="access">What is wanted.</param>
    /// <param name="address">The translation, with <see cref="PageWalkResult.Translated"/>.</param>
    /// <param name="errorCode">With <see cref="PageWalkResult.PageFault"/>.</param>
    public static PageWalkResult Translate(
        GuestBus bus, ref readonly GuestCpuState state, ulong linear, PageAccess access, out GuestPhysicalAddress address, out PageFaultErrorCode errorCode)
    {
        FaultPoint.Hit(FaultPlace.PageWalk);
        errorCode = default;
        address = new GuestPhysicalAddress(linear);
        if ((state.CR0 & Cr0.PG) == 0)
            return PageWalkResult.Translated;

        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            PageWalkResult result = (state.CR4 & Cr4.PAE) != 0
                ? WalkWide(bus, in state, linear, access, out ulong physical, out errorCode)
                : Walk32(bus, in state, linear, access, out physical, out errorCode);
            if (result != PageWalkResult.Retry)
            {
                address = new GuestPhysicalAddress(physical);
                return result;
            }
        }
        return PageWalkResult.Retry;
    }

    /// <summary>Tables of 8-byte entries: PAE, four and five levels.</summary>
    private static PageWalkResult WalkWide(
        GuestBus bus, ref readonly GuestCpuState state, ulong linear, PageAccess access, out ulong physical, out PageFaultErrorCode errorCode)
    {
        bool longMode = state.IsLongMode;
        int level = !longMode ? 3 : (state.CR4 & Cr4.LA57) != 0 ? 5 : 4;
        ulong reserved = (AddressBits & ulong.MaxValue << state.PhysicalAddressBits) | (longMode ? 0 : PaeReserved);
        if ((state.EFER & Efer.NXE) == 0)
            reserved |= NoExecute;
        ulong table = longMode ? state.CR3 & AddressBits : state.CR3 & 0xFFFF_FFE0;
        ulong allowed = Writable | User;
        ulong noExecute = 0;
        physical = 0;
        for (; ; level--)
        {
            int shift = 3 + (9 * level);
            ulong entryAddress = table + ((linear >> shift & 0x1FF) * 8);
            if (bus.Read(new GuestPhysicalAddress(entryAddress), 8, out ulong entry) != BusResult.Completed)
            {
                errorCode = default;
                return PageWalkResult.Refused;
            }
            if ((entry & Present) == 0)
                return Fault(in state, access, default, out errorCode);

            bool leaf = level == 1 || ((entry & LargePage) != 0 && level is 2 or 3 && (longMode || level == 2));
            bool paePointer = !longMode && level == 3;
            ulong reservedHere = paePointer ? reserved | NoExecute | PaePointerReserved : reserved;
            if (level >= 4)
                reservedHere |= LargePage;
            if (leaf && level > 1)
                reservedHere |= (1ul << shift) - 1 & ~0x1FFFul;
            if ((entry & reservedHere) != 0)
                return Fault(in state, access, PageFaultErrorCode.P | PageFaultErrorCode.RSV, out errorCode);

            if (!paePointer)
            {
                allowed &= entry;
                noExecute |= entry & NoExecute;
            }
            if (leaf)
            {
                if (!IsAllowed(in state, access, allowed, noExecute != 0))
                    return Fault(in state, access, PageFaultErrorCode.P, out errorCode);
                ulong offsetMask = (1ul << shift) - 1;
                physical = (entry & AddressBits & ~offsetMask) | (linear & offsetMask);
                errorCode = default;
                return Mark(bus, entryAddress, 8, entry, access == PageAccess.Write ? Accessed | Dirty : Accessed);
            }
            if (!paePointer)
            {
                PageWalkResult marked = Mark(bus, entryAddress, 8, entry, Accessed);
                if (marked != PageWalkResult.Translated)
                {
                    errorCode = default;
                    return marked;
                }
            }
            table = entry & AddressBits;
        }
    }

    /// <summary>Two levels of 4-byte entries, with 4 MiB pages and PSE-36.</summary>
    private static PageWalkResult Walk32(
        GuestBus bus, ref readonly GuestCpuState state, ulong linear, PageAccess access, out ulong physical, out PageFaultErrorCode errorCode)
    {
        const ulong largeOffset = 0x3F_FFFF;
        const ulong largeReserved = 1ul << 21;
        physical = 0;
        ulong table = state.CR3 & AddressBits32;
        ulong allowed = Writable | User;
        for (int level = 2; ; level--)
        {
            int shift = 2 + (10 * level);
            ulong entryAddress = table + ((linear >> shift & 0x3FF) * 4);
            if (bus.Read(new GuestPhysicalAddress(entryAddress), 4, out ulong entry) != BusResult.Completed)
            {
                errorCode = default;
                return PageWalkResult.Refused;
            }
            if ((entry & Present) == 0)
                return Fault(in state, access, default, out errorCode);

            bool large = level == 2 && (entry & LargePage) != 0 && (state.CR4 & Cr4.PSE) != 0;
            if (large && (entry & largeReserved) != 0)
                return Fault(in state, access, PageFaultErrorCode.P | PageFaultErrorCode.RSV, out errorCode);

            allowed &= entry;
            if (large || level == 1)
            {
                if (!IsAllowed(in state, access, allowed, noExecute: false))
                    return Fault(in state, access, PageFaultErrorCode.P, out errorCode);
                physical = large
                    ? (entry & AddressBits32 & ~largeOffset) | (entry >> 13 & 0xFF) << 32 | (linear & largeOffset)
                    : (entry & AddressBits32) | (linear & (Size.Page - 1));
                errorCode = default;
                return Mark(bus, entryAddress, 4, entry, access == PageAccess.Write ? Accessed | Dirty : Accessed);
            }
            PageWalkResult marked = Mark(bus, entryAddress, 4, entry, Accessed);
            if (marked != PageWalkResult.Translated)
            {
                errorCode = default;
                return marked;
            }
            table = entry & AddressBits32;
        }
    }

    private static bool IsAllowed(ref readonly GuestCpuState state, PageAccess access, ulong allowed, bool noExecute)
    {
        bool userPage = (allowed & User) != 0;
        bool userAccess = state.CPL == 3;
        if (userAccess && !userPage)
            return false;
        switch (access)
        {
            case PageAccess.Execute:
                return !noExecute && (userAccess || !userPage || (state.CR4 & Cr4.SMEP) == 0);
            case PageAccess.Write when (allowed & Writable) == 0 && (userAccess || (state.CR0 & Cr0.WP) != 0):
                return false;
            default:
                return userAccess || !userPage || (state.CR4 & Cr4.SMAP) == 0 || (state.RFLAGS & Rflags.AC) != 0;
        }
    }

    private static PageWalkResult Fault(ref readonly GuestCpuState state, PageAccess access, PageFaultErrorCode cause, out PageFaultErrorCode errorCode)
    {
        errorCode = cause;
        if (state.CPL == 3)
            errorCode |= PageFaultErrorCode.US;
        if (access == PageAccess.Write)
            errorCode |= PageFaultErrorCode.RW;
        // A fetch is told apart only where something can forbid it.
        bool noExecuteEnabled = (state.EFER & Efer.NXE) != 0 && (state.CR4 & Cr4.PAE) != 0;
        if (access == PageAccess.Execute && (noExecuteEnabled || (state.CR4 & Cr4.SMEP) != 0))
            errorCode |= PageFaultErrorCode.ID;
        return PageWalkResult.PageFault;
    }

    private static PageWalkResult Mark(GuestBus bus, ulong entryAddress, int size, ulong entry, ulong bits)
    {
        if ((entry & bits) == bits)
            return PageWalkResult.Translated;
        return bus.CompareExchange(new GuestPhysicalAddress(entryAddress), size, entry, entry | bits) switch
        {
            BusResult.Completed => PageWalkResult.Translated,
            BusResult.Changed => PageWalkResult.Retry,
            _ => PageWalkResult.Refused,
        };
    }
}
