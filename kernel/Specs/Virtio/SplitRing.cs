using System;

namespace HyperOS.Specs.Virtio;

/// <summary>Flags of a descriptor. Virtio 1.2, section "The Virtqueue Descriptor Table".</summary>
[Flags]
public enum VirtqDescriptorFlags : ushort
{
    /// <summary>The chain goes on at the field next.</summary>
    VIRTQ_DESC_F_NEXT = 1,

    /// <summary>The buffer is for the device to write, else for it to read.</summary>
    VIRTQ_DESC_F_WRITE = 2,

    /// <summary>The buffer holds a table of descriptors.</summary>
    VIRTQ_DESC_F_INDIRECT = 4,
}

/// <summary>
/// Offsets and sizes in a split virtqueue, in bytes; all fields are little-endian. Virtio 1.2, section "Split Virtqueues".
/// <code>
///   descriptor  address 0 (8), length 8 (4), flags 12 (2), next 14 (2)
///   available   flags 0 (2), idx 2 (2), ring 4 (2 each), used_event behind it (2)
///   used        flags 0 (2), idx 2 (2), ring 4 (8 each: id 0 (4), len 4 (4)), avail_event behind it (2)
/// </code>
/// </summary>
public static class SplitRing
{
    public const int DescriptorBytes = 16;
    public const int DescriptorLength = 8, DescriptorFlags = 12, DescriptorNext = 14;

    /// <summary>In both rings.</summary>
    public const int Flags = 0, Index = 2, Ring = 4;

    public const int AvailableElementBytes = 2;
    public const int UsedElementBytes = 8;
    public const int UsedElementLength = 4;

    /// <summary>used_event or avail_event.</summary>
    public const int EventBytes = 2;

    public const int DescriptorAlignment = 16, AvailableAlignment = 2, UsedAlignment = 4;

    /// <summary>Largest number of elements; always a power of two.</summary>
    public const int MaximumSize = 32768;

    /// <summary>In the available ring's flags: the driver wants no interrupt. Void with VIRTIO_F_EVENT_IDX.</summary>
    public const ushort VIRTQ_AVAIL_F_NO_INTERRUPT = 1;

    /// <summary>In the used ring's flags: the device wants no notification. Void with VIRTIO_F_EVENT_IDX.</summary>
    public const ushort VIRTQ_USED_F_NO_NOTIFY = 1;
}
