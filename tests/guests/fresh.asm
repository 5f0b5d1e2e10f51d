; Checks that its memory is nobody else's: every page is zero at first, then holds what this run wrote, until the end of the run. Restarted over and
; over beside others, it finds a frame that a translation of an earlier machine still reaches. Multiboot information: upper memory in KiB.
%include "guest.inc"

FIRST   equ 0x200000
STEP    equ 4096

    GUEST
    mov ebp, [ebx + 8]                  ; mem_upper
    shl ebp, 10
    add ebp, 0x100000
    and ebp, -STEP
    mov edi, FIRST
.look:
    mov eax, [edi]
    or eax, [edi + STEP - 4]
    jnz .stale
    add edi, STEP
    cmp edi, ebp
    jb .look
    rdtsc                               ; no two runs have the same
    mov esi, eax
    mov edi, FIRST
.write:
    lea eax, [esi + edi]
    mov [edi], eax
    mov [edi + STEP - 4], eax
    add edi, STEP
    cmp edi, ebp
    jb .write
    mov ecx, 3                          ; times, for others to come in between
.again:
    mov edi, FIRST
.read:
    lea eax, [esi + edi]
    cmp [edi], eax
    jne .changed
    cmp [edi + STEP - 4], eax
    jne .changed
    add edi, STEP
    cmp edi, ebp
    jb .read
    sub ecx, 1
    jnz .again
    EXIT 0
.stale:
    PRINT "memory is not zero at first", 10
    EXIT 1
.changed:
    PRINT "memory was changed by another", 10
    EXIT 2
    GUEST_END
