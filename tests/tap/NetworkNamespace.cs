using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace HyperOS.Tests.Tap;

/// <summary>
/// A network of Linux' apart from the machine's: a thread lives in it, and what that thread makes, sockets, devices and processes, is in it. When
/// thread and handles are gone, and be it that the test run was killed, so is the network.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public NetworkNamespace()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "network namespace" };
        _thread.Start();
        Run(Libc.EnterNewNetwork);
        ThreadId = Run(() => Libc.ThreadId);
        Ip("link set lo up");
    }

    /// <summary>By which another network's <c>ip link set … netns</c> names this one.</summary>
    public int ThreadId { get; }

    /// <summary>Does something in this network, and waits for it.</summary>
    public T Run<T>(Func<T> action)
    {
        T result = default!;
        Exception? failure = null;
        using ManualResetEventSlim done = new();
        _work.Add(() =>
        {
            try
            {
                result = action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
            done.Set();
        });
        done.Wait();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return result;
    }

    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs <c>ip</c> of iproute2 there.</summary>
    public void Ip(string arguments) => Run(() =>
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"ip {arguments}: {errors}");
    });

    /// <summary>Sets a knob of /proc/sys/net there.</summary>
    public void Set(string knob, string value) => Run(() => File.WriteAllText($"/proc/sys/net/{knob}", value));

    public void Dispose() => _work.CompleteAdding();

    private void Work()
    {
        foreach (Action action in _work.GetConsumingEnumerable())
            action();
    }
}
