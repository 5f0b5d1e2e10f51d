; Prints the standard, hypervisor and extended CPUID leaves, subleaf 0, one a line: leaf, EAX, EBX, ECX, EDX. Then exits with 0.
%include "guest.inc"
    GUEST
    xor edi, edi
    call PrintRange
    mov edi, 0x40000000
    call PrintRange
    mov edi, 0x80000000
    call PrintRange
    EXIT 0

; EDI: first leaf; its EAX is the last leaf. Out of range (EAX below the leaf, or beyond 64 leaves) prints that leaf alone.
PrintRange:
    mov eax, edi
    xor ecx, ecx
    cpuid
    mov ebp, eax
    lea eax, [edi + 63]
    cmp ebp, eax
    ja .single
    cmp ebp, edi
    jae .leaf
.single:
    mov ebp, edi
.leaf:
    mov eax, edi
    xor ecx, ecx
    cpuid
    PRINT "cpuid "
    PRINT_HEX edi
    PRINT ": "
    PRINT_HEX eax
    PRINT " "
    PRINT_HEX ebx
    PRINT " "
    PRINT_HEX ecx
    PRINT " "
    PRINT_HEX edx
    PRINT 10
    add edi, 1
    cmp edi, ebp
    jbe .leaf
    ret
    GUEST_END
