; The 8259A pair and the 82093AA I/O APIC: Intel's data sheets; 82371SB (PIIX3) data sheet, "ELCR1, ELCR2". Requests come from the PIT
; (IRQ 0, pin 2), the serial port's transmitter (IRQ 4) and the real-time clock (IRQ 8).
%include "guest.inc"
%include "check.inc"

ELCR        equ 0x4D0
READ_IRR    equ 0x0A
READ_ISR    equ 0x0B
POLL        equ 0x0C
EOI         equ 0x20
REDIRECTION equ 0x10
MASKED      equ 0x10000
LEVEL       equ 0x8000
REMOTE_IRR  equ 0x4000

%macro OUTB 2
    mov al, %2
    mov dx, %1
    out dx, al
%endmacro

; What a command to a PIC makes its port read as, into EAX.
%macro ASK 2
    OUTB %1, %2
    in al, dx
    movzx eax, al
%endmacro

%macro UART_ASSERTS 0
    OUTB COM1 + 1, 2
%endmacro

%macro UART_RELEASES 0
    OUTB COM1 + 1, 0
%endmacro

; I/O APIC register: from and to EAX.
%macro READ_IOAPIC 1
    mov dword [r14], %1
    mov eax, [r14 + 0x10]
%endmacro

%macro WRITE_IOAPIC 2
    mov dword [r14], %1
    mov dword [r14 + 0x10], %2
%endmacro

; Pin, low half; destination from [Destination].
%macro REDIRECT 2
    mov dword [r14], REDIRECTION + (%1) * 2 + 1
    mov eax, [Destination]
    mov [r14 + 0x10], eax
    WRITE_IOAPIC REDIRECTION + (%1) * 2, %2
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r15 + APIC_LINT0], 0x700
    mov eax, [r15 + APIC_ID]
    mov [Destination], eax
    OUTB COM1 + 4, 0x0B                 ; OUT2: the port's interrupt reaches its line
    call StopPit
    UART_RELEASES

    GROUP "PIC: initialisation and masks"
    OUTB PIC_MASTER + 1, 0xA5
    in al, PIC_MASTER + 1
    movzx eax, al
    EXPECT eax, 0xA5, "OCW1 is the mask"
    OUTB PIC_SLAVE + 1, 0x5A
    in al, PIC_SLAVE + 1
    movzx eax, al
    EXPECT eax, 0x5A, "so is the secondary's"
    mov bl, 1
    call InitialiseMaster
    in al, PIC_MASTER + 1
    movzx eax, al
    EXPECT eax, 0, "ICW1 clears the mask"
    OUTB PIC_MASTER + 1, 0xFF
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0, "nothing is in service"
    OUTB ELCR, 0xF8
    OUTB ELCR + 1, 0xDE
    mov dx, ELCR
    in al, dx
    mov ebx, eax
    inc dx
    in al, dx
    mov bh, al
    movzx eax, bx
    EXPECT eax, 0xDEF8, "ELCR makes all but timer, keyboard, cascade, clock and coprocessor level-triggered"
    OUTB ELCR, 0
    OUTB ELCR + 1, 0

    GROUP "PIC: requests, priorities, poll"
    call FirePit
    ASK PIC_MASTER, READ_IRR
    and eax, 1
    EXPECT eax, 1, "IRR shows a request that is masked"
    UART_ASSERTS
    ASK PIC_MASTER, READ_IRR
    and eax, 0x11
    EXPECT eax, 0x11, "and a second one"
    ASK PIC_MASTER, POLL
    and eax, 0x80
    EXPECT eax, 0, "a poll without an unmasked request finds none"
    OUTB PIC_MASTER + 1, 0xEE
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x80, "IRQ 0 comes first"
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 1, "a poll puts it in service"
    ASK PIC_MASTER, POLL
    and eax, 0x80
    EXPECT eax, 0, "a lower one waits while it is in service"
    OUTB PIC_MASTER, EOI
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0, "a non-specific EOI ends it"
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x84, "then IRQ 4 comes"
    OUTB PIC_MASTER, 0x60 + 3
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0x10, "a specific EOI of another ends nothing"
    call FirePit
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x80, "a higher one interrupts a lower one in service"
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0x11, "both are in service"
    OUTB PIC_MASTER, 0x60 + 4
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 1, "a specific EOI ends the one that it names"
    OUTB PIC_MASTER, EOI
    UART_RELEASES

    GROUP "PIC: rotation"
    OUTB PIC_MASTER, 0xC0               ; IRQ 0 is the lowest
    call RaiseBoth
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x84, "set priority: IRQ 4 comes before IRQ 0"
    OUTB PIC_MASTER, 0xA0               ; rotate on non-specific EOI: IRQ 4 is the lowest
    call RaiseBoth
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x80, "rotate on non-specific EOI: what was served is the lowest"
    OUTB PIC_MASTER, 0xE0               ; rotate on specific EOI: IRQ 0 is the lowest
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x84, "rotate on specific EOI: so is the one that it names"
    OUTB PIC_MASTER, EOI
    UART_RELEASES
    OUTB PIC_MASTER, 0xC7

    GROUP "PIC: special mask mode"
    call RaiseBoth
    ASK PIC_MASTER, POLL                ; IRQ 0 in service
    OUTB PIC_MASTER + 1, 0xEF           ; and masked
    ASK PIC_MASTER, POLL
    and eax, 0x80
    EXPECT eax, 0, "without it, what is masked still holds back lower ones"
    OUTB PIC_MASTER, 0x68
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x84, "with it, it does not"
    OUTB PIC_MASTER, 0x48
    OUTB PIC_MASTER, 0x60
    OUTB PIC_MASTER, 0x64
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0, "specific EOIs end both"
    UART_RELEASES
    OUTB PIC_MASTER + 1, 0xFF

    GROUP "PIC: interrupts"
    mov dword [r15 + APIC_TPR], 0xFF
    call FirePit
    OUTB PIC_MASTER + 1, 0xFE
    call Linger
    EXPECT [Counts + 0x20 * 4], 1, "the base of ICW2 is the vector's; the task priority holds nothing back"
    mov dword [r15 + APIC_TPR], 0
    call StopPit

    GROUP "PIC: LINT0"
    SKIP_ON_QEMU .lint0, "QEMU's APIC delivers vector -1 by a LINT0 that is masked too late"
    mov dword [Counts + 0x20 * 4], 1
    call FirePit
    mov dword [r15 + APIC_LINT0], 0x10700
    call Linger
    EXPECT [Counts + 0x20 * 4], 1, "a masked LINT0 keeps it out"
    mov dword [r15 + APIC_LINT0], 0x700
    call Linger
    EXPECT [Counts + 0x20 * 4], 2, "an unmasked one lets it in"
.lint0:

    GROUP "PIC: the PIT's modes"
    mov dword [Counts + 0x20 * 4], 2
    OUTB 0x43, 0x30
    mov ax, 1193
    call LoadPit
    mov eax, 0x20
    mov ecx, 3
    call HaltUntil
    call Linger
    EXPECT [Counts + 0x20 * 4], 3, "PIT mode 0 interrupts once and ends HLT"
    OUTB 0x43, 0x34
    mov ax, 2386
    call LoadPit
    mov eax, 0x20
    mov ecx, 8
    call HaltUntil
    OUTB 0x43, 0x36
    mov ax, 2386
    call LoadPit
    mov eax, 0x20
    mov ecx, 12
    call HaltUntil
    OUTB 0x43, 0x38
    mov ax, 1193
    call LoadPit
    mov ebx, [Counts + 0x20 * 4]
    lea ecx, [rbx + 1]
    mov eax, 0x20
    call HaltUntil
    CHECK ae, "PIT modes 2 and 3 interrupt again and again, mode 4 once"
    OUTB PIC_MASTER + 1, 0xFF
    call StopPit

    GROUP "PIC: level-triggered requests"
; A request that goes before it is acknowledged.
    OUTB ELCR, 0x10
    OUTB PIC_MASTER + 1, 0xEF
    UART_ASSERTS
    UART_RELEASES
    call Linger
    EXPECT [Counts + 0x24 * 4], 0, "a level that has gone gives no interrupt of its own"
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0, "nor is anything in service"
    UART_ASSERTS
    mov qword [Hook], ReleaseAtThird
    call Linger
    mov qword [Hook], 0
    EXPECT [Counts + 0x24 * 4], 3, "a level that stays comes again after each EOI"
    OUTB ELCR, 0
    OUTB PIC_MASTER + 1, 0xFF
    UART_RELEASES

    GROUP "PIC: cascade"
    OUTB PIC_SLAVE + 1, 0xFF
    mov al, 0x26
    mov ah, 0xA
    call WriteClock
    mov al, 0x42
    mov ah, 0xB
    call WriteClock                     ; PIE: 1024 Hz
    OUTB PIC_SLAVE + 1, 0xFE
    OUTB PIC_MASTER + 1, 0xFB
    call AwaitSlave
    ASK PIC_MASTER, POLL
    and eax, 0x87
    EXPECT eax, 0x82, "the secondary requests at IRQ 2"
    ASK PIC_SLAVE, POLL
    and eax, 0x87
    EXPECT eax, 0x80, "its own request is IRQ 8"
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 4, "IRQ 2 is in service"
    ASK PIC_SLAVE, READ_ISR
    EXPECT eax, 1, "and IRQ 8"
    OUTB PIC_SLAVE, EOI
    OUTB PIC_MASTER, EOI
    mov qword [Hook], ReadClockFlags
    mov eax, 0x28
    mov ecx, 3
    call ReadClockFlags
    call HaltUntil
    mov qword [Hook], 0
    cmp dword [Counts + 0x28 * 4], 3
    CHECK ae, "its vectors are its own"
    OUTB PIC_SLAVE + 1, 0xFF
    OUTB PIC_MASTER + 1, 0xFF
    mov al, 2
    mov ah, 0xB
    call WriteClock
    call ReadClockFlags

    GROUP "PIC: automatic EOI"
    SKIP_ON_QEMU .noAutomaticEoi, "QEMU's 8259A loses the first request after this initialisation"
    mov bl, 3
    call InitialiseMaster
    OUTB PIC_MASTER + 1, 0xEE
    mov byte [HoldsEoi], 1
    mov dword [Counts + 0x20 * 4], 0
    call FirePit
    call Linger
    EXPECT [Counts + 0x20 * 4], 1, "the interrupt comes"
    ASK PIC_MASTER, READ_ISR
    EXPECT eax, 0, "and is not in service"
    OUTB PIC_MASTER, 0x80
    call StopPit
    call FirePit
    call Linger                         ; IRQ 0 is the lowest now
    EXPECT [Counts + 0x20 * 4], 2, "it comes again"
    call RaiseBoth
    mov qword [Order], 0
    mov qword [Hook], ReleaseAndRemember
    call Linger
    mov qword [Hook], 0
    EXPECT [Order], 0x2420, "with rotation, what was served is the lowest"
    OUTB PIC_MASTER, 0
.noAutomaticEoi:
    mov byte [HoldsEoi], 0
    UART_RELEASES
    call StopPit
    call InitialisePics
    mov dword [r15 + APIC_LINT0], 0x10700

    GROUP "IOAPIC: registers"
    READ_IOAPIC 1
    mov ebx, eax
    shr eax, 16
    and eax, 0xFF
    EXPECT eax, 23, "there are 24 pins"
    WRITE_IOAPIC 0, 0x0F000000
    READ_IOAPIC 0
    EXPECT eax, 0x0F000000, "the ID has four bits"
    WRITE_IOAPIC 0, 0
    xor ecx, ecx
    xor ebx, ebx
.pin:
    lea eax, [rcx * 2 + REDIRECTION]
    mov [r14], eax
    mov dword [r14 + 0x10], MASKED + 0x2940
    or [r14 + 0x10], ecx
    mov edx, [r14 + 0x10]
    lea edi, [rcx + MASKED + 0x2940]
    cmp edx, edi
    jne .pinsDone
    add eax, 1
    mov [r14], eax
    mov dword [r14 + 0x10], 0xA5000000
    cmp dword [r14 + 0x10], 0xA5000000
    jne .pinsDone
    sub eax, 1
    mov [r14], eax
    mov dword [r14 + 0x10], MASKED
    add ecx, 1
    cmp ecx, 24
    jb .pin
.pinsDone:
    EXPECT ecx, 24, "each redirection entry keeps what is written"
    READ_IOAPIC REDIRECTION + 23 * 2
    EXPECT eax, MASKED, "the last pin's too"

    GROUP "IOAPIC: edges"
    REDIRECT 2, 0x50
    call FirePit
    call Linger
    EXPECT [Counts + 0x50 * 4], 1, "the PIT interrupts by pin 2"
    call Linger
    EXPECT [Counts + 0x50 * 4], 1, "once for an edge"
    call StopPit
    REDIRECT 2, MASKED + 0x50
    call FirePit
    REDIRECT 2, 0x50
    call Linger
    EXPECT [Counts + 0x50 * 4], 1, "an edge at a masked pin is lost"
    call StopPit
    mov dword [r15 + APIC_LDR], 0x01000000
    mov dword [Destination], 0x01000000
    REDIRECT 2, 0x850
    call FirePit
    call Linger
    EXPECT [Counts + 0x50 * 4], 2, "logical destination"
    call StopPit
    REDIRECT 2, 0x950
    call FirePit
    call Linger
    EXPECT [Counts + 0x50 * 4], 3, "lowest priority"
    call StopPit
    mov dword [Destination], 0x02000000
    REDIRECT 2, 0x850
    call FirePit
    call Linger
    EXPECT [Counts + 0x50 * 4], 3, "logical destination of another"
    call StopPit
    mov eax, [r15 + APIC_ID]
    mov [Destination], eax
    REDIRECT 2, 0x400
    mov dword [Counts + 2 * 4], 0
    call FirePit
    call Linger
    EXPECT [Counts + 2 * 4], 1, "an NMI by a pin"
    call StopPit
    REDIRECT 2, MASKED
    mov dword [r15 + APIC_LDR], 0

    GROUP "IOAPIC: levels"
    REDIRECT 4, LEVEL + 0x54
    call Linger
    EXPECT [Counts + 0x54 * 4], 0, "a line that is not asserted does not interrupt"
    mov qword [Hook], LookAndReleaseAtThird
    UART_ASSERTS
    call Linger
    EXPECT [Counts + 0x54 * 4], 3, "a line that stays asserted interrupts again after each EOI"
    mov eax, [RemoteIrr]
    and eax, REMOTE_IRR + LEVEL
    EXPECT eax, REMOTE_IRR + LEVEL, "remote IRR is set until the EOI"
    EXPECT [Tmr], 1 << 20, "TMR says that it is a level"
    READ_IOAPIC REDIRECTION + 4 * 2
    and eax, REMOTE_IRR
    EXPECT eax, 0, "the EOI clears remote IRR"
    REDIRECT 4, LEVEL + MASKED + 0x54
    UART_ASSERTS
    call Linger
    EXPECT [Counts + 0x54 * 4], 3, "a masked level waits"
    REDIRECT 4, LEVEL + 0x54
    call Linger
    EXPECT [Counts + 0x54 * 4], 4, "and comes when it is unmasked"
    mov qword [Hook], 0

    GROUP "IOAPIC: EOI without broadcast"
    test dword [r15 + APIC_VERSION], 1 << 24
    SKIP_IF z, .broadcast, "the APIC cannot suppress the broadcast"
    READ_IOAPIC 1
    and eax, 0xFF
    cmp eax, 0x20
    SKIP_IF b, .broadcast, "the I/O APIC has no EOI register"
    mov dword [r15 + APIC_SPURIOUS], 0x11FF
    mov dword [Counts + 0x54 * 4], 0
    UART_ASSERTS
    call Linger
    EXPECT [Counts + 0x54 * 4], 1, "the interrupt comes once"
    READ_IOAPIC REDIRECTION + 4 * 2
    and eax, REMOTE_IRR
    EXPECT eax, REMOTE_IRR, "remote IRR stays"
    UART_RELEASES
    mov dword [r14 + 0x40], 0x55
    READ_IOAPIC REDIRECTION + 4 * 2
    and eax, REMOTE_IRR
    EXPECT eax, REMOTE_IRR, "an EOI of another vector does nothing"
    mov dword [r14 + 0x40], 0x54
    READ_IOAPIC REDIRECTION + 4 * 2
    and eax, REMOTE_IRR
    EXPECT eax, 0, "the EOI register ends it"
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
.broadcast:
    UART_RELEASES
    REDIRECT 4, MASKED
    CHECKS_END

; BL: ICW4. Leaves no mask.
InitialiseMaster:
    OUTB PIC_MASTER, 0x11
    OUTB PIC_MASTER + 1, 0x20
    OUTB PIC_MASTER + 1, 4
    OUTB PIC_MASTER + 1, bl
    ret

; AX: count of channel 0. Low byte, then high byte.
LoadPit:
    out 0x40, al
    mov al, ah
    out 0x40, al
    ret

; Mode 0 without a count: the output is low and stays so.
StopPit:
    mov al, 0x30
    out 0x43, al
    ret

; Makes IRQ 0 rise, and waits until it has.
FirePit:
    mov al, 0x30
    out 0x43, al
    mov ax, 2
    call LoadPit
.wait:
    mov al, 0xE2                        ; read-back: the status of channel 0
    out 0x43, al
    in al, 0x40
    test al, 0x80
    jz .wait
    mov ecx, 1                          ; the interrupt of an emulator may come later than the output
    cmp byte [IsQemu], 0
    je .pause
    mov ecx, 64                         ; QEMU's own comes from another thread
.pause:
    call Pause
    sub ecx, 1
    jnz .pause
    ret

RaiseBoth:
    UART_RELEASES
    UART_ASSERTS
    call StopPit
    jmp FirePit

; AL to register AH of the real-time clock.
WriteClock:
    xchg al, ah
    out 0x70, al
    mov al, ah
    out 0x71, al
    ret

; Reads register C, which ends the clock's interrupt. A hook.
ReadClockFlags:
    push rax
    mov al, 0xC
    out 0x70, al
    in al, 0x71
    pop rax
    ret

; Until the secondary has a request.
AwaitSlave:
    ASK PIC_SLAVE, READ_IRR
    test al, 1
    jz AwaitSlave
    ret

; A hook. The third interrupt of the serial port is the last.
ReleaseAtThird:
    cmp dword [Counts + 0x24 * 4], 3
    jb .done
    UART_RELEASES
.done:
    ret

; A hook.
LookAndReleaseAtThird:
    mov ecx, [r15 + APIC_TMR + 0x20]
    mov [Tmr], ecx
    READ_IOAPIC REDIRECTION + 4 * 2
    mov [RemoteIrr], eax
    cmp dword [Counts + 0x54 * 4], 3
    jb .done
    UART_RELEASES
.done:
    ret

; A hook.
ReleaseAndRemember:
    call RememberOrder
    cmp eax, 0x24
    jne .done
    UART_RELEASES
.done:
    ret

    align 4
Destination:    dd 0
RemoteIrr:      dd 0
Tmr:            dd 0
    GUEST_END
