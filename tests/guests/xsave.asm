; Extended state: AMD APM vol. 2, "Saving Media and x87 Execution Unit State", "XSAVE"; Intel SDM vol. 1, "Managing State Using the XSAVE
; Feature Set". Also that what the host and other guests do in between leaves registers alone.
%include "guest.inc"
%include "check.inc"

CR4_OSFXSR  equ 1 << 9
CR4_OSXSAVE equ 1 << 18
ROUNDS      equ 200

%macro SET_CR 2
    mov rax, %1
    or rax, %2
    mov %1, rax
%endmacro

; A value for register n.
%macro FILL_XMM 0
    %assign %%n 0
    %rep 16
    mov rax, 0x0123456789ABCD00 + %%n
    movq xmm %+ %%n, rax
    pshufd xmm %+ %%n, xmm %+ %%n, 0x44
    %assign %%n %%n + 1
    %endrep
%endmacro

; How many of them are right, in EBX.
%macro COUNT_XMM 0
    xor ebx, ebx
    %assign %%n 0
    %rep 16
    movups [Area], xmm %+ %%n
    mov rax, 0x0123456789ABCD00 + %%n
    cmp [Area], rax
    jne %%wrong %+ %%n
    cmp [Area + 8], rax
    jne %%wrong %+ %%n
    add ebx, 1
%%wrong %+ %%n:
    %assign %%n %%n + 1
    %endrep
%endmacro

; Memory that nobody has touched, three blocks of 2 MiB from an address on: it is zero, and whoever cleared it left nothing in registers.
%macro TOUCH_FRESH 1
    mov rax, [%1]
    or rax, [%1 + 0x200000 - 8]
    or rax, [%1 + 0x200000]
    or rax, [%1 + 0x400000]
    cmp rax, 0
    CHECK e, "fresh memory is zero"
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    SET_CR cr4, CR4_OSFXSR
    fninit

    GROUP "state: SSE over exits"
    FILL_XMM
    mov dword [Area], 0x3F80
    ldmxcsr [Area]
    mov ecx, ROUNDS
.exits:
    push rcx
    mov eax, 1
    cpuid
    mov eax, [r15 + APIC_ID]
    mov edx, COM1 + 7
    in al, dx
    pop rcx
    sub ecx, 1
    jnz .exits
    stmxcsr [Area]
    EXPECT [Area], 0x3F80, "MXCSR"
    COUNT_XMM
    EXPECT ebx, 16, "all XMM registers"

    GROUP "state: general registers over exits"
    mov rax, 0x1111111111111111
    mov [Area], rsp
    mov rdi, 0x7777777777777777
    mov rsi, 0x6666666666666666
    mov rbp, 0x5555555555555555
    mov r8, 0x8888888888888888
    mov r9, 0x9999999999999999
    mov r10, 0xAAAAAAAAAAAAAAAA
    mov r11, 0xBBBBBBBBBBBBBBBB
    mov r12, 0xCCCCCCCCCCCCCCCC
    mov r13, 0xDDDDDDDDDDDDDDDD
    xor eax, eax
    cpuid
    mov eax, [r15 + APIC_ID]
    wbinvd
    mov rbx, 0x7777777777777777
    sub rdi, rbx
    mov rbx, 0x6666666666666666
    sub rsi, rbx
    mov rbx, 0x5555555555555555
    sub rbp, rbx
    mov rbx, 0x8888888888888888
    sub r8, rbx
    mov rbx, 0x9999999999999999
    sub r9, rbx
    mov rbx, 0xAAAAAAAAAAAAAAAA
    sub r10, rbx
    mov rbx, 0xBBBBBBBBBBBBBBBB
    sub r11, rbx
    mov rbx, 0xCCCCCCCCCCCCCCCC
    sub r12, rbx
    mov rbx, 0xDDDDDDDDDDDDDDDD
    sub r13, rbx
    or rdi, rsi
    or rdi, rbp
    or rdi, r8
    or rdi, r9
    or rdi, r10
    or rdi, r11
    or rdi, r12
    or rdi, r13
    cmp rdi, 0
    CHECK e, "all are what they were"

    GROUP "state: x87 over exits and FXSAVE"
    fldpi
    fld1
    mov word [Area], 0x27F
    fldcw [Area]
    mov eax, 1
    cpuid
    fxsave [Area]
    movzx eax, word [Area]
    EXPECT eax, 0x27F, "the control word"
    fstp st0
    fldpi
    fcomip st0, st1
    CHECK e, "a register"
    FILL_XMM
    fxsave [Area + 1024]
    xorps xmm0, xmm0
    xorps xmm15, xmm15
    fxrstor [Area + 1024]
    COUNT_XMM
    EXPECT ebx, 16, "FXRSTOR brings back the XMM registers"
    RAISES GP, 0, "fxsave [Area + 8]", "FXSAVE that is not aligned"
    fninit

    GROUP "state: XSAVE"
    mov eax, 1
    cpuid
    test ecx, 1 << 26
    SKIP_IF z, .noXsave, "CPUID offers no XSAVE"
    RAISES UD, 0, "xsave [Area]", "without CR4.OSXSAVE"
    SET_CR cr4, CR4_OSXSAVE
    xor ecx, ecx
    xgetbv
    EXPECT eax, 1, "XCR0 is x87 at first"
    mov eax, 0xD
    xor ecx, ecx
    cpuid
    mov [Offered], eax
    mov [Size], ecx
    and eax, 3
    EXPECT eax, 3, "leaf 0Dh: x87 and SSE"
    cmp ebx, 576
    CHECK ae, "the area for what XCR0 enables: 576 bytes at least"
    cmp ecx, ebx
    CHECK ae, "the area for all is no smaller"
    xor ecx, ecx
    xor edx, edx
    mov eax, 3
    xsetbv
    FILL_XMM
    mov edi, Area
    mov ecx, 1024 / 8
    xor eax, eax
    rep stosq
    mov eax, -1
    mov edx, -1
    xsave [Area]
    mov eax, [Area + 512]
    and eax, 2
    EXPECT eax, 2, "XSTATE_BV: SSE"
    mov rax, [Area + 160 + 16]
    mov rbx, 0x0123456789ABCD01
    cmp rax, rbx
    CHECK e, "XMM1 is in its place"
    xorps xmm0, xmm0
    xorps xmm9, xmm9
    mov eax, 2
    xor edx, edx
    xrstor [Area]
    COUNT_XMM
    EXPECT ebx, 16, "XRSTOR brings back the XMM registers"
    FILL_XMM
    mov edi, Area
    mov ecx, 1024 / 8
    xor eax, eax
    rep stosq
    mov dword [Area + 24], 0x1F80
    mov eax, 2
    xor edx, edx
    xrstor [Area]
    movq rax, xmm7
    cmp rax, 0
    CHECK e, "a component that is not there is initialised"
    mov dword [Area + 512], 0x80
    RAISES GP, 0, "xrstor [Area]", "XSTATE_BV: a component that XCR0 does not enable"
    mov dword [Area + 512], 0
    RAISES GP, 0, "xsave [Area + 32]", "an area that is not aligned"
.noXsave:

    GROUP "state: AVX"
    mov eax, 1
    cpuid
    test ecx, 1 << 28
    SKIP_IF z, .noAvx, "CPUID offers no AVX"
    mov eax, 3
    xor ecx, ecx
    xor edx, edx
    xsetbv
    RAISES UD, 0, "vxorps ymm0, ymm0, ymm0", "without XCR0.AVX"
    mov eax, 7
    xsetbv
    mov eax, 0xD
    cpuid
    cmp ebx, 832
    CHECK ae, "leaf 0Dh follows XCR0"
    mov eax, 0xD
    mov ecx, 2
    cpuid
    EXPECT eax, 256, "the component's size"
    mov rax, 0xFEDCBA9876543210
    mov [Area], rax
    vbroadcastsd ymm3, [Area]
    vbroadcastsd ymm12, [Area]
    mov ecx, ROUNDS
.avxExits:
    push rcx
    mov eax, 1
    cpuid
    mov eax, [r15 + APIC_ID]
    pop rcx
    sub ecx, 1
    jnz .avxExits
    vmovups [Area + 32], ymm3
    vmovups [Area + 64], ymm12
    mov rax, [Area]
    xor rax, [Area + 32 + 24]
    CHECK e, "YMM3's upper half over exits"
    mov rax, [Area]
    xor rax, [Area + 64 + 16]
    CHECK e, "YMM12's too"
    vmovups ymm0, ymm3
    TOUCH_FRESH 0x800000
    vmovups [Area + 32], ymm0
    mov rax, [Area]
    xor rax, [Area + 32 + 24]
    CHECK e, "YMM0's upper half over a first touch"
    vmovups ymm0, ymm3
    xor ecx, ecx
    xor edx, edx
    mov eax, 3
    xsetbv
    TOUCH_FRESH 0x1000000
    xor ecx, ecx
    xgetbv
    EXPECT eax, 3, "XCR0 over a first touch"
    xor ecx, ecx
    xor edx, edx
    mov eax, 7
    xsetbv
    vmovups [Area + 32], ymm0
    mov rax, [Area]
    xor rax, [Area + 32 + 16]
    CHECK e, "YMM0's upper half over a first touch while XCR0 does not enable it"
    vzeroupper
.noAvx:

    GROUP "state: AVX-512"
    mov eax, 7
    xor ecx, ecx
    cpuid
    test ebx, 1 << 16
    SKIP_IF z, .done, "CPUID offers no AVX-512"
    mov eax, 0x27
    xor ecx, ecx
    xor edx, edx
    RAISES GP, 0, "xsetbv", "one of its components alone"
    mov eax, 0xE7
    PASSES "xsetbv", "all of them"
    mov rax, 0xFEDCBA9876543210
    vpbroadcastq zmm20, rax
    vmovdqa64 zmm0, zmm20
    kmovw k3, eax
    mov eax, 1
    cpuid
    mov eax, [r15 + APIC_ID]
    vmovdqu64 [Area], zmm20
    mov rax, 0xFEDCBA9876543210
    cmp [Area + 56], rax
    CHECK e, "ZMM20's last word over exits"
    TOUCH_FRESH 0x1800000
    vmovdqu64 [Area], zmm0
    mov rax, 0xFEDCBA9876543210
    cmp [Area + 56], rax
    CHECK e, "ZMM0's last word over a first touch"
    kmovw eax, k3
    EXPECT eax, 0x3210, "K3"
.done:
    CHECKS_END

    align 8
Offered:    dd 0
Size:       dd 0
    align 64
Area:       times 4096 db 0
    GUEST_END
