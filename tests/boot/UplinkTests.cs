using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Guests' ways outside, by the host's network cards: tests/guests/network.sh.</summary>
public class UplinkTests
{
    private const string Lan = "{ name: lan, uplinks: [ nic0 ], portGroups: [ { name: web } ] }";
    private const int TypeAt = 12, TagAt = 14;
    private const ushort CustomerTag = 0x8100;

    [Theory]
    [InlineData("virtio-net-pci")]
    [InlineData("e1000e")]
    [InlineData("e1000")]
    [InlineData("igb")]
    public async Task A_guest_gets_a_lease_and_files_outside_and_again_when_the_link_has_been_away(string device)
    {
        await using OutsideServer outside = new();
        using Monitor monitor = new();
        await using Machine machine = Machine.Start(TestVms.OnNetworks(Lan, TestVms.Caller("caller", outside.Address)) with
        {
            ExtraArguments = ["-netdev", "user,id=n0", "-device", $"{device},netdev=n0,id=card", .. monitor.Arguments],
        }, test: device);
        await machine.WaitForAll("networks: lan: 1 nic(s)", "networks: lan: uplink nic0 is up", "caller| leased 10.0.2.15/24");
        for (int file = 1; file <= 8; file++)
        {
            Assert.EndsWith($"{file}: {OutsideServer.Sha256(file)}  -", await machine.WaitForLine($"caller| fetched {file}"), StringComparison.Ordinal);
            Assert.EndsWith($"{file}: {OutsideServer.Sha256(file)}", await machine.WaitForLine($"caller| sent {file}"), StringComparison.Ordinal);
        }
        await machine.WaitForLine("caller| outside answers");
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(5));
        await monitor.Do("set_link card off", limit.Token);
        await machine.WaitForLine("networks: lan: uplink nic0 is down");
        await machine.WaitForLine("caller| outside is silent");
        await monitor.Do("set_link card on", limit.Token);
        await machine.WaitForLine("networks: lan: uplink nic0 is up");
        await machine.WaitForLine("caller| outside answers");
    }

    [Fact]
    public async Task Two_guests_fetch_whole_files_from_each_other_over_a_cable_that_loses_and_reorders_frames_of_their_VLAN()
    {
        await using BadCable cable = new(frame => BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(TypeAt)) == CustomerTag
            && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(TagAt)) == 10);
        await using Machine machine = Machine.Start(TestVms.OnNetworks(
            "{ name: lan, uplinks: [ nic0 ], portGroups: [ { name: web, vlan: 10 }, { name: other, vlan: 20 } ] }, "
            + "{ name: far, uplinks: [ nic1 ], portGroups: [ { name: web, vlan: 10 } ] }",
            TestVms.Station("near", 1, "mirror", 2), TestVms.Station("far", 2, "mirror", 1, network: "far"),
            TestVms.Station("third", 3, "listener", 1, "other")) with
        {
            ExtraArguments =
            [
                .. cable.Left.Arguments("left"), "-device", "virtio-net-pci,netdev=left",
                .. cable.Right.Arguments("right"), "-device", "e1000e,netdev=right",
            ],
        });
        await machine.WaitForAll("near| fetched all", "far| fetched all", "third| heard ");
        Assert.Equal(Enumerable.Repeat(Sums(machine, "near", "serves")[0], 3), Sums(machine, "far", "fetched"));
        Assert.Equal(Enumerable.Repeat(Sums(machine, "far", "serves")[0], 3), Sums(machine, "near", "fetched"));
        await machine.WaitForLine(new Regex("^third\\| heard 0$", RegexOptions.Multiline));
        Assert.Equal(0, cable.Strange);
        Assert.InRange(cable.LostFrames, 50, cable.Passed);
        Assert.InRange(cable.LateFrames, 50, cable.Passed);
    }

    [Fact]
    public async Task A_card_that_hangs_takes_its_uplink_down_and_brings_it_back()
    {
        // A stream that nobody reads from: the card's frames stay where they are. QEMU's other cards throw away what they cannot send.
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await using Machine machine = Machine.Start(TestVms.OnNetworks(Lan, TestVms.Station("shouter", 1, "shouter", 2)) with
        {
            ExtraArguments =
            [
                "-netdev", $"stream,id=n0,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port={((IPEndPoint)listener.LocalEndPoint!).Port}",
                "-device", "virtio-net-pci,netdev=n0",
            ],
        });
        using Socket stream = await listener.AcceptAsync();
        await machine.WaitForLine("networks: lan: uplink nic0 is up");
        await machine.WaitForLine("networks: lan: uplink nic0 is down");
        await machine.WaitForLine("nic0: hangs: reset");
        using CancellationTokenSource end = new();
        Task<long> reading = ReadAll(stream, end.Token);
        await machine.WaitForLine("nic0: runs again");
        await machine.WaitForLine("networks: lan: uplink nic0 is up");
        await end.CancelAsync();
        Assert.InRange(await reading, 4096, long.MaxValue);
    }

    /// <summary>The guest's firmware is asked to let a card go, and HyperOS has none: the test ejects it in its place.</summary>
    [Theory]
    [InlineData("virtio-net-pci")]
    [InlineData("e1000e")]
    [InlineData("igb")]
    public async Task A_card_that_is_unplugged_takes_its_uplink_down_and_another_in_its_slot_brings_it_back(string device)
    {
        // QEMU's ACPI hot-plug registers: the slots of the selected bus, 0 being that of the only port, that are to be ejected.
        const string SelectBus = "o /w 0xcd0 0", EjectSlot0 = "o /w 0xcc8 1";
        string card = $"{device},netdev=n0,id=card,bus=root0,mac=52:54:00:12:34:56";
        await using OutsideServer outside = new();
        using Monitor monitor = new();
        await using Machine machine = Machine.Start(TestVms.OnNetworks(Lan, TestVms.Caller("caller", outside.Address)) with
        {
            ExtraArguments = ["-device", "pcie-root-port,id=root0,chassis=1", "-netdev", "user,id=n0", "-device", card, .. monitor.Arguments],
        }, test: device);
        await machine.WaitForAll("networks: lan: uplink nic0 is up", "caller| outside answers");
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(5));
        await monitor.Do("device_del card", limit.Token);
        await monitor.Do(SelectBus, limit.Token);
        await monitor.Do(EjectSlot0, limit.Token);
        await machine.WaitForLine("networks: lan: uplink nic0 is down");
        await machine.WaitForLine("nic0: does not answer: unplugged");
        await machine.WaitForLine("caller| outside is silent");
        await monitor.Do($"device_add {card}", limit.Token);
        await machine.WaitForLine("nic0: runs again");
        await machine.WaitForLine("networks: lan: uplink nic0 is up");
        await machine.WaitForLine("caller| outside answers");
    }

    [Fact]
    public async Task The_guests_of_make_run_reach_each_other_and_a_page_outside()
    {
        string page = Regex.Match(File.ReadAllText(Path.Combine(Workspace.Root, "tools/run")), "^page='(.*)'$", RegexOptions.Multiline).Groups[1].Value;
        Assert.Equal(("vmlinuz", "initrd-virtio.img"), (Path.GetFileName(Workspace.LinuxKernel), Path.GetFileName(Workspace.LinuxInitrdWithDrivers)));
        await using Machine machine = Machine.Start(new MachineOptions
        {
            Vms = File.ReadAllText(Path.Combine(Workspace.Root, "iso/default.yaml")), Processors = 2, MemoryMiB = 1024,
            ExtraArguments = ["-netdev", $"user,id=n0,guestfwd=tcp:10.0.2.100:80-cmd:{page}", "-device", "virtio-net-pci,netdev=n0"],
        });
        await machine.WaitForLine("linux| /mnt is a disk of 64 MiB.");
        await machine.WaitForLine(new Regex(@"^linux\| eth0 is 10\.0\.0\.1/24 by hand, 10\.0\.2\.1[56]/24 by DHCP\.", RegexOptions.Multiline));
        await machine.WaitForLine("linux| wget -qO- http://10.0.0.2: This page is served by web, a guest of HyperOS.");
        await machine.WaitForLine("linux| wget -qO- http://10.0.2.100: This page is served outside of HyperOS.");
    }

    /// <summary>The checksums that a guest has told.</summary>
    private static string[] Sums(Machine machine, string vm, string what) =>
        [.. Regex.Matches(machine.Log, $@"^{vm}\| {what} ([0-9a-f]{{64}})", RegexOptions.Multiline).Select(match => match.Groups[1].Value)];

    private static async Task<long> ReadAll(Socket stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[65536];
        long total = 0;
        try
        {
            while (true)
                total += await stream.ReceiveAsync(buffer, cancellation);
        }
        catch (OperationCanceledException)
        {
            return total;
        }
    }
}
