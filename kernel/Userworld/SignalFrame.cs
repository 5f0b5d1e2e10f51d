using System;
using HyperOS.Core;

namespace HyperOS.Userworld;

/// <summary>General registers of a thread, as a signal's frame has them.</summary>
public struct UserRegisters
{
    public ulong R8, R9, R10, R11, R12, R13, R14, R15, Rdi, Rsi, Rbp, Rbx, Rdx, Rax, Rcx, Rsp, Rip, Rflags;
}

/// <summary>What sigaltstack sets: stack_t, 24 bytes.</summary>
public struct AlternateStack
{
    public const int Size = 24;

    /// <summary>Flags: the thread runs on it; there is none.</summary>
    public const uint OnStack = 1, Disabled = 2;

    /// <summary>Least bytes: MINSIGSTKSZ.</summary>
    public const ulong MinimumLength = 2048;

    public ulong Start;
    public uint Flags;
    public ulong Length;

    /// <summary>Whether a stack pointer is on it.</summary>
    public readonly bool Holds(ulong stackPointer) => Length != 0 && stackPointer > Start && stackPointer - Start <= Length;

    /// <summary>Reads what a process gave.</summary>
    public static AlternateStack Read(ref LittleEndianReader reader)
    {
        AlternateStack stack = new() { Start = reader.ReadUInt64(), Flags = reader.ReadUInt32() };
        reader.Skip(4);
        stack.Length = reader.ReadUInt64();
        return stack;
    }

    /// <summary>Writes it as a process finds it.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Start);
        writer.WriteUInt32(Flags);
        writer.WriteUInt32(0);
        writer.WriteUInt64(Length);
    }
}

/// <summary>
/// What a handler finds on its stack, and rt_sigreturn takes back: Linux's struct rt_sigframe for x86-64.
/// <code>
///   0x000  pretcode          where the handler returns to
///   0x008  uc_flags, uc_link, uc_stack
///   0x030  uc_mcontext       R8 .. R15, RDI .. RIP, RFLAGS, selectors, err, trapno, oldmask, cr2, fpstate
///   0x130  uc_sigmask
///   0x138  siginfo, 128 bytes
///   above  fpstate           XSAVE's or FXSAVE's area, on 64 bytes
/// </code>
/// </summary>
public struct SignalFrame
{
    /// <summary>Bytes.</summary>
    public const int Size = 0x1B8;

    /// <summary>From the frame on, for the handler's third and second argument.</summary>
    public const int ContextOffset = 0x08, InfoOffset = 0x138;

    private const ulong UcFpXstate = 1, UcSigcontextSs = 2, UcStrictRestoreSs = 4;
    private const ushort CodeSelector = 0x33, DataSelector = 0x2B;
    private const int InfoLength = 128;

    public ulong Restorer;
    public bool HasXsave;
    public AlternateStack Stack;
    public UserRegisters Registers;
    public ulong ErrorCode, TrapNumber, FaultAddress;
    public ulong ExtendedState;
    public ulong Mask;
    public Signal Signal;
    public SignalCode Code;

    /// <summary>si_addr of a fault; si_pid for one that was sent.</summary>
    public ulong Subject;

    /// <summary>Where a frame is put below a stack pointer: as a call would leave the stack.</summary>
    public static ulong Place(ulong stackPointer) => unchecked((stackPointer - Size & ~15ul) - 8);

    /// <summary>Writes the frame.</summary>
    /// <param name="bytes">At least <see cref="Size"/>.</param>
    public readonly void Write(Span<byte> bytes)
    {
        LittleEndianWriter writer = new(bytes);
        writer.WriteUInt64(Restorer);
        writer.WriteUInt64((HasXsave ? UcFpXstate : 0) | UcSigcontextSs | UcStrictRestoreSs);
        writer.WriteUInt64(0);
        Stack.Write(ref writer);
        WriteRegisters(ref writer, in Registers);
        writer.WriteUInt16(CodeSelector);
        writer.WriteUInt16(0);
        writer.WriteUInt16(0);
        writer.WriteUInt16(DataSelector);
        writer.WriteUInt64(ErrorCode);
        writer.WriteUInt64(TrapNumber);
        writer.WriteUInt64(Mask);
        writer.WriteUInt64(FaultAddress);
        writer.WriteUInt64(ExtendedState);
        for (int i = 0; i < 8; i++)
            writer.WriteUInt64(0);
        writer.WriteUInt64(Mask);
        int info = writer.Position;
        writer.WriteUInt32((uint)Signal);
        writer.WriteUInt32(0);
        writer.WriteUInt32(unchecked((uint)Code));
        writer.WriteUInt32(0);
        writer.WriteUInt64(Subject);
        while (writer.Position < info + InfoLength)
            writer.WriteByte(0);
    }

    /// <summary>Reads back what rt_sigreturn restores. All of it is the process' own word.</summary>
    /// <param name="bytes">At least <see cref="Size"/>.</param>
    public static SignalFrame Read(ReadOnlySpan<byte> bytes)
    {
        SignalFrame frame = default;
        LittleEndianReader reader = new(bytes);
        reader.Skip(ContextOffset + 16);
        frame.Stack = AlternateStack.Read(ref reader);
        ReadRegisters(ref reader, out frame.Registers);
        reader.Skip(4 * sizeof(ushort) + 4 * sizeof(ulong));
        frame.ExtendedState = reader.ReadUInt64();
        reader.Skip(8 * sizeof(ulong));
        frame.Mask = reader.ReadUInt64();
        return frame;
    }

    private static void WriteRegisters(ref LittleEndianWriter writer, in UserRegisters registers)
    {
        writer.WriteUInt64(registers.R8);
        writer.WriteUInt64(registers.R9);
        writer.WriteUInt64(registers.R10);
        writer.WriteUInt64(registers.R11);
        writer.WriteUInt64(registers.R12);
        writer.WriteUInt64(registers.R13);
        writer.WriteUInt64(registers.R14);
        writer.WriteUInt64(registers.R15);
        writer.WriteUInt64(registers.Rdi);
        writer.WriteUInt64(registers.Rsi);
        writer.WriteUInt64(registers.Rbp);
        writer.WriteUInt64(registers.Rbx);
        writer.WriteUInt64(registers.Rdx);
        writer.WriteUInt64(registers.Rax);
        writer.WriteUInt64(registers.Rcx);
        writer.WriteUInt64(registers.Rsp);
        writer.WriteUInt64(registers.Rip);
        writer.WriteUInt64(registers.Rflags);
    }

    private static void ReadRegisters(ref LittleEndianReader reader, out UserRegisters registers)
    {
        registers.R8 = reader.ReadUInt64();
        registers.R9 = reader.ReadUInt64();
        registers.R10 = reader.ReadUInt64();
        registers.R11 = reader.ReadUInt64();
        registers.R12 = reader.ReadUInt64();
        registers.R13 = reader.ReadUInt64();
        registers.R14 = reader.ReadUInt64();
        registers.R15 = reader.ReadUInt64();
        registers.Rdi = reader.ReadUInt64();
        registers.Rsi = reader.ReadUInt64();
        registers.Rbp = reader.ReadUInt64();
        registers.Rbx = reader.ReadUInt64();
        registers.Rdx = reader.ReadUInt64();
        registers.Rax = reader.ReadUInt64();
        registers.Rcx = reader.ReadUInt64();
        registers.Rsp = reader.ReadUInt64();
        registers.Rip = reader.ReadUInt64();
        registers.Rflags = reader.ReadUInt64();
    }
}
