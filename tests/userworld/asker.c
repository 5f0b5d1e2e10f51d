// asker SEED CALLS: asks the kernel for anything, with arguments that are wrong in all ways that the seed brings. On HyperOS alone; ends with 0 if it lives to the end. What would
// only end or hang itself is left out or put right after each call; faults are caught and survived.
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <asm/prctl.h>

#define ARENA_BYTES (1ul << 20)

static uint64_t state;
static char *arena;
static char alternate[65536] __attribute__((aligned(64)));
static sigjmp_buf back;
static unsigned long base;
static pid_t first;
static volatile int over;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

static void on_fault(int signal)
{
    siglongjmp(back, signal);
}

static void on_poke(int signal)
{
    (void)signal;
}

// Of what a call may have changed, what this program needs. Without the C library, whose thread's base may be gone.
static void put_right(void)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
    struct sigaction action = { .sa_flags = SA_ONSTACK | SA_NODEFER };
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
    sigset_t none;
    call(SYS_arch_prctl, ARCH_SET_FS, base, 0, 0, 0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    sigaltstack(&stack, 0);
    action.sa_handler = on_fault;
    for (int i = 0; i < 5; i++)
        sigaction(faults[i], &action, 0);
    for (int signal = 1; signal <= 64; signal++) {
        action.sa_handler = on_poke;
        if (signal != SIGKILL && signal != SIGSTOP && signal != SIGSEGV && signal != SIGBUS && signal != SIGILL && signal != SIGFPE && signal != SIGTRAP)
            sigaction(signal, &action, 0);
    }
    call(SYS_set_tid_address, 0, 0, 0, 0, 0, 0);
    mmap(arena, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static uint64_t address(void)
{
    static const uint64_t odd[] = {
        0, 1, 0xfff, 0x1000, 0xffff, 0x7fffffffe000, 0x7fffffffefff, 0x7ffffffff000, 0x7fffffffffff, 0x800000000000, 0x8000000000000000, 0xffff800000000000,
        0xffffc00000000000, 0xffffffff80000000, 0xfffffffffffff000, 0xffffffffffffffff,
    };
    switch (next() % 6) {
    case 0:
        return odd[next() % (sizeof odd / sizeof *odd)];
    case 1:
        return next();
    case 2:
        return (uint64_t)arena + ARENA_BYTES - next() % 64;
    case 3:
        return (uint64_t)arena + (next() % 256 << 12);
    default:
        return (uint64_t)arena + next() % ARENA_BYTES;
    }
}

static uint64_t argument(void)
{
    switch (next() % 5) {
    case 0:
        return address();
    case 1:
        return next() % 16;
    case 2:
        return 1ul << next() % 64;
    case 3:
        return next() % 16 << 12;
    default:
        return next() >> next() % 64;
    }
}

// Small structures where the pointers point: times, signals' actions, stacks, paths.
static void fill(void)
{
    for (int i = 0; i < 64; i++) {
        uint64_t *at = (uint64_t *)(arena + (next() % (ARENA_BYTES / 8) << 3));
        *at = next() % 3 ? argument() : 0;
    }
    static const char *const paths[] = { "/dev/null", "/dev/urandom", "/dev/log", "/", "", "/dev/nothing" };
    for (int i = 0; i < 8; i++)
        strcpy(arena + (next() % 250 << 12), paths[next() % 6]);
}

static void ask(void)
{
    static const long known[] = {
        SYS_read, SYS_write, SYS_close, SYS_stat, SYS_fstat, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_pread64, SYS_pwrite64,
        SYS_sched_yield, SYS_madvise, SYS_getpid, SYS_clone, SYS_uname, SYS_fsync, SYS_sigaltstack, SYS_arch_prctl, SYS_gettid, SYS_time, SYS_futex,
        SYS_sched_getaffinity, SYS_set_tid_address, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_tgkill, SYS_openat, SYS_newfstatat, SYS_getcpu,
        SYS_getrandom, SYS_membarrier,
    };
    long number = next() % 16 ? known[next() % (sizeof known / sizeof *known)] : (long)(next() % 8 ? next() % 500 : next());
    uint64_t a = argument(), b = argument(), c = argument(), d = argument(), e = argument(), f = argument();
    switch (number) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_rt_sigreturn:
        return;
    case SYS_tgkill:
        if (next() % 2) {
            a = getpid();
            b = first;
        }
        if ((c & 0xffffffff) == SIGKILL || (c & 0xfffffffe) == 32) // the C library keeps 32 and 33 for itself
            return;
        break;
    case SYS_rt_sigaction:
        if (a == SIGSEGV || a == SIGBUS || a == SIGILL || a == SIGFPE || a == SIGTRAP)
            a = SIGUSR2;
        break;
    case SYS_mmap:
        // Over itself it would map nothing new.
        if (a < (uint64_t)arena && a + b > 0x400000 && (d & 0x10))
            return;
        break;
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_madvise:
        if (a < (uint64_t)arena && a + b > 0x400000 && a < 0x800000000000)
            return;
        if (a >= (uint64_t)arena && a < 0x800000000000)
            b %= ARENA_BYTES - (a - (uint64_t)arena < ARENA_BYTES ? a - (uint64_t)arena : ARENA_BYTES - 1) + 1;
        break;
    case SYS_write:
        a = next() % 4 ? 0 : a;
        c %= 512;
        break;
    case SYS_clone:
        if ((a & 0x50f00) == 0x50f00) // a thread without a stack of its own
            return;
        break;
    }
    call(number, a, b, c, d, e, f);
}

// A signal's frame of the asker's own making.
static void return_wildly(void)
{
    uint64_t *frame = (uint64_t *)(arena + (next() % 200 << 12) + (next() % 2 ? 0 : next() % 4096 & ~7ul));
    for (int i = 0; i < 55; i++)
        frame[i] = next() % 2 ? address() : next();
    frame[2] = (uint64_t)alternate;
    frame[3] = 0;
    frame[4] = sizeof alternate;
    frame[37] = 0;
    uint64_t *extended = (uint64_t *)(arena + (next() % 250 << 12));
    frame[28] = next() % 3 ? (uint64_t)extended : next() % 2 ? 0 : address();
    for (int i = 0; i < 128; i++)
        extended[i] = next() % 8 ? 0 : next();
    __asm__ volatile("mov %0, %%rsp\n mov $15, %%eax\n syscall\n ud2" : : "r"(frame) : "memory");
}

// Whatever the asker waits for, it does not wait long.
static void *poke(void *argument)
{
    struct timespec pause = { 0, 2000000 };
    while (!over) {
        call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, (long)&pause, 0, 0, 0);
        call(SYS_tgkill, getpid(), first, SIGUSR1, 0, 0, 0);
    }
    return argument;
}

int main(int count, char **arguments)
{
    struct utsname system;
    // Linux would do what it is asked for: fork, kill, reboot.
    if (count < 3 || uname(&system) || !strstr(system.release, "hyperos"))
        return 2;
    state = 0x9e3779b97f4a7c15 * (strtoul(arguments[1], 0, 10) + 1);
    arena = mmap((void *)0x200000000000, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    call(SYS_arch_prctl, ARCH_GET_FS, (long)&base, 0, 0, 0, 0);
    first = gettid();
    put_right();
    pthread_t poker;
    pthread_create(&poker, 0, poke, 0);
    unsigned long calls = strtoul(arguments[2], 0, 10);
    volatile unsigned long faults = 0;
    for (volatile unsigned long i = 0; i < calls; i++) {
        if (sigsetjmp(back, 0) == 0) {
            if (i % 16 == 0) {
                put_right();
                fill();
            }
            if (i % 64 == 63)
                return_wildly();
            else
                ask();
        } else {
            faults++;
        }
        static const unsigned long none;
        static const stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
        call(SYS_arch_prctl, ARCH_SET_FS, base, 0, 0, 0, 0);
        call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
        call(SYS_sigaltstack, (long)&stack, 0, 0, 0, 0, 0);
    }
    put_right();
    over = 1;
    char line[80];
    int length = snprintf(line, sizeof line, "asked %lu times, faults: %d\n", calls, faults != 0);
    call(SYS_openat, -100, (long)"/dev/log", 1, 0, 0, 0);
    for (int descriptor = 0; descriptor < 8; descriptor++)
        call(SYS_write, descriptor, (long)line, length, 0, 0, 0);
    call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}
