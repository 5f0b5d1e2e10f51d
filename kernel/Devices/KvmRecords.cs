using System;
using System.Buffers.Binary;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Kvm;

namespace HyperOS.Devices;

/// <summary>
/// What a vCPU shares with the host by the KVM interface: the word by which it leaves out EOIs, and the record of its steal time, which asks for
/// TLB flushes too. Linux, Documentation/virt/kvm/x86/msr.rst.
/// </summary>
/// <remarks>
/// All of it belongs to the vCPU's thread. The records lie in the guest's RAM, where its other processors write as they like: nothing here believes
/// them, and an address without RAM is no record. Where an interrupt goes in <see cref="OfferEndOfInterrupt"/> is called; while
/// <see cref="IsEndOfInterruptOffered"/>, <see cref="CollectEndOfInterrupt"/> before anybody looks at what the local APIC has in service, and
/// <see cref="WithdrawEndOfInterrupt"/> where other interrupts wait.
/// </remarks>
public sealed class KvmRecords
{
    private const int StealOffset = 0x00, VersionOffset = 0x08, PreemptedOffset = 0x10, StealTimeSize = 64, EndOfInterruptSize = 4;

    // Wiring.
    private readonly GuestRam _ram;
    private readonly LocalApic _apic;

    // Nanoseconds of waiting that the record has been told of.
    private ulong _waited;

    public KvmRecords(GuestRam ram, LocalApic apic)
    {
        _ram = ram;
        _apic = apic;
    }

    /// <summary>MSR_KVM_PV_EOI_EN.</summary>
    public ulong EndOfInterruptMsr { get; private set; }

    /// <summary>MSR_KVM_STEAL_TIME.</summary>
    public ulong StealTimeMsr { get; private set; }

    /// <summary>The guest may have left out an EOI.</summary>
    public bool IsEndOfInterruptOffered { get; private set; }

    /// <summary>Whether the guest takes offers.</summary>
    public bool LeavesOutEndOfInterrupt => (EndOfInterruptMsr & KvmMsrBits.Enabled) != 0;

    /// <summary>Whether the guest wants to know.</summary>
    public bool HasStealTime => (StealTimeMsr & KvmMsrBits.Enabled) != 0;

    private GuestPhysicalAddress StealTime => new(StealTimeMsr & ~KvmMsrBits.Enabled);

    private GuestPhysicalAddress EndOfInterruptWord => new(EndOfInterruptMsr & ~KvmMsrBits.Enabled);

    /// <summary>As after INIT: no records.</summary>
    public void Reset()
    {
        EndOfInterruptMsr = 0;
        StealTimeMsr = 0;
        IsEndOfInterruptOffered = false;
    }

    /// <summary>WRMSR to MSR_KVM_PV_EOI_EN.</summary>
    /// <returns>False, for #GP, where the word is not aligned, or enabled where there is no RAM.</returns>
    public bool TryWriteEndOfInterruptMsr(ulong value)
    {
        if (!IsEndOfInterruptMsr(value))
            return false;
        WithdrawEndOfInterrupt();
        EndOfInterruptMsr = value;
        return true;
    }

    /// <summary>WRMSR to MSR_KVM_STEAL_TIME. An address without RAM is taken, and nothing is told there.</summary>
    /// <param name="waited">Nanoseconds that the vCPU has waited by now: what comes on top of them is stolen.</param>
    /// <returns>False, for #GP, where reserved bits are set.</returns>
    public bool TryWriteStealTimeMsr(ulong value, ulong waited)
    {
        if ((value & KvmMsrBits.StealTimeReserved) != 0)
            return false;
        StealTimeMsr = value;
        _waited = waited;
        return true;
    }

    /// <summary>An interrupt goes in whose EOI would mean nothing more than that: the guest may leave it out.</summary>
    public void OfferEndOfInterrupt()
    {
        if (LeavesOutEndOfInterrupt && _apic.CanSkipEndOfInterrupt && TryGetEndOfInterruptWord(out Span<byte> word))
        {
            word[0] = (byte)KvmMsrBits.PvEoiPending;
            IsEndOfInterruptOffered = true;
        }
    }

    /// <summary>If the guest has left out an EOI, this is it.</summary>
    public void CollectEndOfInterrupt()
    {
        if (!IsEndOfInterruptOffered)
            return;
        if (!TryGetEndOfInterruptWord(out Span<byte> word))
        {
            IsEndOfInterruptOffered = false;
        }
        else if ((Volatile.Read(ref word[0]) & KvmMsrBits.PvEoiPending) == 0)
        {
            IsEndOfInterruptOffered = false;
            _apic.EndOfInterrupt();
        }
    }

    /// <summary>If the guest has left out an EOI, this is it; else it may not any more.</summary>
    public void WithdrawEndOfInterrupt()
    {
        CollectEndOfInterrupt();
        if (!IsEndOfInterruptOffered)
            return;
        IsEndOfInterruptOffered = false;
        if (TryGetEndOfInterruptWord(out Span<byte> word))
            word[0] = 0;
    }

    /// <summary>The vCPU, between two instructions, is about to wait for a processor: its other processors may spare it TLB flushes meanwhile.</summary>
    public void MarkPreempted()
    {
        if (HasStealTime)
            TryExchangePreempted(KvmPreempted.KVM_VCPU_PREEMPTED, out _);
    }

    /// <summary>The vCPU is about to run: the record tells how long it has waited.</summary>
    /// <param name="waited">Nanoseconds so far.</param>
    /// <returns>Whether its TLB is to be flushed first.</returns>
    public bool UpdateStealTime(ulong waited)
    {
        if (!HasStealTime || !TryExchangePreempted(0, out KvmPreempted before) || !_ram.TryGetWritable(StealTime, StealTimeSize, out Span<byte> record)
            || record.Length < StealTimeSize)
        {
            return false;
        }
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(VersionOffset)) | 1;
        ulong steal = BinaryPrimitives.ReadUInt64LittleEndian(record.Slice(StealOffset));
        ulong more = waited > _waited ? waited - _waited : 0;
        _waited = waited;
        BinaryPrimitives.WriteUInt32LittleEndian(record.Slice(VersionOffset), version);
        Volatile.WriteBarrier();
        BinaryPrimitives.WriteUInt64LittleEndian(record.Slice(StealOffset), unchecked(steal + more));
        Volatile.WriteBarrier();
        BinaryPrimitives.WriteUInt32LittleEndian(record.Slice(VersionOffset), unchecked(version + 1));
        return (before & KvmPreempted.KVM_VCPU_FLUSH_TLB) != 0;
    }

    public void Save(out KvmRecordsState state) => state = new KvmRecordsState
    {
        Version = KvmRecordsState.CurrentVersion,
        IsEndOfInterruptOffered = IsEndOfInterruptOffered,
        EndOfInterrupt = EndOfInterruptMsr,
        StealTime = StealTimeMsr,
    };

    /// <summary>After the guest's RAM and the local APIC.</summary>
    /// <param name="waited">Nanoseconds that the vCPU has waited here by now.</param>
    public RestoreStatus Restore(in KvmRecordsState state, ulong waited)
    {
        if (state.Version != KvmRecordsState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        if (!IsEndOfInterruptMsr(state.EndOfInterrupt) || (state.StealTime & KvmMsrBits.StealTimeReserved) != 0
            || state.IsEndOfInterruptOffered && (state.EndOfInterrupt & KvmMsrBits.Enabled) == 0)
        {
            return RestoreStatus.InvalidValue;
        }
        EndOfInterruptMsr = state.EndOfInterrupt;
        StealTimeMsr = state.StealTime;
        IsEndOfInterruptOffered = state.IsEndOfInterruptOffered;
        _waited = waited;
        return RestoreStatus.Restored;
    }

    private bool IsEndOfInterruptMsr(ulong value) => (value & KvmMsrBits.PvEoiReserved) == 0
        && ((value & KvmMsrBits.Enabled) == 0 || _ram.Contains(new GuestPhysicalAddress(value & ~KvmMsrBits.Enabled), EndOfInterruptSize));

    private bool TryGetEndOfInterruptWord(out Span<byte> word) => _ram.TryGetWritable(EndOfInterruptWord, EndOfInterruptSize, out word);

    // The field and its padding at once, against processors that ask for a flush at the same time.
    private bool TryExchangePreempted(KvmPreempted value, out KvmPreempted before)
    {
        bool found = _ram.TryExchange(new GuestPhysicalAddress(StealTime.Value + PreemptedOffset), (uint)value, out uint word);
        before = (KvmPreempted)(word & byte.MaxValue);
        return found;
    }
}
