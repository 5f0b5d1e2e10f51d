; The /init of a Linux guest with a network, eth0: the server, which has no number, takes what comes over one TCP connection and confirms its end; the client
; sends it so many times 64 KiB, by the interface's defaults, and tells how long it took until it was connected as well.
%include "linux.inc"

AF_INET         equ 2
SOCK_STREAM     equ 1
SHUT_WR         equ 1
SIOCSIFFLAGS    equ 0x8914
SIOCSIFADDR     equ 0x8916
SIOCSIFNETMASK  equ 0x891C
SYS_SHUTDOWN    equ 48
SYS_SETSOCKOPT  equ 54
SOL_SOCKET      equ 1
SO_LINGER       equ 13
CHUNK           equ 64 << 10

    INIT
    mov r13, rbx
    DRIVER "virtio_ring"
    DRIVER "virtio"
    DRIVER "virtio_pci_legacy_dev"
    DRIVER "virtio_pci_modern_dev"
    DRIVER "virtio_pci"
    DRIVER "failover"
    DRIVER "net_failover"
    DRIVER "virtio_net"
    test ebp, ebp
    jz .named
    mov byte [Address + 7], 2           ; the client's
.named:
    call Socket
    CALL SYS_IOCTL, r14, SIOCSIFADDR, Interface
    mov dword [Address + 4], 0x00FFFFFF ; 255.255.255.0
    CALL SYS_IOCTL, r14, SIOCSIFNETMASK, Interface
    mov dword [Address], 0x41           ; IFF_UP, IFF_RUNNING
    CALL SYS_IOCTL, r14, SIOCSIFFLAGS, Interface
    test ebp, ebp
    jnz .connect

    CALL SYS_BIND, r14, Server, 16
    CALL SYS_LISTEN, r14, 1
    TELL "listens "
    CALL SYS_ACCEPT, r14, 0, 0
    mov r15d, eax
.receive:
    CALL SYS_READ, r15, FileEnd, CHUNK
    test eax, eax
    jnz .receive
    mov r10d, Linger
    mov r8d, 8
    CALL SYS_SETSOCKOPT, r15, SOL_SOCKET, SO_LINGER
    CALL SYS_WRITE, r15, FileEnd, 1
    CALL SYS_CLOSE, r15                 ; until the client has it
    jmp End

.connect:                               ; until the server listens
    mov edi, r14d
    lea rsi, [Server]
    mov edx, 16
    mov eax, SYS_CONNECT
    syscall
    test eax, eax
    jz .connected
    CALL SYS_CLOSE, r14
    CALL SYS_NANOSLEEP, Moment, 0
    call Socket
    jmp .connect
.connected:
    mov rbx, r13
    TOLD "connected "
    mov r12d, ebp
    TIME
.send:
    CALL SYS_WRITE, r14, FileEnd, CHUNK
    sub r12d, 1
    jnz .send
    CALL SYS_SHUTDOWN, r14, SHUT_WR
    CALL SYS_READ, r14, FileEnd, 1
    TOLD "tcp "
    INIT_END

; Leaves a new socket in R14.
Socket:
    CALL SYS_SOCKET, AF_INET, SOCK_STREAM, 0
    mov r14d, eax
    ret

    align 8, db 0
Moment:         dq 0, 10000000
Linger:         dd 1, 10
Interface:      db "eth0"
    times 12 db 0
Address:        dw AF_INET, 0
    db 10, 0, 0, 1
    dq 0, 0
Server:         dw AF_INET
    db 0x1F, 0x90                       ; port 8080
    db 10, 0, 0, 1
    dq 0
    INIT_DATA CHUNK
