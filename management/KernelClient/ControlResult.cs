using HyperOS.Abi.Control;

namespace HyperOS.Management.KernelClient;

/// <summary>What the kernel answered.</summary>
/// <param name="Status">Done, or why not.</param>
/// <param name="Detail">As the status says.</param>
/// <param name="Value">Of what is done.</param>
public readonly record struct ControlResult<T>(ControlStatus Status, ulong Detail, T Value)
{
    public bool IsDone => Status == ControlStatus.Done;
}
