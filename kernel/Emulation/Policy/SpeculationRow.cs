using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>A row of the speculation table, judged for one host.</summary>
public readonly struct SpeculationRow
{
    /// <summary>The host is affected, or has the means that the row uses.</summary>
    public readonly bool Applies;

    /// <summary>What is to be done.</summary>
    public readonly SpeculationHooks Hooks;

    /// <summary>Bits to set while the host runs.</summary>
    public readonly SpecCtrl HostSpecCtrl;

    /// <summary>Why.</summary>
    public readonly string Reason;

    public SpeculationRow(bool applies, SpeculationHooks hooks, SpecCtrl hostSpecCtrl, string reason)
    {
        Applies = applies;
        Hooks = hooks;
        HostSpecCtrl = hostSpecCtrl;
        Reason = reason;
    }
}
