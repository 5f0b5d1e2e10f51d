namespace HyperOS.Block;

/// <summary>What happens to a disk that the log should know of.</summary>
public enum DiskEvent : byte
{
    /// <summary>It runs, for the first time or again.</summary>
    Started,

    /// <summary>It could not be brought up; it is tried again.</summary>
    NotStarted,

    /// <summary>It does not answer a request in time: it is reset, and the request tried again.</summary>
    Hung,

    /// <summary>It has said too much that cannot be: it is reset.</summary>
    Lied,

    /// <summary>It does not answer at all: unplugged. That is for good, for what it had not yet written down may be lost.</summary>
    Gone,

    /// <summary>Another disk is in its place. It is not touched.</summary>
    Replaced,

    /// <summary>All attempts to make it work have failed: for good.</summary>
    Failed,
}

/// <summary>Why a disk cannot go on.</summary>
public enum DiskFault : byte
{
    None,
    Hung,
    Lied,
    Gone,
    Replaced,
}

/// <summary>What became of bringing a disk up.</summary>
public enum DiskStart : byte
{
    Ok,

    /// <summary>It does not answer.</summary>
    Gone,

    /// <summary>Its reset did not end, or it does not say what it is.</summary>
    NoAnswer,

    /// <summary>It lacks what its driver needs, or says of itself what cannot be.</summary>
    Unusable,

    /// <summary>It is no disk, such as a CD drive.</summary>
    NoDisk,
}

/// <summary>How a disk looks, apart from its requests.</summary>
public enum DiskHealth : byte
{
    Good,

    /// <summary>Not as its driver left it: reset by somebody, or replaced.</summary>
    Odd,

    /// <summary>It does not answer.</summary>
    Gone,

    /// <summary>It says that it cannot go on.</summary>
    Broken,
}
