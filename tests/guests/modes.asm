; The processor's modes and the ways between them: real mode, real mode with large segments, 16-bit and 32-bit protected mode, 32-bit and
; PAE paging, compatibility mode. AMD APM vol. 2, "System Resources" ("Operating Modes"), "Long-Mode Initialization"; Intel SDM vol. 3A,
; "Mode Switching", "8086 Emulation". Each stay in another mode leaves what it saw in Seen, and is judged in long mode.
%include "guest.inc"
%include "check.inc"

EFER        equ 0xC0000080
LOW         equ 0x8000                  ; where the 16-bit code runs
SCRATCH     equ COM1 + 7
IVT         equ 0x6000                  ; an interrupt table of real mode's that is not at 0
EXTRA       equ 0x1000                  ; a segment of real mode: 0x10000
BUFFER      equ 0x10000

%define LOWER(label) (LOW + (label) - Low)

; Two tasks of 32-bit code, by the TSSs Tss0 and Tss1.
TASK0       equ OWN_SELECTOR + 16
TASK1       equ OWN_SELECTOR + 24
NT_         equ 1 << 14

; Runs 32-bit code without paging, by its address.
%macro IN_32_BITS 1
    mov eax, %1
    call Run32
%endmacro

; Seen[n] is what EAX is.
%macro SEE 1
    mov [Seen + (%1) * 4], eax
%endmacro

%macro SAW 3+
    EXPECT [Seen + (%1) * 4], %2, %3
%endmacro

; In 32-bit code: instruction in quotes; EAX is the vector, EDX the error code, or -1.
%macro TRY 1
    mov dword [ResumeAt], %%after
    mov dword [LastVector], NONE
    %deftok %%instruction %1
    %%instruction
%%after:
    mov dword [ResumeAt], 0
    mov eax, [LastVector]
    mov edx, [LastError]
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r15 + APIC_LINT0], 0x700
    mov esi, Low
    mov edi, LOW
    mov ecx, LowEnd - Low
    rep movsb
    call BuildTable32
    mov rax, 0xFECF93E00000FFFF         ; data, base 0xFEE00000, 4 GiB
    mov [CheckGdt + OWN_SELECTOR], rax
    mov rax, 0x004093010000000F         ; data, base 0x10000, limit 0xF
    mov [CheckGdt + OWN_SELECTOR + 8], rax

    GROUP "modes: 32-bit protected mode"
    IN_32_BITS Protected
    SAW 0, 0x11, "paging and long mode are off"
    SAW 1, 0, "EFER.LMA is clear"
    SAW 2, UD, "an exception"
    SAW 3, GP, "a bad selector"
    SAW 4, 0x1230, "its error code"
    SAW 5, NP, "a segment that is not present"
    SAW 8, OF, "INTO"
    SAW 9, BR, "BOUND"
    SAW 10, 0x40, "INT"
    SAW 11, 1, "an interrupt"
    SAW 12, DE, "a division error"

    GROUP "modes: segment limits"
    cmp dword [Seen + 6 * 4], NONE
    SKIP_IF e, .noLimits, "an emulator that does not look at them"
    SAW 6, GP, "an access beyond a segment's limit"
    SAW 7, SS_, "one beyond the stack segment's"
.noLimits:

    GROUP "modes: task switches"
    mov eax, Tss0
    mov ecx, TASK0
    call DescribeTask
    mov eax, Tss1
    mov ecx, TASK1
    call DescribeTask
    IN_32_BITS Tasks
    and byte [CheckGdt + TASK + 5], ~2  ; back to long mode's own
    mov eax, TASK
    ltr ax
    SAW 0, 0x11111111, "CALL: the new task's registers"
    SAW 1, TASK1, "the task register"
    SAW 2, NT_, "RFLAGS.NT is set"
    SAW 3, 8, "CR0.TS is set"
    SAW 4, TASK0, "the link is the old task's"
    SAW 5, Tasks.called, "the old task goes on behind the CALL"
    SAW 6, 0x8B8B, "both TSSs are busy"
    SAW 7, 0x22222222, "IRET: registers are as they were"
    SAW 8, TASK0, "the task register"
    SAW 9, 0x898B, "the old one's TSS is busy no more"
    SAW 10, 0, "RFLAGS.NT is as it was"
    SAW 11, TASK1, "JMP: the task register"
    SAW 12, 0x8B89, "one TSS is busy"
    SAW 13, 0, "RFLAGS.NT is clear"
    SAW 14, Tasks.undefined, "a fault by a task gate: the old task goes on at it"
    SAW 15, 0x13579BDF, "it goes on"
    SAW 16, 0x1230, "an error code by a task gate"
    SAW 17, Tasks.interrupted, "INT by a task gate: the old task goes on behind it"
    SAW 18, GP, "a task that is busy"
    SAW 19, TASK0, "its error code"
    SAW 20, 0, "a double fault by a task gate: its error code"
    SAW 21, Tasks.doubled, "where it came"
    SAW 22, TASK0, "the link"
    SAW 23, 0x13579BDF, "the old task goes on"

    GROUP "modes: what a host executes in 32-bit protected mode"
    IN_32_BITS ProtectedHosted
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [Seen]
    CHECK e, "a load from the APIC"
    cmp eax, [Seen + 4]
    CHECK e, "by a segment with a base"
    SAW 2, 0x50, "an OR of it, with an index"
    SAW 3, 0xA5, "IN and OUT"
    SAW 4, BUFFER + 4, "REP INSB"
    SAW 5, 0xA5A5A5A5, "its bytes"
    SAW 6, 4, "by a segment with a base"
    SAW 9, 0xFFFF7001, "with 16-bit addresses DI alone moves"
    cmp dword [Seen + 40], 1
    CHECK ae, "CPUID"
    SAW 11, ProtectedHosted.stepped, "a single step over CPUID"

    GROUP "modes: segment limits of what a host executes"
    cmp dword [Seen + 7 * 4], NONE
    SKIP_IF e, .noHostedLimits, "an emulator that does not look at them"
    SAW 7, GP, "beyond the segment's limit"
    SAW 8, 12, "RCX is what is left"
.noHostedLimits:

    GROUP "modes: 32-bit paging"
    IN_32_BITS Paging32
    SAW 0, 0x12345678, "4 MiB pages"
    SAW 1, PF, "a page that is not there"
    SAW 2, 0x80000010, "CR2"
    SAW 3, 0, "its error code"
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [Seen + 16]
    CHECK e, "the APIC"
    SAW 5, PF, "REP INSB into no page"
    SAW 6, 2, "its error code"
    SAW 7, 0x2000, "what is left"
    SAW 8, 0x87654321, "4 KiB pages, changed by INVLPG"

    GROUP "modes: virtual-8086 mode"
    mov eax, Tss0
    mov ecx, TASK0
    call DescribeTask
    mov word [CheckGdt + TASK0], TSS0_LIMIT
    IN_32_BITS Virtual8086
    and byte [CheckGdt + TASK + 5], ~2
    mov eax, TASK
    ltr ax
    EXPECT [BUFFER + 0x20], 0xCAFE, "a store by DS"
    cmp dword [BUFFER + 0x24], 1
    CHECK ae, "CPUID"
    EXPECT [BUFFER + 0x28], 0xA5, "IN and OUT by the permission map"
    EXPECT [BUFFER + 0x30], 0xA5A5A5A5, "REP INSB"
    EXPECT [BUFFER + 0x2C], 0x34, "it moves DI"
    SAW 0, LOWER(Low.virtualInterrupted), "INT leads to ring 0, from behind it"
    SAW 1, 0x23002, "its frame's RFLAGS: VM, IOPL 3"
    SAW 2, EXTRA, "the segments lie behind it"
    SAW 3, 0, "and are gone from the registers"
    SAW 4, LOWER(Low.virtualHalt), "HLT is #GP"
    SAW 5, 0, "its error code"

    GROUP "modes: PAE paging"
    IN_32_BITS PagingPae
    SAW 0, 0x12345678, "2 MiB pages"
    SAW 1, PF, "a page that is not there"
    SAW 2, WINDOW + 0x10, "CR2"
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [Seen + 12]
    CHECK e, "the APIC"
    SAW 4, 0x87654321, "4 KiB pages"
    SAW 5, PF, "a pointer that is not there"
    SAW 6, PF, "a fetch without execution"
    SAW 7, 0x10, "its error code, but for the page's presence"

    GROUP "modes: transitions that are refused"
    cmp byte [IsHosted], 0
    jne .refused                        ; the host refuses it, whatever its processor does
    SKIP_ON_LAX .notRefused, "an emulator whose CR0 takes what it should not"
.refused:
    IN_32_BITS Refused
    SAW 0, GP, "long mode without PAE"
    SAW 1, 0x11, "CR0 is as before"
    SAW 2, 0x100, "EFER too: LME without LMA"
    SAW 3, 0x1B, "LMSW sets TS and MP"
    SAW 4, 0x15, "LMSW from memory sets EM and clears the others, but for PE"
.notRefused:

    GROUP "modes: 16-bit protected mode"
    IN_32_BITS Protected16
    SAW 0, 0xA5, "IN and OUT"
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [Seen + 4]
    CHECK e, "a load from the APIC with a 32-bit address"
    SAW 2, BUFFER + 0x100, "REP INSB by DI"
    cmp dword [Seen + 12], 1
    CHECK ae, "CPUID"
    SAW 4, UD, "an exception by a 32-bit gate"

    GROUP "modes: real mode"
    IN_32_BITS Real
    SAW 0, 0x10, "CR0.PE is clear"
    SAW 1, 0x5A, "INT by the interrupt vectors"
    SAW 2, 0x0202, "its IRET brings back IF"
    SAW 3, 0, "which the handler found clear"
    SAW 4, 1, "an invalid opcode"
    SAW 5, 1, "a division error"
    SAW 7, 0x464C457F, "FFFF:0010 is the first byte above 1 MiB"
    cmp dword [Seen + 32], 1
    CHECK ae, "CPUID"
    SAW 9, 0xA5, "IN and OUT"
    SAW 10, 0x20, "REP INSB moves DI"
    SAW 11, 0xA5A5, "its bytes, by ES"
    SAW 12, 1, "an interrupt of the PIT ends HLT"
    SAW 13, 1, "a single step over CPUID"
    SAW 14, LOWER(Low.stepped), "it ends behind it"
    SAW 15, 1, "RDMSR and WRMSR"
    SAW 16, 1, "interrupt vectors elsewhere"

    GROUP "modes: real mode: accesses beyond 64 KiB"
    cmp dword [Seen + 6 * 4], 0
    SKIP_IF e, .noWrap, "an emulator that does not look at limits"
    SAW 6, 1, "a fault"
.noWrap:

    GROUP "modes: real mode with large segments"
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [Seen + 17 * 4]
    CHECK e, "a load from the APIC"
    SAW 18, 0x60, "an OR of it"
    SAW 19, 1, "an interrupt of the APIC"
    SAW 20, 0x50607080, "memory above 1 MiB"

    GROUP "modes: compatibility mode"
    call Compatible
    SAW 0, 0x80000011 & 0x80000001, "paging is on"
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [Seen + 4]
    CHECK e, "a load from the APIC"
    SAW 2, 0xA5, "IN and OUT"
    SAW 3, UD, "an exception"
    SAW 4, CODE32, "its frame's CS"
    SAW 5, OF, "INTO"
    SAW 6, 0x60, "INT"
    SAW 7, 1, "an interrupt"
    SAW 8, PF, "a page fault"
    cmp dword [Seen + 36], 1
    CHECK ae, "CPUID"
    SAW 10, 0, "registers have 32 bits: the upper half of RAX"
    mov qword [UserCode], USER_CODE32
    USER Compatible3
    mov qword [UserCode], USER_CODE64
    SAW 0, 3, "ring 3"
    cmp dword [Seen + 4], 1
    CHECK ae, "CPUID in ring 3"
    SAW 2, GP, "HLT in ring 3"
    SAW 3, USER_CODE32, "its frame's CS"

    GROUP "modes: back and forth"
    mov ebx, 50
.again:
    IN_32_BITS Nothing
    sub ebx, 1
    jnz .again
    mov ecx, EFER
    rdmsr
    and eax, 0x500
    EXPECT eax, 0x500, "long mode after many changes"
    CHECKS_END

; EAX: address of 32-bit code, which returns. R14 and R15 are what they were.
Run32:
    push rbx
    mov [Target], eax
    mov [LongStack], rsp
    push qword CODE32
    push qword .compatible
    retfq
    bits 32
.compatible:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, cr0
    and eax, 0x7FFFFFFF
    mov cr0, eax
    mov ecx, EFER
    rdmsr
    and eax, ~0x100
    wrmsr
    mov eax, cr4
    and eax, ~0x30                      ; PAE, PSE
    mov cr4, eax
    lidt [Table32Pointer]
    call [Target]
BackToLong:
    mov eax, cr0
    and eax, 0x7FFFFFFF
    mov cr0, eax
    mov eax, cr4
    and eax, ~0x10
    or eax, 0x20
    mov cr4, eax
    mov eax, GuestRoot
    mov cr3, eax
    mov ecx, EFER
    rdmsr
    or eax, 0x100
    wrmsr
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp CODE64:.long
    bits 64
.long:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    lidt [InterruptTablePointer]
    mov rsp, [LongStack]
    mov r15d, APIC
    mov r14d, IOAPIC
    pop rbx
    ret

; EAX: address of a TSS, ECX: its selector.
DescribeTask:
    lea rdi, [CheckGdt + rcx]
    mov word [rdi], 0x67
    mov [rdi + 2], ax
    shr eax, 16
    mov [rdi + 4], al
    mov word [rdi + 5], 0x0089          ; present, available
    mov [rdi + 7], ah
    ret

BuildTable32:
    xor ecx, ecx
    mov eax, Stubs32
.gate:
    mov edi, ecx
    shl edi, 3
    add edi, Table32
    mov [rdi], ax
    mov word [rdi + 2], CODE32
    mov word [rdi + 4], 0x8E00
    mov edx, eax
    shr edx, 16
    mov [rdi + 6], dx
    add eax, STUB_SIZE
    add ecx, 1
    cmp ecx, VECTORS32
    jb .gate
    ret

VECTORS32 equ 0x50
    align 16
    bits 32

; Vector: its gate leads to the task of Tss1, which begins at an address.
%macro TASK_GATE 2
    mov dword [Table32 + (%1) * 8], TASK1 << 16
    mov dword [Table32 + (%1) * 8 + 4], 0x8500
    mov dword [Tss1 + 0x20], %2
    mov dword [Tss1 + 0x38], TaskStackTop
    mov dword [Tss1 + 0x24], 2
%endmacro

; The types of both descriptors, that of Tss0 in AL, that of Tss1 in AH.
TaskTypes:
    movzx eax, byte [CheckGdt + TASK0 + 5]
    mov ah, [CheckGdt + TASK1 + 5]
    ret

Tasks:
    mov eax, TASK0
    ltr ax
    mov dword [Tss1 + 0x20], .inner
    mov dword [Tss1 + 0x24], 2
    mov dword [Tss1 + 0x28], 0x11111111
    mov dword [Tss1 + 0x38], TaskStackTop
    mov dword [Tss1 + 0x48], DATA
    mov dword [Tss1 + 0x4C], CODE32
    mov dword [Tss1 + 0x50], DATA
    mov dword [Tss1 + 0x54], DATA
    mov eax, 0x22222222
    clts
    call TASK1:0
.called:
    SEE 7
    str eax
    SEE 8
    call TaskTypes
    SEE 9
    pushfd
    pop eax
    and eax, NT_
    SEE 10
    mov dword [Tss1 + 0x20], .jumped
    mov dword [Tss1 + 0x24], 2
    jmp TASK1:0
.back:
    TASK_GATE 6, .gateUndefined
    mov eax, 0x13579BDF
.undefined:
    ud2
    SEE 15
    TASK_GATE 13, .gateProtection
    mov ecx, 0x1230
.bad:
    mov es, ecx
    TASK_GATE 0x41, .gateInterrupt
    int 0x41
.interrupted:
    mov eax, Stubs32 + 13 * STUB_SIZE   ; #GP by an interrupt gate again
    mov [Table32 + 13 * 8], ax
    mov word [Table32 + 13 * 8 + 2], CODE32
    shr eax, 16
    mov [Table32 + 13 * 8 + 6], ax
    mov word [Table32 + 13 * 8 + 4], 0x8E00
    TRY "jmp TASK0:0"
    SEE 18
    mov eax, edx
    SEE 19
    TASK_GATE 8, .gateDouble
    mov word [Table32 + 13 * 8 + 4], 0x0E00 ; not present: #NP while #GP is delivered
    mov eax, 0x13579BDF
    mov ecx, 0x1230
.doubled:
    mov es, ecx
    SEE 23
    mov word [Table32 + 13 * 8 + 4], 0x8E00
    mov ax, DATA
    mov es, ax
    call BuildGates
    clts
    ret

.inner:
    SEE 0
    str eax
    SEE 1
    pushfd
    pop eax
    and eax, NT_
    SEE 2
    mov eax, cr0
    and eax, 8
    SEE 3
    movzx eax, word [Tss1]
    SEE 4
    mov eax, [Tss0 + 0x20]
    SEE 5
    call TaskTypes
    SEE 6
    clts
    iretd

.jumped:
    str eax
    SEE 11
    call TaskTypes
    SEE 12
    pushfd
    pop eax
    and eax, NT_
    SEE 13
    mov dword [Tss0 + 0x20], .back
    clts
    jmp TASK0:0

.gateUndefined:
    mov eax, [Tss0 + 0x20]
    SEE 14
    add dword [Tss0 + 0x20], 2
    clts
    iretd

.gateProtection:
    pop eax
    SEE 16
    add dword [Tss0 + 0x20], 2
    clts
    iretd

.gateInterrupt:
    mov eax, [Tss0 + 0x20]
    SEE 17
    clts
    iretd

.gateDouble:
    pop eax
    SEE 20
    mov eax, [Tss0 + 0x20]
    SEE 21
    movzx eax, word [Tss1]
    SEE 22
    mov dword [Tss0 + 0x20], .doubled + 2
    clts
    iretd

; The gates that were task gates are interrupt gates again.
BuildGates:
    mov ecx, 6
    call .gate
    mov ecx, 8
    call .gate
    mov ecx, 0x41
.gate:
    mov eax, ecx
    imul eax, eax, STUB_SIZE
    add eax, Stubs32
    mov [Table32 + ecx * 8], ax
    mov word [Table32 + ecx * 8 + 2], CODE32
    mov word [Table32 + ecx * 8 + 4], 0x8E00
    shr eax, 16
    mov [Table32 + ecx * 8 + 6], ax
    ret

    align 16
Stubs32:
    %assign vector 0
    %rep VECTORS32
    align STUB_SIZE
    %if !(vector = 8 || (vector >= 10 && vector <= 14) || vector = 17)
    push 0
    %endif
    push vector
    jmp near Handler32
    %assign vector vector + 1
    %endrep
    align STUB_SIZE

; As Handler, for what the stays in 32 bits need.
Handler32:
    push eax
    push ebx
    push ds
    mov eax, DATA
    mov ds, eax
    mov eax, [esp + 12]
    lea ebx, [esp + 20]
    mov [LastVector], eax
    add dword [Counts + eax * 4], 1
    mov eax, [esp + 16]
    mov [LastError], eax
    mov eax, [ebx]
    mov [LastRip], eax
    mov eax, [LastVector]
    cmp eax, DB_
    je .step
    cmp eax, 0x40
    jb .exception
    mov dword [APIC + APIC_EOI], 0
    jmp .done
.step:
    and dword [ebx + 8], ~RFLAGS_TF
    jmp .done
.exception:
    cmp dword [ResumeAt], 0
    je .unexpected
    mov eax, [ResumeAt]
    mov [ebx], eax
.done:
    pop ds
    pop ebx
    pop eax
    add esp, 8
    iret

.unexpected:
    PRINT "  unexpected exception "
    PRINT_HEX [LastVector]
    PRINT " error "
    PRINT_HEX [LastError]
    PRINT " EIP "
    PRINT_HEX [LastRip]
    PRINT 10
    mov al, ERROR
    call ExitWithByte

Nothing:
    ret

Protected:
    mov eax, cr0
    and eax, 0x80000011
    SEE 0
    mov ecx, EFER
    rdmsr
    and eax, 0x500
    SEE 1
    TRY "ud2"
    SEE 2
    mov ecx, 0x1230
    TRY "mov fs, ecx"
    SEE 3
    mov eax, edx
    SEE 4
    mov ecx, ABSENT
    TRY "mov fs, ecx"
    SEE 5
    mov ecx, SMALL_DATA
    mov fs, ecx
    TRY "mov ecx, fs:[0xFFD]"
    SEE 6
    mov ebp, 0xFFD
    mov [Stack32], esp
    mov ecx, SMALL_DATA
    mov ss, ecx
    mov esp, 0xFF0
    mov dword [ResumeAt], .overStack
    mov dword [LastVector], NONE
    cmp dword [Seen + 6 * 4], NONE
    je .overStack                       ; limits do not count here, and a stack that low would be no good
    mov ecx, [ebp]
.overStack:
    mov ecx, DATA
    mov ss, ecx
    mov esp, [Stack32]
    mov dword [ResumeAt], 0
    mov eax, [LastVector]
    SEE 7
    pushfd
    or dword [esp], 1 << 11             ; OF
    popfd
    TRY "into"
    SEE 8
    mov ecx, 5
    TRY "bound ecx, [Bounds]"
    SEE 9
.stacked:
    TRY "int 0x40"
    SEE 10
    mov dword [Counts + 0x41 * 4], 0
    mov dword [APIC + APIC_ICR_LOW], ICR_SELF + 0x41
    sti
    nop
    nop
    cli
    mov eax, [Counts + 0x41 * 4]
    SEE 11
    xor edx, edx
    xor ecx, ecx
    TRY "div ecx"
    SEE 12
    ret

ProtectedHosted:
    mov eax, [APIC + APIC_VERSION]
    SEE 0
    mov ecx, OWN_SELECTOR
    mov fs, ecx
    mov eax, fs:[APIC_VERSION]
    SEE 1
    mov dword [APIC + APIC_TPR], 0x40
    mov ebx, APIC
    mov ecx, APIC_TPR / 4
    or dword [ebx + ecx * 4], 0x10
    mov eax, [APIC + APIC_TPR]
    SEE 2
    mov dword [APIC + APIC_TPR], 0
    mov edx, SCRATCH
    mov al, 0xA5
    out dx, al
    in al, dx
    movzx eax, al
    SEE 3
    mov edi, BUFFER
    mov ecx, 4
    rep insb
    mov eax, edi
    SEE 4
    mov eax, [BUFFER]
    SEE 5
    mov ecx, OWN_SELECTOR + 8
    mov es, ecx
    xor edi, edi
    mov ecx, 4
    rep insb
    mov eax, edi
    SEE 6
    mov ecx, 24
    xor edi, edi
    TRY "rep insb"
    SEE 7
    mov eax, ecx
    add eax, 4
    SEE 8
    mov ecx, DATA
    mov es, ecx
    mov edi, 0xFFFF0000 + 0x7000
    a16 insb
    mov eax, edi
    SEE 9
    xor eax, eax
    cpuid
    SEE 10
    mov dword [LastRip], 0
    pushfd
    or dword [esp], RFLAGS_TF
    popfd
    cpuid
.stepped:
    nop
    mov eax, [LastRip]
    SEE 11
    ret

; 4 MiB pages, all where they are, but for one.
Paging32:
    mov eax, 0x83
    xor ecx, ecx
.page:
    mov [Directory32 + ecx * 4], eax
    add eax, 0x400000
    add ecx, 1
    cmp ecx, 1024
    jb .page
    mov dword [Directory32 + 512 * 4], 0
    mov dword [Directory32 + (WINDOW >> 22) * 4], Table + 3
    mov dword [Table], PageOne + 3
    mov eax, cr4
    or eax, 0x10                        ; PSE
    mov cr4, eax
    mov eax, Directory32
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    mov dword [BUFFER], 0x12345678
    mov eax, [BUFFER]
    SEE 0
    TRY "mov ecx, [0x80000010]"
    SEE 1
    mov eax, edx
    SEE 3
    mov eax, cr2
    SEE 2
    mov eax, [APIC + APIC_VERSION]
    SEE 4
    mov edi, WINDOW + 0x1000
    mov ecx, 0x2000
    mov edx, SCRATCH
    TRY "rep insb"
    SEE 5
    mov eax, edx
    SEE 6
    mov eax, ecx
    SEE 7
    mov dword [PageOne], 0x11111111
    mov dword [PageTwo], 0x87654321
    mov eax, [WINDOW]
    mov dword [Table], PageTwo + 3
    invlpg [WINDOW]
    mov eax, [WINDOW]
    SEE 8
    mov eax, cr0
    and eax, 0x7FFFFFFF
    mov cr0, eax
    ret

; Vector, handler, attributes: a gate to ring 0.
%macro GATE32 3
    mov eax, %2
    mov [Table32 + (%1) * 8], ax
    mov word [Table32 + (%1) * 8 + 2], CODE32
    mov word [Table32 + (%1) * 8 + 4], %3
    shr eax, 16
    mov [Table32 + (%1) * 8 + 6], ax
%endmacro

; On the tables of 32-bit paging.
Virtual8086:
    mov dword [Directory32], 0x87       ; for ring 3
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov eax, Directory32
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    mov dword [Tss0 + 4], TaskStackTop
    mov dword [Tss0 + 8], DATA
    mov word [Tss0 + 0x66], 0x68        ; the map of permissions: all are there
    mov eax, TASK0
    ltr ax
    GATE32 0x42, .interrupt, 0xEE00
    GATE32 13, .protection, 0x8E00
    mov dword [BUFFER + 0x30], 0
    mov [VirtualStack], esp
    push 0
    push 0
    push EXTRA
    push EXTRA
    push 0
    push 0x5FF0
    push 0x23002                        ; VM, IOPL 3
    push 0
    push LOWER(Low.virtual)
    iretd

.interrupt:
    push eax
    mov eax, ds
    mov ebx, DATA
    mov ds, ebx
    SEE 3
    mov eax, [esp + 4]
    SEE 0
    mov eax, [esp + 12]
    and eax, ~0x8D5                     ; what instructions leave there
    SEE 1
    mov eax, [esp + 28]
    SEE 2
    pop eax
    iretd

.protection:
    mov ebx, DATA
    mov ds, ebx
    mov es, ebx
    pop eax
    SEE 5
    pop eax
    SEE 4
    mov esp, [VirtualStack]
    GATE32 0x42, Stubs32 + 0x42 * STUB_SIZE, 0x8E00
    GATE32 13, Stubs32 + 13 * STUB_SIZE, 0x8E00
    mov dword [Directory32], 0x83
    mov eax, cr0
    and eax, 0x7FFFFFFF
    mov cr0, eax
    ret

; The directories are long mode's, the fourth pointer is left out.
PagingPae:
    mov eax, GuestDirectories + 1
    mov [Pointers], eax
    add eax, 0x1000
    mov [Pointers + 8], eax
    add eax, 0x2000
    mov [Pointers + 24], eax
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov ecx, EFER
    rdmsr
    or eax, 1 << 11                     ; NXE
    wrmsr
    mov dword [WindowTable], PageTwo + 3
    mov dword [WindowTable + 4], 0
    mov eax, Pointers
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    mov dword [BUFFER], 0x12345678
    mov eax, [BUFFER]
    SEE 0
    TRY "mov ecx, [WINDOW + 0x1010]"
    SEE 1
    mov eax, cr2
    sub eax, 0x1000
    SEE 2
    mov eax, [APIC + APIC_VERSION]
    SEE 3
    mov eax, [WINDOW]
    SEE 4
    TRY "mov ecx, [0x80000000]"
    SEE 5
    mov dword [WindowTable + 4], 0x80000000
    mov eax, cr3
    mov cr3, eax
    mov dword [ResumeAt], .fetched
    mov dword [LastVector], NONE
    mov [Stack32], esp
    mov eax, WINDOW
    jmp eax
.fetched:
    mov dword [ResumeAt], 0
    mov eax, [LastVector]
    SEE 6
    mov eax, [LastError]
    and eax, ~1
    SEE 7
    mov dword [WindowTable], 0
    mov dword [WindowTable + 4], 0
    mov eax, cr0
    and eax, 0x7FFFFFFF
    mov cr0, eax
    mov ecx, EFER
    rdmsr
    and eax, ~(1 << 11)
    wrmsr
    ret

Refused:
    mov ecx, EFER
    rdmsr
    or eax, 0x100
    wrmsr
    mov ecx, cr0
    or ecx, 0x80000000
    TRY "mov cr0, ecx"
    SEE 0
    mov eax, cr0
    and eax, 0x80000011
    SEE 1
    mov ecx, EFER
    rdmsr
    and eax, 0x500
    SEE 2
    mov eax, 0xA
    lmsw ax
    mov eax, cr0
    and eax, 0x1F
    SEE 3
    push dword 4
    lmsw [esp]
    pop eax
    mov eax, cr0
    and eax, 0x1F
    SEE 4
    mov eax, 0x11
    mov cr0, eax
    mov ecx, EFER
    rdmsr
    and eax, ~0x100
    wrmsr
    ret

Protected16:
    mov [Stack32], esp
    jmp CODE16:LOWER(Low.protected16)
AfterProtected16:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, [Stack32]
    TRY "nop"
    ret

Real:
    mov [Stack32], esp
; Vectors of real mode, at 0 and at IVT.
    mov eax, LOWER(Low.bad)
    xor ecx, ecx
.vector:
    mov [ecx * 4], eax
    mov [IVT + ecx * 4], eax
    add ecx, 1
    cmp ecx, 256
    jb .vector
    mov dword [0 * 4], LOWER(Low.divided)
    mov dword [1 * 4], LOWER(Low.step)
    mov dword [6 * 4], LOWER(Low.invalid)
    mov dword [13 * 4], LOWER(Low.beyond)
    mov dword [0x20 * 4], LOWER(Low.ticked)
    mov dword [0x60 * 4], LOWER(Low.called)
    mov dword [0x70 * 4], LOWER(Low.sent)
    mov dword [IVT + 0x60 * 4], LOWER(Low.moved)
    mov ecx, 32
.clear:
    mov dword [LowSeen + ecx * 4 - 4], 0
    sub ecx, 1
    jnz .clear
    jmp CODE16:LOWER(Low.real)
AfterReal:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov esp, [Stack32]
    lidt [Table32Pointer]
    mov ecx, 32
.copy:
    mov eax, [LowSeen + ecx * 4 - 4]
    mov [Seen + ecx * 4 - 4], eax
    sub ecx, 1
    jnz .copy
    ret
    bits 64

; In long mode: to compatibility mode and back.
Compatible:
    push rbx
    mov [LongStack], rsp
    push qword CODE32
    push qword .compatible
    retfq
    bits 32
.compatible:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, cr0
    and eax, 0x80000001
    SEE 0
    mov eax, [APIC + APIC_VERSION]
    SEE 1
    mov edx, SCRATCH
    mov al, 0xA5
    out dx, al
    in al, dx
    movzx eax, al
    SEE 2
    TRY "ud2"
    SEE 3
    mov eax, [LastCs]
    SEE 4
    pushfd
    or dword [esp], 1 << 11
    popfd
    TRY "into"
    SEE 5
    TRY "int 0x60"
    SEE 6
    mov dword [Counts + 0x61 * 4], 0
    mov dword [APIC + APIC_ICR_LOW], ICR_SELF + 0x61
    sti
    nop
    nop
    cli
    mov eax, [Counts + 0x61 * 4]
    SEE 7
    TRY "mov ecx, [WINDOW]"
    SEE 8
    xor eax, eax
    cpuid
    SEE 9
    mov eax, -1
    jmp CODE64:.long
    bits 64
.long:
    shr rax, 32
    SEE 10
    mov rsp, [LongStack]
    mov r15d, APIC
    mov r14d, IOAPIC
    pop rbx
    ret

    bits 32
; In ring 3.
Compatible3:
    mov eax, cs
    and eax, 3
    mov ecx, USER_DATA
    mov ds, ecx
    SEE 0
    xor eax, eax
    cpuid
    SEE 1
    TRY "hlt"
    SEE 2
    mov eax, [LastCs]
    SEE 3
    int USER_RETURN

; What runs below 64 KiB, at LOW. It keeps what it sees at LowSeen, from ESI = LowSeen on, by DS with a base of 0.
LowSeen equ 0x7000

%macro SEE16 1
    mov [LowSeen + (%1) * 4], eax
%endmacro

    align 16
    bits 16
Low:
.protected16:
    mov ax, DATA16
    mov ds, ax
    mov es, ax
    mov dx, SCRATCH
    mov al, 0xA5
    out dx, al
    in al, dx
    movzx eax, al
    mov bx, DATA
    mov fs, bx
    mov [fs:dword Seen], eax
    mov eax, [fs:dword APIC + APIC_VERSION]
    mov [fs:dword Seen + 4], eax
    mov di, 0x7000
    mov cx, 0x100
    rep insb
    movzx eax, di
    add eax, BUFFER - 0x7000
    mov [fs:dword Seen + 8], eax
    xor eax, eax
    cpuid
    mov [fs:dword Seen + 12], eax
    mov dword [fs:dword ResumeAt], LOWER(.invalidated)
    ud2
.invalidated:
    mov eax, [fs:dword LastVector]
    mov [fs:dword Seen + 16], eax
    jmp dword CODE32:AfterProtected16

.real:
    mov ax, DATA16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov fs, ax
    mov gs, ax
    mov eax, cr0
    and eax, ~1
    mov cr0, eax
    jmp 0:LOWER(.inReal)
.inReal:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov fs, ax
    mov gs, ax
    mov esp, 0x7F00
    mov ax, EXTRA
    mov es, ax
    lidt [LOWER(.vectors)]
    mov eax, cr0
    and eax, 0x11
    SEE16 0
    sti
    int 0x60
    pushf
    cli
    pop ax
    and eax, 0x0202
    SEE16 2
    ud2
    xor dx, dx
    xor cx, cx
    div cx
    mov bx, 0xFFFF
    mov ax, [bx]
    mov ax, 0xFFFF
    mov fs, ax
    mov eax, [fs:0x10]
    SEE16 7
    xor ax, ax
    mov fs, ax
    xor eax, eax
    cpuid
    SEE16 8
    mov dx, SCRATCH
    mov al, 0xA5
    out dx, al
    in al, dx
    movzx eax, al
    SEE16 9
    xor edi, edi
    mov cx, 0x20
    rep insb
    mov eax, edi
    SEE16 10
    movzx eax, word [es:0x1E]
    SEE16 11
; An interrupt of the PIT, mode 0.
    mov al, 0xFE
    out PIC_MASTER + 1, al
    mov al, 0x30
    out 0x43, al
    mov al, 0
    out 0x40, al
    mov al, 8
    out 0x40, al
    sti
    hlt
    cli
    mov al, 0xFF
    out PIC_MASTER + 1, al
    mov al, 0x30
    out 0x43, al
    pushf
    pop ax
    or ax, RFLAGS_TF
    push ax
    popf
    cpuid
.stepped:
    nop
    mov ecx, EFER
    rdmsr
    or al, 1                            ; SCE
    wrmsr
    rdmsr
    and eax, 1
    SEE16 15
    lidt [LOWER(.otherVectors)]
    int 0x60
    lidt [LOWER(.vectors)]
; Large segments: protected mode leaves its limits behind.
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp short .large
.large:
    mov bx, DATA
    mov fs, bx
    and al, ~1
    mov cr0, eax
    jmp 0:LOWER(.inLarge)
.inLarge:
    mov eax, [fs:dword APIC + APIC_VERSION]
    SEE16 17
    mov dword [fs:dword APIC + APIC_TPR], 0x40
    or dword [fs:dword APIC + APIC_TPR], 0x20
    mov eax, [fs:dword APIC + APIC_TPR]
    SEE16 18
    mov dword [fs:dword APIC + APIC_TPR], 0
    mov dword [fs:dword APIC + APIC_ICR_LOW], ICR_SELF + 0x70
    sti
    nop
    nop
    cli
    mov dword [fs:dword PageOne], 0x50607080
    mov eax, [fs:dword PageOne]
    SEE16 20
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword CODE32:AfterReal

.called:
    mov dword [LowSeen + 1 * 4], 0x5A
    push ax
    pushf
    pop ax
    and ax, 0x200
    mov [LowSeen + 3 * 4], ax
    pop ax
    iret
.moved:
    mov dword [LowSeen + 16 * 4], 1
    iret
.invalid:
    add dword [LowSeen + 4 * 4], 1
    push bp
    mov bp, sp
    add word [bp + 2], 2                ; past UD2
    pop bp
    iret
.divided:
    add dword [LowSeen + 5 * 4], 1
    push bp
    mov bp, sp
    add word [bp + 2], 2                ; past DIV CX
    pop bp
    iret
.beyond:
    add dword [LowSeen + 6 * 4], 1
    push bp
    mov bp, sp
    add word [bp + 2], 2                ; past MOV AX, [BX]
    pop bp
    iret
.ticked:
    add dword [LowSeen + 12 * 4], 1
    push ax
    mov al, 0x20
    out PIC_MASTER, al
    pop ax
    iret
.step:
    push bp
    mov bp, sp
    push eax
    movzx eax, word [bp + 2]
    mov [LowSeen + 14 * 4], eax
    add dword [LowSeen + 13 * 4], 1
    and word [bp + 6], ~RFLAGS_TF
    pop eax
    pop bp
    iret
.sent:
    add dword [LowSeen + 19 * 4], 1
    mov dword [fs:dword APIC + APIC_EOI], 0
    iret
.bad:
    iret
.virtual:
    mov eax, 0xCAFE
    mov [0x20], eax
    xor eax, eax
    cpuid
    mov [0x24], eax
    mov dx, SCRATCH
    mov al, 0xA5
    out dx, al
    xor eax, eax
    in al, dx
    mov [0x28], eax
    mov edi, 0x30
    mov ecx, 4
    rep insb
    mov [0x2C], edi
    int 0x42
.virtualInterrupted:
    nop
.virtualHalt:
    hlt
.vectors:
    dw 0x3FF
    dd 0
.otherVectors:
    dw 0x3FF
    dd IVT
LowEnd:
    bits 64

    align 8
LongStack:      dq 0
Target:         dd 0
Stack32:        dd 0
Bounds:         dd 10, 20
Seen:           times 32 dd 0
VirtualStack:   dd 0
    align 8
Table32Pointer:
    dw VECTORS32 * 8 - 1
    dd Table32
    align 32
Pointers:       dq 0, 0, 0, 0
    align 8
Table32:        times VECTORS32 dq 0
    align 256
Tss0:           times 0x68 db 0
                times (SCRATCH / 8) + 1 db 0
                db 0xFF
TSS0_LIMIT      equ $ - Tss0 - 1
    align 256
Tss1:           times 0x68 db 0
                times 1024 db 0
TaskStackTop:
    align 4096
Directory32:    times 4096 db 0
Table:          times 4096 db 0
PageOne:        times 4096 db 0
PageTwo:        times 4096 db 0
    GUEST_END
