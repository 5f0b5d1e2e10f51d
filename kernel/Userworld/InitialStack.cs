using System;
using HyperOS.Core;

namespace HyperOS.Userworld;

/// <summary>The auxiliary vector's types: Linux's AT_ numbers.</summary>
public enum AuxiliaryType : ulong
{
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
    AT_SYSINFO_EHDR = 33,
    AT_MINSIGSTKSZ = 51,
}

/// <summary>What of the auxiliary vector differs from process to process.</summary>
public struct AuxiliaryValues
{
    public ulong HeadersAddress, HeaderCount, Entry, Vdso, SignalStackLength;

    /// <summary>CPUID leaf 1, EDX: AT_HWCAP.</summary>
    public ulong HardwareCapabilities;
}

/// <summary>
/// What a process finds on its stack when it begins: System V ABI, AMD64 supplement, "Process Initialization".
/// <code>
///   RSP -> argc, argv[0] .., 0, envp[0] .., 0, auxiliary vector, AT_NULL, 16 random bytes, the strings' bytes
/// </code>
/// </summary>
public static class InitialStack
{
    /// <summary>Random bytes that AT_RANDOM points to.</summary>
    public const int RandomLength = 16;

    private const int HeaderSize = 56;

    /// <summary>Lays it out at the end of the stack.</summary>
    /// <param name="stack">The end of the stack; bytes below what is used stay as they are.</param>
    /// <param name="top">One past the last address of the stack, a multiple of 16.</param>
    /// <param name="arguments">Each ended by a zero byte; the first is the program's name.</param>
    /// <param name="environment">Each ended by a zero byte.</param>
    /// <param name="random">Of <see cref="RandomLength"/> bytes.</param>
    /// <param name="values">For the auxiliary vector.</param>
    /// <param name="stackPointer">Where the process begins with its RSP.</param>
    /// <returns>False if there is not room for all of it.</returns>
    public static bool TryBuild(
        Span<byte> stack, ulong top, ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> environment, ReadOnlySpan<byte> random, in AuxiliaryValues values,
        out ulong stackPointer)
    {
        ulong strings = Alignment.Down(top - (ulong)(arguments.Length + environment.Length + RandomLength), 16);
        // 18 entries, AT_NULL among them.
        ulong words = 1 + (ulong)Count(arguments) + 1 + (ulong)Count(environment) + 1 + 2 * 18;
        stackPointer = Alignment.Down(strings - words * sizeof(ulong), 16);
        if (top - stackPointer > (ulong)stack.Length)
            return false;
        LittleEndianWriter writer = new(stack.Slice((int)((ulong)stack.Length - (top - stackPointer))));
        ulong argumentsAt = strings + RandomLength, environmentAt = argumentsAt + (ulong)arguments.Length;
        writer.WriteUInt64((ulong)Count(arguments));
        WritePointers(ref writer, arguments, argumentsAt);
        WritePointers(ref writer, environment, environmentAt);
        Write(ref writer, AuxiliaryType.AT_PHDR, values.HeadersAddress);
        Write(ref writer, AuxiliaryType.AT_PHENT, HeaderSize);
        Write(ref writer, AuxiliaryType.AT_PHNUM, values.HeaderCount);
        Write(ref writer, AuxiliaryType.AT_PAGESZ, Size.Page);
        Write(ref writer, AuxiliaryType.AT_ENTRY, values.Entry);
        Write(ref writer, AuxiliaryType.AT_UID, 0);
        Write(ref writer, AuxiliaryType.AT_EUID, 0);
        Write(ref writer, AuxiliaryType.AT_GID, 0);
        Write(ref writer, AuxiliaryType.AT_EGID, 0);
        Write(ref writer, AuxiliaryType.AT_HWCAP, values.HardwareCapabilities);
        Write(ref writer, AuxiliaryType.AT_CLKTCK, 100);
        Write(ref writer, AuxiliaryType.AT_SECURE, 0);
        Write(ref writer, AuxiliaryType.AT_RANDOM, strings);
        Write(ref writer, AuxiliaryType.AT_HWCAP2, 0);
        Write(ref writer, AuxiliaryType.AT_EXECFN, argumentsAt);
        Write(ref writer, AuxiliaryType.AT_MINSIGSTKSZ, values.SignalStackLength);
        if (values.Vdso != 0)
            Write(ref writer, AuxiliaryType.AT_SYSINFO_EHDR, values.Vdso);
        Write(ref writer, AuxiliaryType.AT_NULL, 0);
        writer.Skip((int)(strings - stackPointer) - writer.Position);
        writer.WriteBytes(random);
        writer.WriteBytes(arguments);
        writer.WriteBytes(environment);
        return !writer.Overrun;
    }

    private static void Write(ref LittleEndianWriter writer, AuxiliaryType type, ulong value)
    {
        writer.WriteUInt64((ulong)type);
        writer.WriteUInt64(value);
    }

    private static void WritePointers(ref LittleEndianWriter writer, ReadOnlySpan<byte> strings, ulong address)
    {
        for (int i = 0; i < strings.Length; i++)
        {
            if (i == 0 || strings[i - 1] == 0)
                writer.WriteUInt64(address + (ulong)i);
        }
        writer.WriteUInt64(0);
    }

    private static int Count(ReadOnlySpan<byte> strings)
    {
        int count = 0;
        foreach (byte b in strings)
            count += b == 0 ? 1 : 0;
        return count;
    }
}
