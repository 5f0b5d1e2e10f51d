using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// What a guest may write to CR0, CR4, EFER and XCR0: what its CPUID offers, in the transitions of AMD APM vol. 2, "System Resources"
/// and "Long Mode Activation". A method that returns false means #GP(0) for the guest and changes nothing.
/// </summary>
public sealed class ControlRegisterPolicy
{
    private const Cr0 Cr0Bits = Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.NW | Cr0.CD | Cr0.PG;
    private const Xcr0 Avx512State = Xcr0.Opmask | Xcr0.ZMM_Hi256 | Xcr0.Hi16_ZMM;

    /// <summary>Takes what the VM's CPUID offers.</summary>
    public ControlRegisterPolicy(CpuidPolicy cpuid)
    {
        CpuidResult features = cpuid.Result(CpuidLeaf.Features, 0);
        CpuidResult structured = cpuid.Result(CpuidLeaf.StructuredFeatures, 0);
        CpuidResult extended = cpuid.Result(CpuidLeaf.ExtendedFeatures, 0);

        Cr4 cr4 = Cr4.TSD | Cr4.MCE;
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.VME, Cr4.VME | Cr4.PVI);
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.DE, Cr4.DE);
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.PSE, Cr4.PSE);
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.PAE, Cr4.PAE);
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.PGE, Cr4.PGE);
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.FXSR, Cr4.OSFXSR);
        cr4 |= When(features.Edx, (uint)Cpuid1Edx.SSE, Cr4.OSXMMEXCPT);
        cr4 |= When(features.Ecx, (uint)Cpuid1Ecx.PCID, Cr4.PCIDE);
        cr4 |= When(features.Ecx, (uint)Cpuid1Ecx.XSAVE, Cr4.OSXSAVE);
        cr4 |= When(structured.Ebx, (uint)Cpuid7Ebx.FSGSBASE, Cr4.FSGSBASE);
        cr4 |= When(structured.Ebx, (uint)Cpuid7Ebx.SMEP, Cr4.SMEP);
        cr4 |= When(structured.Ebx, (uint)Cpuid7Ebx.SMAP, Cr4.SMAP);
        cr4 |= When(structured.Ecx, (uint)Cpuid7Ecx.UMIP, Cr4.UMIP);
        // RDPMC is intercepted whatever the bit says, and guests set it.
        AllowedCr4 = cr4 | Cr4.PCE;

        Efer efer = 0;
        efer |= When(extended.Edx, (uint)Cpuid80000001Edx.SysCallSysRet, Efer.SCE);
        efer |= When(extended.Edx, (uint)Cpuid80000001Edx.LM, Efer.LME | Efer.LMA);
        efer |= When(extended.Edx, (uint)Cpuid80000001Edx.NX, Efer.NXE);
        efer |= When(extended.Edx, (uint)Cpuid80000001Edx.FFXSR, Efer.FFXSR);
        efer |= When(cpuid.Result(CpuidLeaf.ExtendedFeatures2, 0).Eax, (uint)Cpuid80000021Eax.AutomaticIBRS, Efer.AIBRSE);
        AllowedEfer = efer;

        AllowedXcr0 = cpuid.XCR0;
    }

    /// <summary>CR4 bits that the guest may set.</summary>
    public Cr4 AllowedCr4 { get; }

    /// <summary>EFER bits that the guest may set; SVME is never among them.</summary>
    public Efer AllowedEfer { get; }

    /// <summary>State components that the guest may enable.</summary>
    public Xcr0 AllowedXcr0 { get; }

    /// <summary>MOV to CR0, LMSW, CLTS. Turning paging on or off moves EFER.LMA.</summary>
    public bool TryWriteCr0(ref ControlRegisters registers, ulong value)
    {
        Cr0 next = (Cr0)value & Cr0Bits | Cr0.ET;
        if (value > uint.MaxValue
            || (next & Cr0.PG) != 0 && (next & Cr0.PE) == 0
            || (next & Cr0.NW) != 0 && (next & Cr0.CD) == 0)
            return false;
        Efer efer = registers.EFER;
        Cr0 changed = next ^ registers.CR0;
        if ((changed & Cr0.PG) != 0)
        {
            if ((next & Cr0.PG) == 0)
            {
                if (registers.IsCode64Bit || (registers.CR4 & Cr4.PCIDE) != 0)
                    return false;
                efer &= ~Efer.LMA;
            }
            else if ((efer & Efer.LME) != 0)
            {
                if ((registers.CR4 & Cr4.PAE) == 0 || registers.IsCode64Bit)
                    return false;
                efer |= Efer.LMA;
            }
        }
        registers.CR0 = next;
        registers.EFER = efer;
        return true;
    }

    /// <summary>MOV to CR4.</summary>
    public bool TryWriteCr4(ref ControlRegisters registers, ulong value)
    {
        FaultPoint.Hit(FaultPlace.ControlRegisterPolicy);
        const ulong Pcid = 0xFFF;
        Cr4 next = (Cr4)value;
        Cr4 set = next & ~registers.CR4;
        bool isLongMode = (registers.EFER & Efer.LMA) != 0;
        if ((next & ~AllowedCr4) != 0
            || isLongMode && (next & Cr4.PAE) == 0
            || (set & Cr4.PCIDE) != 0 && (!isLongMode || (registers.CR3 & Pcid) != 0))
            return false;
        registers.CR4 = next;
        return true;
    }

    /// <summary>WRMSR EFER. LMA is read-only: what is written to it is ignored, and CR0.PG moves it.</summary>
    public bool TryWriteEfer(ref ControlRegisters registers, ulong value)
    {
        Efer next = (Efer)value;
        if ((next & ~AllowedEfer) != 0)
            return false;
        bool isPaging = (registers.CR0 & Cr0.PG) != 0;
        if (isPaging && ((next ^ registers.EFER) & Efer.LME) != 0)
            return false;
        registers.EFER = next & ~Efer.LMA | registers.EFER & Efer.LMA;
        return true;
    }

    /// <summary>XSETBV with ECX 0. The caller checks CPL 0 and that ECX is 0 (#GP), and CR4.OSXSAVE (#UD).</summary>
    public bool TryWriteXcr0(ref ControlRegisters registers, ulong value)
    {
        Xcr0 next = (Xcr0)value;
        Xcr0 avx512 = next & Avx512State;
        if ((next & Xcr0.X87) == 0
            || (next & ~AllowedXcr0) != 0
            || (next & Xcr0.AVX) != 0 && (next & Xcr0.SSE) == 0
            || avx512 != 0 && (avx512 != Avx512State || (next & Xcr0.AVX) == 0))
            return false;
        registers.XCR0 = next;
        return true;
    }

    private static Cr4 When(uint register, uint feature, Cr4 bits) => (register & feature) != 0 ? bits : 0;

    private static Efer When(uint register, uint feature, Efer bits) => (register & feature) != 0 ? bits : 0;
}
