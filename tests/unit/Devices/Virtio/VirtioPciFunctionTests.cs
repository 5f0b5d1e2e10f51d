using HyperOS.Abi.State;
using HyperOS.Devices;
using HyperOS.Specs.Pci;
using HyperOS.Specs.Virtio;
using HyperOS.Tests.Unit.Devices.Pci;

namespace HyperOS.Tests.Unit.Devices.Virtio;

/// <summary>The transport as a driver finds it: by capabilities, then by the places that they tell.</summary>
public class VirtioPciFunctionTests
{
    private const ulong Vendor = 1ul << 5;

    private readonly PciMachine _machine = new();
    private readonly SampleDevice _device = new();
    private readonly Recorder _notifications = new();
    private readonly VirtioPciFunction _function;

    public VirtioPciFunctionTests()
    {
        _function = new VirtioPciFunction(_device, _notifications);
        Assert.Equal(PciAddStatus.Added, _machine.Bus.TryAdd(_function));
        _machine.Enable(1);
    }

    [Fact]
    public void It_is_a_modern_device_by_its_ids()
    {
        Assert.Equal(0x1044_1AF4u, _machine.Read(1, 0));
        Assert.Equal(0xFF00_0001u, _machine.Read(1, 8));
        Assert.Equal(0x1044_1AF4u, _machine.Read(1, 0x2C));
        Assert.Equal(1u, _machine.Read(1, 0x3D, 1));
    }

    [Fact]
    public void Its_capabilities_tell_where_its_structures_are()
    {
        Assert.Equal((0u, 0x0000u, 0x38u), Place(1));
        Assert.Equal((2u, 0x0000u, 8u), Place(2)); // the first of the two: ports
        Assert.Equal(4u, _machine.Read(1, Find(2) + 16));
        Assert.Equal((0u, 0x0400u, 1u), Place(3));
        Assert.Equal((0u, 0x0800u, 6u), Place(4));
        Assert.Equal(20u, _machine.Read(1, Find(5) + 2, 1));
        Assert.Equal(0x2000u, _machine.Read(1, _machine.Capability(1, PciCapabilityId.MsiX) + 4));
        Assert.Equal(0x3000u, _machine.Read(1, _machine.Capability(1, PciCapabilityId.MsiX) + 8));
        Assert.Equal(2u, _machine.Read(1, _machine.Capability(1, PciCapabilityId.MsiX) + 2, 2));
    }

    [Fact]
    public void Features_are_read_and_accepted_in_halves()
    {
        Assert.Equal(unchecked((uint)_device.OfferedFeatures), Features(0));
        Assert.Equal(1u, Features(1));
        Assert.Equal(0u, Features(2));
        Accept(Vendor | 1ul << 32);
        Assert.Equal(Vendor | 1ul << 32, _device.AcceptedFeatures);
        Write(0x08, 4, 0);
        Assert.Equal((uint)Vendor, Read(0x0C));
        Write(0x08, 4, 1);
        Assert.Equal(1u, Read(0x0C));
    }

    [Fact]
    public void A_driver_brings_the_device_up_and_resets_it()
    {
        Start();
        Assert.Equal(0x0Fu, Read(0x14, 1));
        Assert.True(_device.IsRunning);
        Write(0x14, 1, 0);
        Assert.Equal(0u, Read(0x14, 1));
        Assert.Equal(1, _notifications.Resets);
        Assert.Equal(0u, Read(0x16, 2));
        Assert.Equal(0u, Read(0x1C, 2));
        Assert.Equal(0xFFFFu, Read(0x10, 2));
        Assert.Equal(0xFFFFu, Read(0x1A, 2));
        Assert.Equal(0u, Read(0x0C));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(Vendor)]
    [InlineData(1ul << 32 | 1ul << 6)]
    public void Features_without_VERSION_1_or_not_offered_are_refused(ulong features)
    {
        Write(0x14, 1, 3);
        Accept(features);
        Write(0x14, 1, 0x0B);
        Assert.Equal(0x03u, Read(0x14, 1));
        Write(0x14, 1, 0x0F);
        Assert.Equal(0x03u, Read(0x14, 1));
    }

    [Fact]
    public void Features_are_final_once_they_are_agreed()
    {
        Write(0x14, 1, 3);
        Accept(1ul << 32);
        Write(0x14, 1, 0x0B);
        Assert.Equal(0x0Bu, Read(0x14, 1));
        Accept(1ul << 32 | Vendor);
        Assert.Equal(1ul << 32, _device.AcceptedFeatures);
    }

    [Fact]
    public void Queues_are_set_up_one_by_one_by_selection()
    {
        Negotiate();
        Assert.Equal(2u, Read(0x12, 2));
        for (uint queue = 0; queue < 2; queue++)
        {
            Write(0x16, 2, queue);
            Assert.Equal(64u, Read(0x18, 2));
            Assert.Equal(queue, Read(0x1E, 2));
            Write(0x18, 2, 8u << (int)queue);
            Area(0x20, 0x1000 + queue * 0x4000);
            Area(0x28, 0x2000 + queue * 0x4000);
            Area(0x30, 0x3000 + queue * 0x4000);
        }
        Write(0x16, 2, 0);
        Assert.Equal((8u, 0x1000u, 0x2000u, 0x3000u), (Read(0x18, 2), Read(0x20), Read(0x28), Read(0x30)));
        Assert.Equal(0u, Read(0x1C, 2));
        Write(0x1C, 2, 1);
        Assert.Equal(1u, Read(0x1C, 2));
        Write(0x16, 2, 1);
        Assert.Equal((16u, 0x5000u, 0u), (Read(0x18, 2), Read(0x20), Read(0x1C, 2)));
        Write(0x24, 4, 0x12);
        Assert.Equal(0x12u, Read(0x24));
        Assert.True(_device.TryGetQueue(1, out Virtqueue second));
        Assert.Equal(0x12_0000_5000ul, second.DescriptorArea.Value);
    }

    [Fact]
    public void A_queue_that_is_not_there_reads_as_size_0_and_takes_nothing()
    {
        Negotiate();
        Write(0x16, 2, 2);
        Assert.Equal(2u, Read(0x16, 2));
        Assert.Equal(0u, Read(0x18, 2));
        Assert.Equal(0xFFFFu, Read(0x1A, 2));
        for (uint register = 0x18; register < 0x38; register += 2)
        {
            Write(register, 2, 1);
            Write(register & ~3u, 4, 1);
        }
        Assert.Equal(0u, Read(0x1C));
        Assert.Equal(0u, Read(0x20));
    }

    [Fact]
    public void Accesses_of_other_widths_than_a_fields_read_right_and_write_nothing()
    {
        Write(0x16, 2, 1);
        Assert.Equal(0x0001_0000u, Read(0x14));
        Assert.Equal(1u, Read(0x16, 1));
        Write(0x14, 4, 0x0000_0001);
        Assert.Equal(0u, Read(0x14, 1));
        Assert.Equal(1u, Read(0x16, 2));
        Write(0x00, 2, 1);
        Assert.Equal(0u, Read(0x00));
    }

    [Fact]
    public void A_queue_that_cannot_be_needs_a_reset_and_says_so_once_the_driver_is_ready()
    {
        Negotiate();
        Write(0x18, 2, 7);
        Write(0x1C, 2, 1);
        Assert.Equal(0x4Bu, Read(0x14, 1));
        Assert.Equal(0u, Load(0x400, 1));
        Write(0x14, 1, 0x0F);
        Assert.Equal(0x4Fu, Read(0x14, 1));
        Assert.Equal(2u, Load(0x400, 1));
    }

    [Fact]
    public void Notifications_name_a_running_devices_queue()
    {
        Store(0x1000, 0, 2);
        Assert.Empty(_notifications.Queues);
        Start();
        Assert.Equal([0], _notifications.Queues); // which it may have missed
        Store(0x1004, 1, 2);
        Assert.Equal([0], _notifications.Queues); // not enabled
        ushort port = (ushort)_machine.BarAddress(1, 2);
        Assert.Equal(PortAccess.Claimed, _machine.Bus.WritePort(port, 2, 0));
        Assert.Equal([0, 0], _notifications.Queues);
        Store(0x1000, 0, 2);
        Assert.Equal([0, 0, 0], _notifications.Queues);
        _machine.Bus.WritePort((ushort)(port + 4), 2, 1);
        Store(0x1008, 2, 2);
        Store(0x1FFC, 2, 2);
        _machine.Enable(1, PciCommand.MemorySpace);
        Store(0x1000, 0, 2);
        Assert.Equal([0, 0, 0], _notifications.Queues);
    }

    [Fact]
    public void The_devices_configuration_is_read_and_written_at_any_width()
    {
        Assert.Equal(0x0302_0100u, Load(0x800));
        Assert.Equal(0x0504u, Load(0x804, 2));
        Assert.Equal(0x0000_0504u, Load(0x804));
        Assert.Equal(0u, Load(0x806, 1));
        Assert.Equal(0x02u, Load(0x802, 1));
        Store(0x801, 0xAB, 1);
        Assert.Equal(0x0302_AB00u, Load(0x800));
        Store(0x804, 0x1122_3344);
        Assert.Equal(0x0504u, Load(0x804));
        byte generation = (byte)Read(0x15, 1);
        Start();
        _device.Change(0x77);
        Assert.Equal((byte)(generation + 1), (byte)Read(0x15, 1));
        Assert.Equal(0x77u, Load(0x800, 1));
    }

    [Fact]
    public void Without_MSI_X_the_isr_tells_of_interrupts_and_reading_it_ends_them()
    {
        Start();
        _device.Change(1);
        _device.Break();
        _machine.Bus.Attend();
        Assert.True(_machine.Apics.Lines.IsAsserted(17));
        Assert.Equal(0x4Fu, Read(0x14, 1));
        Assert.Equal(2u, Load(0x400, 1));
        Assert.False(_machine.Apics.Lines.IsAsserted(17));
        Assert.Equal(0u, Load(0x400, 1));
        _device.Raise(0);
        _machine.Bus.Attend();
        Assert.True(_machine.Apics.Lines.IsAsserted(17));
        Write(0x14, 1, 0);
        Assert.False(_machine.Apics.Lines.IsAsserted(17));
        Assert.Equal(0u, Load(0x400, 1));
    }

    [Fact]
    public void With_MSI_X_each_queue_and_the_configuration_have_the_vectors_that_the_driver_gives_them()
    {
        for (uint vector = 0; vector < 3; vector++)
        {
            Store(0x2000 + 16 * vector, 0xFEE0_0000);
            Store(0x2008 + 16 * vector, 0x50 + vector);
            Store(0x200C + 16 * vector, 0);
        }
        _machine.Write(1, _machine.Capability(1, PciCapabilityId.MsiX) + 2, 0x8000, 2);
        Start();
        Assert.Equal(0xFFFFu, Read(0x10, 2));
        _device.Raise(0);
        _device.Change(1);
        Assert.Equal(-1, _machine.Apics.Pending());
        Write(0x10, 2, 0);
        Write(0x16, 2, 0);
        Write(0x1A, 2, 2);
        Assert.Equal((0u, 2u), (Read(0x10, 2), Read(0x1A, 2)));
        _device.Raise(0);
        Assert.Equal(0x52, _machine.Apics.Take());
        _machine.Apics.Apic.EndOfInterrupt();
        _device.Change(2);
        Assert.Equal(0x50, _machine.Apics.Take());
        Assert.Equal(0u, Load(0x400, 1));
        Assert.False(_machine.Apics.Lines.IsAsserted(17));

        // Vectors that the table does not have are answered by none.
        Write(0x1A, 2, 3);
        Assert.Equal(0xFFFFu, Read(0x1A, 2));
        Write(0x10, 2, 0x100);
        Assert.Equal(0xFFFFu, Read(0x10, 2));
    }

    [Fact]
    public void Configuration_space_reaches_the_structures_too()
    {
        int access = Find(5);
        _machine.Write(1, access + 4, 0, 1);
        _machine.Write(1, access + 8, 0x14);
        _machine.Write(1, access + 12, 1);
        _machine.Write(1, access + 16, 3, 1);
        Assert.Equal(3u, Read(0x14, 1));
        Assert.Equal(3u, _machine.Read(1, access + 16));
        _machine.Write(1, access + 8, 0x00);
        _machine.Write(1, access + 12, 4);
        _machine.Write(1, access + 16, 1);
        Assert.Equal(1u, Read(0x00));
        _machine.Write(1, access + 8, 0x04);
        Assert.Equal(1u, _machine.Read(1, access + 16));

        // A register that is not there, a length that is none, a place outside, one unaligned: nothing happens.
        foreach ((uint bar, uint offset, uint length) in new[] { (6u, 0u, 4u), (1u, 0u, 4u), (0u, 0u, 3u), (0u, 0u, 8u), (0u, 0x4000u, 4u), (0u, 2u, 4u) })
        {
            _machine.Write(1, access + 4, bar, 1);
            _machine.Write(1, access + 8, offset);
            _machine.Write(1, access + 12, length);
            _machine.Write(1, access + 16, 0x55);
            Assert.Equal(0x55u, _machine.Read(1, access + 16));
        }
        Assert.Equal(1u, Read(0x00));
    }

    [Fact]
    public void The_bus_reset_resets_the_device()
    {
        Start();
        _machine.Bus.Reset();
        Assert.Equal(VirtioStatus.None, _device.Status);
        Assert.Equal(1, _notifications.Resets);
    }

    [Fact]
    public void A_restored_transport_is_the_one_that_was_saved()
    {
        Start();
        Write(0x00, 4, 1);
        Write(0x08, 4, 1);
        Write(0x10, 2, 1);
        Write(0x1A, 2, 2);
        _device.Raise(0);
        _function.Save(out VirtioPciState saved);
        var other = new PciMachine();
        var device = new SampleDevice();
        var function = new VirtioPciFunction(device, new Recorder());
        Assert.Equal(PciAddStatus.Added, other.Bus.TryAdd(function));
        Assert.Equal(RestoreStatus.Restored, function.Restore(saved));
        function.Save(out VirtioPciState again);
        Assert.Equal(ApicMachine.Bytes(saved), ApicMachine.Bytes(again));
        Assert.Equal(RestoreStatus.UnknownVersion, function.Restore(saved with { Version = 7 }));
        Assert.Equal(RestoreStatus.InvalidValue, function.Restore(saved with { Isr = 4 }));
        Assert.Equal(RestoreStatus.InvalidValue, function.Restore(saved with { ConfigurationVector = 3 }));
        saved.QueueVectors[1] = 9;
        Assert.Equal(RestoreStatus.InvalidValue, function.Restore(saved));
    }

    private int Find(uint type)
    {
        for (int at = (int)_machine.Read(1, 0x34, 1); at != 0; at = (int)_machine.Read(1, at + 1, 1))
        {
            if (_machine.Read(1, at, 1) == 9 && _machine.Read(1, at + 3, 1) == type)
                return at;
        }
        Assert.Fail($"no capability {type}");
        return 0;
    }

    private (uint Bar, uint Offset, uint Length) Place(uint type) =>
        (_machine.Read(1, Find(type) + 4, 1), _machine.Read(1, Find(type) + 8), _machine.Read(1, Find(type) + 12));

    private uint Load(uint offset, int width = 4) => (uint)_machine.Load(_machine.BarAddress(1, 0) + offset, width);

    private void Store(uint offset, uint value, int width = 4) => _machine.Store(_machine.BarAddress(1, 0) + offset, value, width);

    private uint Read(uint register, int width = 4) => Load(register, width);

    private void Write(uint register, int width, uint value) => Store(register, value, width);

    private uint Features(uint select)
    {
        Write(0x00, 4, select);
        return Read(0x04);
    }

    private void Accept(ulong features)
    {
        Write(0x08, 4, 0);
        Write(0x0C, 4, unchecked((uint)features));
        Write(0x08, 4, 1);
        Write(0x0C, 4, (uint)(features >> 32));
    }

    private void Negotiate()
    {
        Write(0x14, 1, 1);
        Write(0x14, 1, 3);
        Accept(1ul << 32);
        Write(0x14, 1, 0x0B);
    }

    private void Area(uint register, uint address)
    {
        Write(register, 4, address);
        Write(register + 4, 4, 0);
    }

    /// <summary>Queue 0 enabled, the driver ready.</summary>
    private void Start()
    {
        Negotiate();
        Write(0x16, 2, 0);
        Area(0x20, 0x1000);
        Area(0x28, 0x2000);
        Area(0x30, 0x3000);
        Write(0x1C, 2, 1);
        Write(0x14, 1, 0x0F);
    }

    private sealed class Recorder : VirtioNotifications
    {
        public List<int> Queues { get; } = [];

        public int Resets { get; private set; }

        public override void Notified(VirtioDevice device, int queue) => Queues.Add(queue);

        public override void BeginReset(VirtioDevice device) => Resets++;

        public override void ResetDone(VirtioDevice device) { }
    }

    /// <summary>Two queues and six bytes of configuration, of which the driver may write single ones.</summary>
    private sealed class SampleDevice : VirtioDevice
    {
        public SampleDevice()
            : base(VirtioDeviceId.Entropy, Vendor, new TestRam(0x10000), 2, 64, 6)
        {
            for (int i = 0; i < 6; i++)
                Configuration[i] = (byte)i;
        }

        public void Change(byte first)
        {
            Configuration[0] = first;
            ConfigurationChanged();
        }

        public void Break() => Break(VirtqueueStatus.BadRequest);

        /// <summary>Uses a chain that nobody made, as the transport cannot know.</summary>
        public void Raise(int queue)
        {
            Queue(queue).Use(0, 0);
            Publish(queue);
        }

        protected override void OnReset()
        {
        }

        protected override void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source)
        {
            if (source.Length == 1)
                Configuration[offset] = source[0];
        }

        protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget) => ServiceOutcome.Idle;

        protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
        {
            written = 0;
            return ChainOutcome.Used;
        }
    }
}
