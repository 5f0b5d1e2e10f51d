using HyperOS.Devices;
using HyperOS.Specs.Pci;

namespace HyperOS.Tests.Unit.Devices.Pci;

public class MsixTests
{
    private const uint Enable = 0x8000, FunctionMask = 0x4000;

    private readonly PciMachine _machine = new();
    private readonly SampleFunction _function;
    private readonly ulong _table;
    private readonly ulong _pending;

    public MsixTests()
    {
        _function = _machine.Add(1);
        _machine.Enable(1);
        _table = _machine.BarAddress(1, SampleFunction.MsixBar) + SampleFunction.TableOffset;
        _pending = _machine.BarAddress(1, SampleFunction.MsixBar) + SampleFunction.PendingOffset;
    }

    private void Control(uint value) => _machine.Write(1, _machine.Capability(1, PciCapabilityId.MsiX) + 2, value, 2);

    private void Route(int vector, int interrupt, int vcpu = 0, uint control = 0)
    {
        ulong entry = _table + (ulong)vector * 16;
        _machine.Store(entry, 0xFEE0_0000u | (uint)vcpu << 12);
        _machine.Store(entry + 4, 0);
        _machine.Store(entry + 8, (uint)interrupt);
        _machine.Store(entry + 12, control);
    }

    [Fact]
    public void Vectors_are_masked_after_reset()
    {
        for (uint vector = 0; vector < SampleFunction.Vectors; vector++)
        {
            Assert.Equal(0ul, _machine.Load(_table + 16 * vector, 8));
            Assert.Equal(0x1_0000_0000ul, _machine.Load(_table + 16 * vector + 8, 8));
        }
        // Behind the last vector it is the device's own memory.
        Assert.Equal(0xE1D0_BFAEul, _machine.Load(_table + 16 * SampleFunction.Vectors));
    }

    [Fact]
    public void The_table_takes_double_words_quad_words_and_parts_of_them()
    {
        _machine.Store(_table, 0x1234_5678_FEE0_1003, 8);
        Assert.Equal(0x1234_5678_FEE0_1000ul, _machine.Load(_table, 8));
        _machine.Store(_table + 8, 0xFFFF_FFFF, 4);
        _machine.Store(_table + 9, 0x11, 1);
        _machine.Store(_table + 10, 0x2233, 2);
        Assert.Equal(0x2233_11FFul, _machine.Load(_table + 8));
        _machine.Store(_table + 12, 0xFFFF_FFFE);
        Assert.Equal(0ul, _machine.Load(_table + 12));
    }

    [Fact]
    public void A_signal_is_a_message_to_the_processor_that_the_vector_names()
    {
        Route(0, 0x41, vcpu: 0);
        Route(2, 0x42, vcpu: 1);
        Control(Enable);
        Assert.True(_function.IsMsixEnabled);
        _function.Msix!.Signal(2);
        Assert.Equal(-1, _machine.Apics.Pending(0));
        Assert.Equal(0x42, _machine.Apics.Take(1));
        _function.Msix.Signal(0);
        Assert.Equal(0x41, _machine.Apics.Take(0));
        Assert.Equal(0ul, _machine.Load(_pending, 8));
    }

    [Fact]
    public void A_masked_vector_is_pending_until_it_is_unmasked_and_sent_once()
    {
        Route(1, 0x41, control: 1);
        Control(Enable);
        _function.Msix!.Signal(1);
        _function.Msix.Signal(1);
        Assert.Equal(-1, _machine.Apics.Pending());
        Assert.Equal(2ul, _machine.Load(_pending, 8));
        _machine.Store(_pending, 0);
        Assert.Equal(2ul, _machine.Load(_pending));
        _machine.Store(_table + 16 + 12, 0);
        Assert.Equal(0x41, _machine.Apics.Take());
        Assert.Equal(0ul, _machine.Load(_pending));
        _machine.Apics.Apic.EndOfInterrupt();
        Assert.Equal(-1, _machine.Apics.Pending());
    }

    [Fact]
    public void What_closes_the_function_makes_its_vectors_pending()
    {
        Route(0, 0x41);
        Route(1, 0x42);
        Control(Enable | FunctionMask);
        _function.Msix!.Signal(0);
        Assert.Equal(1ul, _machine.Load(_pending));
        Control(Enable);
        Assert.Equal(0x41, _machine.Apics.Take());
        _machine.Apics.Apic.EndOfInterrupt();

        // A function that may not access memory can send no messages either.
        _machine.Enable(1, PciCommand.MemorySpace);
        _function.Msix.Signal(1);
        Assert.Equal(2ul, _machine.Load(_pending));
        _machine.Enable(1);
        Assert.Equal(0x42, _machine.Apics.Take());
        Assert.Equal(0ul, _machine.Load(_pending));
    }

    [Fact]
    public void A_message_elsewhere_than_to_the_apics_is_lost()
    {
        Route(0, 0x41);
        _machine.Store(_table + 4, 1);
        Control(Enable);
        _function.Msix!.Signal(0);
        Assert.Equal(-1, _machine.Apics.Pending());
        Assert.Equal(0ul, _machine.Load(_pending));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(0xFFFF)]
    public void A_vector_that_is_not_there_says_nothing(int vector)
    {
        Control(Enable);
        _function.Msix!.Signal(vector);
        Assert.Equal(0ul, _machine.Load(_pending));
    }

    [Fact]
    public void All_64_vectors_have_pending_bits()
    {
        var machine = new PciMachine();
        var function = new SampleFunction(vectors: MsixTable.MaximumVectors);
        Assert.Equal(PciAddStatus.Added, machine.Bus.TryAdd(function));
        machine.Enable(1);
        for (int vector = 0; vector < MsixTable.MaximumVectors; vector++)
            function.Msix!.Signal(vector);
        Assert.Equal(ulong.MaxValue, machine.Load(machine.BarAddress(1, SampleFunction.MsixBar) + SampleFunction.PendingOffset, 8));
    }

    [Fact]
    public void Signals_beside_masking_are_neither_lost_nor_doubled()
    {
        Route(0, 0x41);
        Control(Enable);
        const int Rounds = 20_000;
        int taken = 0;
        using Barrier barrier = new(2);
        Thread signaller = new(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                barrier.SignalAndWait();
                _function.Msix!.Signal(0);
                barrier.SignalAndWait();
            }
        });
        signaller.Start();
        for (int i = 0; i < Rounds; i++)
        {
            barrier.SignalAndWait();
            _machine.Store(_table + 12, 1);
            _machine.Store(_table + 12, 0);
            barrier.SignalAndWait();
            if (_machine.Apics.Pending() == 0x41)
            {
                _machine.Apics.Take();
                _machine.Apics.Apic.EndOfInterrupt();
                taken++;
            }
        }
        signaller.Join();
        Assert.Equal(Rounds, taken);
        Assert.Equal(0ul, _machine.Load(_pending));
    }
}
