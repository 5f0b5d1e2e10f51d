using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace HyperOS.Tests.Fuzz;

/// <summary>
/// Runs a target many times. An input is the bytes that the target's Random gives out: those of the kept corpus first, then such from
/// consecutive seeds, and mutants of the inputs that showed something new (<see cref="Saw"/>).
/// <code>
///   corpus/CLASS.METHOD.txt      kept inputs: hexadecimal lines, an empty line after each, # begins a comment
///   out/fuzz/CLASS.METHOD-*.txt  inputs that failed, in the same form; HYPEROS_FUZZ_INPUT=FILE replays one
/// </code>
/// HYPEROS_FUZZ_ITERATIONS and HYPEROS_FUZZ_SECONDS bound a run, HYPEROS_FUZZ_SEED replays one seed, and HYPEROS_FUZZ_KEEP=1 adds to the
/// corpus what showed something that nothing in it shows.
/// </summary>
internal static class FuzzRun
{
    private const int DefaultIterations = 20_000;
    private const int DefaultSeconds = 60;

    // The corpus is for reading and for diffs: small inputs, and few.
    private const int KeptLength = 512;
    private const int KeptInputs = 48;
    private const int BytesOnALine = 64;

    [ThreadStatic]
    private static HashSet<(string Kind, long Value)>? t_seen;

    [ThreadStatic]
    private static bool t_sawNew;

    /// <summary>One input is replayed, which need not reach what a whole run does.</summary>
    public static bool IsReplay => Environment.GetEnvironmentVariable("HYPEROS_FUZZ_INPUT") is not null || Setting("HYPEROS_FUZZ_SEED") is not null;

    /// <summary>A target tells what its input led to: an outcome, a status, an operation. Inputs that lead to something new are worth mutating.</summary>
    public static void Saw<T>(T what)
        where T : struct, Enum => Saw(typeof(T).Name, Convert.ToInt64(what, CultureInfo.InvariantCulture));

    /// <summary>The same for numbers, such as counts.</summary>
    public static void Saw(string kind, long value) => t_sawNew |= t_seen is not null && t_seen.Add((kind, value));

    public static void Run(Action<Random> target, [CallerMemberName] string method = "", [CallerFilePath] string file = "")
    {
        string name = $"{Path.GetFileNameWithoutExtension(file)}.{method}";
        t_seen = [];
        if (Environment.GetEnvironmentVariable("HYPEROS_FUZZ_INPUT") is { } input)
        {
            foreach (byte[] bytes in Read(Path.Combine(Root, input)))
                target(new InputRandom(bytes, 0));
            return;
        }
        if (Setting("HYPEROS_FUZZ_SEED") is int one)
        {
            target(new InputRandom([], one));
            return;
        }
        List<byte[]> pool = [];
        string corpus = Path.Combine(Root, "tests/fuzz/corpus", name + ".txt");
        if (File.Exists(corpus))
            pool.AddRange(Read(corpus));
        int kept = pool.Count;
        for (int i = 0; i < kept; i++)
            RunOne(target, new InputRandom(pool[i], 0), name, $"input {i + 1} of {corpus}");
        Explore(target, name, pool);
        if (Setting("HYPEROS_FUZZ_KEEP") == 1)
            Keep(corpus, [.. pool.Skip(kept).Where(bytes => bytes.Length <= KeptLength).Take(KeptInputs - kept)]);
    }

    /// <summary>Flips bits, overwrites with boundary values, truncates or repeats parts of a valid input.</summary>
    public static byte[] Mutate(Random random, byte[] valid)
    {
        byte[] mutant = (byte[])valid.Clone();
        int changes = random.Next(1, 8);
        for (int i = 0; i < changes && mutant.Length > 0; i++)
        {
            int at = random.Next(mutant.Length);
            switch (random.Next(5))
            {
                case 0: mutant[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: mutant[at] = (byte)random.Next(256); break;
                case 2: mutant[at] = random.Next(2) == 0 ? (byte)0x00 : (byte)0xFF; break;
                case 3: mutant.AsSpan(at, Math.Min(random.Next(1, 9), mutant.Length - at)).Fill(random.Next(2) == 0 ? (byte)0xFF : (byte)0x7F); break;
                default: mutant = mutant[..random.Next(mutant.Length + 1)]; break;
            }
        }
        return mutant;
    }

    private static string Root { get; } = typeof(FuzzRun).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Root").Value!;

    // Every other input is a mutant once there is something to mutate. What they are hangs on the seeds and the corpus alone.
    private static void Explore(Action<Random> target, string name, List<byte[]> pool)
    {
        int iterations = Setting("HYPEROS_FUZZ_ITERATIONS") ?? DefaultIterations;
        long end = Environment.TickCount64 + 1000L * (Setting("HYPEROS_FUZZ_SECONDS") ?? DefaultSeconds);
        for (int seed = 0; seed < iterations && Environment.TickCount64 < end; seed++)
        {
            Random choice = new(seed);
            byte[] start = pool.Count > 0 && seed % 2 == 1 ? Mutate(choice, pool[choice.Next(pool.Count)]) : [];
            InputRandom random = new(start, seed);
            t_sawNew = false;
            RunOne(target, random, name, $"seed {seed}");
            if (t_sawNew)
                pool.Add(random.Taken);
        }
    }

    private static void RunOne(Action<Random> target, InputRandom random, string name, string origin)
    {
        try
        {
            target(random);
        }
        catch (Exception exception)
        {
            byte[] taken = random.Taken;
            string path = $"out/fuzz/{name}-{Convert.ToHexStringLower(SHA256.HashData(taken))[..12]}.txt";
            Directory.CreateDirectory(Path.Combine(Root, "out/fuzz"));
            File.WriteAllText(Path.Combine(Root, path), $"# {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}\n{Write(taken)}");
            throw new InvalidOperationException(
                $"{origin} fails. Replay: HYPEROS_FUZZ_INPUT={path} dotnet test tests/fuzz --filter {name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]}", exception);
        }
    }

    private static void Keep(string corpus, byte[][] inputs)
    {
        if (inputs.Length == 0)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(corpus)!);
        File.AppendAllText(corpus, string.Concat(inputs.Select(bytes => Write(bytes) + "\n")));
    }

    private static string Write(byte[] bytes) => string.Concat(bytes.Chunk(BytesOnALine).Select(line => Convert.ToHexStringLower(line) + "\n"));

    private static IEnumerable<byte[]> Read(string path)
    {
        string hex = "";
        foreach (string line in File.ReadLines(path).Append(""))
        {
            if (line.StartsWith('#'))
                continue;
            hex += line;
            if (line.Length == 0 && hex.Length > 0)
            {
                yield return Convert.FromHexString(hex);
                hex = "";
            }
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
