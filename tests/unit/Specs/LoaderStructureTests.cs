using HyperOS.Specs.Elf;
using HyperOS.Specs.Linux;
using HyperOS.Specs.Multiboot;

namespace HyperOS.Tests.Unit.Specs;

public class LoaderStructureTests
{
    [Fact]
    public void Structures_of_image_formats_have_the_offsets_of_the_specifications()
    {
        StructureLayout.AssertLayout<Elf32_Ehdr>(52, ("e_type", 16), ("e_machine", 18), ("e_entry", 24), ("e_phoff", 28), ("e_phentsize", 42), ("e_phnum", 44));
        StructureLayout.AssertLayout<Elf64_Ehdr>(64, ("e_type", 16), ("e_machine", 18), ("e_entry", 24), ("e_phoff", 32), ("e_phentsize", 54), ("e_phnum", 56));
        StructureLayout.AssertLayout<Elf32_Phdr>(32, ("p_offset", 4), ("p_vaddr", 8), ("p_paddr", 12), ("p_filesz", 16), ("p_memsz", 20), ("p_flags", 24),
            ("p_align", 28));
        StructureLayout.AssertLayout<Elf64_Phdr>(56, ("p_flags", 4), ("p_offset", 8), ("p_vaddr", 16), ("p_paddr", 24), ("p_filesz", 32), ("p_memsz", 40),
            ("p_align", 48));
        StructureLayout.AssertLayout<ElfNhdr>(12, ("n_descsz", 4), ("n_type", 8));
        StructureLayout.AssertLayout<MultibootHeader>(32, ("flags", 4), ("checksum", 8), ("header_addr", 12), ("load_addr", 16), ("load_end_addr", 20),
            ("bss_end_addr", 24), ("entry_addr", 28));
        StructureLayout.AssertLayout<MultibootInformation>(68, ("mem_lower", 4), ("mem_upper", 8), ("cmdline", 16), ("mods_count", 20), ("mods_addr", 24),
            ("mmap_length", 44), ("mmap_addr", 48), ("boot_loader_name", 64));
        StructureLayout.AssertLayout<MultibootModule>(16, ("mod_end", 4), ("string", 8));
        StructureLayout.AssertLayout<MultibootMemoryMapEntry>(24, ("base_addr", 4), ("length", 12), ("type", 20));
        StructureLayout.AssertLayout<E820Entry>(20, ("size", 8), ("type", 16));
    }

    [Fact]
    public void Offsets_in_boot_params_are_those_of_the_boot_protocol()
    {
        Assert.Equal((0x070, 0x1E8, 0x2D0), (BootParams.acpi_rsdp_addr, BootParams.e820_entries, BootParams.e820_table));
        Assert.Equal((0x1F1, 0x1F4, 0x1FE, 0x200, 0x202, 0x206), (BootParams.setup_sects, BootParams.syssize, BootParams.boot_flag, BootParams.jump,
            BootParams.header, BootParams.version));
        Assert.Equal((0x210, 0x211, 0x214, 0x218, 0x21C, 0x228), (BootParams.type_of_loader, BootParams.loadflags, BootParams.code32_start,
            BootParams.ramdisk_image, BootParams.ramdisk_size, BootParams.cmd_line_ptr));
        Assert.Equal((0x22C, 0x230, 0x234, 0x236, 0x238), (BootParams.initrd_addr_max, BootParams.kernel_alignment, BootParams.relocatable_kernel,
            BootParams.xloadflags, BootParams.cmdline_size));
        Assert.Equal((0x248, 0x24C, 0x250, 0x258, 0x260), (BootParams.payload_offset, BootParams.payload_length, BootParams.setup_data,
            BootParams.pref_address, BootParams.init_size));
    }
}
