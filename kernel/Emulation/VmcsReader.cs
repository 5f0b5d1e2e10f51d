using HyperOS.Specs.Intel;

namespace HyperOS.Emulation;

/// <summary>Something that answers VMREAD: the current VMCS, or a table in a test.</summary>
public abstract class VmcsReader
{
    /// <summary>Executes VMREAD. Only fields that the controls in use announce are asked for.</summary>
    public abstract ulong Read(VmcsField field);
}
