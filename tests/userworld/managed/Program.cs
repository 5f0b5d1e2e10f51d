using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

// What the kernel must do right for a managed program: threads and their pool, the collector stopping threads wherever they are, exceptions, null references,
// division by zero, timers, locks, floating point, time. A line for each, the same on Linux and on HyperOS; the exit code is 42.

Say($"hello from {Environment.Version.Major}, {Environment.GetEnvironmentVariable("GREETING")}");

int caught = 0;
for (int i = 0; i < 100; i++)
{
    try
    {
        Length(i % 2 == 0 ? null : "text");
    }
    catch (NullReferenceException)
    {
        caught++;
    }
}
Say($"null references caught: {caught}");

caught = 0;
for (int i = -5; i < 5; i++)
{
    try
    {
        caught += 100 / i == 0 ? 1 : 0;
    }
    catch (DivideByZeroException)
    {
        caught += 1000;
    }
}
Say($"divisions by zero caught: {caught}");

try
{
    Throw(30);
}
catch (InvalidOperationException e)
{
    Say($"thrown through 30 frames: {e.Message}");
}

// Threads that never stop by themselves, and a collector that must stop them.
using (CancellationTokenSource stop = new())
{
    long[] spins = new long[3];
    Thread[] spinners = [.. Enumerable.Range(0, spins.Length).Select(i => new Thread(() =>
    {
        while (!stop.IsCancellationRequested)
            spins[i]++;
    }))];
    foreach (Thread spinner in spinners)
        spinner.Start();
    List<byte[]> kept = [];
    for (int i = 0; i < 4000; i++)
    {
        byte[] block = new byte[4096];
        block[i % block.Length] = (byte)i;
        if (i % 100 == 0)
            kept.Add(block);
        if (i % 1000 == 0)
            GC.Collect();
    }
    stop.Cancel();
    foreach (Thread spinner in spinners)
        spinner.Join();
    Say($"collections: {GC.CollectionCount(0) >= 4}, kept: {kept.Count(block => block.Length == 4096)}, threads spun: {spins.All(count => count > 0)}");
}

ConcurrentDictionary<int, double> sums = new();
Parallel.For(0, 64, i =>
{
    double sum = 0;
    for (int n = 1; n < 20_000; n++)
        sum += Math.Sqrt(n) / (i + n);
    sums[i] = sum;
});
Say($"sums in parallel: {sums.Count}, alike: {sums[7] == Enumerable.Range(1, 19_999).Aggregate(0.0, (sum, n) => sum + Math.Sqrt(n) / (7 + n))}");

int ticks = 0;
using (SemaphoreSlim done = new(0))
using (Timer timer = new(_ =>
{
    if (Interlocked.Increment(ref ticks) == 3)
        done.Release();
}, null, 1, 1))
    await done.WaitAsync();
Say($"timer: {ticks >= 3}");

Stopwatch watch = Stopwatch.StartNew();
await Task.Delay(20);
Thread.Sleep(5);
Say($"waited long enough: {watch.ElapsedMilliseconds >= 24}, it is after 2020: {DateTime.UtcNow.Year > 2020}");

int counter = 0;
object gate = new();
await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
{
    for (int i = 0; i < 5_000; i++)
    {
        lock (gate)
            counter++;
    }
})));
Say($"counted under a lock: {counter}");

Say($"a guid: {Guid.NewGuid() != Guid.NewGuid()}, processors: {Environment.ProcessorCount > 0}, no file: {!File.Exists("/etc/passwd.nothing")}");
Say($"text: {Encoding.UTF8.GetString("äöü"u8).ToUpperInvariant().Length}, hash: {string.GetHashCode("a") == string.GetHashCode("a")}");
Say("done");
return 42;

static int Length(string? text) => text!.Length;

// Not by way of System.Console, which wants a terminal.
static void Say(string line)
{
    byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
    Write(1, bytes, bytes.Length);
}

[DllImport("libc", EntryPoint = "write")]
static extern nint Write(int descriptor, byte[] bytes, nint count);

static void Throw(int depth)
{
    if (depth == 0)
        throw new InvalidOperationException("deep");
    Throw(depth - 1);
}
