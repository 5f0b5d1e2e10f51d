; Checks NMIs that come where none can be taken: the PIT sends them through the IOAPIC while the host fills memory, in the shadow of a MOV SS or
; while an interrupt is being delivered. They must come at the very next boundary. AMD64 APM vol. 2, "Nonmaskable Interrupt", "EVENTINJ".
%include "guest.inc"
%include "check.inc"

FIRST_BLOCK equ 0x2000000               ; untouched so far
BLOCK       equ 0x200000
BLOCKS      equ 40
ROUND_SPINS equ 20000000

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov al, 0x30                        ; PIT channel 0, mode 0: once
    out 0x43, al
    mov dword [r14], 0x10 + 2 * 2 + 1   ; pin 2: NMI for this processor
    mov eax, [r15 + APIC_ID]
    mov [r14 + 0x10], eax
    mov dword [r14], 0x10 + 2 * 2
    mov dword [r14 + 0x10], 0x400
    mov qword [Hook], OnInterrupt

    GROUP "NMI: sent while a host works in a shadow"
    SKIP_ON_QEMU DeliveryRounds.done, "QEMU's processor takes NMIs in the shadow of MOV SS"
; Each round's write is to a block of its own, so that it goes to the host, for longer the PIT's count.
    mov r13d, FIRST_BLOCK
    mov r12d, 1
ShadowRounds:
    mov edx, ss
    call ArmPit
    mov ss, edx
.shadowing:
    mov [r13], al
    call AwaitNmi
    add r13d, BLOCK
    add r12d, 1
    cmp r12d, BLOCKS
    jb ShadowRounds
    cmp dword [Late], 0
    CHECK e, "no NMI waits longer than the shadow of MOV SS"
    cmp dword [Shadowed], 0
    CHECK e, "no NMI comes in the shadow of MOV SS"

    GROUP "NMI: sent while a host works in a delivery"
; An interrupt on a stack in such a block.
    mov word [InterruptTable + 0x70 * 16 + 4], 0x8E01
    mov r12d, 1
DeliveryRounds:
    lea eax, [r13 + BLOCK]
    mov [Tss + 36], eax                 ; IST1: the top of the block
    mov dword [Counts + 0x70 * 4], 0
    call ArmPit
    sti
    mov dword [r15 + APIC_ICR_LOW], 0x40070
    nop
    cli
    call AwaitNmi
    add r13d, BLOCK
    add r12d, 1
    cmp r12d, BLOCKS
    jb DeliveryRounds
    cmp dword [Late], 0
    CHECK e, "no NMI waits longer than an interrupt's delivery"
    cmp dword [Counts + 0x70 * 4], 1
    CHECK e, "the interrupt is delivered once"
.done:
    CHECKS_END

; Counts from one tick upwards, by rounds.
ArmPit:
    mov dword [Counts + 2 * 4], 0
    mov eax, r12d
    add eax, eax
    out 0x40, al
    mov al, 0
    out 0x40, al
    ret

; The NMI of this round, in [Late] if it takes too long.
AwaitNmi:
    mov ecx, ROUND_SPINS
.wait:
    cmp dword [Counts + 2 * 4], 0
    jne .came
    sub ecx, 1
    jnz .wait
    add dword [Late], 1
.again:
    cmp dword [Counts + 2 * 4], 0       ; so that it does not come in the next round
    je .again
.came:
    ret

; EAX: vector; RBX: frame.
OnInterrupt:
    cmp eax, 2
    jne .done
    cmp qword [rbx], ShadowRounds.shadowing
    jne .done
    add dword [Shadowed], 1
.done:
    ret

    align 8
Late:           dd 0
Shadowed:       dd 0
    GUEST_END
