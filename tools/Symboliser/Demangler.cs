using System;
using System.Collections.Generic;
using System.Text;
using System.Text.RegularExpressions;

namespace HyperOS.Symboliser;

/// <summary>
/// Readable C# names from ILC's symbols. ILC joins the assembly's name, the type's full name and, after two underscores, the method's,
/// and writes an underscore for every character that is neither letter nor digit:
/// <c>HyperOS_Core_HyperOS_Core_SpinLock__Enter</c> is <c>HyperOS.Core.SpinLock.Enter</c>. An underscore within a type's own name
/// therefore reads as a dot.
/// </summary>
public static partial class Demangler
{
    private static readonly Dictionary<string, string> s_keywords = new()
    {
        ["Boolean"] = "bool", ["Byte"] = "byte", ["SByte"] = "sbyte", ["Char"] = "char", ["Int16"] = "short", ["UInt16"] = "ushort",
        ["Int32"] = "int", ["UInt32"] = "uint", ["Int64"] = "long", ["UInt64"] = "ulong", ["IntPtr"] = "nint", ["UIntPtr"] = "nuint",
        ["Object"] = "object", ["String"] = "string", ["System___Canon"] = "object",
    };

    /// <summary>The C# name of an ILC symbol; a symbol of another shape (an assembly label, an export) comes back as it is.</summary>
    public static string Demangle(string symbol)
    {
        int split = MethodStart(symbol);
        return split < 0 ? symbol : $"{Type(symbol[..split])}.{Method(symbol[(split + 2)..])}";
    }

    /// <summary>Where the two underscores stand that end the type's name, outside of generic arguments; -1 if nowhere.</summary>
    private static int MethodStart(string symbol)
    {
        // What the compiler makes up for itself (statics' accessors, delegate thunks) has no C# name.
        if (symbol.StartsWith("__", StringComparison.Ordinal) && !symbol.StartsWith("__Array<", StringComparison.Ordinal))
            return -1;
        // A closure class ("<>c", "<>c__DisplayClass0_0") has underscores of its own.
        Match closure = ClosureClass().Match(symbol);
        int depth = 0;
        for (int i = closure.Success ? closure.Index + closure.Length : 1; i + 2 < symbol.Length; i++)
        {
            depth += symbol[i] switch { '<' => 1, '>' => -1, _ => 0 };
            if (depth == 0 && symbol[i] == '_' && symbol[i + 1] == '_')
                return i;
        }
        return -1;
    }

    private static string Method(string mangled)
    {
        string name = mangled;
        string arguments = "";
        int generic = mangled.IndexOf('<', StringComparison.Ordinal);
        if (generic > 0)
        {
            name = mangled[..generic];
            arguments = Arguments(mangled[generic..]);
        }
        if (name is "_ctor" or "_cctor" || ConstructorOverload().IsMatch(name))
            name = "." + name[1..];
        else if (LocalFunction().Match(name) is { Success: true } local)
            name = $"{local.Groups[1].Value}.{local.Groups[2].Value}";
        else if (Lambda().Match(name) is { Success: true } lambda)
            name = $"{lambda.Groups[1].Value}.lambda";
        return name + arguments;
    }

    private static string Type(string mangled)
    {
        if (s_keywords.TryGetValue(mangled, out string? keyword))
            return keyword;
        if (mangled.StartsWith("__Array<", StringComparison.Ordinal) && mangled[^1] == '>')
            return Type(mangled["__Array<".Length..^1]) + "[]";
        string name = mangled;
        string arguments = "";
        int generic = mangled.IndexOf('<', StringComparison.Ordinal);
        if (generic > 0)
        {
            name = mangled[..generic];
            arguments = Arguments(mangled[generic..]);
        }
        name = ClosureClass().Replace(name, "");
        name = AssemblyPrefix().Replace(name, "");
        name = Arity().Replace(name, "");
        return name.Replace('_', '.') + arguments;
    }

    /// <summary>From <c>&lt;A__B&lt;C&gt;&gt;</c> to <c>&lt;A, B&lt;C&gt;&gt;</c>.</summary>
    private static string Arguments(string mangled)
    {
        StringBuilder text = new("<");
        int depth = 0;
        int start = 1;
        for (int i = 1; i < mangled.Length; i++)
        {
            bool last = depth == 0 && mangled[i] == '>';
            if (last || (depth == 0 && i > start && string.CompareOrdinal(mangled, i, "__", 0, 2) == 0 && mangled[start..] is var rest
                && !rest.StartsWith("System___Canon", StringComparison.Ordinal)))
            {
                text.Append(text.Length > 1 ? ", " : "").Append(Type(mangled[start..i]));
                start = i + 2;
                i++;
                if (last)
                    break;
            }
            else
            {
                depth += mangled[i] switch { '<' => 1, '>' => -1, _ => 0 };
            }
        }
        return text.Append('>').ToString();
    }

    [GeneratedRegex(@"^HyperOS_[A-Za-z0-9]+_(?=(HyperOS|System|Internal|Microsoft)_)")]
    private static partial Regex AssemblyPrefix();

    [GeneratedRegex(@"_\d+(?=_|$)")]
    private static partial Regex Arity();

    [GeneratedRegex(@"___c(__DisplayClass\d+_\d+)?(?=__|$)")]
    private static partial Regex ClosureClass();

    [GeneratedRegex(@"^_c?ctor_\d+$")]
    private static partial Regex ConstructorOverload();

    [GeneratedRegex(@"^_(\w+?)_g__(\w+?)_\d+(_\d+)?$")]
    private static partial Regex LocalFunction();

    [GeneratedRegex(@"^_(\w+?)_b__\d+(_\d+)?$")]
    private static partial Regex Lambda();
}
