; Memory, and what holds copies of it: every page, instructions that change themselves, cache and TLB instructions.
;   AMD APM vol. 2, "Memory Management and Internal Cache Control Registers", "Translation-Lookaside Buffer (TLB)"; Intel SDM vol. 3A,
;   "Self-Modifying Code". Multiboot information: upper memory in KiB.
%include "guest.inc"
%include "check.inc"

FIRST   equ 0x400000
STEP    equ 4096
CR4_PGE equ 1 << 7
GLOBAL_ equ 1 << 8

; Entry of a page of the window, without telling the TLB.
%macro CHANGE 2
    mov qword [WindowTable + (%1) * 8], %2
%endmacro

    GUEST
    mov ebp, [ebx + 8]                  ; mem_upper
    LONG_MODE
    CHECKS
    shl ebp, 10
    add ebp, 0x100000
    and ebp, -STEP

    GROUP "memory: every page"
    cmp ebp, FIRST
    CHECK a, "there is memory to check"
; Each page's first and last words hold a number of their own, written first from the bottom to the top.
    mov edi, FIRST
.write:
    mov rax, 0x9E3779B97F4A7C15
    imul rax, rdi
    mov [rdi], rax
    not rax
    mov [rdi + STEP - 8], rax
    add edi, STEP
    cmp edi, ebp
    jb .write
    xor edx, edx
    mov edi, FIRST
.read:
    mov rax, 0x9E3779B97F4A7C15
    imul rax, rdi
    cmp [rdi], rax
    setne cl
    or dl, cl
    not rax
    cmp [rdi + STEP - 8], rax
    setne cl
    or dl, cl
    add edi, STEP
    cmp edi, ebp
    jb .read
    test dl, dl
    CHECK z, "every page keeps what is written to it"
; Accesses across pages and 2 MiB blocks.
    mov rax, 0x1122334455667788
    mov [abs FIRST + 0x200000 - 3], rax
    cmp [abs FIRST + 0x200000 - 3], rax
    CHECK e, "a word across two blocks is one word"
    cmp byte [abs FIRST + 0x200000 + 4], 0x11
    CHECK e, "its upper part lies in the second block"
    mov esi, FIRST
    mov edi, FIRST + 0x500800
    mov ecx, 0x80000
    rep movsq
    mov esi, FIRST
    mov edi, FIRST + 0x500800
    mov ecx, 0x80000
    repe cmpsq
    CHECK e, "4 MiB copied to another alignment are the same"

    GROUP "memory: outside RAM"
    SKIP_ON_QEMU .outside, "QEMU reads zeros there"
    mov eax, 0x12345678
    mov esi, 0xE0000000
    mov [rsi], eax
    EXPECT [rsi], -1, "what nobody answers reads as ones"
.outside:

    GROUP "code: that changes itself"
    mov ebx, 1
    call Patched
    mov byte [Patched.immediate], 2
    mov esi, eax
    call Patched
    EXPECT esi, 0x11111101, "at first"
    EXPECT eax, 0x11111102, "a patched immediate counts at the next call"
    mov byte [.next + 1], 0x77
.next:
    mov al, 0x11
    movzx eax, al
    EXPECT eax, 0x77, "also right behind the store"
; The immediate lies in the next page.
    mov rdi, PageBoundary - 3
    mov byte [rdi], 0xB8                ; MOV EAX, imm32; RET
    mov dword [rdi + 1], 0x01020304
    mov byte [rdi + 5], 0xC3
    call rdi
    mov esi, eax
    mov byte [rdi + 4], 0x55
    call rdi
    EXPECT esi, 0x01020304, "an instruction across pages"
    EXPECT eax, 0x55020304, "patched in its second page"
; The same through another address.
    MAP 0, CodePage + 3
    mov byte [abs WINDOW + (PageBoundary - CodePage - 3) + 1], 0x66
    call rdi
    EXPECT eax, 0x55020366, "patched by another linear address"

    GROUP "code: that changes itself and is executed by a host"
    mov dword [CodePage], 0x00320F90    ; NOP; RDMSR
    mov ecx, 0xC0000080
    call HostedCode
    mov dword [CodePage], 0x00A20F90    ; NOP; CPUID
    xor ecx, ecx
    xor ebx, ebx
    mov eax, 0
    call HostedCode
    cmp ebx, 0
    CHECK ne, "RDMSR becomes CPUID"
; The IOAPIC, for processors may serve the APIC themselves.
    mov esi, IOAPIC
    mov dword [r14], 0x20
    mov dword [CodePage], 0x9090068B    ; MOV EAX, [RSI]; NOP; NOP
    call HostedCode
    EXPECT eax, 0x20, "a load from the IOAPIC"
    mov eax, 0x30
    mov dword [CodePage], 0x90900689    ; MOV [RSI], EAX
    call HostedCode
    EXPECT [r14], 0x30, "becomes a store"
    mov dword [CodePage], 0x90900609    ; OR [RSI], EAX
    mov eax, 0x41
    call HostedCode
    EXPECT [r14], 0x71, "becomes an OR"
    mov dword [r14], 0
; An access to the IOAPIC whose instruction crosses a page, and whose pages lie apart.
    MAP 1, PageA + 3
    MAP 2, PageB + 3
    mov word [PageA + 4094], 0x86C7     ; MOV DWORD [RSI + disp32], imm32
    mov dword [PageB], 0
    mov dword [PageB + 4], 0x50
    mov byte [PageB + 8], 0xC3
    mov esi, IOAPIC
    mov eax, WINDOW + 0x1000 + 4094
    call rax
    EXPECT [r14], 0x50, "an instruction across pages that lie apart"
    mov dword [PageB + 4], 0x60
    mov eax, WINDOW + 0x1000 + 4094
    call rax
    EXPECT [r14], 0x60, "patched in its second page"
    mov dword [PageC], 0
    mov dword [PageC + 4], 0x70
    mov byte [PageC + 8], 0xC3
    MAP 2, PageC + 3
    mov eax, WINDOW + 0x1000 + 4094
    call rax
    EXPECT [r14], 0x70, "its second page mapped to another"
    mov dword [r14], 0

    GROUP "TLB"
    mov dword [PageA], 0xAAAAAAAA
    mov dword [PageB], 0xBBBBBBBB
    MAP 0, PageA + 3
    EXPECT [abs WINDOW], 0xAAAAAAAA, "the window shows a page"
    CHANGE 0, PageB + 3
    invlpg [abs WINDOW]
    EXPECT [abs WINDOW], 0xBBBBBBBB, "INVLPG"
    CHANGE 0, PageA + 3
    invlpg [abs WINDOW + 0xFFF]
    EXPECT [abs WINDOW], 0xAAAAAAAA, "INVLPG by any address of the page"
    CHANGE 0, PageB + 3
    mov rax, cr3
    mov cr3, rax
    EXPECT [abs WINDOW], 0xBBBBBBBB, "a write to CR3"
    mov rax, cr4
    or eax, CR4_PGE
    mov cr4, rax
    MAP 0, PageA + 3 + GLOBAL_
    EXPECT [abs WINDOW], 0xAAAAAAAA, "a global page"
    CHANGE 0, PageB + 3 + GLOBAL_
    mov rax, cr4
    and eax, ~CR4_PGE
    mov cr4, rax
    EXPECT [abs WINDOW], 0xBBBBBBBB, "clearing CR4.PGE"
    CHANGE 0, PageA + 3
    mov rax, cr4
    or eax, CR4_PGE
    mov cr4, rax
    EXPECT [abs WINDOW], 0xAAAAAAAA, "setting CR4.PGE"
    CHANGE 0, PageB + 3
    mov rax, cr0
    mov rbx, rax
    xor eax, 1 << 16
    mov cr0, rax
    mov cr0, rbx
    mov rax, cr3
    mov cr3, rax
    EXPECT [abs WINDOW], 0xBBBBBBBB, "after writes to CR0"
    MAP 0, PageA + 1
    mov rax, cr0
    or eax, 1 << 16
    mov cr0, rax
    RAISES PF, 3, "mov [abs WINDOW], eax", "a read-only page"
    CHANGE 0, PageA + 3
    invlpg [abs WINDOW]
    PASSES "mov [abs WINDOW], eax", "becomes writable"
    CHANGE 0, 0
    invlpg [abs WINDOW]
    RAISES PF, 0, "mov eax, [abs WINDOW]", "and disappears"
    mov rax, cr0
    and eax, ~(1 << 16)
    mov cr0, rax

    GROUP "TLB: INVPCID"
    mov eax, 7
    xor ecx, ecx
    cpuid
    test ebx, 1 << 10
    SKIP_IF z, .noInvpcid, "CPUID offers no INVPCID"
    MAP 0, PageA + 3
    mov eax, [abs WINDOW]
    CHANGE 0, PageB + 3
    mov eax, 2                          ; all, global pages too
    invpcid rax, [Descriptor]
    mov dword [PageB], 0xBBBBBBBB
    EXPECT [abs WINDOW], 0xBBBBBBBB, "all contexts"
    CHANGE 0, PageA + 3
    mov dword [PageA], 0xAAAAAAAA
    mov qword [Descriptor + 8], WINDOW
    xor eax, eax
    invpcid rax, [Descriptor]
    EXPECT [abs WINDOW], 0xAAAAAAAA, "one address"
    mov eax, 4
    RAISES GP, 0, "invpcid rax, [Descriptor]", "an unknown kind"
.noInvpcid:

    GROUP "TLB: PCIDs"
    mov eax, 1
    cpuid
    test ecx, 1 << 17
    SKIP_IF z, .noPcid, "CPUID offers no PCID"
    mov rax, cr4
    or eax, 1 << 17
    PASSES "mov cr4, rax", "CR4.PCIDE"
    mov rax, cr3
    or eax, 1
    PASSES "mov cr3, rax", "a PCID in CR3"
    mov dword [PageA], 0xAAAAAAAA
    MAP 0, PageA + 3
    EXPECT [abs WINDOW], 0xAAAAAAAA, "its own translations"
    mov rax, cr3
    and rax, -0x1000
    mov cr3, rax
    mov rax, cr4
    and eax, ~(1 << 17)
    mov cr4, rax
.noPcid:

    GROUP "caches"
    mov dword [PageA], 0x12345678
    PASSES "clflush [PageA]", "CLFLUSH"
    EXPECT [PageA], 0x12345678, "memory is what it was"
    PASSES "wbinvd", "WBINVD"
    EXPECT [PageA], 0x12345678, "memory is what it was"
    mov rax, cr0
    or eax, 1 << 30
    mov cr0, rax
    EXPECT [PageA], 0x12345678, "with CR0.CD"
    mov rax, cr0
    and eax, ~(1 << 30)
    mov cr0, rax
    PASSES "prefetcht0 [abs WINDOW + 0x5000]", "PREFETCH of no page"
    mfence
    lfence
    sfence
    CHECKS_END

Patched:
    db 0xB8                             ; MOV EAX, imm32
.immediate:
    dd 0x11111101
    ret

HostedCode:
    jmp CodePage

    align 8
Descriptor: dq 0, 0
    align 4096
CodePage:   db 0x90, 0x90, 0x90, 0x90, 0xC3
    times 4096 - 5 db 0
PageBoundary:
    times 4096 db 0
PageA:      times 4096 db 0
PageB:      times 4096 db 0
PageC:      times 4096 db 0
    GUEST_END
