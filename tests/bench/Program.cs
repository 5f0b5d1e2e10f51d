using HyperOS.Bench;

// Prints the figures; run by `make bench` in the repository's root. What misses its goal is said, and is no failure.

Console.WriteLine(Emulator.Version);
Console.WriteLine("One processor of model EPYC; one instruction is one nanosecond of virtual time. docs/bench.md says how each figure is measured.");
Console.WriteLine();
Console.WriteLine(Figure.Heading);
int failures = 0;
foreach (Func<IEnumerable<Figure>> measure in Measurements())
{
    try
    {
        foreach (Figure figure in measure())
            Console.WriteLine(figure);
    }
    catch (BenchException exception)
    {
        Console.WriteLine(exception.Message);
        failures++;
    }
}
return failures == 0 ? 0 : 1;

static IEnumerable<Func<IEnumerable<Figure>>> Measurements()
{
    yield return HostFigures.Measure;
    yield return LinuxFigures.Measure;
    foreach (Operation operation in Operation.All)
        yield return () => [operation.Measure()];
}
