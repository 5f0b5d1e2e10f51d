; The PIT's modes and readings, by counter 2, whose gate and output port 61h has: Intel 8254 data sheet. The real-time clock: Motorola
; MC146818A data sheet.
%include "guest.inc"
%include "check.inc"

RTC_A       equ 0x0A
RTC_B       equ 0x0B
RTC_C       equ 0x0C
RTC_D       equ 0x0D
SET         equ 0x80
PIE         equ 0x40
AIE         equ 0x20
UIE         equ 0x10
BINARY      equ 4
HOURS24     equ 2

; Control word of counter 2.
%macro CONTROL 1
    mov al, 0x80 + (%1)
    out 0x43, al
%endmacro

; A count of counter 2 in two bytes.
%macro COUNT 1
    mov al, (%1) & 0xFF
    out 0x42, al
    mov al, (%1) >> 8
    out 0x42, al
%endmacro

%macro GATE 1
    mov al, %1
    out 0x61, al
%endmacro

; Whether the output is high (1) or low (0) now.
%macro OUTPUT 2+
    in al, 0x61
    shr al, 5
    and eax, 1
    EXPECT eax, %1, %2
%endmacro

; Waits until the output is high or low; a group that waits for long is broken.
%macro AWAIT_OUTPUT 3+
    mov ah, (%1) << 5
    call AwaitOutput
    cmp al, ah
    CHECK %2, %3
%endmacro

; Register of the clock into EAX; a value to it.
%macro READ_RTC 1
    mov al, %1
    out 0x70, al
    in al, 0x71
    movzx eax, al
%endmacro

%macro WRITE_RTC 2
    mov al, %1
    out 0x70, al
    mov al, %2
    out 0x71, al
%endmacro

; Register, value: writes it and expects it there.
%macro KEEPS_RTC 3+
    WRITE_RTC %1, %2
    READ_RTC %1
    EXPECT eax, %2, %3
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r15 + APIC_LINT0], 0x700

    TIMED_GROUP "PIT: mode 0"
    SKIP_ON_QEMU .pit1, "QEMU's 8254 has no gates, null count and BCD digits"
    GATE 1
    CONTROL 0x30
    OUTPUT 0, "the control word drives the output low"
    COUNT 0xFFFF
    OUTPUT 0, "it stays low while counting"
    COUNT 100
    AWAIT_OUTPUT 1, e, "it rises at the end of the count"
    OUTPUT 1, "and stays"
    COUNT 0xFFFF
    OUTPUT 0, "a new count drives it low"
    GATE 0
    call Latch
    mov ebx, eax
    call Pause
    call Latch
    cmp eax, ebx
    CHECK e, "the count stands while the gate is low"
    GATE 1
    call Pause
    call Latch
    cmp eax, ebx
    CHECK ne, "and goes on when it is high"
.pit1:

    TIMED_GROUP "PIT: mode 1"
    SKIP_ON_QEMU .pit2, "QEMU's 8254 has no gates, null count and BCD digits"
    GATE 0
    CONTROL 0x32
    OUTPUT 1, "the output is high before the trigger"
    COUNT 0xF000
    OUTPUT 1, "and after the count"
    GATE 1
    call Clock
    OUTPUT 0, "the gate's rise triggers a pulse"
    GATE 0
    OUTPUT 0, "its fall changes nothing"
    call AwaitHalf
    GATE 1
    call Clock
    call Latch
    cmp eax, 0x8000
    CHECK a, "another rise starts the count again"
    GATE 0
    COUNT 50
    call Latch
    cmp eax, 50
    CHECK a, "a new count waits for the next trigger"
    GATE 1
    AWAIT_OUTPUT 1, e, "the pulse ends with the count"
.pit2:

    TIMED_GROUP "PIT: mode 2"
    SKIP_ON_QEMU .pit3, "QEMU's 8254 has no gates, null count and BCD digits"
    GATE 1
    CONTROL 0x34
    OUTPUT 1, "the output is high at first"
    COUNT 2000
    call Clock
    mov ecx, 200
    xor ebx, ebx
    xor esi, esi
.rate:
    call Latch
    cmp eax, ebx
    cmova ebx, eax
    test eax, eax
    setz dl
    movzx edx, dl
    or esi, edx
    sub ecx, 1
    jnz .rate
    cmp ebx, 2000
    CHECK be, "the count begins at what was written"
    cmp ebx, 100
    CHECK a, "and begins again and again"
    EXPECT esi, 0, "it never is zero"
    GATE 0
    OUTPUT 1, "a low gate keeps the output high"
    call Latch
    mov ebx, eax
    call Pause
    call Latch
    cmp eax, ebx
    CHECK e, "and stops the count"
    CONTROL 0x34
    COUNT 0xFFFF
    GATE 1
    call Pause
    COUNT 0x1000
    call Latch
    cmp eax, 0x1000
    CHECK a, "a new count waits for the end of the cycle"
.pit3:

    TIMED_GROUP "PIT: mode 3"
    SKIP_ON_QEMU .pit4, "QEMU's 8254 has no gates, null count and BCD digits"
    GATE 1
    CONTROL 0x36
    COUNT 1000
    AWAIT_OUTPUT 0, e, "the wave falls"
    AWAIT_OUTPUT 1, e, "and rises"
    AWAIT_OUTPUT 0, e, "and falls again"
    mov ecx, 100
    xor esi, esi
.square:
    call Latch
    or esi, eax
    sub ecx, 1
    jnz .square
    and esi, 1
    EXPECT esi, 0, "it counts by twos"
    GATE 0
    OUTPUT 1, "a low gate makes the output high at once"
.pit4:

    TIMED_GROUP "PIT: modes 4 and 5"
    SKIP_ON_QEMU .pit5, "QEMU's 8254 has no gates, null count and BCD digits"
    GATE 1
    CONTROL 0x38
    OUTPUT 1, "mode 4: the output is high"
    COUNT 100
    call Pause
    call Latch
    cmp eax, 100
    CHECK a, "the count wraps after the strobe"
    OUTPUT 1, "the output is high again"
    GATE 0
    CONTROL 0x3A
    COUNT 0xF000
    call Pause
    OUTPUT 1, "mode 5: the output is high"
    GATE 1
    call AwaitHalf
    OUTPUT 1, "the gate's rise starts the count"
    GATE 0
    GATE 1
    call Clock
    call Latch
    cmp eax, 0x8000
    CHECK a, "another one starts it again"
    CONTROL 0x3C                        ; 110b: mode 2
    mov al, 0xE8
    out 0x43, al
    in al, 0x42
    and eax, 0x0E
    EXPECT eax, 4, "110b selects mode 2"
    CONTROL 0x3E
    mov al, 0xE8
    out 0x43, al
    in al, 0x42
    and eax, 0x0E
    EXPECT eax, 6, "111b selects mode 3"
.pit5:

    TIMED_GROUP "PIT: reading"
    SKIP_ON_QEMU .pit6, "QEMU's 8254 has no gates, null count and BCD digits"
    GATE 1
    CONTROL 0x30
    mov al, 0xE8
    out 0x43, al
    in al, 0x42
    movzx eax, al
    EXPECT eax, 0x70, "status: low output, null count, two bytes, mode 0"
    COUNT 0xFFFF
    call Clock
    mov al, 0xE8
    out 0x43, al
    in al, 0x42
    movzx eax, al
    EXPECT eax, 0x30, "status: a count is loaded"
    mov al, 0x80
    out 0x43, al                        ; latch
    call Pause
    mov al, 0x80
    out 0x43, al
    in al, 0x42
    mov bl, al
    in al, 0x42
    mov bh, al
    call Latch
    cmp ax, bx
    CHECK b, "a second latch before the reading is ignored"
    mov al, 0xC8                        ; read-back: count and status
    out 0x43, al
    call Pause
    in al, 0x42
    movzx eax, al
    EXPECT eax, 0x30, "read-back: the status comes first"
    in al, 0x42
    mov bl, al
    in al, 0x42
    mov bh, al
    call Latch
    cmp ax, bx
    CHECK b, "then the latched count"
    CONTROL 0x14
    mov al, 200
    out 0x42, al
    call Clock
    mov al, 0x80
    out 0x43, al
    in al, 0x42
    cmp al, 200
    CHECK be, "low byte only: one byte loads"
    CONTROL 0x24
    mov al, 0x10
    out 0x42, al
    call Clock
    mov al, 0x80
    out 0x43, al
    in al, 0x42
    cmp al, 0x10
    CHECK be, "high byte only: the count is its multiple of 256"
    CONTROL 0x35                        ; mode 2, BCD
    COUNT 0x1000
    call Clock
    mov ecx, 50
    xor esi, esi
.decimal:
    call Latch
    cmp eax, 0x1000
    ja .notDecimal
    mov edx, eax
    and edx, 0x0F0F
    add edx, 0x0606
    test edx, 0x1010
    jnz .notDecimal
    shr eax, 4
    and eax, 0x0F0F
    add eax, 0x0606
    test eax, 0x1010
    jnz .notDecimal
    sub ecx, 1
    jnz .decimal
.notDecimal:
    EXPECT ecx, 0, "BCD: all digits are decimal"
    CONTROL 0x34
    COUNT 0
    xor ebx, ebx
    mov ecx, 1000
.whole:
    call Latch
    cmp eax, 0x4000
    adc ebx, 0
    cmp eax, 0xC000
    ja .large
    sub ecx, 1
    jnz .whole
.large:
    cmp ecx, 0
    CHECK ne, "a count of zero is 65536"
.pit6:

    GROUP "PIT: port 61h"
    GATE 3
    in al, 0x61
    and eax, 0x0F
    EXPECT eax, 3, "gate and speaker read as written"
    GATE 0
    in al, 0x61
    and eax, 0x0F
    EXPECT eax, 0, "and when they are off"
    mov ecx, 1000000
    in al, 0x61
    mov bl, al
.refresh:
    in al, 0x61
    xor al, bl
    test al, 0x10
    jnz .toggled
    sub ecx, 1
    jnz .refresh
.toggled:
    cmp ecx, 0
    CHECK ne, "the refresh bit toggles"

    GROUP "RTC: registers"
    READ_RTC RTC_D
    EXPECT eax, 0x80, "register D: the battery is good"
    READ_RTC RTC_A
    and eax, 0x70
    EXPECT eax, 0x20, "register A: the divider runs at 32 kHz"
    KEEPS_RTC RTC_B, HOURS24, "register B keeps 24 hours, BCD"
    KEEPS_RTC 0x40, 0xA5, "memory keeps a byte"
    KEEPS_RTC 0x7F, 0x5A, "its last one too"
    KEEPS_RTC 0x40, 0x5A, "and another"
    WRITE_RTC RTC_D, 0
    READ_RTC RTC_D
    EXPECT eax, 0x80, "register D cannot be written"
    mov al, 0x80 + RTC_D
    out 0x70, al
    in al, 0x71
    movzx eax, al
    EXPECT eax, 0x80, "bit 7 of the index is not the memory's"
    mov al, RTC_D
    out 0x70, al

    TIMED_GROUP "RTC: time and date"
    SKIP_ON_QEMU .rtc1, "QEMU's clock loses what is set while SET and DM change together"
    mov rsi, Evening
    call SetClock
    WRITE_RTC RTC_B, HOURS24
    mov rsi, Morning
    call AwaitClock
    CHECK e, "the last second of a leap year's February is followed by March"
    mov rsi, YearsEnd
    call SetClock
    WRITE_RTC RTC_B, HOURS24
    mov rsi, NewYear
    call AwaitClock
    CHECK e, "the last second of a year by the next"
    READ_RTC 6
    EXPECT eax, 4, "the first of January 2025 is a Wednesday"
    WRITE_RTC RTC_B, SET + BINARY + HOURS24
    WRITE_RTC 4, 13
    WRITE_RTC 2, 47
    WRITE_RTC RTC_B, BINARY + HOURS24
    READ_RTC 4
    EXPECT eax, 13, "binary: the hour"
    READ_RTC 2
    EXPECT eax, 47, "binary: the minute"
    WRITE_RTC RTC_B, SET
    WRITE_RTC 4, 0x81                   ; 1 pm
    WRITE_RTC RTC_B, 0
    READ_RTC 4
    EXPECT eax, 0x81, "12 hours: the afternoon has bit 7"
    WRITE_RTC RTC_B, SET
    WRITE_RTC 4, 0x12
    WRITE_RTC 2, 0x59
    WRITE_RTC 0, 0x59
    WRITE_RTC RTC_B, 0
    mov ebx, 1
.hour:
    READ_RTC 0
    cmp eax, 0x59
    je .hour
    READ_RTC 4
    EXPECT eax, 1, "12 hours: after twelve comes one"
    WRITE_RTC RTC_B, SET + HOURS24
    READ_RTC 0
    mov ebx, eax
    READ_RTC RTC_A
    and eax, 0x80
    EXPECT eax, 0, "no update is in progress while the clock is set"
.rtc1:

    TIMED_GROUP "RTC: updates and alarm"
    SKIP_ON_QEMU .rtc2, "QEMU's clock loses what is set while SET and DM change together"
    mov qword [Hook], 0
    mov dword [Counts + 0x28 * 4], 0
    READ_RTC RTC_C
    mov rsi, Noon
    call SetClock
    WRITE_RTC 1, 0x58
    WRITE_RTC 3, 0xC0
    WRITE_RTC 5, 0xFF
    WRITE_RTC RTC_B, HOURS24
    READ_RTC RTC_C
    mov ecx, 1 << 20
.inProgress:
    READ_RTC RTC_A
    test al, 0x80
    jnz .updating
    READ_RTC 0
    cmp eax, 0x57
    jne .updating
    sub ecx, 1
    jnz .inProgress
.updating:
    cmp ecx, 0
    CHECK ne, "the clock updates"
.afterUpdate:
    READ_RTC RTC_A
    test al, 0x80
    jnz .afterUpdate
    READ_RTC 0
    EXPECT eax, 0x58, "a second has passed then"
    call Pause
    READ_RTC RTC_C
    and eax, 0xB0
    EXPECT eax, 0x30, "update-ended and alarm flags, with no interrupt enabled"
    READ_RTC RTC_C
    and eax, 0xB0
    EXPECT eax, 0, "reading register C clears them"
    mov al, 0xFB
    out PIC_MASTER + 1, al
    mov al, 0xFE
    out PIC_SLAVE + 1, al
    mov rsi, Noon
    call SetClock
    READ_RTC RTC_C
    mov qword [Hook], KeepFlags
    WRITE_RTC RTC_B, AIE + HOURS24
    mov eax, 0x28
    mov ecx, 1
    call HaltUntil
    mov eax, [Flags]
    and eax, 0xA0
    EXPECT eax, 0xA0, "the alarm interrupts"
    READ_RTC 0
    EXPECT eax, 0x58, "at its second"
    WRITE_RTC RTC_B, UIE + HOURS24
    mov eax, 0x28
    mov ecx, 2
    call HaltUntil
    mov eax, [Flags]
    and eax, 0x90
    EXPECT eax, 0x90, "the end of an update interrupts"
    WRITE_RTC RTC_B, SET + UIE + HOURS24
    READ_RTC RTC_B
    and eax, UIE
    EXPECT eax, 0, "SET clears UIE"
.rtc2:

    TIMED_GROUP "RTC: periodic interrupt"
    mov al, 0xFB
    out PIC_MASTER + 1, al
    mov al, 0xFE
    out PIC_SLAVE + 1, al
    mov qword [Hook], KeepFlags
    WRITE_RTC RTC_B, HOURS24
    WRITE_RTC RTC_A, 0x26
    READ_RTC RTC_C
    mov dword [Counts + 0x28 * 4], 0
    WRITE_RTC RTC_B, PIE + HOURS24
    mov esi, 5
    mov rdi, -1                         ; the least time of a few, for others may run in between
.fast:
    mov dword [Counts + 0x28 * 4], 0
    mov ecx, 8
    call TimeTicks
    cmp rax, rdi
    cmovb rdi, rax
    sub esi, 1
    jnz .fast
    mov eax, [Flags]
    and eax, 0xC0
    EXPECT eax, 0xC0, "it interrupts"
    WRITE_RTC RTC_A, 0x2A               ; 64 Hz
    mov dword [Counts + 0x28 * 4], 0
    mov ecx, 4
    call TimeTicks
    cmp rax, rdi
    CHECK a, "at the rate that register A selects"
    WRITE_RTC RTC_B, HOURS24
    READ_RTC RTC_C
    WRITE_RTC RTC_A, 0x26
    mov qword [Hook], 0
    CHECKS_END

; Seconds, minutes, hours, day, month, year, century; in BCD, 24 hours.
Evening:   db 0x59, 0x59, 0x23, 0x29, 0x02, 0x24, 0x20
Morning:   db 0x00, 0x00, 0x00, 0x01, 0x03, 0x24, 0x20
YearsEnd:  db 0x59, 0x59, 0x23, 0x31, 0x12, 0x24, 0x20
NewYear:   db 0x00, 0x00, 0x00, 0x01, 0x01, 0x25, 0x20
Noon:      db 0x57, 0x59, 0x11, 0x15, 0x06, 0x24, 0x20

; EAX: the count of counter 2, latched.
Latch:
    push rbx
    mov al, 0x80
    out 0x43, al
    in al, 0x42
    mov bl, al
    in al, 0x42
    mov bh, al
    movzx eax, bx
    pop rbx
    ret

; Until the count is below 0x8000.
AwaitHalf:
    call Latch
    cmp eax, 0x8000
    jae AwaitHalf
    ret

; A few clocks of the PIT.
Clock:
    push rax
    push rcx
    mov ecx, 20
.next:
    in al, 0x61
    sub ecx, 1
    jnz .next
    pop rcx
    pop rax
    ret

; AH: bit 5 of port 61h that is waited for, for some seconds. AL: the bit as it is in the end.
AwaitOutput:
    push rbx
    push rdx
    push rax
    call ReadTsc
    mov rbx, 1 << 33
    add rbx, rax
    pop rax
.wait:
    in al, 0x61
    and al, 0x20
    cmp al, ah
    je .done
    push rax
    call ReadTsc
    cmp rax, rbx
    pop rax
    jb .wait
.done:
    pop rdx
    pop rbx
    ret

; RSI: seven bytes. The clock is left standing.
SetClock:
    WRITE_RTC RTC_B, SET + HOURS24
    mov rdi, Registers
    mov ecx, 7
.next:
    mov al, [rdi]
    out 0x70, al
    lodsb
    out 0x71, al
    add rdi, 1
    sub ecx, 1
    jnz .next
    ret

; Waits until the seconds change, then compares with the seven bytes at RSI.
AwaitClock:
    READ_RTC 0
    mov ebx, eax
.wait:
    READ_RTC 0
    cmp eax, ebx
    je .wait
.update:
    READ_RTC RTC_A
    test al, 0x80
    jnz .update
    mov rdi, Registers
    mov ecx, 7
.next:
    mov al, [rdi]
    out 0x70, al
    in al, 0x71
    cmp al, [rsi]
    jne .done
    add rsi, 1
    add rdi, 1
    sub ecx, 1
    jnz .next
    cmp ecx, 0
.done:
    ret

; ECX: periodic interrupts. RAX: their time by the TSC.
TimeTicks:
    READ_RTC RTC_C
    call ReadTsc
    mov rbx, rax
    mov eax, 0x28
    call HaltUntil
    call ReadTsc
    sub rax, rbx
    ret

; A hook: reads register C, which ends the clock's interrupt.
KeepFlags:
    cmp eax, 0x28
    jne .done
    push rax
    READ_RTC RTC_C
    mov [Flags], eax
    pop rax
.done:
    ret

Registers:  db 0, 2, 4, 7, 8, 9, 0x32
    align 4
Flags:      dd 0
    GUEST_END
