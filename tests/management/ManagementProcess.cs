using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Management;

/// <summary>
/// A management process with a simulated host of its own, listening on a free port of this machine. HYPEROS_MANAGEMENT names another executable than the one
/// built beside the tests, with its arguments before those given here.
/// </summary>
public sealed partial class ManagementProcess : IDisposable
{
    private static readonly TimeSpan s_start = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _output = [];

    public ManagementProcess()
        : this(null)
    {
    }

    internal ManagementProcess(string? state)
    {
        string[] command = Environment.GetEnvironmentVariable("HYPEROS_MANAGEMENT")?.Split(' ') ?? ["dotnet", Path.Combine(AppContext.BaseDirectory, "hyperos-management.dll")];
        string[] arguments = [.. command[1..], "--simulate", "--listen", "127.0.0.1:0", .. state is null ? Array.Empty<string>() : ["--state", state]];
        _process = new Process { StartInfo = new ProcessStartInfo(command[0], arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Address = new Uri(_address.Task.WaitAsync(s_start).GetAwaiter().GetResult());
    }

    /// <summary>https://127.0.0.1:port.</summary>
    public Uri Address { get; }

    /// <summary>Of the first administrator; "" where there was one already.</summary>
    public string Password { get; private set; } = "";

    public string Fingerprint { get; private set; } = "";

    /// <summary>What the process has said, for when a test fails.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output);
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>A client without credentials, nor cookies of its own.</summary>
    public HttpClient Client(Version? version = null) => new(Handler())
    {
        BaseAddress = Address, Timeout = TimeSpan.FromMinutes(1), DefaultRequestVersion = version ?? HttpVersion.Version11, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public static bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => true;

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    // Who asks first whether a body is wanted waits for the answer.
    private static SocketsHttpHandler Handler() => new() { UseCookies = false, AllowAutoRedirect = false, Expect100ContinueTimeout = TimeSpan.FromMinutes(1), SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = Accept } };

    private void Hear(string? line)
    {
        if (line is null)
        {
            _address.TrySetException(new InvalidOperationException("The process ended before it served:\n" + Output));
            return;
        }
        lock (_output)
            _output.Add(line);
        if (PasswordLine().Match(line) is { Success: true } password)
            Password = password.Groups[1].Value;
        else if (FingerprintLine().Match(line) is { Success: true } fingerprint)
            Fingerprint = fingerprint.Groups[1].Value;
        else if (ServingLine().Match(line) is { Success: true } serving)
            _address.TrySetResult(serving.Groups[1].Value);
    }

    [GeneratedRegex("with the password ([^,]+),")]
    private static partial Regex PasswordLine();

    [GeneratedRegex(@"serving (https://\S+)")]
    private static partial Regex ServingLine();

    [GeneratedRegex("SHA-256 ([0-9A-F:]+);")]
    private static partial Regex FingerprintLine();
}
