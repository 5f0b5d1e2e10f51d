namespace HyperOS.Abi.Control;

/// <summary>What a request asks for; bodies and answers: docs/control-abi.md. Numbers are never given out anew.</summary>
public enum ControlOperation : ushort
{
    None = 0,

    /// <summary>Answer: <see cref="HostInformation"/>.</summary>
    HostInformation = 0x0101,

    /// <summary>Answer: <see cref="HostStatistics"/>.</summary>
    HostStatistics = 0x0102,

    /// <summary>Request: <see cref="TargetRequest"/>, its argument a <see cref="HostEndAction"/>. All VMs are shut down first.</summary>
    HostEnd = 0x0103,

    /// <summary>Request: <see cref="TargetRequest"/>, its argument an offset. Answer: <see cref="OutputChunk"/> of the host's log.</summary>
    HostLog = 0x0104,

    /// <summary>Request: <see cref="VmCreateRequest"/>. Answer: <see cref="CreatedAnswer"/>.</summary>
    VmCreate = 0x0201,

    /// <summary>Request: <see cref="TargetRequest"/>. Of a VM that does not run.</summary>
    VmDelete = 0x0202,

    /// <summary>Request: <see cref="VmOperateRequest"/>.</summary>
    VmOperate = 0x0203,

    /// <summary>Request: <see cref="TargetRequest"/>. Answer: one <see cref="VmRecord"/>.</summary>
    VmRead = 0x0204,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="VmRecord"/>s.</summary>
    VmList = 0x0205,

    /// <summary>Request: <see cref="TargetRequest"/>. Answer: <see cref="VmExitRecord"/>s of the kinds that occurred in this run.</summary>
    VmExits = 0x0206,

    /// <summary>Request: <see cref="TargetRequest"/>. Answer: the body of the <see cref="VmCreateRequest"/> that made it.</summary>
    VmDefinition = 0x0207,

    /// <summary>Request: <see cref="ImageCreateRequest"/>. Answer: <see cref="CreatedAnswer"/>.</summary>
    ImageCreate = 0x0301,

    /// <summary>Request: <see cref="ImageAppendRequest"/>. Answer: <see cref="CreatedAnswer"/>, its identity the image's length now.</summary>
    ImageAppend = 0x0302,

    /// <summary>Request: <see cref="ImageSealRequest"/>.</summary>
    ImageSeal = 0x0303,

    /// <summary>Request: <see cref="TargetRequest"/>. Of an image that no VM refers to.</summary>
    ImageDelete = 0x0304,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="ImageRecord"/>s.</summary>
    ImageList = 0x0305,

    /// <summary>Request: <see cref="NetworkWriteRequest"/>. Answer: <see cref="CreatedAnswer"/>.</summary>
    NetworkWrite = 0x0401,

    /// <summary>Request: <see cref="TargetRequest"/>. Of a network without port groups.</summary>
    NetworkDelete = 0x0402,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="NetworkRecord"/>s.</summary>
    NetworkList = 0x0403,

    /// <summary>Request: <see cref="PortGroupWriteRequest"/>. Answer: <see cref="CreatedAnswer"/>.</summary>
    PortGroupWrite = 0x0404,

    /// <summary>Request: <see cref="TargetRequest"/>. Of a port group to which no VM refers.</summary>
    PortGroupDelete = 0x0405,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="PortGroupRecord"/>s of all networks.</summary>
    PortGroupList = 0x0406,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="PortRecord"/>s of all networks.</summary>
    PortList = 0x0407,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="DeviceRecord"/>s.</summary>
    DeviceList = 0x0501,

    /// <summary>Request: <see cref="VolumeCreateRequest"/>. Answer: <see cref="CreatedAnswer"/>.</summary>
    VolumeCreate = 0x0601,

    /// <summary>Request: <see cref="TargetRequest"/>. Of a volume to which no VM refers.</summary>
    VolumeDelete = 0x0602,

    /// <summary>Request: <see cref="TargetRequest"/>, after whose identity to go on. Answer: <see cref="VolumeRecord"/>s.</summary>
    VolumeList = 0x0603,
}

/// <summary>How the host is to end: the argument of <see cref="ControlOperation.HostEnd"/>.</summary>
public enum HostEndAction : uint
{
    None = 0,
    PowerOff = 1,
    Reboot = 2,
}
