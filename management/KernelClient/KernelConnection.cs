using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient;

/// <summary>What a VM is made of: the definitions and what they refer to.</summary>
public sealed class VmBlueprint
{
    public VmDefinition Vm;

    /// <summary>Identities, to which the definitions refer by index.</summary>
    public ulong[] Images { get; init; } = [];

    /// <summary>Identities, to which the NICs refer by index.</summary>
    public ulong[] PortGroups { get; init; } = [];

    public NicDefinition[] Nics { get; init; } = [];

    public DiskDefinition[] Disks { get; init; } = [];

    /// <summary>Of each disk: a volume's identity, or 0.</summary>
    public ulong[] Volumes { get; init; } = [];

    /// <summary>Its name and its properties; the kernel's rules for it are those of <see cref="VmCreateRequest.Validate"/>.</summary>
    public ControlStatus Validate(ulong maxMemoryBytes, out ulong detail)
    {
        byte[] body = new byte[VmCreateRequest.LengthFor(Images.Length, PortGroups.Length, Nics.Length, Disks.Length)];
        LittleEndianWriter writer = new(body);
        detail = 0;
        return VmCreateRequest.TryWrite(ref writer, in Vm, Images, PortGroups, Nics, Disks, Volumes) && VmCreateRequest.TryOpen(body, out VmCreateRequest request)
            ? request.Validate(maxMemoryBytes, out detail)
            : ControlStatus.Malformed;
    }
}

/// <summary>Output from a ring, from <see cref="Start"/> on.</summary>
/// <param name="Start">Offset of the first byte.</param>
/// <param name="End">Where the output ends.</param>
/// <param name="Bytes">As many as were read.</param>
public readonly record struct OutputPart(ulong Start, ulong End, byte[] Bytes);

/// <summary>The kernel's services as calls. Any thread may call; nothing here keeps state of the kernel's.</summary>
public sealed class KernelConnection : IDisposable
{
    private readonly ControlChannel _channel;

    /// <param name="kernel">Whose device files to open.</param>
    /// <param name="threads">Conversations at the same time.</param>
    public KernelConnection(IKernel kernel, int threads = 4)
    {
        Kernel = kernel;
        _channel = new ControlChannel(kernel, threads);
    }

    public IKernel Kernel { get; }

    public void Dispose() => _channel.Dispose();

    public Task<ControlResult<HostInformation>> ReadHostAsync() => AskAsync<HostInformation>(ControlOperation.HostInformation);

    public Task<ControlResult<HostStatistics>> ReadStatisticsAsync() => AskAsync<HostStatistics>(ControlOperation.HostStatistics);

    public Task<ControlResult<bool>> EndHostAsync(HostEndAction action) => DoAsync(ControlOperation.HostEnd, 0, (ulong)action);

    public Task<ControlResult<OutputPart>> ReadLogAsync(ulong offset) => _channel.CallAsync(
        ControlOperation.HostLog, new TargetRequest { Argument = offset }, Write, static (ref AnswerReader answer) =>
        {
            answer.TryRead(out OutputChunk chunk);
            answer.Body.TryTake(answer.Body.Remaining, out ReadOnlySpan<byte> bytes);
            return new OutputPart(chunk.Start, chunk.End, bytes.ToArray());
        });

    public Task<ControlResult<ulong>> CreateVmAsync(VmBlueprint blueprint) => _channel.CallAsync(
        ControlOperation.VmCreate, blueprint, static (VmBlueprint vm, ref RequestWriter request) => VmCreateRequest.TryWrite(
            ref request.Body, in vm.Vm, vm.Images, vm.PortGroups, vm.Nics, vm.Disks, vm.Volumes), Created);

    public Task<ControlResult<bool>> DeleteVmAsync(ulong vm) => DoAsync(ControlOperation.VmDelete, vm);

    /// <param name="vm">Which.</param>
    /// <param name="operation">What to do.</param>
    /// <param name="argument">Of <see cref="VmOperation.SetMemory"/>: in bytes.</param>
    public Task<ControlResult<bool>> OperateVmAsync(ulong vm, VmOperation operation, ulong argument = 0) => _channel.CallAsync(
        ControlOperation.VmOperate, new VmOperateRequest { Id = vm, Operation = operation, Argument = argument }, Write, Nothing);

    public Task<ControlResult<VmRecord>> ReadVmAsync(ulong vm) => _channel.CallAsync(
        ControlOperation.VmRead, new TargetRequest { Id = vm }, Write, One<VmRecord>);

    public Task<IReadOnlyList<VmRecord>> ListVmsAsync() => ListAsync<VmRecord>(ControlOperation.VmList, vm => vm.Id);

    public Task<ControlResult<IReadOnlyList<VmExitRecord>>> ReadExitsAsync(ulong vm) => _channel.CallAsync(
        ControlOperation.VmExits, new TargetRequest { Id = vm }, Write, All<VmExitRecord>);

    public Task<ControlResult<VmBlueprint>> ReadBlueprintAsync(ulong vm) => _channel.CallAsync(
        ControlOperation.VmDefinition, new TargetRequest { Id = vm }, Write, static (ref AnswerReader answer) =>
            answer.Body.TryTake(answer.Body.Remaining, out ReadOnlySpan<byte> body) && VmCreateRequest.TryOpen(body, out VmCreateRequest request)
                ? BlueprintOf(in request)
                : throw new IOException("The kernel's definition of a VM is malformed."));

    public Task<ControlResult<ulong>> CreateImageAsync(in ImageName name, ulong bytes, StorageOptions options) => _channel.CallAsync(
        ControlOperation.ImageCreate, new ImageCreateRequest { Bytes = bytes, Options = options, Name = name }, Write, Created);

    /// <summary>Appends a piece of at most <see cref="ControlMessage.MaxAppend"/> bytes.</summary>
    /// <returns>The image's length now.</returns>
    public Task<ControlResult<ulong>> AppendImageAsync(ulong image, ulong offset, ReadOnlyMemory<byte> piece) => _channel.CallAsync(
        ControlOperation.ImageAppend, (image, offset, piece), static ((ulong Image, ulong Offset, ReadOnlyMemory<byte> Piece) state, ref RequestWriter request) =>
        {
            new ImageAppendRequest { Id = state.Image, Offset = state.Offset }.Write(ref request.Body);
            request.Body.WriteBytes(state.Piece.Span);
            return true;
        }, Created);

    public Task<ControlResult<bool>> SealImageAsync(ulong image, ReadOnlyMemory<byte> sha256) => _channel.CallAsync(
        ControlOperation.ImageSeal, (image, sha256), static ((ulong Image, ReadOnlyMemory<byte> Sha256) state, ref RequestWriter request) =>
        {
            new ImageSealRequest { Id = state.Image }.Write(ref request.Body);
            request.Body.WriteBytes(state.Sha256.Span);
            return true;
        }, Nothing);

    public Task<ControlResult<bool>> DeleteImageAsync(ulong image) => DoAsync(ControlOperation.ImageDelete, image);

    public Task<IReadOnlyList<ImageRecord>> ListImagesAsync() => ListAsync<ImageRecord>(ControlOperation.ImageList, image => image.Id);

    public Task<ControlResult<ulong>> WriteNetworkAsync(NetworkWriteRequest request) => _channel.CallAsync(ControlOperation.NetworkWrite, request, Write, Created);

    public Task<ControlResult<bool>> DeleteNetworkAsync(ulong network) => DoAsync(ControlOperation.NetworkDelete, network);

    public Task<IReadOnlyList<NetworkRecord>> ListNetworksAsync() => ListAsync<NetworkRecord>(ControlOperation.NetworkList, network => network.Id);

    public Task<ControlResult<ulong>> WritePortGroupAsync(PortGroupWriteRequest request) =>
        _channel.CallAsync(ControlOperation.PortGroupWrite, request, Write, Created);

    public Task<ControlResult<bool>> DeletePortGroupAsync(ulong group) => DoAsync(ControlOperation.PortGroupDelete, group);

    public Task<IReadOnlyList<PortGroupRecord>> ListPortGroupsAsync() => ListAsync<PortGroupRecord>(ControlOperation.PortGroupList, group => group.Id);

    public Task<IReadOnlyList<PortRecord>> ListPortsAsync() => ListAsync<PortRecord>(ControlOperation.PortList, port => port.Id);

    public Task<IReadOnlyList<DeviceRecord>> ListDevicesAsync() => ListAsync<DeviceRecord>(ControlOperation.DeviceList, device => device.Id);

    public Task<ControlResult<ulong>> CreateVolumeAsync(in ImageName name, ulong bytes, ulong image) => _channel.CallAsync(
        ControlOperation.VolumeCreate, new VolumeCreateRequest { Bytes = bytes, Image = image, Name = name }, Write, Created);

    public Task<ControlResult<bool>> DeleteVolumeAsync(ulong volume) => DoAsync(ControlOperation.VolumeDelete, volume);

    public Task<IReadOnlyList<VolumeRecord>> ListVolumesAsync() => ListAsync<VolumeRecord>(ControlOperation.VolumeList, volume => volume.Id);

    private Task<ControlResult<T>> AskAsync<T>(ControlOperation operation)
        where T : struct, IControlRecord<T> =>
        _channel.CallAsync(operation, 0, static (int _, ref RequestWriter _) => true, One<T>);

    private Task<ControlResult<bool>> DoAsync(ControlOperation operation, ulong target, ulong argument = 0) =>
        _channel.CallAsync(operation, new TargetRequest { Id = target, Argument = argument }, Write, Nothing);

    private async Task<IReadOnlyList<T>> ListAsync<T>(ControlOperation operation, Func<T, ulong> identity)
        where T : struct, IControlRecord<T>
    {
        List<T> all = [];
        ulong after = 0;
        while (true)
        {
            ControlResult<(IReadOnlyList<T> Records, bool HasMore)> part = await _channel.CallAsync(
                operation, new TargetRequest { Id = after }, Write, static (ref AnswerReader answer) => (All<T>(ref answer), answer.Header.Detail != 0));
            if (!part.IsDone)
                throw new IOException($"The kernel refuses {operation}: {part.Status}.");
            all.AddRange(part.Value.Records);
            if (!part.Value.HasMore || part.Value.Records.Count == 0)
                return all;
            after = identity(all[^1]);
        }
    }

    private static bool Write<T>(T record, ref RequestWriter request)
        where T : struct, IControlRecord<T>
    {
        record.Write(ref request.Body);
        return true;
    }

    private static bool Nothing(ref AnswerReader answer) => true;

    private static T One<T>(ref AnswerReader answer)
        where T : struct, IControlRecord<T> =>
        answer.TryRead(out T record) ? record : default;

    private static ulong Created(ref AnswerReader answer) => One<CreatedAnswer>(ref answer).Id;

    private static IReadOnlyList<T> All<T>(ref AnswerReader answer)
        where T : struct, IControlRecord<T>
    {
        List<T> records = [];
        for (uint i = 0; i < answer.Header.Count && answer.TryRead(out T record); i++)
            records.Add(record);
        return records;
    }

    private static VmBlueprint BlueprintOf(in VmCreateRequest request)
    {
        VmBlueprint blueprint = new()
        {
            Vm = request.ReadVm(),
            Images = new ulong[request.ImageCount],
            PortGroups = new ulong[request.PortGroupCount],
            Nics = new NicDefinition[request.NicCount],
            Disks = new DiskDefinition[request.DiskCount],
            Volumes = new ulong[request.DiskCount],
        };
        for (int i = 0; i < request.ImageCount; i++)
            blueprint.Images[i] = request.ImageAt(i);
        for (int i = 0; i < request.PortGroupCount; i++)
            blueprint.PortGroups[i] = request.PortGroupAt(i);
        for (int i = 0; i < request.NicCount; i++)
            blueprint.Nics[i] = request.ReadNic(i);
        for (int i = 0; i < request.DiskCount; i++)
            (blueprint.Disks[i], blueprint.Volumes[i]) = (request.ReadDisk(i), request.VolumeAt(i));
        return blueprint;
    }
}
