; The serial port: National Semiconductor PC16550D data sheet. It is the console as well: what is checked here in loopback stays off the
; line, and no check prints before it has put the registers back.
%include "guest.inc"
%include "check.inc"

IER equ COM1 + 1
IIR equ COM1 + 2
FCR equ COM1 + 2
LCR equ COM1 + 3
MCR equ COM1 + 4
LSR equ COM1 + 5
MSR equ COM1 + 6
SCR equ COM1 + 7
LOOP_ equ 0x10
OUT2 equ 8

%macro OUTB 2
    mov dx, %1
    mov al, %2
    out dx, al
%endmacro

; Register, into the next of Seen.
%macro SEE 1
    mov dx, %1
    in al, dx
    movzx eax, al
    mov [Seen + rbx * 4], eax
    add ebx, 1
%endmacro

; Seen[n], mask, value, text.
%macro SAW 4+
    mov eax, [Seen + (%1) * 4]
    and eax, %2
    EXPECT eax, %3, %4
%endmacro

; A group's beginning: loopback with FIFOs as FCR says, nothing enabled, nothing received.
%macro LOOPBACK 1
    call Drain
    OUTB IER, 0
    OUTB LCR, 3
    OUTB MCR, LOOP_
    OUTB FCR, 7
    OUTB FCR, %1
    call Empty
    mov dx, MSR
    in al, dx
    xor ebx, ebx
%endmacro

%macro LOOPBACK_ENDS 0
    OUTB IER, 0
    OUTB FCR, 7
    OUTB FCR, 0
    OUTB MCR, OUT2 + 3
    OUTB LCR, 3
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r15 + APIC_LINT0], 0x700

    GROUP "UART: registers"
    call Drain
    xor ebx, ebx
    OUTB SCR, 0xA5
    SEE SCR
    OUTB IER, 0xFF
    SEE IER
    OUTB IER, 0
    OUTB LCR, 0x1B
    SEE LCR
    OUTB LCR, 0x83
    OUTB COM1, 0x34
    OUTB IER, 0x12
    SEE COM1
    SEE IER
    OUTB COM1, 1
    OUTB IER, 0
    OUTB LCR, 3
    SEE IER
    OUTB MCR, 0xEB
    SEE MCR
    OUTB MCR, OUT2 + 3
    SEE LSR
    SAW 0, 0xFF, 0xA5, "the scratch register keeps a byte"
    SAW 1, 0xFF, 0x0F, "IER has four bits"
    SAW 2, 0xFF, 0x1B, "LCR keeps format and parity"
    SAW 3, 0xFF, 0x34, "DLAB: the divisor's low byte"
    SAW 4, 0xFF, 0x12, "DLAB: its high byte"
    SAW 5, 0xFF, 0, "without DLAB it is IER again"
    SAW 6, 0xFF, 0x0B, "MCR has five bits"
    SAW 7, 0x60, 0x60, "an idle transmitter is empty"

    GROUP "UART: loopback"
    LOOPBACK 0
    SEE IIR
    OUTB COM1, 0x5A
    call AwaitData
    SEE LSR
    SEE COM1
    SEE LSR
    OUTB COM1, 1
    call AwaitData
    OUTB COM1, 2
    call Settle
    SEE LSR
    SEE LSR
    SEE COM1
    LOOPBACK_ENDS
    SAW 0, 0xCF, 1, "no interrupt is pending, no FIFO enabled"
    SAW 1, 1, 1, "what is sent is received"
    SAW 2, 0xFF, 0x5A, "it is the same byte"
    SAW 3, 1, 0, "reading takes it"
    SAW 4, 3, 3, "a second byte overruns the first"
    SAW 5, 3, 1, "reading LSR clears the error"
    SAW 6, 0xFF, 2, "the last byte is what is left"

    GROUP "UART: word length"
    SKIP_ON_QEMU .wordLength, "QEMU's port has eight bits always"
    LOOPBACK 0
    OUTB LCR, 0                         ; five bits
    OUTB COM1, 0xFF
    call AwaitData
    SEE COM1
    LOOPBACK_ENDS
    SAW 0, 0xFF, 0x1F, "a word of five bits has no more"
.wordLength:

    GROUP "UART: modem lines"
    SKIP_ON_QEMU .modemLines, "QEMU's port tells no changes in loopback"
    LOOPBACK 0
    SEE MSR
    OUTB MCR, LOOP_ + 2
    SEE MSR
    SEE MSR
    OUTB MCR, LOOP_ + 1
    SEE MSR
    OUTB MCR, LOOP_ + 4
    SEE MSR
    OUTB MCR, LOOP_
    SEE MSR
    OUTB MCR, LOOP_ + 8
    SEE MSR
    LOOPBACK_ENDS
    SAW 0, 0xFF, 0, "in loopback the inputs are MCR's outputs"
    SAW 1, 0xFF, 0x11, "RTS is CTS, and its change is told"
    SAW 2, 0xFF, 0x10, "once"
    SAW 3, 0xFF, 0x23, "DTR is DSR; CTS has changed too"
    SAW 4, 0xFF, 0x42, "OUT1 is RI, whose rise is no event"
    SAW 5, 0xFF, 0x04, "but its fall is"
    SAW 6, 0xFF, 0x88, "OUT2 is DCD"
.modemLines:

    TIMED_GROUP "UART: FIFO"
    LOOPBACK 0xC1                       ; FIFOs, trigger at 14
    OUTB IER, 1
    SEE IIR
    mov ecx, 13
.fill:
    mov al, cl
    call Send
    sub ecx, 1
    jnz .fill
    SEE IIR                             ; no more than a time-out
    mov al, 0x77
    call Send
    SEE IIR
    SEE COM1                            ; 13
    SEE IIR
    call Empty
    SEE LSR
    mov ecx, 17
.overfill:
    mov al, cl
    call Send
    sub ecx, 1
    cmp ecx, 1
    ja .overfill
    OUTB COM1, 1
    call Settle                         ; without a look at LSR
    SEE LSR
    SEE COM1
    OUTB FCR, 0xC3                      ; resets the receiver's
    SEE LSR
    LOOPBACK_ENDS
    SAW 0, 0xFF, 0xC1, "IIR shows the FIFOs"
    SAW 1, 0x07, 0x01, "below the trigger level data does not interrupt"
    SAW 2, 0xFF, 0xC4, "at it, it does"
    SAW 3, 0xFF, 13, "first in, first out"
    SAW 4, 0x07, 0x01, "below it again, no more"
    SAW 5, 1, 0, "reading empties the FIFO"
    SAW 6, 3, 3, "the seventeenth byte overruns"
    SAW 7, 0xFF, 17, "and what came first stays"
    SAW 8, 1, 0, "a reset empties it"

    GROUP "UART: interrupts and their priorities"
    SKIP_ON_QEMU .priorities, "QEMU's port tells no changes in loopback"
    LOOPBACK 0
    OUTB IER, 0x0F
    SEE IIR                             ; THR empty
    OUTB MCR, LOOP_ + 2                 ; modem status
    OUTB COM1, 1
    call AwaitData
    OUTB COM1, 2
    call Settle                         ; overrun
    SEE IIR
    SEE LSR
    SEE IIR
    SEE COM1
    SEE IIR
    SEE IIR
    SEE MSR
    SEE IIR
    LOOPBACK_ENDS
    SAW 0, 0x0F, 2, "an empty transmitter, when it is enabled"
    SAW 1, 0x0F, 6, "first comes the line status"
    SAW 3, 0x0F, 4, "then received data"
    SAW 5, 0x0F, 2, "then the transmitter, which IIR's reading ends"
    SAW 6, 0x0F, 0, "then the modem status"
    SAW 8, 0x0F, 1, "then nothing"
.priorities:

    TIMED_GROUP "UART: time-out"
    LOOPBACK 0x81                       ; trigger at 8
    OUTB LCR, 0x83
    OUTB COM1, 1
    OUTB IER, 0
    OUTB LCR, 3
    OUTB IER, 1
    mov al, 0x42
    call Send
    mov ecx, 1 << 20
.timeout:
    mov dx, IIR
    in al, dx
    test al, 1
    jz .timedOut
    sub ecx, 1
    jnz .timeout
.timedOut:
    movzx eax, al
    mov [Seen], eax
    mov ebx, 1
    SEE COM1
    SEE IIR
    LOOPBACK_ENDS
    SAW 0, 0xFF, 0xCC, "less than the trigger level times out"
    SAW 1, 0xFF, 0x42, "the byte is there"
    SAW 2, 0x0F, 1, "reading it ends the time-out"

    GROUP "UART: the interrupt's line"
    call Drain
    mov dword [Counts + 0x24 * 4], 0
    mov al, 0xEF
    out PIC_MASTER + 1, al
    OUTB MCR, OUT2 + 3
    mov qword [Hook], Identify
    OUTB IER, 2
    call Linger
    mov eax, [Counts + 0x24 * 4]
    mov [Seen], eax
    mov eax, [Identified]
    mov [Seen + 4], eax
    OUTB IER, 0
    SKIP_ON_QEMU .noGate, "QEMU's port interrupts without OUT2"
    OUTB MCR, 3
    OUTB IER, 2
    call Linger
    mov eax, [Counts + 0x24 * 4]
    mov [Seen + 8], eax
    OUTB IER, 0
    OUTB MCR, OUT2 + 3
    SAW 2, 0xFF, 1, "without OUT2 it does not"
.noGate:
    mov qword [Hook], 0
    SAW 0, 0xFF, 1, "an interrupt reaches the PIC"
    SAW 1, 0x0F, 2, "it is the transmitter's"
    mov al, 0xFF
    out PIC_MASTER + 1, al
    CHECKS_END

; AL: sent and received.
Send:
    push rcx
    mov dx, COM1
    out dx, al
    mov dx, LSR
    mov ecx, 1 << 20
.wait:
    in al, dx
    and al, 0x60
    cmp al, 0x60
    je .done
    sub ecx, 1
    jnz .wait
.done:
    pop rcx
    ret

; Until a byte is there; not for ever.
AwaitData:
    mov ecx, 1 << 20
.wait:
    mov dx, LSR
    in al, dx
    test al, 1
    jnz .done
    sub ecx, 1
    jnz .wait
.done:
    ret

; Until what was sent has gone. Not by LSR, whose errors are still wanted.
Settle:
    mov ecx, 20
.next:
    call Pause
    sub ecx, 1
    jnz .next
    ret

; Until nothing is there.
Empty:
    mov ecx, 64
.next:
    mov dx, LSR
    in al, dx
    test al, 1
    jz .done
    mov dx, COM1
    in al, dx
    sub ecx, 1
    jnz .next
.done:
    ret

; A hook.
Identify:
    mov dx, IIR
    in al, dx
    movzx eax, al
    mov [Identified], eax
    ret

    align 4
Seen:       times 16 dd 0
Identified: dd 0
    GUEST_END
