using System.Globalization;

namespace HyperOS.Tests.Fuzz;

/// <summary>
/// Runs a target many times with random input from consecutive seeds. HYPEROS_FUZZ_ITERATIONS lengthens the run, HYPEROS_FUZZ_SEED
/// replays one seed; a failure names the seed that caused it.
/// </summary>
internal static class FuzzRun
{
    private const int DefaultIterations = 20_000;

    public static void Run(Action<Random> target)
    {
        if (Setting("HYPEROS_FUZZ_SEED") is int seed)
        {
            target(new Random(seed));
            return;
        }
        int iterations = Setting("HYPEROS_FUZZ_ITERATIONS") ?? DefaultIterations;
        for (int i = 0; i < iterations; i++)
        {
            try
            {
                target(new Random(i));
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {i} fails: run again with HYPEROS_FUZZ_SEED={i}.", exception);
            }
        }
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

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
