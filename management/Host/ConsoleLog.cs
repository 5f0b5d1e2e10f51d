using System;
using System.Linq;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management;

/// <summary>Log lines on standard output, which is the host's console.</summary>
internal sealed class ConsoleLog : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Category(categoryName.Split('.')[^1]);

    public void Dispose()
    {
    }

    private sealed class Category(string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // What others sent may be part of it: one line stays one line.
            string text = new([.. formatter(state, exception).Select(character => char.IsControl(character) ? '?' : character)]);
            Console.Out.WriteLine($"management: {(logLevel >= LogLevel.Warning ? logLevel.ToString().ToLowerInvariant() + ": " : "")}{name}: {text}");
            if (exception is not null)
                Console.Out.WriteLine(exception);
        }
    }
}
