using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;

namespace HyperOS.Symboliser;

internal static class Program
{
    private const int UsageError = 2;
    private const string Usage = """
        usage: symboliser --elf KERNEL                  filter standard input
               symboliser --elf KERNEL -- COMMAND...    run a command and filter its standard output
        """;

    private static int Main(string[] arguments)
    {
        if (arguments is not (["--elf", _] or ["--elf", _, "--", _, ..]))
        {
            Console.Error.WriteLine(Usage);
            return UsageError;
        }
        SymbolTable symbols;
        try
        {
            symbols = new SymbolTable(ElfImage.Parse(File.ReadAllBytes(arguments[1])));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Console.Error.WriteLine($"symboliser: {arguments[1]}: {e.Message}");
            return UsageError;
        }
        ConsoleFilter filter = new(symbols);
        using Stream output = Console.OpenStandardOutput();
        if (arguments.Length > 2)
            return RunChild(filter, output, arguments.AsSpan(3));
        using Stream input = Console.OpenStandardInput();
        filter.Run(input, output);
        return 0;
    }

    /// <summary>The child has the terminal's own input; its exit code is ours. What ends us ends it.</summary>
    private static int RunChild(ConsoleFilter filter, Stream output, ReadOnlySpan<string> command)
    {
        ProcessStartInfo start = new(command[0]) { RedirectStandardOutput = true };
        foreach (string argument in command[1..])
            start.ArgumentList.Add(argument);
        Process? child = null;
        try
        {
            child = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Console.Error.WriteLine($"symboliser: {command[0]}: {e.Message}");
            return UsageError;
        }
        using (child)
        using (PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true)) // the terminal sends it to the child as well
        using (PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop))
        using (PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop))
        {
            filter.Run(child.StandardOutput.BaseStream, output);
            child.WaitForExit();
            return child.ExitCode;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            child.Kill();
        }
    }
}
