; Instructions that C# has no word for, a few lines each. System V AMD64 ABI.
bits 64
default rel
%include "kernel/Platform/Stack.inc"

section .text
%macro ENTRY 1
global %1
%1:
%endmacro

ENTRY KernelPause
    pause
    ret
ENTRY CpuHalt                           ; interrupts on and halt, with no gap between the two
    sti
    hlt
    ret
ENTRY CpuStop
    cli
    hlt
    jmp CpuStop
ENTRY CpuEnableInterrupts
    sti
    ret
ENTRY CpuDisableInterrupts
    cli
    ret
ENTRY CpuReadFlags
    pushfq
    pop rax
    ret
ENTRY CpuReadTimestamp
    rdtsc
    shl rdx, 32
    or rax, rdx
    ret
ENTRY CpuReadRandom                     ; zero when there is none, as the instruction itself gives
    rdrand rax
    ret
ENTRY CpuIdentify                       ; (leaf, subleaf, out CpuidResult)
    push rbx
    mov r8, rdx
    mov eax, edi
    mov ecx, esi
    cpuid
    mov [r8], eax
    mov [r8 + 4], ebx
    mov [r8 + 8], ecx
    mov [r8 + 12], edx
    pop rbx
    ret
ENTRY MsrRead
    mov ecx, edi
    rdmsr
    shl rdx, 32
    or rax, rdx
    ret
ENTRY MsrWrite
    mov ecx, edi
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    wrmsr
    ret
ENTRY PortIn8
    mov edx, edi
    xor eax, eax
    in al, dx
    ret
ENTRY PortIn16
    mov edx, edi
    xor eax, eax
    in ax, dx
    ret
ENTRY PortIn32
    mov edx, edi
    in eax, dx
    ret
ENTRY PortOut8
    mov edx, edi
    mov eax, esi
    out dx, al
    ret
ENTRY PortOut16
    mov edx, edi
    mov eax, esi
    out dx, ax
    ret
ENTRY PortOut32
    mov edx, edi
    mov eax, esi
    out dx, eax
    ret
ENTRY ControlReadCr0
    mov rax, cr0
    ret
ENTRY ControlWriteCr0
    mov cr0, rdi
    ret
ENTRY ControlReadCr2
    mov rax, cr2
    ret
ENTRY ControlReadCr3
    mov rax, cr3
    ret
ENTRY ControlWriteCr3
    mov cr3, rdi
    ret
ENTRY ControlReadCr4
    mov rax, cr4
    ret
ENTRY ControlWriteCr4
    mov cr4, rdi
    ret
ENTRY ControlInvalidatePage
    invlpg [rdi]
    ret
%assign register 0
%rep 4
ENTRY ControlWriteDr%[register]
    mov dr%[register], rdi
    ret
%assign register register + 1
%endrep
ENTRY ControlWriteXcr0
    xor ecx, ecx
    mov eax, edi
    mov rdx, rdi
    shr rdx, 32
    xsetbv
    ret
ENTRY ExtendedStateSave                 ; (area): every component that XCR0 enables
    mov eax, -1
    mov edx, eax
    xsave64 [rdi]
    ret
ENTRY ExtendedStateRestore
    mov eax, -1
    mov edx, eax
    xrstor64 [rdi]
    ret
ENTRY FpuStateSave                      ; (area), where the processor has no XSAVE
    fxsave64 [rdi]
    ret
ENTRY FpuStateRestore
    fxrstor64 [rdi]
    ret
ENTRY ExtendedStateFill                 ; (address, bytes, source), zeros where that is 0; multiples of 2048 by 32 bytes: AVX is enabled meanwhile, and YMM0 kept
    mov r8, rdx
    xor ecx, ecx
    xgetbv
    push rax
    push rdx
    or eax, 7
    xsetbv
    sub rsp, 32
    vmovdqu [rsp], ymm0
    vpxor xmm0, xmm0, xmm0
    test r8, r8
    jnz .copy
.by2048:
    sub rsi, 2048                       ; from the end on
%assign offset 0
%rep 64
    vmovdqa [rdi + rsi + offset], ymm0
%assign offset offset + 32
%endrep
    jnz .by2048
    jmp .end
.copy:
    sub rsi, 2048
%assign offset 0
%rep 64
    vmovdqu ymm0, [r8 + rsi + offset]
    vmovdqu [rdi + rsi + offset], ymm0
%assign offset offset + 32
%endrep
    jnz .copy
.end:
    vmovdqu ymm0, [rsp]
    add rsp, 32
    pop rdx
    pop rax
    xsetbv
    ret
ENTRY ProcessorBlockCurrent
    mov rax, [gs:0]
    ret
ENTRY DescriptorLoadGdt                 ; (pointer): reloads every segment register; code 0x08, data 0x10
    lgdt [rdi]
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    pop rdi
    push 0x08
    push rdi
    retfq
ENTRY DescriptorLoadIdt
    lidt [rdi]
    ret
ENTRY DescriptorLoadTaskRegister
    ltr di
    ret
ENTRY StackPointer
    lea rax, [rsp + 8]
    ret
ENTRY FramePointer
    mov rax, rbp
    ret
ENTRY ReturnAddress                     ; of the caller: where it goes on
    mov rax, [rsp]
    ret

; void SwitchStack(ulong* saveTo, ulong resumeFrom): the only place where one thread becomes another. XMM registers are all
; caller-saved, so there is nothing else to keep.
ENTRY SwitchStack
    PUSH_CALLEE_SAVED
    mov [rdi], rsp
    mov rsp, rsi
    POP_CALLEE_SAVED
    ret

; First instruction of a new thread: the stack holds nothing but what Scheduling's initial frame put there.
extern KernelThreadMain
ENTRY ThreadEntry
    xor ebp, ebp
    call KernelThreadMain
    ud2

; Addresses that the linker alone knows, for kernel/Platform/KernelImage.cs.
extern ImageStart, TextStart, TextEnd, RodataEnd, ImageEnd, EhFrameStart, EhFrameEnd
extern TrampolineStart, TrampolineEnd, ApplicationProcessorStack, ApplicationProcessorBlock, ApplicationProcessorRoot, InterruptStubs
extern LeaveFaultDomain, SystemCallEntry, UserLeave, BootStackBottom, BootStackTop, BootArenaStart, BootArenaEnd
section .rodata
align 8
global LinkerAddresses
LinkerAddresses:
    dq ImageStart, TextStart, TextEnd, RodataEnd, ImageEnd, EhFrameStart, EhFrameEnd
    dq TrampolineStart, TrampolineEnd, ApplicationProcessorStack, ApplicationProcessorBlock, ApplicationProcessorRoot, InterruptStubs
    dq BootStackBottom, BootStackTop, BootArenaStart, BootArenaEnd, ThreadEntry, LeaveFaultDomain, SystemCallEntry, UserLeave
section .text
ENTRY LinkerAddressTable
    lea rax, [LinkerAddresses]
    ret
