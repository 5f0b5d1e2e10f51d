using System;
using System.Collections.Generic;

namespace HyperOS.Symboliser;

/// <summary>What an address in the kernel's code means to a reader.</summary>
public sealed class SymbolTable
{
    private readonly ElfSymbol[] _symbols;
    private readonly Lazy<LineTable> _lines;

    public SymbolTable(ElfImage image)
    {
        Dictionary<ulong, ElfSymbol> byAddress = [];
        foreach (ElfSymbol symbol in image.CodeSymbols())
        {
            if (!byAddress.TryGetValue(symbol.Address, out ElfSymbol known) || Tells(symbol) > Tells(known))
                byAddress[symbol.Address] = symbol;
        }
        _symbols = [.. byAddress.Values];
        Array.Sort(_symbols, (a, b) => a.Address.CompareTo(b.Address));
        _lines = new Lazy<LineTable>(() => LineTable.Parse(image));
    }

    /// <summary>
    /// <c>Namespace.Type.Method+0x1a (File.cs:123)</c>, without the parenthesis when no line is known.
    /// </summary>
    /// <param name="address">As printed in a backtrace.</param>
    /// <param name="isReturnAddress">The address follows a call, so the line is the call's: that of the byte before.</param>
    /// <returns>Null outside of the kernel's code.</returns>
    public string? Describe(ulong address, bool isReturnAddress)
    {
        // A call that does not return may be a function's last instruction: its return address is where the next function begins.
        if (Find(address) is { } at && at.Address == address)
            isReturnAddress = true;
        ulong probe = isReturnAddress && address != 0 ? address - 1 : address;
        if (Find(probe) is not { } symbol)
            return null;
        string name = $"{Demangler.Demangle(symbol.Name)}+0x{address - symbol.Address:x}";
        return _lines.Value.TryFind(probe, out SourceLine source) ? $"{name} ({source.File}:{source.Line})" : name;
    }

    /// <summary>The function around the address, or the last label before it in code whose functions have no size.</summary>
    private ElfSymbol? Find(ulong address)
    {
        int low = 0;
        int high = _symbols.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_symbols[middle].Address <= address)
                low = middle + 1;
            else
                high = middle;
        }
        // Labels that begin with or hold a dot are local to the one before; a label far behind names something else.
        const ulong Reach = 0x1000;
        for (int i = low - 1; i >= 0 && address - _symbols[i].Address < Reach; i--)
        {
            ElfSymbol symbol = _symbols[i];
            if (symbol.Size != 0)
                return address - symbol.Address < symbol.Size ? symbol : null;
            if (!symbol.Name.Contains('.', StringComparison.Ordinal))
                return symbol;
        }
        return null;
    }

    /// <summary>Of several names for one address the mangled one says most, then a function's.</summary>
    private static int Tells(ElfSymbol symbol) =>
        (symbol.IsFunction ? 1 : 0) + (symbol.Name.Contains("__", StringComparison.Ordinal) && symbol.Name[0] != '_' ? 2 : 0);
}
