using HyperOS.Emulation;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;
using HyperOS.Tests.Unit.Emulation;
using HyperOS.Tests.Unit.Emulation.Policy;

namespace HyperOS.Tests.Fuzz.Emulation;

/// <summary>VMCSs that hold anything, and good ones with some fields changed; processors that offer anything, and real ones.</summary>
public class VmxEntryFuzz
{
    private sealed class MutantVmcs(Random random, VmcsReader? valid) : VmcsReader
    {
        private readonly Dictionary<VmcsField, ulong> _fields = [];
        private readonly int _oneIn = random.Next(1, 40);

        public override ulong Read(VmcsField field)
        {
            if (!_fields.TryGetValue(field, out ulong value))
                _fields[field] = value = Choose(field);
            return value;
        }

        private ulong Choose(VmcsField field)
        {
            if (valid is null)
                return Value(random);
            if (random.Next(_oneIn) != 0)
                return OfValid(field);
            return random.Next(2) == 0 ? Value(random) : OfValid(field) ^ 1ul << random.Next(64);
        }

        private ulong OfValid(VmcsField field)
        {
            try
            {
                return valid!.Read(field);
            }
            catch (InvalidOperationException)
            {
                return Value(random); // in use only because of a changed control
            }
        }
    }

    private static ulong Value(Random random) => random.Next(5) switch
    {
        0 => 0,
        1 => 1ul << random.Next(64),
        2 => (ulong)random.Next(0x10000),
        3 => unchecked((ulong)-random.NextInt64(0x1000)),
        _ => (ulong)random.NextInt64() << random.Next(2),
    };

    private static ulong Capability(Random random) => random.Next(3) switch
    {
        0 => 0xFFFF_FFFF_0000_0000,
        1 => (ulong)random.NextInt64(),
        _ => (ulong)~(1u << random.Next(32)) << 32,
    };

    private static VmxCapabilities Processor(Random random) => random.Next(3) == 0 ? VmxHost.SkylakeX.Capture() : new()
    {
        HasVmx = true,
        IsIntel = random.Next(2) == 0,
        Signature = (uint)random.Next(),
        PhysicalAddressBits = random.Next(256),
        FeatureControl = (FeatureControl)random.Next(8),
        Basic = (VmxBasic)random.NextInt64(),
        Misc = (VmxMisc)random.NextInt64(),
        PinBased = Capability(random),
        Primary = Capability(random),
        Secondary = Capability(random),
        Exit = Capability(random),
        Entry = Capability(random),
        EptVpid = random.Next(2) == 0 ? (EptVpidCap)ulong.MaxValue : (EptVpidCap)random.NextInt64(),
        Cr0Fixed1 = (Cr0)ulong.MaxValue,
        Cr4Fixed1 = (Cr4)Value(random),
    };

    [Fact]
    public void No_VMCS_breaks_the_checks() => FuzzRun.Run(random =>
    {
        VmcsReader? valid = random.Next(5) switch
        {
            0 => TestVmcs.LongMode(),
            1 => TestVmcs.RealMode(),
            2 => TestVmcs.Virtual8086(),
            3 => TestVmcs.ProtectedMode(),
            _ => null,
        };
        MutantVmcs vmcs = new(random, valid);
        VmxCapabilities processor = Processor(random);
        AssertExplained(VmxEntryChecks.TryFindControl(vmcs, processor, out VmxEntryFault fault), fault);
        AssertExplained(VmxEntryChecks.TryFindHost(vmcs, processor, out fault), fault);
        AssertExplained(VmxEntryChecks.TryFindGuest(vmcs, processor, out fault), fault);

        static void AssertExplained(bool found, VmxEntryFault fault)
        {
            Assert.Equal(found, !fault.Rule.IsEmpty);
            Assert.True(!found || !VmcsFieldNames.Of(fault.Field).IsEmpty);
        }
    });

    [Fact]
    public void No_processor_breaks_the_policy() => FuzzRun.Run(random =>
    {
        VmxCapabilities processor = Processor(random);
        VmxRefusal refusal = VmxControlPolicy.Decide(processor, (VmxFeatures)random.Next(), out VmxPlan plan);
        if (refusal == VmxRefusal.None)
            Assert.True(VmxControlPolicy.Fits(plan, processor));
        else
            Assert.False(VmxControlPolicy.Text(refusal).IsEmpty);
        _ = VmxControlPolicy.Fits(plan, Processor(random));
    });
}
