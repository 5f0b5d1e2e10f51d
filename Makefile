# Sequences what the projects, the linker script and iso/ define; `make` alone lists the targets. Everything built lands in out/.

VMS         ?= iso/default.yaml
OUT         ?= out/hyperos.iso
HOST_MEMORY ?= 2GiB
MACHINE     ?= qemu
BOCHS_MODEL ?= corei7_skylake_x

ELF     := out/hyperos.elf
OBJECT  := out/kernel/kernel.o
FAULTS  := out/hyperos-faults.elf
KERNEL  ?= $(ELF)
CMDLINE ?=
ASM     := $(patsubst %.asm,out/kernel/asm/%.o,$(wildcard boot/*.asm kernel/*/*.asm kernel/*/*/*.asm))
BUNDLE  := out/bundle/$(subst /,_,$(OUT)).bundle
FONT    := out/cache/packages/font.psf
GUEST   := out/guest/vmlinuz out/guest/initrd-virtio.img
DEPS    := out/.deps

TOOLS      := out/host/bin
IMAGETOOL  := $(TOOLS)/ImageTool/release/imagetool.dll
SYMBOLISER := $(TOOLS)/Symboliser/release/symboliser.dll
BENCH      := $(TOOLS)/Bench/release/bench.dll
NETBENCH   := $(TOOLS)/NetBench/release/netbench.dll
BUILD      := dotnet build -c Release -v q -nologo

MANAGEMENT := out/userworld/hyperos-management
PORTAL     := $(TOOLS)/Host/release/hyperos-management.dll
LISTEN     ?= 127.0.0.1:8443

sources = $(shell find $(wildcard $(1)) -name '*.cs' -o -name '*.csproj') $(wildcard $(1:%=%/Directory.Build.props)) \
          Directory.Build.props Directory.Packages.props global.json
# $(call need,command,Debian package)
need = @command -v $(1) > /dev/null || { echo "$(1) is missing (Debian package $(2)): make deps installs it" >&2; exit 1; }
need-dotnet = @dotnet --version > /dev/null 2>&1 || { echo "dotnet is missing: install the .NET 10 SDK, which README.md names" >&2; exit 1; }

# All that the management process is made of.
management-sources = $(filter-out management/Portal/%,$(call sources,management kernel/Abi kernel/Core))

.PHONY: help deps iso run debug portal management test test-all bench clean
.DELETE_ON_ERROR:

help:
	@echo "make run     installs what is missing, builds the ISO and boots it in QEMU; Ctrl-A X leaves. With MACHINE=bochs"
	@echo "             in Bochs, whose processor has VT-x, or SVM with BOCHS_MODEL=ryzen; Ctrl-A leaves"
	@echo "make test    runs the tests that every change has to pass"
	@echo "make test-all  runs those and the long ones: about an hour"
	@echo "make bench   measures instructions, boot times and sizes under an emulator that counts; docs/bench.md has its options"
	@echo "make iso     builds out/hyperos.iso; with VMS=file.yaml OUT=file.iso one that starts that file's guests,"
	@echo "             checked against HOST_MEMORY=size (2GiB) of the machine that is to run them"
	@echo "make portal  runs the management process on this machine, with a simulated host: https://127.0.0.1:8443, or LISTEN=address:port"
	@echo "make management  builds the management process as the static executable that the host runs: two minutes"
	@echo "make debug   as run, but QEMU waits for GDB"
	@echo "make deps    installs the tools and fetches the packages that all this needs"
	@echo "make clean   deletes what was built; downloads stay in out/cache"

deps:
	tools/deps
	iso/fetch out/cache/packages
	dotnet restore HyperOS.sln -v q
	dotnet restore tests/boot -v q
	dotnet restore tests/tap -v q
	dotnet restore tests/netbench -v q
	dotnet restore tests/bench -v q
	dotnet restore tests/userworld/managed -v q
	dotnet restore kernel/Startup -p:Freestanding=true -v q
	dotnet restore management/Host -p:UserWorld=true -v q
	@mkdir -p out && touch $(DEPS)

$(DEPS):
	@$(MAKE) --no-print-directory deps

iso: $(OUT)

run: $(DEPS)
	@$(MAKE) --no-print-directory $(OUT) $(SYMBOLISER)
	@tools/run $(MACHINE) $(OUT) $(ELF) $(SYMBOLISER) $(if $(filter bochs,$(MACHINE)),-c $(BOCHS_MODEL))

debug: $(DEPS)
	@$(MAKE) --no-print-directory $(OUT) $(SYMBOLISER)
	@echo "QEMU waits; in another terminal: gdb $(ELF) -ex 'target remote localhost:1234'   (break points: hbreak, then continue)"
	@tools/run qemu $(OUT) $(ELF) $(SYMBOLISER) -s -S

portal: $(PORTAL)
	@dotnet $(PORTAL) --simulate --listen $(LISTEN) --state out/portal

management: $(MANAGEMENT)

test:
	$(need-dotnet)
	@$(MAKE) --no-print-directory $(OUT) $(MANAGEMENT)
	@tools/test out/test-results

test-all:
	$(need-dotnet)
	@$(MAKE) --no-print-directory $(OUT) $(MANAGEMENT)
	@tools/test out/test-results all

bench: $(DEPS)
	@$(MAKE) --no-print-directory out/hyperos.iso $(IMAGETOOL) $(BENCH) $(NETBENCH)
	@tests/bench/peers/fetch out/cache/peers
	@dotnet $(BENCH) $(if $(filter fresh,$(PEERS)),--fresh-peers) $(if $(filter bochs,$(MACHINE)),--vtx) $(if $(filter update,$(BASELINE)),--update)
	@$(if $(filter-out 0,$(shell id -u)),unshare --map-root-user) dotnet $(NETBENCH)

clean:
	find out -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + 2> /dev/null || true

# The kernel: ILC's object and the assembly, linked.

$(OBJECT): $(call sources,kernel drivers)
	$(need-dotnet)
	$(BUILD) kernel/Startup/Startup.csproj -p:Freestanding=true
	@touch $@

# The test kernel, whose places can be made to fail: docs/containment.md.
out/kernel-faults/kernel.o: $(call sources,kernel drivers)
	$(need-dotnet)
	$(BUILD) kernel/Startup/Startup.csproj -p:Freestanding=true -p:FaultInjection=true
	@touch $@

out/kernel/asm/%.o: %.asm $(wildcard kernel/*/*.inc)
	$(call need,nasm,nasm)
	@mkdir -p $(@D)
	nasm -f elf64 -g -F dwarf -o $@ $<

$(ELF): $(OBJECT)
$(FAULTS): out/kernel-faults/kernel.o
$(ELF) $(FAULTS): boot/kernel.ld $(ASM)
	$(call need,ld.lld,lld)
	ld.lld -nostdlib -static --no-relax -z max-page-size=4096 -T $(filter %.ld,$^) -o $@ $(filter %.o,$^)

$(BENCH): $(call sources,tests/bench)
	$(need-dotnet)
	$(BUILD) tests/bench/Bench.csproj
	@touch $@

# The management process: for this machine, and as the static executable for the host's ring 3.

$(PORTAL): $(management-sources)
	$(need-dotnet)
	$(BUILD) management/Host/Host.csproj
	@touch $@

$(MANAGEMENT): $(management-sources)
	$(need-dotnet)
	$(call need,clang,clang)
	$(call need,cmake,cmake)
	dotnet publish management/Host/Host.csproj -p:UserWorld=true -c Release -v q -nologo -o out/userworld/publish
	@cp out/userworld/publish/hyperos-management $@

$(NETBENCH): $(call sources,tests/netbench tests/tap management/TcpIp management/TcpIpTransport)
	$(need-dotnet)
	$(call need,ip,iproute2)
	$(BUILD) tests/netbench/NetBench.csproj
	@touch $@

# The guests: the bundle is always made anew and written only if it differs, for only the image tool knows what the VM file names.

$(IMAGETOOL): $(call sources,tools/ImageTool kernel/Core kernel/Abi kernel/Specs kernel/Loaders)
	$(need-dotnet)
	$(BUILD) tools/ImageTool/ImageTool.csproj
	@touch $@

$(SYMBOLISER): $(call sources,tools/Symboliser kernel/Core kernel/Abi kernel/Specs)
	$(BUILD) tools/Symboliser/Symboliser.csproj
	@touch $@

out/cache/packages/vmlinuz out/cache/packages/busybox out/cache/packages/modules out/cache/packages/font.psf &: iso/fetch
	iso/fetch out/cache/packages

out/guest/vmlinuz: out/cache/packages/vmlinuz
	@mkdir -p $(@D)
	cp $< $@

out/guest/initrd.img: out/cache/packages/busybox iso/guest/init iso/guest/lease $(IMAGETOOL)
	@mkdir -p $(@D)
	@dotnet $(IMAGETOOL) initramfs --program $< --program iso/guest/lease --init iso/guest/init --out $@

# The same with the drivers of PCI devices in /lib/modules: the kernel unpacks one archive after the other.
out/guest/initrd-virtio.img: out/guest/initrd.img out/guest/modules.img
	@cat $^ > $@

out/guest/modules.img: $(IMAGETOOL) | out/cache/packages/modules
	@mkdir -p $(@D)
	@dotnet $(IMAGETOOL) modules --directory out/cache/packages/modules --out $@

$(BUNDLE): FORCE $(IMAGETOOL) $(if $(filter iso/default.yaml,$(VMS)),$(GUEST))
	@mkdir -p $(@D)
	@dotnet $(IMAGETOOL) bundle --vms '$(VMS)' --host-memory $(HOST_MEMORY) --out $@

$(OUT): $(KERNEL) $(BUNDLE) $(FONT) iso/build iso/grub.cfg iso/early.cfg
	$(call need,xorriso,xorriso)
	$(call need,mformat,mtools)
	$(call need,grub-mkimage,grub-common)
	$(call need,strip,binutils)
	@iso/build $(KERNEL) $(BUNDLE) $(FONT) $@ '$(CMDLINE)'

FORCE:
