using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Tests.Unit.Firmware;

namespace HyperOS.Tests.Fuzz.Firmware;

public class BootProtocolFuzz
{
    [Fact]
    public void Multiboot2_information_never_faults_the_parser()
    {
        byte[] valid = Multiboot2Builder.Valid();
        BootInfo info = new();
        FuzzRun.Run(random =>
        {
            Multiboot2Parser.Parse(FuzzRun.Mutate(random, valid), info);
            Check(info);
        });
    }

    [Fact]
    public void PVH_start_info_never_faults_the_parser()
    {
        byte[] startInfo = new ByteWriter().U32(0x336EC578).U32(1).U32(0).U32(1).U64(0x2000).U64(0x3000).U64(0xF5000).U64(0x4000).U32(2).U32(0).ToArray();
        byte[] module = new ByteWriter().U64(0x4000000).U64(0x300).U64(0x3000).U64(0).ToArray();
        byte[] map = new ByteWriter().U64(0).U64(0x9FC00).U32(1).U32(0).U64(0x100000).U64(0x1000).U32(5).U32(0).ToArray();
        FakeMemory memory = new();
        PvhParser parser = new(memory);
        BootInfo info = new();
        FuzzRun.Run(random =>
        {
            memory.Put(0x1000, FuzzRun.Mutate(random, startInfo));
            memory.Put(0x2000, FuzzRun.Mutate(random, module));
            memory.Put(0x3000, FuzzRun.Mutate(random, "console=uart\0"u8.ToArray()));
            memory.Put(0x4000, FuzzRun.Mutate(random, map));
            parser.Parse(new HostPhysicalAddress(0x1000), info);
            Check(info);
        });
    }

    [Fact]
    public void Command_lines_never_fault_the_parser()
    {
        CommandLine line = new();
        FuzzRun.Run(random =>
        {
            line.Parse(FuzzRun.Mutate(random, "vga=off maxcpus=2 memory=4G log= =x quiet"u8.ToArray()));
            line.TryGetSwitch("vga"u8, out _);
            line.TryGetNumber("maxcpus"u8, out _);
            line.TryGetSize("memory"u8, out _);
            line.TryGetSize("log"u8, out _);
            int cursor = 0;
            while (line.TryNextUnknown(ref cursor, out _)) { }
        });
    }

    /// <summary>Whatever was read, the map is sorted and disjoint and the texts can be taken.</summary>
    private static void Check(BootInfo info)
    {
        FuzzRun.Saw("modules", info.Modules.Length);
        FuzzRun.Saw("regions", info.MemoryMap.Regions.Length);
        ulong end = 0;
        foreach (MemoryRegion region in info.MemoryMap.Regions)
        {
            Assert.True(region.Start.Value >= end && region.Length > 0);
            end = region.End.Value;
        }
        for (int i = 0; i < info.Modules.Length; i++)
            Assert.True(info.ModuleName(i).Length <= BootInfo.ModuleNameCapacity);
        Assert.True(info.CommandLine.Length <= BootInfo.CommandLineCapacity);
    }
}
