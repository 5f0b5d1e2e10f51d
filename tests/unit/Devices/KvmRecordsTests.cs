using System.Buffers.Binary;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Specs.Kvm;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
public class KvmRecordsTests
{
    private const int RamSize = 0x4000;
    private const ulong Word = 0x1004, Record = 0x2040, Nowhere = 0x10_0000;

    private readonly ApicMachine _machine = ApicMachine.X2Apic();
    private readonly TestRam _ram = new(RamSize);
    private readonly KvmRecords _records;

    public KvmRecordsTests() => _records = new KvmRecords(_ram, _machine.Apic);

    private ref byte EndOfInterrupt => ref _ram.Bytes[(int)Word];

    private ref byte Preempted => ref _ram.Bytes[(int)Record + 0x10];

    private ulong Steal => BinaryPrimitives.ReadUInt64LittleEndian(_ram.Bytes.AsSpan((int)Record));

    private uint Version => BinaryPrimitives.ReadUInt32LittleEndian(_ram.Bytes.AsSpan((int)Record + 8));

    // As the vCPU loop does it: an interrupt goes in.
    private void Inject(int vector, bool isLevel = false)
    {
        _machine.Bus.DeliverMsi(LocalApic.BaseAddress, (uint)vector | (isLevel ? 0xC000u : 0));
        _records.WithdrawEndOfInterrupt();
        Assert.Equal(vector, _machine.Take());
        _records.OfferEndOfInterrupt();
    }

    [Fact]
    public void An_EOI_that_the_guest_leaves_out_is_done_at_the_next_look()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60);
        Assert.Equal(1, EndOfInterrupt);
        Assert.True(_records.IsEndOfInterruptOffered);
        EndOfInterrupt = 0;
        _records.CollectEndOfInterrupt();
        Assert.False(_records.IsEndOfInterruptOffered);
        Assert.Equal(0ul, _machine.ReadMsr(ApicRegister.ISR + 3));
    }

    [Fact]
    public void An_offer_outlasts_looks_in_the_handler()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60);
        _records.CollectEndOfInterrupt();
        Assert.Equal(1, EndOfInterrupt);
        Assert.True(_records.IsEndOfInterruptOffered);
        Assert.Equal(1ul, _machine.ReadMsr(ApicRegister.ISR + 3));
    }

    [Fact]
    public void One_that_waits_withdraws_the_offer_so_that_the_EOI_lets_it_in()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60);
        _machine.SendFixed(0x50);
        _records.WithdrawEndOfInterrupt();
        Assert.Equal(0, EndOfInterrupt);
        Assert.Equal(-1, _machine.Pending());
        _machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(0x50, _machine.Pending());
    }

    [Fact]
    public void An_EOI_left_out_before_another_came_lets_that_in()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60);
        EndOfInterrupt = 0;
        Inject(0x50);
        Assert.Equal(1, EndOfInterrupt);
    }

    [Fact]
    public void A_nested_interrupt_s_EOI_is_not_the_outer_one_s()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60);
        Inject(0x90);
        EndOfInterrupt = 0;
        _records.CollectEndOfInterrupt();
        Assert.Equal(0ul, _machine.ReadMsr(ApicRegister.ISR + 4));
        Assert.Equal(1ul, _machine.ReadMsr(ApicRegister.ISR + 3));
        Assert.Equal(0, EndOfInterrupt);
    }

    [Fact]
    public void A_level_triggered_interrupt_needs_its_EOI()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60, isLevel: true);
        Assert.Equal(0, EndOfInterrupt);
        Assert.False(_records.IsEndOfInterruptOffered);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Word)]
    public void A_guest_that_has_not_enabled_it_is_offered_nothing(ulong msr)
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(msr));
        Inject(0x60);
        Assert.All(_ram.Bytes, value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(Word | 2, false)]
    [InlineData(Nowhere | 1, false)]
    [InlineData(RamSize | 1, false)]
    [InlineData(ulong.MaxValue - 2, false)]
    [InlineData(Nowhere, true)]
    [InlineData(RamSize - 4 | 1, true)]
    public void An_EOI_word_is_aligned_and_in_RAM(ulong msr, bool isTaken)
    {
        Assert.Equal(isTaken, _records.TryWriteEndOfInterruptMsr(msr));
        Assert.Equal(isTaken ? msr : 0, _records.EndOfInterruptMsr);
    }

    [Fact]
    public void Disabling_it_withdraws_the_offer()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Inject(0x60);
        Assert.True(_records.TryWriteEndOfInterruptMsr(0));
        Assert.Equal(0, EndOfInterrupt);
        Assert.False(_records.IsEndOfInterruptOffered);
        Assert.Equal(1ul, _machine.ReadMsr(ApicRegister.ISR + 3));
    }

    [Fact]
    public void What_is_waited_is_added_to_the_guest_s_record()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_ram.Bytes.AsSpan((int)Record), 1000);
        Assert.True(_records.TryWriteStealTimeMsr(Record | 1, 500));
        Assert.False(_records.UpdateStealTime(500));
        Assert.Equal((1000ul, 2u), (Steal, Version));
        Assert.False(_records.UpdateStealTime(700));
        Assert.Equal((1200ul, 4u), (Steal, Version));
    }

    [Fact]
    public void A_version_is_even_after_an_update_and_may_wrap()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_ram.Bytes.AsSpan((int)Record + 8), uint.MaxValue);
        Assert.True(_records.TryWriteStealTimeMsr(Record | 1, 0));
        _records.UpdateStealTime(1);
        Assert.Equal(0u, Version);
    }

    [Fact]
    public void Stolen_time_and_a_wait_that_goes_back_never_fault()
    {
        _ram.Bytes.AsSpan((int)Record, 8).Fill(0xFF);
        Assert.True(_records.TryWriteStealTimeMsr(Record | 1, 100));
        _records.UpdateStealTime(101);
        Assert.Equal(0ul, Steal);
        _records.UpdateStealTime(50);
        Assert.Equal(0ul, Steal);
    }

    [Fact]
    public void One_that_waits_for_a_processor_is_marked_and_flushed_if_another_asked()
    {
        Assert.True(_records.TryWriteStealTimeMsr(Record | 1, 0));
        _records.MarkPreempted();
        Assert.Equal((byte)KvmPreempted.KVM_VCPU_PREEMPTED, Preempted);
        Preempted |= (byte)KvmPreempted.KVM_VCPU_FLUSH_TLB;
        Assert.True(_records.UpdateStealTime(0));
        Assert.Equal(0, Preempted);
        _records.MarkPreempted();
        Assert.False(_records.UpdateStealTime(0));
    }

    [Theory]
    [InlineData(Record | 3)]
    [InlineData(Record | 0x21)]
    [InlineData(0x3Eul)]
    public void Reserved_bits_of_the_steal_time_fault(ulong msr)
    {
        Assert.False(_records.TryWriteStealTimeMsr(msr, 0));
        Assert.Equal(0ul, _records.StealTimeMsr);
    }

    [Theory]
    [InlineData(Nowhere | 1)]
    [InlineData(RamSize | 1)]
    [InlineData(ulong.MaxValue << 6 | 1)]
    public void A_steal_time_record_outside_of_RAM_is_told_nothing(ulong msr)
    {
        Assert.True(_records.TryWriteStealTimeMsr(msr, 0));
        _records.MarkPreempted();
        Assert.False(_records.UpdateStealTime(10));
        Assert.All(_ram.Bytes, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Without_a_record_nothing_is_written()
    {
        Assert.True(_records.TryWriteStealTimeMsr(Record, 0));
        _records.MarkPreempted();
        Assert.False(_records.UpdateStealTime(10));
        Assert.All(_ram.Bytes, value => Assert.Equal(0, value));
    }

    [Fact]
    public void INIT_takes_the_records_away()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Assert.True(_records.TryWriteStealTimeMsr(Record | 1, 0));
        Inject(0x60);
        _records.Reset();
        Assert.Equal((0ul, 0ul), (_records.EndOfInterruptMsr, _records.StealTimeMsr));
        EndOfInterrupt = 0;
        _records.CollectEndOfInterrupt();
        Assert.Equal(1ul, _machine.ReadMsr(ApicRegister.ISR + 3));
    }

    [Fact]
    public void What_was_saved_goes_on_elsewhere()
    {
        Assert.True(_records.TryWriteEndOfInterruptMsr(Word | 1));
        Assert.True(_records.TryWriteStealTimeMsr(Record | 1, 1000));
        Inject(0x60);
        _records.Save(out KvmRecordsState state);
        KvmRecords other = new(_ram, _machine.Apic);
        Assert.Equal(RestoreStatus.Restored, other.Restore(in state, 7));
        EndOfInterrupt = 0;
        other.CollectEndOfInterrupt();
        Assert.Equal(0ul, _machine.ReadMsr(ApicRegister.ISR + 3));
        other.UpdateStealTime(9);
        Assert.Equal(2ul, Steal);
    }

    [Theory]
    [InlineData(2u, Word | 1, Record | 1, false, RestoreStatus.UnknownVersion)]
    [InlineData(1u, Nowhere | 1, Record | 1, false, RestoreStatus.InvalidValue)]
    [InlineData(1u, Word | 1, Record | 3, false, RestoreStatus.InvalidValue)]
    [InlineData(1u, Word, Record | 1, true, RestoreStatus.InvalidValue)]
    public void A_record_that_no_guest_can_have_is_refused(uint version, ulong endOfInterrupt, ulong stealTime, bool isOffered, RestoreStatus status)
    {
        KvmRecordsState state = new() { Version = version, EndOfInterrupt = endOfInterrupt, StealTime = stealTime, IsEndOfInterruptOffered = isOffered };
        Assert.Equal(status, _records.Restore(in state, 0));
        Assert.Equal((0ul, 0ul), (_records.EndOfInterruptMsr, _records.StealTimeMsr));
    }
}
