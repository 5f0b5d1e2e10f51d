using HyperOS.Core;

namespace HyperOS.Platform;

/// <summary>
/// Walks the stack by the .eh_frame that ILC writes (one CIE "zLR", code alignment 1, data alignment -8). Never faults on a broken stack:
/// every read stays inside the bounds given. DWARF 4, "Call Frame Information"; Linux Standard Base, "Exception Frames".
/// </summary>
public unsafe ref struct StackUnwinder
{
    private const int RegisterRbp = 6, RegisterRsp = 7;

    private readonly ulong _stackBottom, _stackTop;
    private ulong _rip, _rsp, _rbp;

    /// <param name="stackBottom">Lowest address of the stack that the walk may read.</param>
    /// <param name="stackTop">One past its highest.</param>
    public StackUnwinder(ulong rip, ulong rsp, ulong rbp, HostVirtualAddress stackBottom, HostVirtualAddress stackTop)
    {
        _rip = rip;
        _rsp = rsp;
        _rbp = rbp;
        _stackBottom = stackBottom.Value;
        _stackTop = stackTop.Value;
    }

    /// <summary>Return address of the frame that the walk stands on.</summary>
    public readonly ulong InstructionPointer => _rip;

    /// <summary>Goes to the caller.</summary>
    public bool TryStep()
    {
        if (!KernelImage.IsText(_rip) || !TryFindRule(_rip - 1, out Rule rule))
            return false;
        ulong frame = unchecked((rule.CfaRegister == RegisterRbp ? _rbp : _rsp) + rule.CfaOffset);
        if (!TryRead(unchecked(frame - 8), out ulong rip))
            return false;
        if (rule.RbpOffset != 0 && !TryRead(unchecked(frame - rule.RbpOffset), out _rbp))
            return false;
        _rip = rip;
        _rsp = frame;
        return KernelImage.IsText(rip);
    }

    private struct Rule
    {
        public int CfaRegister;
        public ulong CfaOffset, RbpOffset;
    }

    private readonly bool TryRead(ulong address, out ulong value)
    {
        value = 0;
        if (address < _stackBottom || address > _stackTop - 8 || (address & 7) != 0)
            return false;
        value = *(ulong*)address;
        return true;
    }

    private static bool TryFindRule(ulong rip, out Rule rule)
    {
        rule = default;
        byte* entry = (byte*)KernelImage.Linker.EhFrameStart;
        byte* limit = (byte*)KernelImage.Linker.EhFrameEnd;
        while (entry < limit)
        {
            uint length = *(uint*)entry;
            if (length == 0)
                return false;
            byte* body = entry + 4;
            entry = body + length;
            if (*(uint*)body == 0)
                continue; // a CIE
            byte* start = body + 4;
            ulong first = unchecked((ulong)start + (ulong)(long)*(int*)start);
            if (unchecked(rip - first) >= *(uint*)(start + 4))
                continue;
            byte* instructions = start + 8;
            ulong augmentation = ReadUleb(ref instructions);
            return TryExecute(instructions + augmentation, entry, unchecked(rip - first), out rule);
        }
        return false;
    }

    // Call frame instructions up to the location; the CIE's initial rule is CFA = RSP + 8.
    private static bool TryExecute(byte* next, byte* end, ulong target, out Rule rule)
    {
        rule = new Rule { CfaRegister = RegisterRsp, CfaOffset = 8 };
        ulong location = 0;
        while (next < end && location <= target)
        {
            byte operation = *next++;
            switch (operation >> 6, operation & 0x3F)
            {
                case (1, int delta): // DW_CFA_advance_loc
                    location += (ulong)delta;
                    break;
                case (2, int register): // DW_CFA_offset
                    ulong offset = ReadUleb(ref next) * 8;
                    if (register == RegisterRbp)
                        rule.RbpOffset = offset;
                    break;
                case (0, 0x00): // DW_CFA_nop
                    break;
                case (0, 0x02): // DW_CFA_advance_loc1
                    location += *next++;
                    break;
                case (0, 0x03): // DW_CFA_advance_loc2
                    location += *(ushort*)next;
                    next += 2;
                    break;
                case (0, 0x04): // DW_CFA_advance_loc4
                    location += *(uint*)next;
                    next += 4;
                    break;
                case (0, 0x0C): // DW_CFA_def_cfa
                    rule.CfaRegister = (int)ReadUleb(ref next);
                    rule.CfaOffset = ReadUleb(ref next);
                    break;
                case (0, 0x0D): // DW_CFA_def_cfa_register
                    rule.CfaRegister = (int)ReadUleb(ref next);
                    break;
                case (0, 0x0E): // DW_CFA_def_cfa_offset
                    rule.CfaOffset = ReadUleb(ref next);
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    private static ulong ReadUleb(ref byte* next)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = *next++;
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                break;
        }
        return value;
    }
}
