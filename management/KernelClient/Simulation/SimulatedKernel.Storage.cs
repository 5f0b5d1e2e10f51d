using System;
using System.Linq;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient.Simulation;

public sealed partial class SimulatedKernel
{
    private ControlStatus CreateImage(in ImageCreateRequest request, ref AnswerWriter answer, out ulong detail)
    {
        ImageName name = request.Name;
        bool isPersistent = (request.Options & StorageOptions.Persistent) != 0;
        detail = 0;
        if (!name.IsValid)
            return ControlStatus.BadName;
        if ((request.Options & ~StorageOptions.Persistent) != 0)
            return ControlStatus.Malformed;
        detail = MaxImageBytes;
        if (request.Bytes is 0 or > MaxImageBytes)
            return ControlStatus.BadSize;
        detail = 0;
        if (_images.Values.Any(image => image.Name.SameAs(in name)))
            return ControlStatus.NameTaken;
        if (isPersistent && _options.StorageBytes == 0)
            return ControlStatus.NoStorage;
        detail = isPersistent ? FreeStorage : AvailableMemory;
        if (request.Bytes > detail)
            return isPersistent ? ControlStatus.NoSpace : ControlStatus.NoMemory;
        SimulatedImage image = new(++_lastIdentity, name, request.Bytes, isPersistent);
        _images.Add(image.Id, image);
        Tell(EventKind.ImageChanged, image.Id);
        return Created(ref answer, image.Id);
    }

    private ControlStatus AppendImage(in ImageAppendRequest request, ReadOnlySpan<byte> piece, ref AnswerWriter answer, out ulong detail)
    {
        detail = request.Id;
        if (!_images.TryGetValue(request.Id, out SimulatedImage? image))
            return ControlStatus.NotFound;
        detail = image.Length;
        if (image.IsSealed)
            return ControlStatus.WrongState;
        if (request.Offset != image.Length)
            return ControlStatus.WrongOffset;
        detail = image.Bytes;
        if ((ulong)piece.Length > image.Bytes - image.Length)
            return ControlStatus.BadSize;
        image.Append(piece);
        return Created(ref answer, image.Length);
    }

    private ControlStatus SealImage(ulong id, ReadOnlySpan<byte> hash, out ulong detail)
    {
        detail = id;
        if (!_images.TryGetValue(id, out SimulatedImage? image))
            return ControlStatus.NotFound;
        detail = image.Length;
        if (image.IsSealed)
            return ControlStatus.WrongState;
        if (!image.TrySeal(hash))
            return ControlStatus.WrongHash;
        Tell(EventKind.ImageChanged, id);
        return ControlStatus.Done;
    }

    private ControlStatus DeleteImage(ulong id)
    {
        if (!_images.ContainsKey(id))
            return ControlStatus.NotFound;
        if (ImageUsers(id) != 0)
            return ControlStatus.InUse;
        _images.Remove(id);
        Tell(EventKind.ImageDeleted, id);
        return ControlStatus.Done;
    }

    private uint ImageUsers(ulong id) => (uint)_vms.Values.Count(vm => vm.Images.Contains(id));

    private ControlStatus CreateVolume(in VolumeCreateRequest request, ref AnswerWriter answer, out ulong detail)
    {
        ImageName name = request.Name;
        detail = 0;
        if (!name.IsValid)
            return ControlStatus.BadName;
        if (_options.StorageBytes == 0)
            return ControlStatus.NoStorage;
        detail = DiskDefinition.MaxBytes;
        if (request.Bytes is 0 or > DiskDefinition.MaxBytes || request.Bytes % BlockStore.SectorBytes != 0)
            return ControlStatus.BadSize;
        detail = request.Image;
        if (request.Image != 0 && !_images.ContainsKey(request.Image))
            return ControlStatus.NotFound;
        if (request.Image != 0 && !_images[request.Image].IsSealed)
            return ControlStatus.WrongState;
        if (_volumes.Values.Any(volume => volume.Name.SameAs(in name)))
            return ControlStatus.NameTaken;
        detail = FreeStorage;
        if (request.Bytes > FreeStorage)
            return ControlStatus.NoSpace;
        ulong id = ++_lastIdentity;
        _volumes.Add(id, new VolumeRecord { Id = id, Bytes = request.Bytes, Name = name });
        Tell(EventKind.VolumeChanged, id);
        return Created(ref answer, id);
    }

    private ControlStatus DeleteVolume(ulong id)
    {
        if (!_volumes.ContainsKey(id))
            return ControlStatus.NotFound;
        if (_vms.Values.Any(vm => vm.Volumes.Contains(id)))
            return ControlStatus.InUse;
        _volumes.Remove(id);
        Tell(EventKind.VolumeDeleted, id);
        return ControlStatus.Done;
    }
}
