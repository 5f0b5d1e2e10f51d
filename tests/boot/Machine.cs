using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using HyperOS.Symboliser;

namespace HyperOS.Tests.Boot;

/// <summary>
/// A machine under an emulator, driven over its first serial line. Backtraces on it are explained, and everything is kept in
/// out/logs/TEST.log. Disposing ends the machine.
/// <code>
/// await using Machine machine = Machine.Start(new MachineOptions { Processors = 2 });
/// await machine.WaitForLine("hyperos: ready");
/// </code>
/// </summary>
public sealed partial class Machine : IAsyncDisposable
{
    /// <summary>Ctrl-], which opens the host's prompt.</summary>
    internal const string HostKey = "\x1d";

    private const int TailLines = 60;

    /// <summary>How long a wait goes on after a panic: long enough for the whole report.</summary>
    private static readonly TimeSpan s_panicLimit = TimeSpan.FromSeconds(3);

    /// <summary>How long guests are traced after a wait in vain, and how long all that may take.</summary>
    private static readonly TimeSpan s_traceTime = TimeSpan.FromSeconds(1), s_traceLimit = TimeSpan.FromSeconds(20);

    private static readonly HashSet<string> s_names = [];

    private readonly MachineOptions _options;
    private readonly Process _process;
    private readonly string _logPath;
    private readonly ConsoleLog _console = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private int _cursor;

    private Machine(MachineOptions options, string name)
    {
        _options = options;
        _logPath = Path.Combine(Workspace.Root, "out/logs", name + ".log");
        Directory.CreateDirectory(Path.GetDirectoryName(_logPath)!);
        ProcessStartInfo start = new(Workspace.Tool("timeout"))
        {
            WorkingDirectory = Workspace.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The limit outlives this process, should it be killed: no emulator stays behind.
        foreach (string argument in (string[])["--kill-after=5", $"{(int)options.Lifetime.TotalSeconds}", .. EmulatorCommand.Of(options.Emulator).Build(options, name)])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            // Emulation always lacks some features of the processor it models.
            if (line.Data is { } text && !text.Contains("TCG doesn't support requested feature", StringComparison.Ordinal))
                _errors.AppendLine(text);
        };
        _process.BeginErrorReadLine();
        _reading = Task.Run(ReadConsole);
    }

    /// <summary>All that the console said so far, as text.</summary>
    public string Log => _console.Text;

    /// <summary>Starts a machine; its log is named after the calling test.</summary>
    public static Machine Start(MachineOptions options, [CallerMemberName] string test = "", [CallerFilePath] string file = "") =>
        new(options, UniqueName(
            $"{Path.GetFileNameWithoutExtension(file)}.{test}-{(options.Emulator == Emulator.Bochs ? options.Cpu : $"{options.Boot}")}-{options.Processors}"));

    /// <summary>Starts a purpose-built guest on a machine of its own, without HyperOS.</summary>
    public static Machine StartBare(string guest, string commandLine = "", [CallerMemberName] string test = "", [CallerFilePath] string file = "") =>
        Start(new MachineOptions { Boot = BootKind.Bare, Kernel = Workspace.Guest(guest), CommandLine = commandLine, MemoryMiB = 64 }, test, file);

    /// <summary>Waits for a line that holds the text, after what was waited for before.</summary>
    /// <returns>The whole line.</returns>
    public async Task<string> WaitForLine(string text, TimeSpan? limit = null) => (await WaitFor(text, wholeLine: true, limit)).Line;

    /// <summary>Waits for lines in whatever order they come, from the log's start on; later waits begin behind the last of them.</summary>
    public async Task WaitForAll(params string[] texts)
    {
        int last = 0;
        foreach (string text in texts)
        {
            _cursor = 0;
            await WaitForLine(text);
            last = Math.Max(last, _cursor);
        }
        _cursor = last;
    }

    /// <summary>Waits for a line that matches, after what was waited for before.</summary>
    /// <returns>The whole line.</returns>
    public async Task<string> WaitForLine(Regex pattern, TimeSpan? limit = null) => (await WaitFor(pattern, pattern.ToString(), wholeLine: true, limit)).Line;

    /// <summary>
    /// All lines from what was waited for before to the console's end, as they come; ends as well when none comes within the limit. Later waits
    /// begin behind the last.
    /// </summary>
    public async IAsyncEnumerable<string> Lines(TimeSpan limit)
    {
        while (true)
        {
            using CancellationTokenSource timeout = new(limit);
            string lines;
            try
            {
                lines = await _console.WaitForLines(_cursor, timeout.Token);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }
            if (lines.Length == 0)
                yield break;
            int start = _cursor;
            for (int end; (end = lines.IndexOf('\n', _cursor - start)) >= 0;)
            {
                string line = lines[(_cursor - start)..end];
                _cursor = start + end + 1;
                yield return line;
            }
        }
    }

    /// <summary>What QEMU said of itself, other than on the console.</summary>
    public string EmulatorErrors => _errors.ToString();

    /// <summary>Waits for text that no line's end need follow, such as a prompt, after what was waited for before.</summary>
    public Task WaitForText(string text, TimeSpan? limit = null) => WaitFor(text, wholeLine: false, limit);

    /// <summary>Sends text to the serial line.</summary>
    public async Task Type(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>
    /// Waits until the machine has ended: by the exit port (see <see cref="ExitPort"/>), or with 0 by power-off, reset or triple fault; in Bochs
    /// with 0 by power-off alone.
    /// </summary>
    public async Task<int> WaitForExit(TimeSpan? limit = null)
    {
        try
        {
            await Task.WhenAll(_process.WaitForExitAsync(), _reading).WaitAsync(limit ?? _options.WaitLimit);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"the machine did not end within {limit ?? _options.WaitLimit}{Tail()}");
        }
        return _process.ExitCode;
    }

    /// <summary>Whether the machine still runs.</summary>
    public bool IsRunning => !_process.HasExited;

    /// <summary>The exit code of QEMU when a value is written to the exit port (isa-debug-exit): its low bits, odd.</summary>
    public static int ExitPort(uint value) => (int)(value << 1 | 1) & 0xFF;

    public async ValueTask DisposeAsync()
    {
        // Asked to end, `timeout` asks the emulator, which so can tidy up, and insists after a while.
        if (IsRunning)
            Process.Start("sh", ["-c", $"kill {_process.Id} 2> /dev/null"]).Dispose();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        // Every test is a test for leaks.
        Assert.DoesNotContain("were not given back", Log, StringComparison.Ordinal);
    }

    private static string UniqueName(string name)
    {
        string safe = UnsafeCharacters().Replace(name, "_");
        lock (s_names)
        {
            string unique = safe;
            for (int i = 2; !s_names.Add(unique); i++)
                unique = $"{safe}-{i}";
            return unique;
        }
    }

    private Task<(Match Match, string Line)> WaitFor(string text, bool wholeLine, TimeSpan? limit) =>
        WaitFor(new Regex(Regex.Escape(text)), text, wholeLine, limit);

    private async Task<(Match Match, string Line)> WaitFor(Regex pattern, string description, bool wholeLine, TimeSpan? limit)
    {
        using CancellationTokenSource timeout = new(limit ?? _options.WaitLimit);
        string wanted = $"\"{description}\"";
        bool hasPanicked = false;
        try
        {
            Task<(Match Match, string Line)> wait = _console.WaitFor(pattern, _cursor, wholeLine, timeout.Token);
            Task panic = _console.WaitFor(PanicLine(), 0, wholeLine: true, timeout.Token);
            await Task.WhenAny(wait, panic);
            hasPanicked = panic.IsCompletedSuccessfully;
            if (hasPanicked)
                timeout.CancelAfter(s_panicLimit);
            (Match match, string line) = await wait;
            _cursor = match.Index + match.Length;
            return (match, line);
        }
        catch (OperationCanceledException)
        {
            string tail = Tail();
            if (!hasPanicked && _options.Boot != BootKind.Bare)
                await WriteExits();
            throw new Xunit.Sdk.XunitException(
                (hasPanicked ? $"the host panicked, and {wanted} did not come" : $"{wanted} did not come within {limit ?? _options.WaitLimit}") + tail);
        }
        catch (EndOfStreamException)
        {
            await _process.WaitForExitAsync();
            throw new Xunit.Sdk.XunitException($"the machine ended with code {_process.ExitCode} before {wanted} came{Tail()}");
        }
        finally
        {
            await timeout.CancelAsync();
        }
    }

    // What the guests do instead of what was waited for: a trace of their exits, for the log.
    private async Task WriteExits()
    {
        using CancellationTokenSource timeout = new(s_traceLimit);
        try
        {
            int start = Log.Length;
            await Type($"{HostKey}list\n{HostKey}trace\n");
            await _console.WaitFor(TraceLine(), start, wholeLine: true, timeout.Token);
            await Task.Delay(s_traceTime, timeout.Token);
            await Type($"{HostKey}trace\n{HostKey}dump\n{HostKey}list\n");
            await Task.Delay(Timeout.Infinite, timeout.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or EndOfStreamException or IOException)
        {
        }
    }

    private async Task ReadConsole()
    {
        await using FileStream file = File.Create(_logPath);
        using MemoryStream explained = new();
        ConsoleFilter? filter = _options.Boot == BootKind.Bare ? null : new(new SymbolTable(ElfImage.Parse(await File.ReadAllBytesAsync(_options.HasFaultPoints ? Workspace.KernelWithFaultPoints : Workspace.Kernel))));
        byte[] buffer = new byte[4096];
        while (await _process.StandardOutput.BaseStream.ReadAsync(buffer) is > 0 and int count)
        {
            explained.SetLength(0);
            if (filter is null)
                explained.Write(buffer, 0, count);
            else
                filter.Write(buffer.AsSpan(0, count), explained);
            explained.WriteTo(file);
            file.Flush();
            _console.Append(explained.GetBuffer().AsSpan(0, (int)explained.Length));
        }
        _console.Complete();
    }

    /// <summary>The end of the log, for messages.</summary>
    public string Tail()
    {
        string[] lines = Log.TrimEnd().Split('\n');
        string errors = _errors.Length == 0 ? "" : $"\nthe emulator says: {_errors}";
        return $"; the log ends (all of it: {_logPath}):\n{string.Join('\n', lines.Skip(lines.Length - TailLines))}{errors}";
    }

    [GeneratedRegex("trace: on", RegexOptions.Multiline)]
    private static partial Regex TraceLine();

    [GeneratedRegex("^panic: ", RegexOptions.Multiline)]
    private static partial Regex PanicLine();

    [GeneratedRegex("[^A-Za-z0-9._-]")]
    private static partial Regex UnsafeCharacters();
}
