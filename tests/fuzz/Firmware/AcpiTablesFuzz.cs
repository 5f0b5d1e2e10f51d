using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Tests.Unit.Firmware;

namespace HyperOS.Tests.Fuzz.Firmware;

public class AcpiTablesFuzz
{
    private static readonly BootInfo s_bootInfo = new();

    [Fact]
    public void Tables_never_fault_the_parser()
    {
        AcpiMachine machine = new();
        AcpiTables tables = new(machine.Memory);
        Dictionary<string, byte[]> valid = new(machine.Tables);
        FuzzRun.Run(random =>
        {
            foreach ((string signature, byte[] table) in valid)
            {
                byte[] mutant = random.Next(3) == 0 ? FuzzRun.Mutate(random, table) : (byte[])table.Clone();
                // Most mutants get a good checksum and length again, so that what lies behind these checks is reached.
                if (mutant.Length >= 36 && random.Next(4) != 0)
                {
                    ByteWriter.Patch32(mutant, 4, (uint)mutant.Length);
                    mutant[9] = unchecked((byte)(mutant[9] - ByteSpans.Sum(mutant)));
                }
                machine.Replace(signature, mutant);
            }
            AcpiStatus status = tables.Discover(s_bootInfo);
            FuzzRun.Saw(status);
            FuzzRun.Saw("processors", tables.Interrupts.Processors.Count);
            Assert.True(status == AcpiStatus.Ok || tables.Interrupts.Processors.Count == 0);
            tables.Numa.NodeOfProcessor(1);
            tables.Interrupts.GlobalSystemInterruptOf(9, out _);
            Assert.True(!tables.Power.CanPowerOff || (tables.Power.SleepTypeA <= 7 && tables.Power.SleepTypeB <= 7));
        });
    }

    [Fact]
    public void An_RSDP_never_faults_the_search()
    {
        AcpiMachine machine = new();
        AcpiTables tables = new(machine.Memory);
        BootInfo bootInfo = new();
        FuzzRun.Run(random =>
        {
            byte[] rsdp = FuzzRun.Mutate(random, AcpiMachine.Rsdp((byte)random.Next(3)));
            Multiboot2Parser.Parse(Multiboot2Builder.Information(Multiboot2Builder.Tag(15, rsdp)), bootInfo);
            FuzzRun.Saw(tables.Discover(bootInfo));
        });
    }
}
