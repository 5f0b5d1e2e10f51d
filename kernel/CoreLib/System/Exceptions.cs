namespace System;

// `throw` compiles to a call that fails the current fault domain: these types exist because the C# compiler emits them.

public class Exception
{
    public Exception() { }

    public Exception(string? message) => Message = message;

    public string? Message { get; }
}

public class InvalidOperationException : Exception
{
    public InvalidOperationException() { }

    public InvalidOperationException(string? message) : base(message) { }
}

public sealed class IndexOutOfRangeException : Exception { }

public class ArgumentException : Exception { }

public sealed class ArgumentOutOfRangeException : ArgumentException { }

public sealed class NotSupportedException : Exception { }
