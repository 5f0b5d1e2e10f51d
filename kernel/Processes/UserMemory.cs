using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>
/// The kernel's only way to a process' memory: copies, page by page through the process' own tables, as it may itself read and write there, never by its
/// addresses. So SMAP is never lifted, no access faults in the kernel, and it does not matter which address space the processor has. A page cannot be
/// taken away during a copy: the process' lock is held.
/// </summary>
internal static class UserMemory
{
    /// <summary>Copies out of the process.</summary>
    /// <returns>False if some of it cannot be read; the destination is undefined then.</returns>
    public static bool TryRead(Process process, ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = ToPageEnd(address, destination.Length);
            process.Lock.Enter();
            bool present = TryFind(process, address, MemoryProtection.Read, out HostPhysicalAddress at);
            if (present)
                PhysicalMemory.Bytes(at, count).CopyTo(destination);
            process.Lock.Exit();
            if (!present)
                return false;
            address += (ulong)count;
            destination = destination.Slice(count);
        }
        return true;
    }

    /// <summary>Copies into the process.</summary>
    /// <returns>False if some of it cannot be written; what comes before may have been.</returns>
    public static bool TryWrite(Process process, ulong address, scoped ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int count = ToPageEnd(address, source.Length);
            process.Lock.Enter();
            bool present = TryFind(process, address, MemoryProtection.Write, out HostPhysicalAddress at);
            if (present)
                source.Slice(0, count).CopyTo(PhysicalMemory.Bytes(at, count));
            process.Lock.Exit();
            if (!present)
                return false;
            address += (ulong)count;
            source = source.Slice(count);
        }
        return true;
    }

    public static bool TryRead(Process process, ulong address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bool read = TryRead(process, address, bytes);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }

    public static bool TryWrite(Process process, ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return TryWrite(process, address, bytes);
    }

    public static bool TryWrite(Process process, ulong address, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return TryWrite(process, address, bytes);
    }

    /// <summary>Reads an aligned word at once, as others may write it meanwhile; with the process' lock held.</summary>
    public static bool TryReadWord(Process process, ulong address, out uint value)
    {
        bool present = TryFind(process, address, MemoryProtection.Read, out HostPhysicalAddress at);
        value = present ? (uint)(PhysicalMemory.Word(at).Value >> (int)(8 * (address & 4)) & uint.MaxValue) : 0;
        return present;
    }

    private static bool TryFind(Process process, ulong address, MemoryProtection access, out HostPhysicalAddress at)
    {
        at = default;
        if (address >= UserMode.AddressLimit || process.TryResolve(address, access) != PageStatus.Present || !process.Tables.TryFind(address, out UserPage page))
            return false;
        at = page.Frame.Offset(address % Size.Page);
        return true;
    }

    private static int ToPageEnd(ulong address, int length) => (int)Math.Min(Size.Page - address % Size.Page, (ulong)length);
}

/// <summary>What a process gave a device file to read from or to write to: so many bytes at an address that nobody has checked.</summary>
public readonly struct UserBuffer
{
    private readonly Process _process;
    private readonly ulong _address;

    internal UserBuffer(Process process, ulong address, int length)
    {
        _process = process;
        _address = address;
        Length = length;
    }

    /// <summary>Bytes.</summary>
    public int Length { get; }

    /// <summary>Copies from the buffer.</summary>
    /// <param name="offset">In the buffer, which must hold all that is asked for.</param>
    /// <returns>False if the process cannot read there: EFAULT.</returns>
    public bool TryRead(int offset, Span<byte> destination) =>
        destination.Length <= Length - offset && UserMemory.TryRead(_process, unchecked(_address + (uint)offset), destination);

    /// <summary>Copies into the buffer.</summary>
    /// <param name="offset">In the buffer, which must have room for all that is given.</param>
    /// <returns>False if the process cannot write there: EFAULT.</returns>
    public bool TryWrite(int offset, ReadOnlySpan<byte> source) =>
        source.Length <= Length - offset && UserMemory.TryWrite(_process, unchecked(_address + (uint)offset), source);
}
