using System;
using System.Globalization;
using System.Net;

namespace HyperOS.Management;

/// <summary>What the process is told when it starts.</summary>
internal sealed record ServerOptions
{
    /// <summary>Where it listens, with sockets: on a system that has some.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 8443);

    /// <summary>A kernel in memory in place of the one below.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>Where the configuration is kept; null: in memory.</summary>
    public string? State { get; init; }

    public const string Usage = "usage: hyperos-management [--simulate] [--listen ADDRESS:PORT] [--state DIRECTORY]";

    /// <returns>Null if the arguments are not these.</returns>
    public static ServerOptions? Parse(string[] arguments)
    {
        ServerOptions options = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--simulate":
                    options = options with { IsSimulated = true };
                    break;
                case "--listen" when value is not null && IPEndPoint.TryParse(value, out IPEndPoint? endpoint):
                    options = options with { Listen = endpoint };
                    i++;
                    break;
                case "--state" when value is not null:
                    options = options with { State = value };
                    i++;
                    break;
                default:
                    return null;
            }
        }
        return options;
    }
}
