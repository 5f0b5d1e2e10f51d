namespace HyperOS.Emulation;

/// <summary>A guest's tag on one processor; of no generation until it has one.</summary>
public struct TranslationTag
{
    /// <summary>The ASID or VPID; 0, the host's, until there is one.</summary>
    public uint Value;

    internal ulong Generation;

    /// <summary>The translations under it are not to be used again.</summary>
    public void Forget() => Generation = 0;
}

/// <summary>
/// The tags of one processor's translations: SVM's ASIDs, VMX's VPIDs. Each is given out once; when they run out a new generation begins, with
/// all translations dropped. So none that was made under a tag can be met by the next that has it. AMD APM vol. 2, "TLB Control"; Intel SDM
/// vol. 3, "Caching Translation Information".
/// </summary>
public sealed class TranslationTags
{
    private readonly uint _count;

    private uint _next = 1;
    private ulong _generation = 1;

    /// <param name="count">Tags that the processor has, with the host's.</param>
    public TranslationTags(uint count) => _count = count;

    /// <summary>Whether a tag is of the present generation.</summary>
    public bool IsCurrent(in TranslationTag tag) => tag.Generation == _generation;

    /// <summary>Gives a new tag, under which there are no translations.</summary>
    /// <returns>Whether a generation begins: the processor must drop all guests' translations before it enters one.</returns>
    public bool Assign(ref TranslationTag tag)
    {
        bool begins = _next >= _count;
        if (begins)
        {
            _next = 1;
            _generation++;
        }
        tag.Value = _next++;
        tag.Generation = _generation;
        return begins;
    }
}
