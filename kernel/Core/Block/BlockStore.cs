using System;

namespace HyperOS.Core;

/// <summary>
/// What lies behind a disk: bytes at offsets. Ranges are within <see cref="Length"/>, checked by the caller, and for reading and writing need not
/// be aligned: a guest's buffers may divide a sector. Each call is done when it returns. Whether several threads may call at once is the
/// store's to say; the kernel serves its disk's queues accordingly.
/// </summary>
public abstract class BlockStore : BlockMedium
{
    /// <returns>False on an error of the medium.</returns>
    public abstract bool Read(ulong offset, Span<byte> destination);

    /// <returns>False on an error of the medium.</returns>
    public abstract bool Write(ulong offset, ReadOnlySpan<byte> source);

    /// <summary>On return, whatever was written before outlasts a power cut.</summary>
    /// <returns>False on an error of the medium.</returns>
    public abstract bool Flush();

    /// <summary>The content of whole sectors is of no more use; what they read as then is undefined.</summary>
    /// <returns>False on an error of the medium.</returns>
    public abstract bool Discard(ulong offset, ulong length);

    /// <summary>Whole sectors read as zero from now on.</summary>
    /// <param name="mayDiscard">Whether the space may be given back.</param>
    /// <returns>False on an error of the medium.</returns>
    public abstract bool WriteZeroes(ulong offset, ulong length, bool mayDiscard);
}
