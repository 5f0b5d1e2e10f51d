using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HyperOS.Bench;

/// <summary>What was measured of a peer, by the operations' names.</summary>
/// <param name="Measured">When, in UTC.</param>
/// <param name="Costs">In the units of HyperOS's figures.</param>
/// <param name="Exits">For each operation, where they can be counted.</param>
internal sealed record PeerResults(DateTime Measured, Dictionary<string, double> Costs, Dictionary<string, double> Exits)
{
    public static readonly PeerResults None = new(default, [], []);
}

/// <summary>
/// What HyperOS is compared with, on the same emulated machine. That takes minutes and gives the same each time, so results are kept in out/cache/bench,
/// by the hash of all that went into them.
/// </summary>
/// <param name="name">Of the file of its results.</param>
/// <param name="platform">Which operations it has.</param>
internal abstract class Peer(string name, Platforms platform)
{
    private const string Folder = "out/cache/bench";

    /// <summary>The operations that it has.</summary>
    protected IEnumerable<Operation> Operations => Operation.All.Where(operation => operation.Peers.HasFlag(platform));

    protected string Name => name;

    protected Platforms Platform => platform;

    /// <summary>Files that results depend on.</summary>
    protected abstract IEnumerable<string> Inputs { get; }

    /// <summary>What else they depend on.</summary>
    protected abstract string Recipe { get; }

    /// <summary>The results, from an earlier run if there are some.</summary>
    /// <param name="isFresh">Whether to measure in any case.</param>
    public PeerResults Results(bool isFresh)
    {
        string path = $"{Folder}/{name}-{Key()}.json";
        if (!isFresh && File.Exists(path))
            return JsonSerializer.Deserialize<PeerResults>(File.ReadAllText(path))!;
        Console.Error.WriteLine($"bench: measuring {name}, for later runs as well");
        PeerResults results = Measure();
        Directory.CreateDirectory(Folder);
        foreach (string old in Directory.GetFiles(Folder, $"{name}-*.json"))
            File.Delete(old);
        File.WriteAllText(path, JsonSerializer.Serialize(results));
        return results;
    }

    protected abstract PeerResults Measure();

    /// <summary>The batch guests that it runs, and what Linux guests boot.</summary>
    protected IEnumerable<string> Guests =>
        [.. Operations.Select(operation => Workshop.Guest(operation.Guest)), Workshop.LinuxKernel, .. LinuxGuests.Select(Workshop.Initrd)];

    /// <summary>The Linux guests that it runs.</summary>
    protected virtual IEnumerable<LinuxGuest> LinuxGuests => [LinuxGuest.Programs];

    private string Key()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string runs = string.Join(' ', Operations.Select(operation => $"{operation.Name} {operation.Guest} {operation.Iterations} {operation.Work}"));
        hash.AppendData(Encoding.UTF8.GetBytes($"{Emulator.Description} {Recipe} {runs} {LinuxGuest.CommandLine(LinuxGuest.Rounds)}"));
        foreach (string input in Inputs)
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(input)));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

/// <summary>No hypervisor: each guest has the emulated machine for itself. The guest's own account counts, for nothing is there that could bend its clock.</summary>
internal sealed class BarePeer() : Peer("bare", Platforms.Bare)
{
    protected override IEnumerable<string> Inputs => Guests;

    protected override string Recipe => $"{Workshop.GuestMegabytes}";

    protected override PeerResults Measure()
    {
        Dictionary<string, double> costs = [];
        foreach (Operation operation in Operations)
        {
            string guest = Workshop.Guest(operation.Guest);
            double once = Boot("-kernel", guest, "-append", $"{operation.Iterations}").Ticks("ticks");
            double twice = Boot("-kernel", guest, "-append", $"{2 * operation.Iterations}").Ticks("ticks");
            costs[operation.Name] = (twice - once) / operation.Iterations - operation.Work;
        }
        Run linux = BootLinux(LinuxGuest.Rounds), longer = BootLinux(2 * LinuxGuest.Rounds);
        foreach ((string name, double cost) in LinuxGuest.Programs.Costs("no hypervisor", linux.Ticks, longer.Ticks, null))
            costs[name] = cost;
        costs[LinuxGuest.PowerOnToInit] = linux.Ticks(LinuxGuest.PowerOn) / 1e6;
        return new PeerResults(DateTime.UtcNow, costs, []);
    }

    private static Run BootLinux(int rounds) => Boot("-kernel", Workshop.LinuxKernel, "-initrd", Workshop.Initrd(LinuxGuest.Programs), "-append", LinuxGuest.CommandLine(rounds));

    private static Run Boot(params string[] boot) =>
        Emulator.Run($"{Workshop.GuestMegabytes}M", [.. boot, "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]);
}
