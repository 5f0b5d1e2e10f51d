using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using HyperOS.Specs.Amd;
using HyperOS.Specs.Intel;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Specs;

/// <summary>Sizes and offsets as the manuals' tables print them; every field of every structure must be listed.</summary>
public class LayoutTests
{
    public static TheoryData<Type, int, string> Structures => new()
    {
        {
            typeof(Vmcb), 0x1000,
            """
            Control=000 Save=400
            """
        },
        {
            typeof(VmcbControlArea), 0x400,
            """
            InterceptCr=000 InterceptDr=004 InterceptExceptions=008 InterceptVector3=00C InterceptVector4=010 InterceptVector5=014
            PauseFilterThreshold=03C PauseFilterCount=03E IOPM_BASE_PA=040 MSRPM_BASE_PA=048 TSC_OFFSET=050 GuestAsid=058 TLB_CONTROL=05C
            VirtualInterruptControl=060 INTERRUPT_SHADOW=068 EXITCODE=070 EXITINFO1=078 EXITINFO2=080 EXITINTINFO=088 NestedControl=090
            AVIC_APIC_BAR=098 GHCB=0A0 EVENTINJ=0A8 N_CR3=0B0 VirtualizationControl=0B8 VmcbCleanBits=0C0 nRIP=0C8 NumberOfBytesFetched=0D0
            GuestInstructionBytes=0D1 AVIC_APIC_BACKING_PAGE=0E0 AVIC_LOGICAL_TABLE=0F0 AVIC_PHYSICAL_TABLE=0F8 VMSA=108 VMGEXIT_RAX=110
            VMGEXIT_CPL=118 BUS_LOCK_THRESHOLD=120 UPDATE_IRR=134 ALLOWED_SEV_FEATURES=138 GUEST_SEV_FEATURES=140 REQUESTED_IRR0=150
            REQUESTED_IRR1=158 REQUESTED_IRR2=160 REQUESTED_IRR3=168
            """
        },
        {
            typeof(SegmentState), 16,
            """
            Selector=0 Attributes=2 Limit=4 Base=8
            """
        },
        {
            typeof(VmcbStateSaveArea), 0xC00,
            """
            ES=000 CS=010 SS=020 DS=030 FS=040 GS=050 GDTR=060 LDTR=070 IDTR=080 TR=090 CPL=0CB EFER=0D0 PERF_CTL0=0E0 PERF_CTR0=0E8 PERF_CTL1=0F0
            PERF_CTR1=0F8 PERF_CTL2=100 PERF_CTR2=108 PERF_CTL3=110 PERF_CTR3=118 PERF_CTL4=120 PERF_CTR4=128 PERF_CTL5=130 PERF_CTR5=138 CR4=148
            CR3=150 CR0=158 DR7=160 DR6=168 RFLAGS=170 RIP=178 INSTR_RETIRED_CTR=1C0 PERF_CTR_GLOBAL_STS=1C8 PERF_CTR_GLOBAL_CTL=1D0 RSP=1D8 S_CET=1E0
            SSP=1E8 ISST_ADDR=1F0 RAX=1F8 STAR=200 LSTAR=208 CSTAR=210 SFMASK=218 KernelGsBase=220 SYSENTER_CS=228 SYSENTER_ESP=230 SYSENTER_EIP=238
            CR2=240 G_PAT=268 DBGCTL=270 BR_FROM=278 BR_TO=280 LASTEXCPFROM=288 LASTEXCPTO=290 DBGEXTNCTL=298 SPEC_CTRL=2E0 LBR_STACK=670
            LBR_SELECT=770 IBS_FETCH_CTL=778 IBS_FETCH_LINADDR=780 IBS_OP_CTL=788 IBS_OP_RIP=790 IBS_OP_DATA=798 IBS_OP_DATA2=7A0 IBS_OP_DATA3=7A8
            IBS_DC_LINADDR=7B0 BP_IBSTGT_RIP=7B8 IC_IBS_EXTD_CTL=7C0
            """
        },
        {
            typeof(DescriptorTablePointer), 10,
            """
            Limit=0 Base=2
            """
        },
        {
            typeof(GateDescriptor), 16,
            """
            OffsetLow=0 Selector=2 Ist=4 Access=5 OffsetMiddle=6 OffsetHigh=8 Reserved=C
            """
        },
        {
            typeof(SegmentDescriptor), 8,
            """
            LimitLow=0 BaseLow=2 BaseMiddle=4 Access=5 LimitHighAndFlags=6 BaseHigh=7
            """
        },
        {
            typeof(SystemSegmentDescriptor), 16,
            """
            Low=0 BaseUpper=8 Reserved=C
            """
        },
        {
            typeof(TaskStateSegment64), 0x68,
            """
            RSP0=04 RSP1=0C RSP2=14 IST1=24 IST2=2C IST3=34 IST4=3C IST5=44 IST6=4C IST7=54 IoMapBase=66
            """
        },
        {
            typeof(InveptDescriptor), 16,
            """
            EPTP=0 Reserved=8
            """
        },
        {
            typeof(InvvpidDescriptor), 16,
            """
            VPID=0 Reserved=2 Reserved2=4 LinearAddress=8
            """
        },
        {
            typeof(MsrEntry), 16,
            """
            Index=0 Reserved=4 Data=8
            """
        },
        {
            typeof(KvmStealTime), 64,
            """
            steal=00 version=08 flags=0C preempted=10
            """
        },
        {
            typeof(PvclockVcpuTimeInfo), 32,
            """
            version=00 tsc_timestamp=08 system_time=10 tsc_to_system_mul=18 tsc_shift=1C flags=1D
            """
        },
        {
            typeof(PvclockWallClock), 12,
            """
            version=0 sec=4 nsec=8
            """
        },
    };

    [Theory]
    [MemberData(nameof(Structures))]
    public void A_structure_has_the_size_and_offsets_of_the_manual(Type structure, int size, string fields)
    {
        Assert.Equal(size, Marshal.SizeOf(structure));
        Dictionary<string, int> expected = fields.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split('='))
            .ToDictionary(field => field[0], field => int.Parse(field[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Dictionary<string, int> actual = structure.GetFields(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(field => field.Name, field => (int)Marshal.OffsetOf(structure, field.Name));
        Assert.Equal(expected.OrderBy(field => field.Value), actual.OrderBy(field => field.Value));
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public void Fields_do_not_overlap(Type structure, int size, string fields)
    {
        int end = 0;
        foreach (FieldInfo field in structure.GetFields(BindingFlags.Public | BindingFlags.Instance).OrderBy(field => (int)Marshal.OffsetOf(structure, field.Name)))
        {
            int offset = (int)Marshal.OffsetOf(structure, field.Name);
            Assert.True(offset >= end, $"{structure.Name}.{field.Name} begins before the field in front of it ends.");
            end = offset + SizeOf(field.FieldType);
        }
        Assert.InRange(end, 1, size);
        Assert.NotEmpty(fields);
    }

    private static int SizeOf(Type type) => Marshal.SizeOf(type.IsEnum ? Enum.GetUnderlyingType(type) : type);
}
