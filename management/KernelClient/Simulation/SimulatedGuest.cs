using System;
using System.Globalization;
using System.Text;

namespace HyperOS.Management.KernelClient.Simulation;

/// <summary>What a guest wants of its machine.</summary>
internal enum GuestWish
{
    None,
    PowerOff,
    Reset,
    Crash,

    /// <summary>It will not hear its power button.</summary>
    IgnorePowerButton,

    /// <summary>It sends frames.</summary>
    Send,

    /// <summary>It is busy for some time.</summary>
    Burn,
}

/// <summary>A guest that is a shell on its console: what it prints, and what the lines typed there make it do.</summary>
internal sealed class SimulatedGuest(string name, ulong memoryBytes, Action<string> print)
{
    private const string Prompt = "/ # ";

    private readonly StringBuilder _line = new();

    /// <summary>Of <see cref="GuestWish.Send"/> and <see cref="GuestWish.Burn"/>: how many.</summary>
    public ulong Amount { get; private set; }

    public void Boot(string commandLine)
    {
        _line.Clear();
        print($"[    0.000000] Linux version 6.1.0-simulated\r\n[    0.000000] Command line: {commandLine}\r\n");
        print($"[    0.000000] Memory: {memoryBytes >> 10}K available\r\n[    0.412000] Run /init as init process\r\n\r\n{name} is up. Type help.\r\n{Prompt}");
    }

    public void PressPowerButton() => print("\r\n[  power button] The system is going down NOW!\r\n[    9.000000] reboot: Power down\r\n");

    /// <summary>A key typed at its console.</summary>
    public GuestWish Type(byte key)
    {
        switch (key)
        {
            case (byte)'\r' or (byte)'\n':
                print("\r\n");
                string line = _line.ToString();
                _line.Clear();
                GuestWish wish = Run(line);
                if (wish is not (GuestWish.PowerOff or GuestWish.Reset or GuestWish.Crash))
                    print(Prompt);
                return wish;
            case 0x7F or 0x08 when _line.Length > 0:
                _line.Length--;
                print("\b \b");
                return GuestWish.None;
            case 0x03:
                _line.Clear();
                print($"^C\r\n{Prompt}");
                return GuestWish.None;
            case >= 0x20 and < 0x7F when _line.Length < 256:
                _line.Append((char)key);
                print(((char)key).ToString());
                return GuestWish.None;
            default:
                return GuestWish.None;
        }
    }

    private GuestWish Run(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string rest = words.Length > 1 ? line.TrimStart()[words[0].Length..].Trim() : "";
        ulong.TryParse(rest, CultureInfo.InvariantCulture, out ulong amount);
        switch (words.Length == 0 ? "" : words[0])
        {
            case "":
                return GuestWish.None;
            case "help":
                print("echo, hostname, free, flood N, send N, burn SECONDS, deaf, poweroff, reboot, crash\r\n");
                return GuestWish.None;
            case "echo":
                print($"{rest}\r\n");
                return GuestWish.None;
            case "hostname":
                print($"{name}\r\n");
                return GuestWish.None;
            case "free":
                print($"Mem: {memoryBytes >> 10} KiB\r\n");
                return GuestWish.None;
            case "flood":
                Flood(Math.Min(amount, 16 << 20));
                return GuestWish.None;
            case "send":
                Amount = Math.Min(amount, 1_000_000);
                return GuestWish.Send;
            case "burn":
                Amount = Math.Min(amount, 3600);
                return GuestWish.Burn;
            case "deaf":
                return GuestWish.IgnorePowerButton;
            case "poweroff":
                print("reboot: Power down\r\n");
                return GuestWish.PowerOff;
            case "reboot":
                print("reboot: Restarting system\r\n");
                return GuestWish.Reset;
            case "crash":
                return GuestWish.Crash;
            default:
                print($"sh: {words[0]}: not found\r\n");
                return GuestWish.None;
        }
    }

    private void Flood(ulong bytes)
    {
        string block = string.Concat(System.Linq.Enumerable.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n", 64));
        for (ulong sent = 0; sent < bytes; sent += (ulong)block.Length)
            print(block);
    }
}
