using System.Globalization;

namespace HyperOS.Tests.NetBench;

/// <summary>
/// <c>netbench</c> measures and prints; <c>netbench serve stack|sockets</c> is the server, which it starts in a network of its own.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["serve", "stack" or "sockets"])
        {
            await Server.RunAsync(isStack: arguments[1] == "stack");
            return 0;
        }
        Run sockets = await Run.MeasureAsync(isStack: false), stack = await Run.MeasureAsync(isStack: true);
        Console.WriteLine("| Kestrel's work for one second of its processor | Linux' sockets | HyperOS' stack | ratio | goal |  |");
        Console.WriteLine("|---|---:|---:|---:|---:|---|");
        Print("requests", sockets.Requests, stack.Requests);
        Print("MB sent", sockets.Sent, stack.Sent);
        Print("MB received", sockets.Received, stack.Received);
        return 0;
    }

    private static void Print(string what, double sockets, double stack)
    {
        const double Goal = 0.5;
        double ratio = stack / sockets;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {what} | {sockets:N0} | {stack:N0} | {ratio:F2} | {Goal:F1} | {(ratio >= Goal ? "ok" : "missed")} |"));
    }
}
