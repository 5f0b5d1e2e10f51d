; Powers off through ACPI: the FADT names the PM1a control register, the DSDT's _S5 package the value. ACPI Specification, "Finding the
; RSDP on IA-PC Systems", "Fixed ACPI Description Table", "\_S5", "PM1 Control Registers". Exits with 1 where a table is missing.
%include "guest.inc"

RSDT_ADDRESS    equ 16                  ; in the RSDP
TABLE_LENGTH    equ 4
TABLE_HEADER    equ 36
FADT_DSDT       equ 40
FADT_PM1A_CNT   equ 64
SLP_EN          equ 1 << 13

    GUEST
    mov esi, 0xE0000
.rsdp:
    cmp dword [esi], "RSD "
    jne .next
    cmp dword [esi + 4], "PTR "
    je .rsdt
.next:
    add esi, 16
    cmp esi, 0x100000
    jb .rsdp
    PRINT "no RSDP", 10
    EXIT 1
.rsdt:
    mov esi, [esi + RSDT_ADDRESS]
    mov ecx, [esi + TABLE_LENGTH]
    add ecx, esi                        ; end of the table
    lea ebx, [esi + TABLE_HEADER]
.entry:
    cmp ebx, ecx
    jae .noFadt
    mov edi, [ebx]
    add ebx, 4
    cmp dword [edi], "FACP"
    jne .entry
    mov edx, [edi + FADT_PM1A_CNT]
    mov esi, [edi + FADT_DSDT]
    mov ecx, [esi + TABLE_LENGTH]
    lea ecx, [esi + ecx - 8]
.s5:
    cmp dword [esi], "_S5_"
    je .package
    add esi, 1
    cmp esi, ecx
    jb .s5
    PRINT "no _S5", 10
    EXIT 1
.package:                               ; name, PackageOp, PkgLength (one byte for so few), NumElements, then SLP_TYPa
    add esi, 4 + 3
    mov al, [esi]
    cmp al, 0x0A                        ; BytePrefix; else ZeroOp or OneOp, which are their own values
    jne .value
    mov al, [esi + 1]
.value:
    and eax, 7
    shl eax, 10
    or eax, SLP_EN
    PRINT "powering off", 10
    call Drain
    out dx, ax
    jmp Halt
.noFadt:
    PRINT "no FADT", 10
    EXIT 1
    GUEST_END
