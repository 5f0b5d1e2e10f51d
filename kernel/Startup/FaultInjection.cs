using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Platform;

namespace HyperOS.Startup;

/// <summary>
/// What only the test kernel has: the option `fault=PLACE:COUNT:KIND[:VM],…`, numbers but for the machine's name, `nicTest=1` for
/// <see cref="NicTest"/> and `diskTest=1` for <see cref="DiskTest"/>.
/// </summary>
internal sealed partial class HostOptions
{
    public bool TestsNics { get; private set; }

    public bool TestsDisks { get; private set; }

    partial void ReadFaults(CommandLine line)
    {
        TestsNics = Number(line, "nicTest"u8, out ulong test) && test != 0;
        TestsDisks = Number(line, "diskTest"u8, out test) && test != 0;
        OptionStatus status = line.TryGetText("fault"u8, out ReadOnlySpan<byte> faults);
        if (status == OptionStatus.Ok && !FaultInjection.TryArm(faults))
            Log.Write("options"u8, $"fault: not PLACE:COUNT:KIND[:VM],..., ignored");
    }
}

/// <summary>Makes the faults that the command line asks for, each once: when code for the machine comes to the place for the so manieth time.</summary>
internal sealed class FaultInjection : FaultInjector
{
    private const int Maximum = 64;

    // What the compiler does not foresee, since it is set when the kernel runs.
    private static int[] s_array = [];
    private static int[]? s_none;
    private static int s_zero = 1, s_most, s_result;
    private static object? s_object;

    private readonly Fault[] _faults = new Fault[Maximum];
    private int _count;

    private struct Fault
    {
        public FaultPlace Place;
        public FaultKind Kind;
        public int Remaining;
        public byte[] Room;
    }

    public static bool TryArm(ReadOnlySpan<byte> text)
    {
        FaultInjection injection = new();
        while (!text.IsEmpty)
        {
            ReadOnlySpan<byte> one = Next(ref text, (byte)',');
            if (injection._count == Maximum || !TryNumber(ref one, out int place) || !TryNumber(ref one, out int count) || !TryNumber(ref one, out int kind))
                return false;
            byte[] room = new byte[one.IsEmpty ? 0 : one.Length + 3];
            if (!one.IsEmpty)
            {
                "vm "u8.CopyTo(room);
                one.CopyTo(new Span<byte>(room, 3, one.Length));
            }
            injection._faults[injection._count++] = new Fault { Place = (FaultPlace)place, Kind = (FaultKind)kind, Remaining = count, Room = room };
        }
        s_array = new int[injection._count];
        s_object = s_array;
        s_zero = 0;
        s_most = int.MaxValue;
        FaultPoint.Install(injection);
        return true;
    }

    public override void Hit(FaultPlace place)
    {
        for (int i = 0; i < _count; i++)
        {
            ref Fault fault = ref _faults[i];
            if (fault.Place == place && fault.Remaining > 0 && IsFor(fault.Room) && Interlocked.Decrement(ref fault.Remaining) == 0)
                Fail(fault.Kind);
        }
    }

    private static bool IsFor(byte[] room) =>
        room.Length == 0 || FaultDomain.Current is FaultDomain domain && MemoryExtensions.SequenceEqual<byte>(domain.Room, room);

    private static void Fail(FaultKind kind)
    {
        switch (kind)
        {
            case FaultKind.IndexOutOfRange:
                s_result = s_array[s_array.Length + s_zero];
                break;
            case FaultKind.NullReference:
                s_result = s_none!.Length;
                break;
            case FaultKind.Overflow:
                s_result = s_most + s_array.Length;
                break;
            case FaultKind.DivideByZero:
                s_result = s_most / s_zero;
                break;
            case FaultKind.InvalidCast:
                s_result = ((FaultInjection)s_object!)._count;
                break;
            case FaultKind.StackOverflow:
                s_result = Recurse(s_zero);
                break;
        }
    }

    private static int Recurse(int depth)
    {
        Span<byte> room = stackalloc byte[200];
        room[depth % room.Length] = 1;
        return Recurse(depth + 1) + room[depth / 2 % room.Length];
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> text, out int number)
    {
        ReadOnlySpan<byte> digits = Next(ref text, (byte)':');
        number = 0;
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9' || number > 1_000_000)
                return false;
            number = 10 * number + (digit - '0');
        }
        return !digits.IsEmpty;
    }

    // What comes before the separator; the text goes on behind it.
    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> text, byte separator)
    {
        int end = text.IndexOf(separator);
        ReadOnlySpan<byte> part = end < 0 ? text : text.Slice(0, end);
        text = end < 0 ? default : text.Slice(end + 1);
        return part;
    }
}
