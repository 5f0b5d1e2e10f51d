using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Userworld;

namespace HyperOS.Processes;

internal static partial class SystemCalls
{
    // Of one call: what is more is done in part, as `read` and `write` may.
    private const ulong MostBytes = 1024 * 1024;

    private const ulong OpenAccess = 3, OpenWriteOnly = 1, OpenReadWrite = 2, OpenCreate = 0x40, OpenNoTerminal = 0x100, OpenSync = 0x10_1000;
    private const ulong OpenLarge = 0x8000, OpenDirectory = 0x1_0000, OpenCloseOnExec = 0x8_0000, OpenNoFollow = 0x2_0000;
    private const ulong StatusEmptyPath = 0x1000, StatusNoFollow = 0x100;
    private const uint CharacterDevice = 0x2000 | 0x1B6, Directory = 0x4000 | 0x16D; // 0666, 0555

    private static long Read(UserThread thread, ulong descriptor, ulong address, ulong length) =>
        Transfer(thread, SystemCall.read, descriptor, address, length, 0);

    private static long Write(UserThread thread, ulong descriptor, ulong address, ulong length) =>
        Transfer(thread, SystemCall.write, descriptor, address, length, 0);

    private static long ReadAt(UserThread thread, ulong descriptor, ulong address, ulong length, ulong offset) =>
        Transfer(thread, SystemCall.pread64, descriptor, address, length, offset);

    private static long WriteAt(UserThread thread, ulong descriptor, ulong address, ulong length, ulong offset) =>
        Transfer(thread, SystemCall.pwrite64, descriptor, address, length, offset);

    private static long Transfer(UserThread thread, SystemCall call, ulong descriptor, ulong address, ulong length, ulong offset)
    {
        if (offset > long.MaxValue)
            return Error(Errno.EINVAL);
        if (!TryUse(thread.Process, descriptor, out OpenFile? file))
            return Error(Errno.EBADF);
        bool isRead = call is SystemCall.read or SystemCall.pread64;
        UserBuffer buffer = new(thread.Process, address, (int)Math.Min(length, MostBytes));
        long result = Error(Errno.EBADF);
        if (isRead ? file!.CanRead : file!.CanWrite)
        {
            DeviceFile device = file.Device!;
            result = call switch
            {
                SystemCall.read => device.Read(thread, file, buffer),
                SystemCall.write => device.Write(thread, file, buffer),
                SystemCall.pread64 => device.ReadAt(thread, file, buffer, offset),
                _ => device.WriteAt(thread, file, buffer, offset),
            };
        }
        EndUse(file);
        if (result == Error(Errno.EINTR))
            thread.IsRestarting = true;
        return result;
    }

    private static long Flush(UserThread thread, ulong descriptor)
    {
        if (!TryUse(thread.Process, descriptor, out OpenFile? file))
            return Error(Errno.EBADF);
        Errno result = file!.Device!.Flush(thread, file);
        EndUse(file);
        return Error(result);
    }

    private static long Open(UserThread thread, ulong directory, ulong path, ulong flags)
    {
        const ulong Known = OpenAccess | OpenNoTerminal | OpenSync | OpenLarge | OpenDirectory | OpenCloseOnExec | OpenNoFollow | OpenCreate;
        Errno status = FindPath(thread.Process, path, out DeviceFile? device);
        if (status != Errno.None)
            return Error(status);
        if ((flags & ~Known) != 0 || (flags & OpenAccess) == OpenAccess)
            return Error(Errno.EINVAL);
        if (device is null)
            return Error((flags & OpenAccess) != 0 ? Errno.EISDIR : Errno.EACCES); // a directory without entries to read
        if ((flags & OpenDirectory) != 0)
            return Error(Errno.ENOTDIR);
        return Install(thread.Process, device, (flags & OpenAccess) != OpenWriteOnly, (flags & OpenAccess) is OpenWriteOnly or OpenReadWrite);
    }

    /// <summary>Opens a device file as the lowest descriptor that is unused.</summary>
    public static long Install(Process process, DeviceFile device, bool canRead, bool canWrite)
    {
        OpenFile? file = null;
        process.Lock.Enter();
        foreach (OpenFile candidate in process.FilePool)
        {
            if (candidate.Device is null && file is null)
                file = candidate;
        }
        if (file is not null)
        {
            file.Device = device;
            file.CanRead = canRead;
            file.CanWrite = canWrite;
            file.Position = 0;
            file.Tag = 0;
            file.Users = 1;
        }
        process.Lock.Exit();
        if (file is null)
            return Error(Errno.EMFILE);
        Errno status = device.Open(file);
        if (status != Errno.None)
        {
            file.Device = null;
            return Error(status);
        }
        int descriptor = 0;
        process.Lock.Enter();
        while (descriptor < Process.MaximumFiles && process.Files[descriptor] is not null)
            descriptor++;
        if (descriptor < Process.MaximumFiles)
            process.Files[descriptor] = file;
        process.Lock.Exit();
        if (descriptor < Process.MaximumFiles)
            return descriptor;
        EndUse(file);
        return Error(Errno.EMFILE);
    }

    private static long Close(UserThread thread, ulong descriptor)
    {
        Process process = thread.Process;
        OpenFile? file = null;
        process.Lock.Enter();
        if (descriptor < Process.MaximumFiles)
        {
            file = process.Files[(int)descriptor];
            process.Files[(int)descriptor] = null;
        }
        process.Lock.Exit();
        if (file is null)
            return Error(Errno.EBADF);
        EndUse(file);
        return 0;
    }

    private static long Status(UserThread thread, ulong directory, ulong path, ulong address, ulong flags)
    {
        if ((flags & ~(StatusEmptyPath | StatusNoFollow)) != 0)
            return Error(Errno.EINVAL);
        Span<byte> first = stackalloc byte[1];
        if ((flags & StatusEmptyPath) != 0 && UserMemory.TryRead(thread.Process, path, first) && first[0] == 0)
            return StatusOf(thread, directory, address);
        Errno status = FindPath(thread.Process, path, out DeviceFile? device);
        return status != Errno.None ? Error(status) : WriteStatus(thread.Process, address, device);
    }

    private static long StatusOf(UserThread thread, ulong descriptor, ulong address)
    {
        if (!TryUse(thread.Process, descriptor, out OpenFile? file))
            return Error(Errno.EBADF);
        long result = WriteStatus(thread.Process, address, file!.Device);
        EndUse(file);
        return result;
    }

    // struct stat, 144 bytes: a device file, or the root directory.
    private static long WriteStatus(Process process, ulong address, DeviceFile? device)
    {
        const int Length = 144;
        Span<byte> bytes = stackalloc byte[Length];
        bytes.Clear();
        LittleEndianWriter writer = new(bytes);
        writer.Skip(16);
        writer.WriteUInt64(1);
        writer.WriteUInt32(device is null ? Directory : CharacterDevice);
        writer.Skip(20);
        writer.WriteUInt64(device is null ? 0 : device.Length);
        writer.WriteUInt64(Size.Page);
        return UserMemory.TryWrite(process, address, bytes) ? 0 : Error(Errno.EFAULT);
    }

    // Paths are whole: there is one directory, the root, and it is the current one. No device: the root itself.
    private static Errno FindPath(Process process, ulong address, out DeviceFile? device)
    {
        Span<byte> path = stackalloc byte[DeviceFiles.MaximumPath];
        device = null;
        int length = 0;
        while (true)
        {
            if (!UserMemory.TryRead(process, unchecked(address + (uint)length), path.Slice(length, 1)))
                return Errno.EFAULT;
            if (path[length] == 0)
                break;
            if (++length == path.Length)
                return Errno.ENOENT; // longer than any that there is
        }
        ReadOnlySpan<byte> name = path.Slice(0, length);
        return name.SequenceEqual("/"u8) || DeviceFiles.TryFind(name, out device) ? Errno.None : Errno.ENOENT;
    }

    private static bool TryPeek(Process process, ulong descriptor)
    {
        process.Lock.Enter();
        bool isOpen = descriptor < Process.MaximumFiles && process.Files[(int)descriptor] is not null;
        process.Lock.Exit();
        return isOpen;
    }

    private static bool TryUse(Process process, ulong descriptor, out OpenFile? file)
    {
        process.Lock.Enter();
        file = descriptor < Process.MaximumFiles ? process.Files[(int)descriptor] : null;
        if (file is not null)
            Interlocked.Increment(ref file.Users);
        process.Lock.Exit();
        return file is not null;
    }

    private static void EndUse(OpenFile file)
    {
        if (Interlocked.Decrement(ref file.Users) != 0)
            return;
        file.Device!.Close(file);
        file.Device = null;
    }
}
