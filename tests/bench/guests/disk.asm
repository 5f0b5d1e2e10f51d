; The /init of a Linux guest with a disk, /dev/vda of 64 MiB: writes all of it, then reads, past the kernel's cache, 64 KiB at a time one behind the other,
; and 4 KiB here and there, one read after the other. Without an I/O scheduler, which is for disks that have something to seek: Linux's default for disks with
; one queue hands each request to another thread.
%include "linux.inc"

O_WRONLY        equ 1
O_RDWR          equ 2
O_DIRECT        equ 0x4000
DISK            equ 64 << 20
LARGE           equ 64 << 10
SMALL           equ 4 << 10
; Of each, for every one that the argument asks for.
LARGE_READS     equ 4
SMALL_READS     equ 8

; Mounts a file system that the kernel has: where, type.
%macro FILES 2
    lea rdi, [%1]
    mov esi, 0755o
    mov eax, SYS_MKDIR                  ; may be there
    syscall
    xor r10d, r10d
    xor r8d, r8d
    CALL SYS_MOUNT, %2, %1, %2
%endmacro

    INIT
    FILES Devices, DevicesType
    FILES System, SystemType
    DRIVER "virtio_ring"
    DRIVER "virtio"
    DRIVER "virtio_pci_legacy_dev"
    DRIVER "virtio_pci_modern_dev"
    DRIVER "virtio_pci"
    DRIVER "virtio_blk"
    CALL SYS_OPEN, Scheduler, O_WRONLY
    CALL SYS_WRITE, rax, None, NONE
    CALL SYS_OPEN, Disk, O_RDWR | O_DIRECT
    mov r14d, eax
    mov r10d, 0x22                      ; MAP_PRIVATE, MAP_ANONYMOUS
    mov r8, -1
    xor r9d, r9d
    CALL SYS_MMAP, 0, LARGE, 3          ; PROT_READ, PROT_WRITE
    mov r15, rax
    mov rdi, rax
    mov ecx, LARGE / 8
    mov rax, 0x0123456789ABCDEF
    rep stosq
    xor r13d, r13d
.write:
    mov r10, r13
    CALL SYS_PWRITE64, r14, r15, LARGE
    add r13, LARGE
    cmp r13, DISK
    jb .write

    xor r13d, r13d
    mov r12d, ebp
    imul r12d, r12d, LARGE_READS
    TIME
.large:
    mov r10, r13
    CALL SYS_PREAD64, r14, r15, LARGE
    add r13, LARGE
    and r13, DISK - 1
    sub r12d, 1
    jnz .large
    TOLD "large "

    mov r13d, 1
    mov r12d, ebp
    imul r12d, r12d, SMALL_READS
    TIME
.small:
    imul r13d, r13d, 1664525
    add r13d, 1013904223
    mov r10d, r13d
    shr r10d, 6
    and r10d, DISK - SMALL
    CALL SYS_PREAD64, r14, r15, SMALL
    sub r12d, 1
    jnz .small
    TOLD "small "
    INIT_END

Devices:        db "/dev", 0
DevicesType:    db "devtmpfs", 0
System:         db "/sys", 0
SystemType:     db "sysfs", 0
Scheduler:      db "/sys/block/vda/queue/scheduler", 0
None:           db "none"
NONE            equ $ - None
Disk:           db "/dev/vda", 0
    INIT_DATA 0
