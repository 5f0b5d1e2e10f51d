using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Fuzz.Policy;

/// <summary>Hosts that answer anything, guests that ask and write anything.</summary>
public class PolicyFuzz
{
    private sealed class RandomHost(Random random) : CpuidSource
    {
        public override CpuidResult Read(uint leaf, uint subleaf) => leaf switch
        {
            CpuidLeaf.Basic => random.Next(2) == 0 ? new(Word(), 0x68747541, 0x444D4163, 0x69746E65) : new(Word(), 0x756E6547, 0x6C65746E, 0x49656E69),
            CpuidLeaf.Extended => new(CpuidLeaf.Extended | Word() & 0xFF, 0, 0, 0),
            _ => new(Word(), Word(), Word(), Word()),
        };

        private uint Word() => random.Next(4) == 0 ? uint.MaxValue : (uint)random.NextInt64(1L << 32);
    }

    private static ulong Value(Random random) => random.Next(4) switch
    {
        0 => 0,
        1 => 1ul << random.Next(64),
        2 => (ulong)random.NextInt64(),
        _ => unchecked((ulong)-random.NextInt64(0x1000)),
    };

    private static GuestProcessor Guest(Random random) => new()
    {
        VcpuCount = (uint)Value(random),
        Offers = (ProcessorTraits)Value(random),
        XCR0 = (Xcr0)Value(random),
        TscKHz = (uint)Value(random),
        PhysicalAddressBits = (uint)Value(random),
    };

    [Fact]
    public void No_host_and_no_question_breaks_CPUID() => FuzzRun.Run(random =>
    {
        HostCpuid host = new(new RandomHost(random));
        CpuidPolicy policy = new(host, Guest(random));
        _ = SpeculationPolicy.Decide(new SpeculationHost(host, (ArchCapabilities)Value(random)), (Mitigations)random.Next(3));
        for (int i = 0; i < 64; i++)
        {
            CpuidVcpuState vcpu = new()
            {
                ApicId = (uint)Value(random), ApicEnabled = random.Next(2) == 0, CR4 = (Cr4)Value(random), XCR0 = (Xcr0)Value(random),
            };
            uint leaf = (uint)Value(random) & (random.Next(2) == 0 ? 0xC000003F : uint.MaxValue);
            CpuidResult result = policy.Answer(leaf, random.Next(2) == 0 ? (uint)random.Next(10) : (uint)Value(random), vcpu);
            if (leaf == CpuidLeaf.ExtendedFeatures)
                Assert.Equal(0u, result.Ecx & (uint)Cpuid80000001Ecx.SVM);
        }
    });

    [Fact]
    public void No_write_breaks_the_MSRs_or_leads_to_an_impossible_mode() => FuzzRun.Run(random =>
    {
        GuestProcessor guest = Guest(random);
        CpuidPolicy cpuid = new(new HostCpuid(new RandomHost(random)), guest);
        MsrPolicy policy = new(cpuid, guest);
        ControlRegisterPolicy control = new(cpuid);
        GuestMsrs stored = new();
        ControlRegisters registers = new() { CR0 = Cr0.ET, XCR0 = Xcr0.X87 };
        for (int i = 0; i < 64; i++)
        {
            uint msr = random.Next(4) switch
            {
                0 => (uint)random.Next(0x1000),
                1 => 0xC0000080u + (uint)random.Next(0x90),
                2 => 0xC0010000u + (uint)random.Next(0x2000),
                _ => (uint)Value(random),
            };
            ulong value = Value(random);
            if (policy.Write(msr, stored, value) == MsrOutcome.Done && policy.Read(msr, stored, out ulong read) == MsrOutcome.Done
                && MsrRules.Find(msr).Handling == MsrHandling.Stored)
                Assert.Equal(value, read);

            registers.IsCode64Bit = (registers.EFER & Efer.LMA) != 0 && random.Next(2) == 0;
            ulong bits = Value(random) | Value(random);
            _ = random.Next(4) switch
            {
                0 => control.TryWriteCr0(ref registers, bits | (random.Next(2) == 0 ? (ulong)(Cr0.PE | Cr0.PG) : 0)),
                1 => control.TryWriteCr4(ref registers, bits & (ulong)control.AllowedCr4),
                2 => control.TryWriteEfer(ref registers, bits & (ulong)control.AllowedEfer),
                _ => control.TryWriteXcr0(ref registers, bits),
            };
            bool paging = (registers.CR0 & Cr0.PG) != 0;
            Assert.Equal(paging && (registers.EFER & Efer.LME) != 0, (registers.EFER & Efer.LMA) != 0);
            Assert.True((registers.EFER & Efer.LMA) == 0 || (registers.CR4 & Cr4.PAE) != 0);
            Assert.True(!paging || (registers.CR0 & Cr0.PE) != 0);
            Assert.Equal((Efer)0, registers.EFER & Efer.SVME);
            Assert.NotEqual((Xcr0)0, registers.XCR0 & Xcr0.X87);
        }
    });
}
