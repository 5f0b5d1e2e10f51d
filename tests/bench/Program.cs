using System.Globalization;
using HyperOS.Bench;

// usage: bench [--fresh-peers | --vtx] [--update]
//
// Prints the figures beside the peers'; run by `make bench` in the repository's root. With --fresh-peers measures the peers anew, with --vtx measures VT-x in
// Bochs instead, with --update writes what is committed: baseline, page and picture. What misses its goal is said, and is no failure; a figure that has grown
// by more than 2 % is.

const string Page = "docs/bench.md", Svg = "docs/bench.svg";

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
bool isUpdate = args.Contains("--update");
int failures = 0;
List<Figure> figures = [];
if (args.Contains("--vtx"))
    MeasureVtx();
else
    MeasureAll(args.Contains("--fresh-peers"));
return failures == 0 ? 0 : 1;

void MeasureVtx()
{
    Table table = Table.OfVtx();
    Console.WriteLine($"Intel VT-x, by Bochs' model {VtxFigures.Model}. docs/bench.md says how each figure is measured.");
    Console.WriteLine(table.Heading);
    TryAll([.. Operation.All.Where(operation => operation.OnVtx).Select(operation => (Func<IEnumerable<Figure>>)(() => [VtxFigures.Measure(operation)]))], figure => Show(table, figure));
    if (isUpdate && failures == 0)
        Replace("<!-- written by make bench MACHINE=bochs BASELINE=update -->\n", $"\n{table.ToMarkdown()}\n");
}

void MeasureAll(bool isFresh)
{
    Console.WriteLine(Emulator.Version);
    Console.WriteLine("One processor of model EPYC; one instruction is one nanosecond of virtual time. docs/bench.md says how each figure is measured.");
    PeerResults[] peers = [.. ((Peer[])[new BarePeer(), NestedPeer.Kvm, NestedPeer.XenPvh]).AsParallel().AsOrdered().WithDegreeOfParallelism(3).Select(peer => Peers(peer, isFresh))];
    (PeerResults bare, PeerResults kvm, PeerResults xen) = (peers[0], peers[1], peers[2]);
    string measured = $"Peers measured in UTC: no hypervisor {bare.Measured:yyyy-MM-dd HH:mm}, KVM {kvm.Measured:yyyy-MM-dd HH:mm}, Xen {xen.Measured:yyyy-MM-dd HH:mm}.";
    Console.WriteLine(measured);
    Console.WriteLine();

    Table operations = Table.OfOperations(), host = Table.OfHost();
    string Compare(Figure figure) => operations.Add(figure.Name, Number(bare.Costs, figure), Number(kvm.Costs, figure), Number(xen.Costs, figure),
        Figure.Number(figure.Value), Figure.Number(figure.Goal), figure.Verdict, Of(kvm.Costs, figure) is { } cost ? $"{figure.Value / cost:F2}" : "",
        Number(kvm.Exits, figure), Figure.Number(figure.Exits), figure.Unit);

    Console.WriteLine(operations.Heading);
    TryAll([.. Operation.All.Select(operation => (Func<IEnumerable<Figure>>)(() => [operation.Measure()])), 
        .. ((LinuxGuest[])[LinuxGuest.Programs, LinuxGuest.Disk, LinuxGuest.Tcp]).Select(guest => (Func<IEnumerable<Figure>>)(() => LinuxFigures.MeasureOperations(guest))),
        FrameFigures.Measure], Compare);
    Console.WriteLine();
    Console.WriteLine(host.Heading);
    TryAll([HostFigures.Measure, LinuxFigures.Measure, .. ScaleFigures.Counts.Select(count => (Func<IEnumerable<Figure>>)(() => ScaleFigures.Measure(count)))],
        figure => Show(host, figure));
    Console.WriteLine();

    var now = Baseline.Of(Emulator.Version, figures);
    if (!isUpdate)
    {
        Hold(now);
        return;
    }
    if (failures != 0)
        return;
    now.Save();
    Replace("<!-- written by make bench BASELINE=update -->\n", $"\n{Emulator.Version}. {measured}\n\n{operations.ToMarkdown()}\n{host.ToMarkdown()}\n");
    File.WriteAllText(Svg, Picture.Draw(
        [.. figures.Where(figure => figure.Unit == "instructions" && (figure.Goal is not null || kvm.Costs.ContainsKey(figure.Name)))
            .Select(figure => (figure.Name, Of(kvm.Costs, figure), Of(xen.Costs, figure), figure.Value, figure.Goal))],
        $"{Emulator.Version}, counting instructions; all in the same emulated machine"));
    Console.WriteLine($"Baseline, {Page} and {Svg} are written.");
}

// Fails on what has grown, and on what is no longer measured.
void Hold(Baseline now)
{
    if (Baseline.Load() is not { } baseline)
    {
        Console.WriteLine("There is no baseline: `make bench BASELINE=update` makes one.");
        return;
    }
    if (baseline.Emulator != now.Emulator)
    {
        Console.WriteLine($"The baseline is of another emulator, {baseline.Emulator}: not compared.");
        return;
    }
    foreach (string failure in baseline.Regressions(now).Concat(baseline.Missing(now)))
    {
        Console.WriteLine(failure);
        failures++;
    }
}

PeerResults Peers(Peer peer, bool isFresh)
{
    PeerResults results = PeerResults.None;
    Guard(() => results = peer.Results(isFresh));
    return results;
}

// As many at the same time as there are processors, which moves no virtual clock; shown in their order.
void TryAll(Func<IEnumerable<Figure>>[] measurements, Func<Figure, string> show)
{
    IEnumerable<Figure[]> results = measurements.AsParallel().AsOrdered().WithMergeOptions(ParallelMergeOptions.NotBuffered).Select(measure =>
    {
        Figure[] results = [];
        Guard(() => results = [.. measure()]);
        return results;
    });
    foreach (Figure figure in results.SelectMany(figures => figures))
    {
        figures.Add(figure);
        Console.WriteLine(show(figure));
    }
}

void Guard(Action action)
{
    try
    {
        action();
    }
    catch (BenchException exception)
    {
        Console.WriteLine(exception.Message);
        Interlocked.Increment(ref failures);
    }
}

static string Show(Table table, Figure figure) =>
    table.Add(figure.Name, Figure.Number(figure.Value), Figure.Number(figure.Goal), figure.Verdict, figure.Unit);

static double? Of(Dictionary<string, double> results, Figure figure) => results.TryGetValue(figure.Name, out double value) ? value : null;

static string Number(Dictionary<string, double> results, Figure figure) => Figure.Number(Of(results, figure));

// Puts a text into the page, from a line on to the next end.
static void Replace(string begin, string text)
{
    string page = File.ReadAllText(Page);
    int start = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
    File.WriteAllText(Page, page[..start] + text + page[page.IndexOf("<!-- end -->", start, StringComparison.Ordinal)..]);
}
