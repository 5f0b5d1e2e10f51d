using System;
using HyperOS.Core;

namespace HyperOS.Block;

/// <summary>One of a controller's disks, once it is known.</summary>
public sealed class DiskUnit : BlockDevice
{
    private readonly DiskService _service;
    private readonly DiskIdentity _identity;
    private readonly int _unit;
    private byte[] _name = [];

    internal DiskUnit(DiskService service, DiskIdentity identity, int unit)
    {
        _service = service;
        _identity = identity;
        _unit = unit;
    }

    public override ReadOnlySpan<byte> Name => _name;

    /// <summary>What it says of itself.</summary>
    public DiskIdentity Identity => _identity;

    public override ulong Length => _identity.Length;

    public override int BlockBytes => _identity.BlockBytes;

    public override int PhysicalBlockBytes => _identity.PhysicalBlockBytes;

    public override bool IsReadOnly => _identity.IsReadOnly;

    public override int MaximumBytes => _identity.MaximumBytes;

    public override ulong MaximumDiscard => _identity.IsReadOnly ? 0 : _identity.MaximumDiscard;

    public override ulong MaximumZeroes => _identity.IsReadOnly ? 0 : _identity.MaximumZeroes;

    public override bool HasFailed => _service.HasFailed;

    /// <summary>Sets the name, once, before anybody asks for it.</summary>
    public void SetName(byte[] name) => _name = name;

    public override void Submit(BlockRequest request)
    {
        request.Unit = _unit;
        if (request.Operation == BlockOperation.Flush && !_identity.HasCache && !_service.HasFailed)
            request.Status = BlockStatus.Done;
        else if (!IsPossible(request))
            request.Status = BlockStatus.Refused;
        else
        {
            _service.Submit(request);
            return;
        }
        request.Done();
    }

    private bool IsPossible(BlockRequest request)
    {
        if (request.Operation == BlockOperation.Flush)
            return true;
        ulong offset = request.Offset, length = request.Length;
        ulong most = request.Operation switch
        {
            BlockOperation.Discard => MaximumDiscard,
            BlockOperation.WriteZeroes => MaximumZeroes,
            _ => (ulong)Math.Min(MaximumBytes, request.Capacity),
        };
        uint mask = (uint)BlockBytes - 1;
        return length != 0 && length <= most && ((offset | length) & mask) == 0 && offset <= Length && length <= Length - offset
            && (request.Operation == BlockOperation.Read || !IsReadOnly);
    }
}
