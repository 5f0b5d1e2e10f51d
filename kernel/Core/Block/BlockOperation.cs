namespace HyperOS.Core;

/// <summary>What a disk is asked to do.</summary>
public enum BlockOperation : byte
{
    Read,
    Write,

    /// <summary>Once done, whatever was written and done before outlasts a power cut.</summary>
    Flush,

    /// <summary>The content is of no more use; what it reads as then is undefined.</summary>
    Discard,

    /// <summary>The range reads as zero from then on.</summary>
    WriteZeroes,
}

/// <summary>What became of it.</summary>
public enum BlockStatus : byte
{
    Done,

    /// <summary>The disk cannot: of a write, some may be done.</summary>
    MediumError,

    /// <summary>The range is not the disk's, or no whole blocks, or the disk cannot do such a thing at all.</summary>
    Refused,

    /// <summary>The disk has failed, or is gone; nothing can be asked of it any more.</summary>
    Failed,
}
