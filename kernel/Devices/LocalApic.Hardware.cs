using System;
using System.Numerics;
using System.Threading;
using HyperOS.Abi.State;

namespace HyperOS.Devices;

/// <content>
/// A register page that the processor itself works on while the guest runs, as the virtual-APIC page of Intel SDM vol. 3, "APIC Virtualization and
/// Virtual Interrupts". Between <see cref="CopyTo"/> and <see cref="CopyFrom"/> priorities and the vectors in service are the page's alone; messages
/// still arrive here, for nobody but the vCPU may touch the page, and <see cref="MoveRequests"/> passes them on. All of it is the owner's.
/// </content>
public sealed partial class LocalApic
{
    // The count runs, and the command has bits 63:32 elsewhere.
    private const ulong X2ApicPlain = X2ApicReadable & ~(1ul << (int)ApicRegister.CurrentCount | 1ul << (int)ApicRegister.ICR);

    /// <summary>Vectors wait that <see cref="MoveRequests"/> has not passed on.</summary>
    public bool HasRequests => (Volatile.Read(ref _pending) & RequestWords) != 0;

    /// <summary>Whether RDMSR of this, in x2APIC mode, is no more than a look at the page.</summary>
    public static bool IsPlain(uint msr) => Contains(X2ApicPlain, unchecked(msr - FirstMsr));

    /// <summary>The page becomes as the registers are, but for vectors that wait: they move.</summary>
    /// <param name="page"><see cref="PageLength"/> elements.</param>
    public void CopyTo(Span<uint> page)
    {
        for (int i = 0; i < LocalApicRegisters.Count; i++)
            page[i << 2] = i is >= (int)ApicRegister.IRR and < (int)ApicRegister.IRR + 8 ? 0 : _registers[i << 2];
        MoveRequests(page);
    }

    /// <summary>Vectors that wait here wait in the page instead.</summary>
    public void MoveRequests(Span<uint> page)
    {
        for (uint words = Volatile.Read(ref _pending) & RequestWords; words != 0; words &= words - 1)
        {
            int word = BitOperations.TrailingZeroCount(words);
            Interlocked.And(ref _pending, ~(1u << word)); // before IRR: as in ForgetRequestWord, no sender is missed
            int request = (int)ApicRegister.IRR + word << 2, trigger = (int)ApicRegister.TMR + word << 2;
            page[request] |= Interlocked.Exchange(ref _registers[request], 0);
            page[trigger] = Volatile.Read(ref _registers[trigger]);
        }
    }

    /// <summary>
    /// The registers become as the page is, where a processor changes it without an exit: priorities, vectors in service and waiting, and the
    /// interrupt command of xAPIC mode, whose upper half the guest stores so.
    /// </summary>
    public void CopyFrom(Span<uint> page)
    {
        Register(ApicRegister.TPR) = page[(int)ApicRegister.TPR << 2];
        if (_mode == ApicMode.XApic)
        {
            Register(ApicRegister.ICR) = page[(int)ApicRegister.ICR << 2] & IcrWritable;
            Register(ApicRegister.ICRHigh) = page[(int)ApicRegister.ICRHigh << 2] & 0xFF00_0000;
        }
        for (int i = 0; i < 8; i++)
        {
            int request = (int)ApicRegister.IRR + i << 2, service = (int)ApicRegister.ISR + i << 2;
            _registers[service] = page[service];
            if (page[request] != 0)
                Interlocked.Or(ref _registers[request], page[request]);
            page[request] = 0;
        }
        Resynchronize();
    }

    /// <summary>The highest vector of ISR or IRR in a page, or 0.</summary>
    public static int Highest(ReadOnlySpan<uint> page, ApicRegister set)
    {
        for (int i = 7; i >= 0; i--)
        {
            uint word = page[(int)set + i << 2];
            if (word != 0)
                return i << 5 | HighestBit(word);
        }
        return 0;
    }

    /// <summary>The processor has taken <paramref name="vector"/>, which is level-triggered, out of service for the guest's EOI: the rest of it.</summary>
    public void CompleteEndOfInterrupt(int vector) => EndLevelTriggered(vector);
}
