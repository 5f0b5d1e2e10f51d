// onlythese NUMBERS PROGRAM ARGUMENT..: runs a program on Linux with the system calls of these numbers alone. Others fail with ENOSYS, as the kernel answers
// what it does not know; execve, which starts the program, is let through as well.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 512

int main(int count, char **arguments)
{
    static struct sock_filter filter[2 * MOST + 4];
    unsigned short length = 0;
    if (count < 3)
        return fprintf(stderr, "usage: onlythese NUMBERS PROGRAM ARGUMENT..\n"), 2;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for (char *next = arguments[1]; *next && length < 2 * MOST;) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)strtoul(next, &next, 10), 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        next += *next == ',';
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    struct sock_fprog program = { .len = length, .filter = filter };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return perror("onlythese: seccomp"), 2;
    execv(arguments[2], arguments + 2);
    return perror(arguments[2]), 2;
}
