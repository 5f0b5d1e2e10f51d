; A guest that attacks its machine: it draws accesses from a seed until it has done as many as it was told, or has killed itself.
;
;   seed=HEX    the draws; without it they come from base= and the machine's clock, so that each start has others
;   base=HEX    varies the seeds of a run
;   draws=HEX   how many (default 4000h); of each 1000h the last quarter is random code
;   trace=HEX   prints each draw from this one on, before it is done
;
; Draw N is a function of the seed and N alone, whatever the machine answered before: a seed replays. Lines:
;
;   hostile: seed 0123456789abcdef
;   hostile: 00000400 89abcdef          draws done, a checksum over what was drawn
;   draw 00000401 port 0000001b RAX RCX RDX RSI RDI      (the form by its slot in hostile-forms.inc)
;   hostile: done
;
; Before each draw the guest puts right what the last one may have broken. Exceptions end a draw; a timer's NMI ends one that hangs. The
; program is mapped read-only and its tables not at all, so most that goes astray harms nothing. What it cannot mend kills it, and the
; host starts it again: exit codes 237 (an exception between draws) and 238 (its own state is damaged), triple fault, reset.
%include "guest.inc"

; Guest-physical addresses.
TABLES          equ 0x180000            ; the guest's own page tables: not mapped
CODE            equ 0x200000            ; where random code lies
SCRATCH         equ 0x280000            ; what draws may write to
SCRATCH_STACK   equ 0x3F0000
DRAWN_TABLES    equ 0x400000            ; page tables that draws make up: four levels
RAM_END         equ 0x800000
APIC_VIEW       equ 0x1F0000            ; linear: the devices' pages where 32 bits of displacement reach them
IOAPIC_VIEW     equ 0x1F1000
HUGE            equ 0x80                ; PS
APIC            equ 0xFEE00000
IOAPIC          equ 0xFEC00000
IA32_APIC_BASE  equ 0x1B
MSR_KVM_WALL_CLOCK equ 0x4B564D00

CODE64          equ 0x08
DATA            equ 0x10
CODE32          equ 0x18
CODE16          equ 0x20
USER_DATA       equ 0x28 | 3
USER_CODE64     equ 0x30 | 3
USER_CODE32     equ 0x38 | 3
TASK            equ 0x40

; Of a draw: the general registers but RSP.
FRAME_RAX       equ Frame + 0
FRAME_RCX       equ Frame + 8
FRAME_RDX       equ Frame + 16
FRAME_RBX       equ Frame + 24
FRAME_RSI       equ Frame + 32
FRAME_RDI       equ Frame + 40
FRAME_RBP       equ Frame + 48
FRAME_R8        equ Frame + 56

; Where an exception that comes outside a draw goes on: for instructions that may be refused.
%macro RECOVER 1
    mov qword [Recover], %1
    mov [RecoverStack], rsp
%endmacro

; A number below a constant, in EAX.
%macro BELOW 1
    mov ecx, %1
    call Below
%endmacro

    GUEST
    mov [BootInformation], ebx
    LONG_MODE
    call ReadOptions
    call BuildTables
    call BuildInterruptTable
    lgdt [GdtPointer]
    lidt [IdtPointer]
    mov eax, TASK
    ltr ax
    mov eax, TABLES
    mov cr3, rax
    mov rax, cr4
    or eax, 0x600                       ; OSFXSR, OSXMMEXCPT
    mov rcx, rax
    mov eax, 1
    push rcx
    cpuid
    test ecx, 1 << 26                   ; XSAVE
    pop rcx
    jz .noXsave
    or ecx, 1 << 18                     ; OSXSAVE
.noXsave:
    mov cr4, rcx
    mov rax, cr0
    or eax, 0x10022                     ; WP, NE, MP
    and eax, ~0x4                       ; EM
    mov cr0, rax
    mov rax, cr0
    mov [OwnCr0], rax
    mov rax, cr4
    mov [OwnCr4], rax
    call ChooseSeed
    call ResetLine
    PRINT 10, "hostile: seed "
    mov rax, [Seed]
    call PrintHex64
    PRINT 10
    mov rax, [Seed]
    not rax
    mov [Witness], rax
    call Refresh
    jmp NextDraw

; Every draw ends here, by its return or by an exception.
    align 16
NextDraw:
    mov byte [InDraw], 0
    lgdt [GdtPointer]
    lidt [IdtPointer]
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, GuestStackTop
    push 2
    popfq
    mov rax, cr3
    cmp rax, TABLES
    je .tables
    mov eax, TABLES
    mov cr3, rax
.tables:
    mov rax, cr0
    cmp rax, [OwnCr0]
    je .cr0
    mov rax, [OwnCr0]
    mov cr0, rax
.cr0:
    mov rax, cr4
    cmp rax, [OwnCr4]
    je .cr4
    mov rax, [OwnCr4]
    mov cr4, rax
.cr4:
    cmp byte [BreakpointsDrawn], 0
    je .breakpoints
    RECOVER .again         ; general detect faults once
.again:
    mov eax, 0x400
    mov dr7, rax
    xor eax, eax
    mov cr8, rax
    mov qword [Recover], 0
    mov byte [BreakpointsDrawn], 0
.breakpoints:
    mov rax, [Seed]
    xor rax, [Index]
    not rax
    cmp rax, [Witness]
    jne Damaged
    mov rax, [Index]
    test eax, 0x1FF
    jnz .noProgress
    test eax, eax
    jz .noProgress
    call Refresh
    PRINT 10, "hostile: "
    mov eax, [Index]
    PRINT_HEX eax
    PRINT " "
    mov eax, [Checksum]
    PRINT_HEX eax
    PRINT 10
.noProgress:
    mov rax, [Index]
    cmp rax, [Draws]
    jae Finished
    add rax, 1
    mov [Index], rax
    mov rcx, [Seed]
    xor rcx, rax
    not rcx
    mov [Witness], rcx
    ; The generator's state: the seed and N, mixed.
    mov rcx, 0x9E3779B97F4A7C15
    imul rax, rcx
    add rax, [Seed]
    call Mix
    mov [State], rax
    call DrawRegisters
    call Random
    movzx eax, al
    mov edx, RandomCode
    mov ecx, [Index]
    and ecx, 0xFFF
    cmp ecx, 0xC00
    jb .tame
    test ah, 3                          ; three of four draws
    jnz .class
.tame:
    mov esi, Classes
.search:
    cmp eax, [rsi]
    mov edx, [rsi + 4]
    lea rsi, [rsi + 8]
    jae .search
.class:
    mov [Class], edx
    call rdx                            ; fills Frame and Form
    mov rax, [Checksum]
    xor rax, [Form]
    mov ecx, 0
.sum:
    rol rax, 9
    add rax, [Frame + rcx * 8]
    add ecx, 1
    cmp ecx, 7
    jb .sum
    mov [Checksum], rax
    mov rax, [Index]
    cmp rax, [TraceFrom]
    jb .noTrace
    call Trace
.noTrace:
    mov byte [InDraw], 1
    mov rax, [FRAME_RAX]
    mov rcx, [FRAME_RCX]
    mov rdx, [FRAME_RDX]
    mov rbx, [FRAME_RBX]
    mov rsi, [FRAME_RSI]
    mov rdi, [FRAME_RDI]
    mov rbp, [FRAME_RBP]
    %assign register 8
    %rep 8
    mov r %+ register, [FRAME_R8 + (register - 8) * 8]
    %assign register register + 1
    %endrep
    call [Form]
    jmp NextDraw

Finished:
    call Refresh
    PRINT 10, "hostile: done", 10
    EXIT 0

Damaged:
    call ResetLine
    PRINT 10, "hostile: damaged", 10
    EXIT 0xEE

; Exceptions. DS and ES may be anything; CS, SS and the stack are good.
    align 16
ExceptionEntry:
    cmp byte [InDraw], 0
    je OutsideDraw
AbortDraw:
    mov eax, NextDraw
    mov ecx, GuestStackTop
    jmp Return
OutsideDraw:
    mov rax, [Recover]
    mov rcx, [RecoverStack]
    test rax, rax
    jnz Return
    call ResetLine
    PRINT 10, "hostile: exception between draws at "
    mov rax, [rsp]                      ; RIP and CS, or an error code and RIP
    mov rcx, [rsp + 8]
    PRINT_HEX eax
    PRINT " "
    PRINT_HEX ecx
    PRINT 10
    EXIT 0xED

; RAX, RCX: where to go on, with which stack, and with interrupts off. By IRET, which lets further NMIs in.
Return:
    lgdt [GdtPointer]
    push DATA
    push rcx
    push 2
    push CODE64
    push rax
    iretq

    align 16
NmiEntry:
    cmp byte [InDraw], 0
    jne AbortDraw
    iretq

; Interrupts go on where they came, with interrupts off so that a storm of them does not hold the guest.
    align 16
InterruptEntry:
    push rax
    push rcx
    push rdx
    mov rax, cr3
    cmp rax, TABLES
    mov ecx, TABLES
    mov cr3, rcx
    pushfq
    mov ecx, IA32_APIC_BASE
    rdmsr
    test eax, 1 << 10
    jnz .x2apic
    mov dword [APIC_VIEW + 0xB0], 0
    jmp .pics
.x2apic:
    mov ecx, 0x80B
    xor eax, eax
    xor edx, edx
    wrmsr
.pics:
    mov al, 0x20
    out 0xA0, al
    out 0x20, al
    popfq
    jne AbortDraw
    and qword [rsp + 3 * 8 + 16], ~0x200
    pop rdx
    pop rcx
    pop rax
    iretq

; Makes the devices usable again that the guest itself needs: the serial line, the APIC, the timer's NMI.
Refresh:
    call ResetLine
    call HomeFunctions
    mov ecx, IA32_APIC_BASE
    RECOVER .apic
    rdmsr
    test ah, 4                          ; x2APIC mode: off, then on again
    jz .xapic
    mov eax, APIC
    xor edx, edx
    wrmsr
.xapic:
    mov eax, APIC | 0x900
    xor edx, edx
    wrmsr
.apic:
    mov qword [Recover], 0
    mov dword [APIC_VIEW + 0xF0], 0x1FF
    mov dword [APIC_VIEW + 0x80], 0
    mov dword [APIC_VIEW + 0x320], 0x10000
    mov ecx, 16
.eoi:
    mov dword [APIC_VIEW + 0xB0], 0
    sub ecx, 1
    jnz .eoi
    ; falls through

; Arms the timer whose NMI ends draws that hang: PIT channel 0 in mode 2, every 4 ms, by IOAPIC pin 2.
Guard:
    RECOVER .timer
    mov dword [IOAPIC_VIEW], 0x10 + 2 * 2 + 1
    mov eax, [APIC_VIEW + 0x20]
    mov [IOAPIC_VIEW + 0x10], eax
    mov dword [IOAPIC_VIEW], 0x10 + 2 * 2
    mov dword [IOAPIC_VIEW + 0x10], 0x400
.timer:
    mov qword [Recover], 0
    mov al, 0x34
    out 0x43, al
    mov ax, 4773
    out 0x40, al
    mov al, ah
    out 0x40, al
    mov byte [GuardBroken], 0
    ret

; Guard, if a draw may have disarmed it.
KeepGuard:
    cmp byte [GuardBroken], 0
    je .armed
    mov ecx, IA32_APIC_BASE
    rdmsr
    test ah, 8
    jz Refresh
    jmp Guard
.armed:
    ret

ResetLine:
    mov dx, COM1 + 3
    mov al, 3
    out dx, al
    mov dx, COM1 + 1
    xor eax, eax
    out dx, al
    mov dx, COM1 + 4
    out dx, al
    ret

Trace:
    call ResetLine
    PRINT "draw "
    mov eax, [Index]
    PRINT_HEX eax
    PRINT " "
    mov esi, [Class]
    sub esi, 10
    call PrintText
    PRINT " "
    mov eax, [Form]
    sub eax, PortForms
    shr eax, 4
    PRINT_HEX eax
    %macro TRACED 1
    PRINT " "
    mov rax, [%1]
    call PrintHex64
    %endmacro
    TRACED FRAME_RAX
    TRACED FRAME_RCX
    TRACED FRAME_RDX
    TRACED FRAME_RSI
    TRACED FRAME_RDI
    cmp dword [Class], RandomCode
    jne .done
    TRACED CODE
    TRACED CODE + 8
    TRACED CODE + 16
.done:
    PRINT 10
    jmp Drain

; RAX: printed as sixteen digits.
PrintHex64:
    push rcx
    mov rcx, rax
    shr rax, 32
    PRINT_HEX eax
    mov rax, rcx
    PRINT_HEX eax
    pop rcx
    ret

; RAX: a next number of the draw (xorshift64*). All other registers are kept.
Random:
    push rcx
    mov rax, [State]
    mov rcx, rax
    shr rcx, 12
    xor rax, rcx
    mov rcx, rax
    shl rcx, 25
    xor rax, rcx
    mov rcx, rax
    shr rcx, 27
    xor rax, rcx
    mov [State], rax
    mov rcx, 0x2545F4914F6CDD1D
    imul rax, rcx
    bswap rax
    pop rcx
    ret

; ECX: bound. EAX: a number below it.
Below:
    call Random
    mov eax, eax
    mov ecx, ecx
    imul rax, rcx
    shr rax, 32
    ret

; RAX: mixed (the finaliser of splitmix64), never zero.
Mix:
    mov rcx, rax
    shr rcx, 30
    xor rax, rcx
    mov rcx, 0xBF58476D1CE4E5B9
    imul rax, rcx
    mov rcx, rax
    shr rcx, 27
    xor rax, rcx
    mov rcx, 0x94D049BB133111EB
    imul rax, rcx
    mov rcx, rax
    shr rcx, 31
    xor rax, rcx
    jnz .done
    add rax, 1
.done:
    ret

; The command line. Multiboot information: flags, bit 2: command line at offset 16.
ReadOptions:
    mov eax, [BootInformation]
    test byte [rax], 1 << 2
    jz .done
    mov esi, [rax + 16]
.word:
    mov eax, [rsi]
    test al, al
    jz .done
    mov edi, Seed
    cmp eax, "seed"
    je .value
    mov edi, Base
    cmp eax, "base"
    je .value
    mov edi, Draws
    cmp eax, "draw"
    je .value
    mov edi, TraceFrom
    cmp eax, "trac"
    je .value
    add esi, 1
    jmp .word
.value:
    lodsb
    cmp al, '='
    je .digits
    test al, al
    jnz .value
    jmp .done
.digits:
    xor edx, edx
.digit:
    movzx eax, byte [rsi]
    sub eax, '0'
    jb .end
    cmp eax, 10
    jb .add
    sub eax, 'a' - '0' - 10
    cmp eax, 16
    jae .end
.add:
    shl rdx, 4
    or rdx, rax
    add esi, 1
    jmp .digit
.end:
    mov [rdi], rdx
    jmp .word
.done:
    ret

; Without a seed one comes from the base and the clock: the KVM wall clock's second and nanosecond of power-on, or the counter.
ChooseSeed:
    cmp qword [Seed], 0
    jne .done
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov [SCRATCH + 4], rax
    RECOVER .mix
    mov ecx, MSR_KVM_WALL_CLOCK
    mov eax, SCRATCH
    xor edx, edx
    wrmsr
.mix:
    mov qword [Recover], 0
    mov rax, [SCRATCH + 4]
    call Mix
    add rax, [Base]
    call Mix
    mov [Seed], rax
.done:
    ret

; The first 512 GiB, one to one: 4 KiB pages for the first 2 MiB, which only the supervisor reaches, 2 MiB up to 4 GiB, 1 GiB beyond. A second
; root for random code has RAM alone.
TABLE_POINTERS  equ TABLES + 0x1000
TABLE_LOW       equ TABLES + 0x2000
TABLE_DIRECTORY equ TABLES + 0x3000     ; four of them
RAM_ROOT        equ TABLES + 0x7000
RAM_POINTERS    equ TABLES + 0x8000
RAM_DIRECTORY   equ TABLES + 0x9000
BuildTables:
    mov edi, TABLES
    mov ecx, 0xA000 / 8
    xor eax, eax
    rep stosq
    mov dword [TABLES], TABLE_POINTERS + 7
    mov dword [RAM_ROOT], RAM_POINTERS + 7
    mov dword [RAM_POINTERS], RAM_DIRECTORY + 7
    mov eax, HUGE + 7
    xor ecx, ecx
.huge:
    mov [TABLE_POINTERS + rcx * 8], rax
    mov rdx, 1 << 30
    add rax, rdx
    add ecx, 1
    cmp ecx, 512
    jb .huge
    mov eax, TABLE_DIRECTORY + 7
    xor ecx, ecx
.directory:
    mov [TABLE_POINTERS + rcx * 8], rax
    add eax, 0x1000
    add ecx, 1
    cmp ecx, 4
    jb .directory
    mov eax, HUGE + 7
    xor ecx, ecx
.large:
    mov [TABLE_DIRECTORY + rcx * 8], rax
    add rax, 0x200000
    add ecx, 1
    cmp ecx, 4 * 512
    jb .large
    mov dword [TABLE_DIRECTORY], TABLE_LOW + 7
    mov rax, [TABLE_DIRECTORY]
    mov [RAM_DIRECTORY], rax
    xor ecx, ecx
.ram:
    add ecx, 1
    mov rax, [TABLE_DIRECTORY + rcx * 8]
    mov [RAM_DIRECTORY + rcx * 8], rax
    cmp ecx, (RAM_END >> 21) - 1
    jb .ram
    xor ecx, ecx
.page:
    mov eax, ecx
    shl eax, 12
    mov edx, 3
    cmp eax, GUEST_BASE
    jb .map
    xor edx, edx
    cmp eax, GuestMemoryEnd
    jae .map
    mov edx, 3
    cmp eax, GuestFileEnd
    jae .map
    cmp eax, OwnData
    jb .program
    cmp eax, OwnDataEnd
    jb .map
.program:
    mov edx, 1
.map:
    or eax, edx
    test edx, edx
    cmovz eax, edx
    mov [TABLE_LOW + rcx * 8], rax
    add ecx, 1
    cmp ecx, 512
    jb .page
    mov eax, APIC + 3
    mov [TABLE_LOW + (APIC_VIEW >> 12) * 8], rax
    mov eax, IOAPIC + 3
    mov [TABLE_LOW + (IOAPIC_VIEW >> 12) * 8], rax
    xor eax, eax
    mov [TABLE_LOW], rax                ; SYSCALL goes to address 0
    ret

; AMD64 APM vol. 2, "Interrupt-Gate and Trap-Gate Descriptors". Each kind has a stack of its own (IST).
BuildInterruptTable:
    xor ecx, ecx
    mov edi, Idt
.gate:
    mov eax, ExceptionEntry
    mov edx, 0x8E01
    cmp ecx, 32
    jb .below
    mov eax, InterruptEntry
    mov edx, 0x8E03
.below:
    cmp ecx, 2
    jne .store
    mov eax, NmiEntry
    mov edx, 0x8E02
.store:
    mov [rdi], ax
    mov word [rdi + 2], CODE64
    mov [rdi + 4], dx
    shr eax, 16
    mov [rdi + 6], ax
    mov qword [rdi + 8], 0
    add edi, 16
    add ecx, 1
    cmp ecx, 256
    jb .gate
    mov word [Idt + 3 * 16 + 4], 0xEE01  ; INT3 is for everybody
    ret

%include "hostile-draws.inc"
%include "hostile-forms.inc"
%include "hostile-pci.inc"

    align 16
Gdt:
    dq 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF9B000000FFFF, 0x00009B200000FFFF
    dq 0x00CFF3000000FFFF, 0x00AFFB000000FFFF, 0x00CFFB000000FFFF
    dw 103, (GUEST_BASE + (TaskState - $$)) & 0xFFFF
    db (GUEST_BASE + (TaskState - $$)) >> 16 & 0xFF, 0x89, 0, 0
    dq 0
GdtEnd:
GdtPointer:
    dw GdtEnd - Gdt - 1
    dq Gdt
IdtPointer:
    dw 256 * 16 - 1
    dq Idt
    align 16
TaskState:
    dd 0
    dq GuestStackTop, 0, 0, 0
    dq ExceptionStack, NmiStack, InterruptStack, 0, 0, 0, 0
    dq 0
    dw 0, 104
    align 16
Idt:
    times 256 * 16 db 0

    align 4096
OwnData:
Frame:          times 15 dq 0
Form:           dq 0
Class:          dq 0
Seed:           dq 0
Index:          dq 0
Witness:        dq 0
Checksum:       dq 0
State:          dq 0
Recover:        dq 0
RecoverStack:   dq 0
Base:           dq 0
Draws:          dq 0x4000
TraceFrom:      dq -1
OwnCr0:         dq 0
OwnCr4:         dq 0
BootInformation: dq 0
InDraw:         db 0
BreakpointsDrawn: db 0
GuardBroken:    db 0
    align 16
                times 512 db 0
ExceptionStack:
                times 512 db 0
NmiStack:
                times 512 db 0
InterruptStack:
    align 4096
OwnDataEnd:
    GUEST_END
