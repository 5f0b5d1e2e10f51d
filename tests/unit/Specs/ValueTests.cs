using HyperOS.Specs.Amd;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Specs;

/// <summary>Values picked from the manuals' tables, above all the ends of runs.</summary>
public class ValueTests
{
    [Theory]
    [InlineData(SvmExitCode.VMEXIT_CR15_READ, 0x0F)]
    [InlineData(SvmExitCode.VMEXIT_CR8_WRITE, 0x18)]
    [InlineData(SvmExitCode.VMEXIT_DR7_READ, 0x27)]
    [InlineData(SvmExitCode.VMEXIT_DR15_WRITE, 0x3F)]
    [InlineData(SvmExitCode.VMEXIT_EXCP14, 0x4E)]
    [InlineData(SvmExitCode.VMEXIT_EXCP31, 0x5F)]
    [InlineData(SvmExitCode.VMEXIT_INTR, 0x60)]
    [InlineData(SvmExitCode.VMEXIT_VINTR, 0x64)]
    [InlineData(SvmExitCode.VMEXIT_RDTSC, 0x6E)]
    [InlineData(SvmExitCode.VMEXIT_CPUID, 0x72)]
    [InlineData(SvmExitCode.VMEXIT_HLT, 0x78)]
    [InlineData(SvmExitCode.VMEXIT_IOIO, 0x7B)]
    [InlineData(SvmExitCode.VMEXIT_MSR, 0x7C)]
    [InlineData(SvmExitCode.VMEXIT_SHUTDOWN, 0x7F)]
    [InlineData(SvmExitCode.VMEXIT_VMMCALL, 0x81)]
    [InlineData(SvmExitCode.VMEXIT_XSETBV, 0x8D)]
    [InlineData(SvmExitCode.VMEXIT_EFER_WRITE_TRAP, 0x8F)]
    [InlineData(SvmExitCode.VMEXIT_CR15_WRITE_TRAP, 0x9F)]
    [InlineData(SvmExitCode.VMEXIT_INVPCID, 0xA2)]
    [InlineData(SvmExitCode.VMEXIT_NPF, 0x400)]
    [InlineData(SvmExitCode.VMEXIT_VMGEXIT, 0x403)]
    [InlineData(SvmExitCode.VMEXIT_INVALID, -1)]
    [InlineData(SvmExitCode.VMEXIT_INVALID_QEMU, 0xFFFFFFFFL)]
    public void An_exit_code_has_the_number_of_the_manual(SvmExitCode code, long number) => Assert.Equal(number, (long)code);

    [Theory]
    [InlineData(InterceptVector3.INTERCEPT_INTR, 0x00000001u)]
    [InlineData(InterceptVector3.INTERCEPT_CPUID, 0x00040000u)]
    [InlineData(InterceptVector3.INTERCEPT_IOIO_PROT, 0x08000000u)]
    [InlineData(InterceptVector3.INTERCEPT_SHUTDOWN, 0x80000000u)]
    [InlineData(InterceptVector4.INTERCEPT_VMRUN, 0x00000001u)]
    [InlineData(InterceptVector4.INTERCEPT_XSETBV, 0x00002000u)]
    [InlineData(InterceptVector4.INTERCEPT_CR0_WRITE_TRAP, 0x00010000u)]
    [InlineData(InterceptVector5.INTERCEPT_INVPCID, 0x00000004u)]
    [InlineData(InterceptCr.CR8_WRITE, 0x01000000u)]
    [InlineData(InterceptDr.DR7_WRITE, 0x00800000u)]
    [InlineData(InterceptExceptions.AC, 0x00020000u)]
    [InlineData(Cpuid8000000AEdx.DecodeAssists, 0x00000080u)]
    [InlineData(Cpuid8000000AEdx.AVIC, 0x00002000u)]
    [InlineData(Cpuid8000000AEdx.VGIF, 0x00010000u)]
    [InlineData(Cpuid1Ecx.HYPERVISOR, 0x80000000u)]
    [InlineData(Cpuid1Edx.APIC, 0x00000200u)]
    [InlineData(Cpuid7Ebx.SMEP, 0x00000080u)]
    [InlineData(Cpuid7Edx.SSBD, 0x80000000u)]
    [InlineData(Cpuid80000001Ecx.TopologyExtensions, 0x00400000u)]
    [InlineData(Cpuid80000001Edx.LM, 0x20000000u)]
    [InlineData(KvmFeatures.PV_SEND_IPI, 0x00000800u)]
    [InlineData(KvmFeatures.CLOCKSOURCE_STABLE_BIT, 0x01000000u)]
    [InlineData(PageFaultErrorCode.ID, 0x00000010u)]
    public void A_flag_is_the_bit_of_the_manual(Enum flag, uint bit) => Assert.Equal(bit, Convert.ToUInt32(flag));

    [Theory]
    [InlineData(Cr0.PG, 0x80000000ul)]
    [InlineData(Cr4.OSXSAVE, 0x00040000ul)]
    [InlineData(Cr4.SMAP, 0x00200000ul)]
    [InlineData(Efer.LMA, 0x00000400ul)]
    [InlineData(Efer.SVME, 0x00001000ul)]
    [InlineData(Rflags.IF, 0x00000200ul)]
    [InlineData(Rflags.AC, 0x00040000ul)]
    [InlineData(Xcr0.Hi16_ZMM, 0x00000080ul)]
    [InlineData(Dr6.BS, 0x00004000ul)]
    [InlineData(Dr7.GD, 0x00002000ul)]
    [InlineData(VirtualInterruptControl.V_IRQ, 0x00000100ul)]
    [InlineData(VirtualInterruptControl.V_INTR_MASKING, 0x01000000ul)]
    [InlineData(VirtualInterruptControl.AVIC_ENABLE, 0x80000000ul)]
    [InlineData(NestedPageFaultErrorCode.GuestTableWalk, 0x200000000ul)]
    public void A_wide_flag_is_the_bit_of_the_manual(Enum flag, ulong bit) => Assert.Equal(bit, Convert.ToUInt64(flag));

    [Theory]
    [InlineData(VmcbCleanBits.I, 0)]
    [InlineData(VmcbCleanBits.NP, 4)]
    [InlineData(VmcbCleanBits.CET, 12)]
    public void A_clean_bit_is_at_the_position_of_the_manual(VmcbCleanBits flag, int position) => Assert.Equal(1u << position, (uint)flag);

    [Fact]
    public void Vectors_that_push_an_error_code_are_those_of_the_manual()
    {
        int[] vectors = [.. Enumerable.Range(0, 32).Where(vector => (ExceptionProperties.PushesErrorCode >> vector & 1) != 0)];
        Assert.Equal([8, 10, 11, 12, 13, 14, 17, 21, 29, 30], vectors);
    }

    [Fact]
    public void The_KVM_signature_spells_its_name()
    {
        byte[] text = [.. BitConverter.GetBytes(KvmCpuid.SignatureEbx), .. BitConverter.GetBytes(KvmCpuid.SignatureEcx), .. BitConverter.GetBytes(KvmCpuid.SignatureEdx)];
        Assert.Equal("KVMKVMKVM\0\0\0"u8, text);
    }

    [Fact]
    public void The_fields_of_an_IOIO_exit_are_those_of_the_manual()
    {
        const ulong InFromSerialPort = 0x03F8_0211; // IN AL, DX in 64-bit mode, port 3F8h
        Assert.Equal(0x3F8ul, InFromSerialPort >> IoioExitInfo.PortShift & 0xFFFF);
        Assert.Equal(1ul, (InFromSerialPort & IoioExitInfo.SizeMask) >> IoioExitInfo.SizeShift);
        Assert.Equal(IoioExitInfo.TYPE | IoioExitInfo.SZ8 | IoioExitInfo.A64, InFromSerialPort & 0xFFFF);
    }
}
