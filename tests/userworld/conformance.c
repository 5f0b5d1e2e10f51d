// Every system call of the kernel's, with good and bad arguments; one line for each. Linux and HyperOS must say the same, so nothing that may differ
// (an address, a number of a process, a time) is printed, only what is to be said of it. With the argument `kernel` it goes on to what only HyperOS does.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/prctl.h>

#define PAGE 4096ul
#define KERNEL_ADDRESS ((void *)0xffff800000000000ul)
#define WILD_ADDRESS ((void *)0x123456789000ul)
#define NON_CANONICAL ((void *)0x8000000000000000ul)

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

#define CALL6(n, a, b, c, d, e, f) call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL(n, a, b, c) CALL6(n, a, b, c, 0, 0, 0)
#define CALL4(n, a, b, c, d) CALL6(n, a, b, c, d, 0, 0)

static void say(const char *what, long value)
{
    char line[160];
    int length = snprintf(line, sizeof line, "%s: %ld\n", what, value);
    write(1, line, length);
}

// Faults: what came, and back to where it was tried.
static sigjmp_buf back;
static volatile int fault_signal, fault_code;
static void *volatile fault_address;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    fault_signal = signal;
    fault_code = info->si_code;
    fault_address = info->si_addr;
    siglongjmp(back, 1);
}

static void catch(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, 0);
}

#define TRY(what, statement)                                                                          \
    do {                                                                                              \
        fault_signal = 0;                                                                             \
        if (sigsetjmp(back, 1) == 0) {                                                                \
            statement;                                                                                \
        }                                                                                             \
        say(what ", signal", fault_signal);                                                           \
        if (fault_signal)                                                                             \
            say(what ", code", fault_code);                                                           \
    } while (0)

static volatile char sink;

static void files(void)
{
    char bytes[64], path[8192];
    struct stat status;
    say("write to nothing", CALL(SYS_write, 77, bytes, 1));
    say("write to a descriptor that is none", CALL(SYS_write, -1, bytes, 1));
    say("write from nowhere", CALL(SYS_write, 1, WILD_ADDRESS, 5));
    say("write from the kernel", CALL(SYS_write, 1, KERNEL_ADDRESS, 5));
    say("write from null", CALL(SYS_write, 1, 0, 5));
    say("write no bytes", CALL(SYS_write, 1, bytes, 0));
    long null = CALL4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
    say("open null", null >= 0);
    say("write to null", CALL(SYS_write, null, bytes, sizeof bytes));
    say("read null", CALL(SYS_read, null, bytes, sizeof bytes));
    say("pread null", CALL4(SYS_pread64, null, bytes, sizeof bytes, 3));
    say("pwrite null", CALL4(SYS_pwrite64, null, bytes, sizeof bytes, 3));
    say("pread from before the start", CALL4(SYS_pread64, null, bytes, sizeof bytes, -1));
    say("fsync null", CALL(SYS_fsync, null, 0, 0));
    say("fsync nothing", CALL(SYS_fsync, 78, 0, 0));
    say("fstat null", CALL(SYS_fstat, null, &status, 0));
    say("null is a character device", S_ISCHR(status.st_mode));
    say("fstat to nowhere", CALL(SYS_fstat, null, WILD_ADDRESS, 0));
    say("fstat nothing", CALL(SYS_fstat, 78, &status, 0));
    say("close null", CALL(SYS_close, null, 0, 0));
    say("close it again", CALL(SYS_close, null, 0, 0));
    say("close what is none", CALL(SYS_close, -5, 0, 0));
    long only = CALL4(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY, 0);
    say("read what is open for writing", CALL(SYS_read, only, bytes, 1));
    CALL(SYS_close, only, 0, 0);
    only = CALL4(SYS_openat, AT_FDCWD, "/dev/urandom", O_RDONLY, 0);
    say("write to what is open for reading", CALL(SYS_write, only, bytes, 1));
    memset(bytes, 0, sizeof bytes);
    say("read random", CALL(SYS_read, only, bytes, sizeof bytes));
    int differ = 0;
    for (int i = 0; i < 64; i++)
        differ |= bytes[i];
    say("random is not zero", differ != 0);
    say("read to nowhere", CALL(SYS_read, only, WILD_ADDRESS, 8));
    say("read to the kernel", CALL(SYS_read, only, KERNEL_ADDRESS, 8));
    say("read to code", CALL(SYS_read, only, &files, 8));
    CALL(SYS_close, only, 0, 0);
    say("read what is closed", CALL(SYS_read, only, bytes, 1));
    say("open what is not there", CALL4(SYS_openat, AT_FDCWD, "/dev/hyperos-nothing", O_RDONLY, 0));
    say("open a name that is nowhere", CALL4(SYS_openat, AT_FDCWD, WILD_ADDRESS, O_RDONLY, 0));
    say("open null as a directory", CALL4(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_DIRECTORY, 0));
    say("open the root for writing", CALL4(SYS_openat, AT_FDCWD, "/", O_WRONLY, 0));
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[200] = 0;
    say("open a long name", CALL4(SYS_openat, AT_FDCWD, path, O_RDONLY, 0));
    say("stat the root", CALL(SYS_stat, "/", &status, 0));
    say("the root is a directory", S_ISDIR(status.st_mode));
    say("stat null", CALL(SYS_stat, "/dev/null", &status, 0));
    say("stat nothing", CALL(SYS_stat, "/dev/hyperos-nothing", &status, 0));
    say("stat to nowhere", CALL(SYS_stat, "/", WILD_ADDRESS, 0));
    say("stat a name that is nowhere", CALL(SYS_stat, NON_CANONICAL, &status, 0));
    say("fstatat the root", CALL4(SYS_newfstatat, AT_FDCWD, "/", &status, 0));
    say("fstatat by descriptor", CALL4(SYS_newfstatat, 1, "", &status, AT_EMPTY_PATH));
    say("fstatat with unknown flags", CALL4(SYS_newfstatat, AT_FDCWD, "/", &status, 0x40000000));
}

static void memory(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    char *block = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    say("map", block != MAP_FAILED);
    say("new memory is zero", block[5 * PAGE + 17]);
    memset(block, 0x5a, 16 * PAGE);
    say("protect the middle", CALL(SYS_mprotect, block + 4 * PAGE, 4 * PAGE, PROT_READ));
    TRY("write to the middle", block[5 * PAGE] = 1);
    say("the address is right", fault_address == block + 5 * PAGE);
    TRY("read the middle", sink = block[5 * PAGE]);
    TRY("write before it", block[4 * PAGE - 1] = 1);
    TRY("write behind it", block[8 * PAGE] = 1);
    say("let nobody in", CALL(SYS_mprotect, block + 5 * PAGE, PAGE, PROT_NONE));
    TRY("read where nobody may", sink = block[5 * PAGE]);
    say("write out of where nobody may", CALL(SYS_write, 1, block + 5 * PAGE, 4));
    say("let all in again", CALL(SYS_mprotect, block, 16 * PAGE, PROT_READ | PROT_WRITE));
    say("what was there is there", block[5 * PAGE]);
    say("give a page back", CALL(SYS_madvise, block + 6 * PAGE, PAGE, MADV_DONTNEED));
    say("it is zero", block[6 * PAGE + 1]);
    say("its neighbour is not", block[7 * PAGE]);
    say("unmap the middle", CALL(SYS_munmap, block + 8 * PAGE, 2 * PAGE, 0));
    TRY("read what is unmapped", sink = block[8 * PAGE]);
    TRY("read behind it", sink = block[10 * PAGE]);
    say("unmap what is not mapped", CALL(SYS_munmap, block + 8 * PAGE, 2 * PAGE, 0));
    say("protect over the hole", CALL(SYS_mprotect, block, 16 * PAGE, PROT_READ));
    say("give back over the hole", CALL(SYS_madvise, block, 16 * PAGE, MADV_DONTNEED));
    say("map over it, if nothing is there", CALL6(SYS_mmap, block + 10 * PAGE, PAGE, PROT_READ, anonymous | MAP_FIXED_NOREPLACE, -1, 0));
    say("map into the hole", CALL6(SYS_mmap, block + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE, anonymous | MAP_FIXED, -1, 0) == (long)(block + 8 * PAGE));
    say("it is new", block[8 * PAGE]);
    say("map over what is mapped", CALL6(SYS_mmap, block + 12 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, anonymous | MAP_FIXED, -1, 0) == (long)(block + 12 * PAGE));
    say("it is new too", block[12 * PAGE]);
    say("unmap all", CALL(SYS_munmap, block, 16 * PAGE, 0));
    TRY("read what was all", sink = block[0]);
    say("map no bytes", CALL6(SYS_mmap, 0, 0, PROT_READ, anonymous, -1, 0));
    say("map at no page", CALL6(SYS_mmap, 0x10000001, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0));
    say("map neither shared nor private", CALL6(SYS_mmap, 0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    say("map no file", CALL6(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
    say("map too much", CALL6(SYS_mmap, 0, 1ul << 62, PROT_READ, anonymous, -1, 0));
    say("map beyond the end", CALL6(SYS_mmap, 0x7ffffffff000, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0));
    say("map the kernel", CALL6(SYS_mmap, KERNEL_ADDRESS, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0));
    say("unmap at no page", CALL(SYS_munmap, 0x10000001, PAGE, 0));
    say("unmap no bytes", CALL(SYS_munmap, 0x10000000, 0, 0));
    say("unmap the kernel", CALL(SYS_munmap, KERNEL_ADDRESS, PAGE, 0));
    say("protect at no page", CALL(SYS_mprotect, 0x10000001, PAGE, PROT_READ));
    say("protect nothing", CALL(SYS_mprotect, WILD_ADDRESS, PAGE, PROT_READ));
    say("protect no bytes", CALL(SYS_mprotect, WILD_ADDRESS, 0, PROT_READ));
    say("protect with unknown bits", CALL(SYS_mprotect, WILD_ADDRESS, PAGE, 0x40));
    say("unknown advice", CALL(SYS_madvise, 0x10000000, PAGE, 77));
    char *large = mmap(0, 64ul << 30, PROT_NONE, anonymous | MAP_NORESERVE, -1, 0);
    say("reserve much", large != MAP_FAILED);
    say("use some of it", CALL(SYS_mprotect, large + (3ul << 30), 4 * PAGE, PROT_READ | PROT_WRITE));
    TRY("write to it", large[(3ul << 30) + 100] = 7);
    TRY("write beside it", large[(3ul << 30) + 4 * PAGE] = 7);
    say("give all back", CALL(SYS_munmap, large, 64ul << 30, 0));
    char *code = mmap(0, PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    memcpy(code, "\xb8\x2a\x00\x00\x00\xc3", 6); // mov eax, 42; ret
    TRY("run data", sink = (char)((int (*)(void))code)());
    CALL(SYS_mprotect, code, PAGE, PROT_READ | PROT_EXEC);
    say("run code", ((int (*)(void))code)());
    TRY("write to code", code[0] = 0);
    CALL(SYS_munmap, code, PAGE, 0);
    TRY("read null", sink = *(volatile char *)0);
    say("the address is null", fault_address == 0);
    TRY("read near null", sink = *(volatile char *)0x18);
    TRY("read the kernel", sink = *(volatile char *)KERNEL_ADDRESS);
    TRY("read no address", sink = *(volatile char *)NON_CANONICAL);
    TRY("write to a constant", *(volatile char *)"constant" = 1);
    TRY("jump to null", ((void (*)(void))0)());
    TRY("jump to no address", __asm__ volatile("jmp *%0" : : "r"(NON_CANONICAL)));
    TRY("touch beyond the end", sink = *(volatile char *)0x7ffffffff000);
}

static volatile int handled, handled_on_alternate;
static volatile uint64_t seen;
static char alternate[65536] __attribute__((aligned(16)));

static void skip_division(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    ucontext_t *state = context;
    fault_code = info->si_code;
    state->uc_mcontext.gregs[REG_RIP] += 2; // div ecx
    state->uc_mcontext.gregs[REG_RAX] = 4711;
    handled++;
}

static void skip_read(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ucontext_t *state = context;
    state->uc_mcontext.gregs[REG_RIP] += 3; // mov rax, [rax]
    state->uc_mcontext.gregs[REG_RAX] = 815;
    seen = state->uc_mcontext.gregs[REG_RBX];
    state->uc_mcontext.gregs[REG_RBX] = 99;
    state->uc_mcontext.fpregs->_xmm[3].element[0] = 0x11223344;
    handled++;
}

static void count(int signal, siginfo_t *info, void *context)
{
    (void)context;
    char here;
    handled++;
    handled_on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
    fault_code = info->si_code;
    fault_signal = signal;
    __asm__ volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm7, %%xmm7\n pxor %%xmm15, %%xmm15" : : : "xmm0", "xmm7", "xmm15");
}

static volatile int depth, deepest, sent;

static void nest(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    depth++;
    deepest = depth > deepest ? depth : deepest;
    if (sent++ < 2)
        CALL(SYS_tgkill, getpid(), gettid(), signal);
    depth--;
}

static void signals(void)
{
    catch(SIGFPE, skip_division, 0);
    uint32_t quotient = 1, remainder = 0;
    __asm__ volatile("div %%ecx" : "+a"(quotient), "+d"(remainder) : "c"(0));
    say("division by zero, handled", handled);
    say("division by zero, code", fault_code);
    say("the context was changed", quotient);
    catch(SIGSEGV, skip_read, SA_ONSTACK);
    uint64_t a = 0, b = 1234;
    uint32_t x[4] = { 1, 2, 3, 4 };
    __asm__ volatile("movups %2, %%xmm3\n mov (%%rax), %%rax\n movups %%xmm3, %2" : "+a"(a), "+b"(b), "+m"(x) : : "xmm3");
    say("null reference, RAX", a);
    say("null reference, RBX before", seen);
    say("null reference, RBX", b);
    say("null reference, XMM3 changed", x[0] == 0x11223344);
    say("null reference, XMM3 kept", x[1]);
    catch(SIGSEGV, on_fault, SA_ONSTACK);
    catch(SIGILL, on_fault, 0);
    TRY("invalid opcode", __asm__ volatile("ud2"));
    TRY("halt", __asm__ volatile("hlt"));
    TRY("no interrupts", __asm__ volatile("cli"));
    TRY("read a port", __asm__ volatile("inb $0x80, %%al" : : : "rax"));
    TRY("read CR0", __asm__ volatile("mov %%cr0, %%rax" : : : "rax"));
    TRY("read an MSR", __asm__ volatile("rdmsr" : : "c"(0x10) : "rax", "rdx"));
    TRY("software interrupt", __asm__ volatile("int $0x20"));
    TRY("swap GS", __asm__ volatile("swapgs"));
    TRY("load a selector of the kernel's", __asm__ volatile("mov %0, %%ds" : : "r"(0x10)));

    catch(SIGUSR1, count, 0);
    handled = 0;
    double before[3] = { 1.5, 2.5, 3.5 }, after[3];
    __asm__ volatile(
        "movsd %3, %%xmm0\n movsd %4, %%xmm7\n movsd %5, %%xmm15\n"
        "syscall\n"
        "movsd %%xmm0, %0\n movsd %%xmm7, %1\n movsd %%xmm15, %2"
        : "=m"(after[0]), "=m"(after[1]), "=m"(after[2])
        : "m"(before[0]), "m"(before[1]), "m"(before[2]), "a"(SYS_tgkill), "D"(getpid()), "S"(gettid()), "d"(SIGUSR1)
        : "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15");
    say("sent to itself", handled);
    say("its code", fault_code);
    say("XMM registers are kept", after[0] == 1.5 && after[1] == 2.5 && after[2] == 3.5);
    say("not on the alternate stack", handled_on_alternate);

    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, old;
    say("alternate stack", CALL(SYS_sigaltstack, &stack, &old, 0));
    say("there was none", old.ss_flags);
    catch(SIGUSR1, count, SA_ONSTACK);
    CALL(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    say("on the alternate stack", handled_on_alternate);
    stack.ss_size = 100;
    say("too small a stack", CALL(SYS_sigaltstack, &stack, 0, 0));
    stack.ss_size = sizeof alternate;
    stack.ss_flags = 0x55;
    say("a stack with unknown flags", CALL(SYS_sigaltstack, &stack, 0, 0));
    say("a stack from nowhere", CALL(SYS_sigaltstack, WILD_ADDRESS, 0, 0));
    say("a stack to nowhere", CALL(SYS_sigaltstack, 0, WILD_ADDRESS, 0));

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handled = 0;
    say("hold back", CALL4(SYS_rt_sigprocmask, SIG_BLOCK, &set, 0, 8));
    CALL(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    CALL(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    say("held back", handled);
    say("let through", CALL4(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, 0, 8));
    say("came once", handled);
    say("mask of a wrong length", CALL4(SYS_rt_sigprocmask, SIG_BLOCK, &set, 0, 4));
    say("an unknown way", CALL4(SYS_rt_sigprocmask, 9, &set, 0, 8));
    say("a mask from nowhere", CALL4(SYS_rt_sigprocmask, SIG_BLOCK, WILD_ADDRESS, 0, 8));
    say("a mask to nowhere", CALL4(SYS_rt_sigprocmask, SIG_BLOCK, 0, WILD_ADDRESS, 8));

    catch(SIGUSR2, nest, SA_NODEFER);
    CALL(SYS_tgkill, getpid(), gettid(), SIGUSR2);
    say("nested", deepest);
    deepest = sent = 0;
    catch(SIGUSR2, nest, 0);
    CALL(SYS_tgkill, getpid(), gettid(), SIGUSR2);
    say("not nested", deepest);
    catch(SIGUSR2, count, SA_RESETHAND);
    CALL(SYS_tgkill, getpid(), gettid(), SIGUSR2);
    struct sigaction now;
    sigaction(SIGUSR2, 0, &now);
    say("handled once only", now.sa_handler == SIG_DFL);
    catch(40, count, SA_RESTART);
    handled = 0;
    CALL(SYS_tgkill, getpid(), gettid(), 40);
    say("a real-time signal", handled);
    signal(SIGUSR2, SIG_IGN);
    say("an ignored signal", CALL(SYS_tgkill, getpid(), gettid(), SIGUSR2));
    say("a signal ignored by default", CALL(SYS_tgkill, getpid(), gettid(), SIGWINCH));
    say("no signal", CALL(SYS_tgkill, getpid(), gettid(), 0));
    say("an unknown signal", CALL(SYS_tgkill, getpid(), gettid(), 65));
    say("to an unknown thread", CALL(SYS_tgkill, getpid(), 0x3fffffff, SIGUSR1));
    say("to no thread", CALL(SYS_tgkill, getpid(), 0, SIGUSR1));
    say("to no process", CALL(SYS_tgkill, -1, gettid(), SIGUSR1));
    char action[64] = { 0 };
    say("catch what cannot be", CALL4(SYS_rt_sigaction, SIGKILL, action, 0, 8));
    say("catch nothing", CALL4(SYS_rt_sigaction, 0, action, 0, 8));
    say("catch too high", CALL4(SYS_rt_sigaction, 65, action, 0, 8));
    say("an action from nowhere", CALL4(SYS_rt_sigaction, SIGUSR1, WILD_ADDRESS, 0, 8));
    say("an action to nowhere", CALL4(SYS_rt_sigaction, SIGUSR1, 0, WILD_ADDRESS, 8));
    say("an action of a wrong length", CALL4(SYS_rt_sigaction, SIGUSR1, action, 0, 16));
    uint64_t kept[6] = { 1, 2, 3, 4, 5, 6 };
    __asm__ volatile(
        "mov 0(%0), %%rbx\n mov 8(%0), %%r12\n mov 16(%0), %%r13\n mov 24(%0), %%r14\n mov 32(%0), %%r15\n mov 40(%0), %%r9\n mov $39, %%eax\n syscall\n"
        "mov %%rbx, 0(%0)\n mov %%r12, 8(%0)\n mov %%r13, 16(%0)\n mov %%r14, 24(%0)\n mov %%r15, 32(%0)\n mov %%r9, 40(%0)"
        : : "S"(kept) : "rax", "rbx", "rcx", "r9", "r11", "r12", "r13", "r14", "r15", "memory");
    int same = 1;
    for (int i = 0; i < 6; i++)
        same &= kept[i] == (uint64_t)i + 1;
    say("registers are kept over a call", same);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long shared, turns;
static __thread long own;

static void *add(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        shared += (long)argument;
        own += (long)argument;
        pthread_mutex_unlock(&mutex);
    }
    return (void *)own;
}

static void *take_turns(void *argument)
{
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&mutex);
        while (turns % 2 != (long)argument)
            pthread_cond_wait(&condition, &mutex);
        turns++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return 0;
}

static void *compute(void *argument)
{
    double sum = 0;
    for (int i = 1; i < 400000; i++)
        sum += 1.0 / ((double)i * (long)argument);
    double *result = malloc(sizeof *result);
    *result = sum;
    return result;
}

static volatile int spinning, stop, spun_signal;
static volatile pid_t spinner;

static void on_spin(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    spun_signal = signal;
    stop = gettid() == spinner;
}

static void *spin(void *argument)
{
    spinner = gettid();
    spinning = 1;
    while (!stop)
        ;
    return argument;
}

static uint32_t word;

static void *wait_for_word(void *argument)
{
    return (void *)CALL6(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, 0, 0, argument);
}

static void threads(void)
{
    pthread_t thread[8];
    void *result;
    for (long i = 0; i < 8; i++)
        say("create a thread", pthread_create(&thread[i], 0, add, (void *)(i + 1)));
    long sum = 0;
    for (int i = 0; i < 8; i++) {
        pthread_join(thread[i], &result);
        sum += (long)result;
    }
    say("their sum", shared);
    say("their own sums", sum);
    for (long i = 0; i < 2; i++)
        pthread_create(&thread[i], 0, take_turns, (void *)i);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], 0);
    say("turns taken", turns);
    double expected[4];
    for (long i = 0; i < 4; i++) {
        double *alone = compute((void *)(i + 3));
        expected[i] = *alone;
        pthread_create(&thread[i], 0, compute, (void *)(i + 3));
    }
    int right = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], &result);
        right += *(double *)result == expected[i];
    }
    say("right sums", right);
    int created = 0;
    for (int i = 0; i < 150; i++) {
        if (pthread_create(&thread[0], 0, add, (void *)1) == 0)
            created += pthread_join(thread[0], 0) == 0;
    }
    say("threads one after the other", created);
    catch(35, on_spin, SA_RESTART);
    pthread_create(&thread[0], 0, spin, (void *)11);
    while (!spinning)
        sched_yield();
    say("interrupt a thread that spins", CALL(SYS_tgkill, getpid(), spinner, 35));
    pthread_join(thread[0], &result);
    say("it ended", (long)result);
    say("by the signal", spun_signal);
    say("signal a thread that is gone", CALL(SYS_tgkill, getpid(), spinner, 35));

    struct timespec soon = { 0, 2000000 }, bad = { 0, 1000000000 }, negative = { -1, 0 }, past = { 0, 1 };
    say("futex with another value", CALL6(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, 0, 0, 0));
    say("futex that times out", CALL6(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &soon, 0, 0));
    say("futex until a time past", CALL6(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past, 0, -1));
    say("futex until a real time past", CALL6(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &past, 0, -1));
    say("futex with no bits", CALL6(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past, 0, 0));
    say("futex with a bad time", CALL6(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &bad, 0, 0));
    say("futex with a negative time", CALL6(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &negative, 0, 0));
    say("futex with a time from nowhere", CALL6(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, WILD_ADDRESS, 0, 0));
    say("futex askew", CALL6(SYS_futex, (char *)&word + 1, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0));
    say("futex nowhere", CALL6(SYS_futex, WILD_ADDRESS, FUTEX_WAIT_PRIVATE, 0, &soon, 0, 0));
    say("futex in the kernel", CALL6(SYS_futex, KERNEL_ADDRESS, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
    say("wake nobody", CALL6(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
    say("wake askew", CALL6(SYS_futex, (char *)&word + 2, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
    say("wake with no bits", CALL6(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 1, 0, 0, 0));
    say("an unknown operation", CALL6(SYS_futex, &word, 99, 1, 0, 0, 0));
    pthread_create(&thread[0], 0, wait_for_word, 0);
    pthread_create(&thread[1], 0, wait_for_word, 0);
    long woken = 0;
    while (woken < 2)
        woken += CALL6(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    pthread_join(thread[0], &result);
    say("woken", (long)result);
    pthread_join(thread[1], &result);
    say("woken too", (long)result);
}

static void times(void)
{
    struct timespec first, second, wait = { 0, 1500000 }, zero = { 0, 0 }, bad = { 0, -1 };
    say("monotonic time", CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &first, 0));
    say("sleep", CALL4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &wait, 0));
    CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &second, 0);
    long slept = (second.tv_sec - first.tv_sec) * 1000000000 + second.tv_nsec - first.tv_nsec;
    say("slept long enough", slept >= 1500000);
    say("sleep until a time past", CALL4(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &first, 0));
    say("sleep not at all", CALL4(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &zero, 0));
    say("sleep a bad time", CALL4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, 0));
    say("sleep from nowhere", CALL4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, WILD_ADDRESS, 0));
    say("sleep by an unknown clock", CALL4(SYS_clock_nanosleep, 99, 0, &wait, 0));
    say("real time", CALL(SYS_clock_gettime, CLOCK_REALTIME, &first, 0));
    say("it is after 2020", first.tv_sec > 1577836800);
    long seconds = 0, returned = CALL(SYS_time, &seconds, 0, 0);
    say("time is the same", returned == seconds && seconds - first.tv_sec <= 1);
    say("time to nowhere", CALL(SYS_time, WILD_ADDRESS, 0, 0));
    say("process time", CALL(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &first, 0));
    say("thread time", CALL(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &first, 0));
    say("an unknown clock", CALL(SYS_clock_gettime, 77, &first, 0));
    say("time of the kernel", CALL(SYS_clock_gettime, CLOCK_MONOTONIC, KERNEL_ADDRESS, 0));
    say("resolution", CALL(SYS_clock_getres, CLOCK_MONOTONIC, &first, 0));
    say("one nanosecond", first.tv_sec == 0 && first.tv_nsec == 1);
    say("resolution of an unknown clock", CALL(SYS_clock_getres, 77, &first, 0));
    int backwards = 0;
    struct timespec last = { 0, 0 };
    for (int i = 0; i < 1000; i++) {
        clock_gettime(CLOCK_MONOTONIC, &first);
        backwards += first.tv_sec < last.tv_sec || (first.tv_sec == last.tv_sec && first.tv_nsec < last.tv_nsec);
        last = first;
    }
    say("backwards", backwards);
}

static void others(void)
{
    struct utsname name;
    unsigned long mask[16], base;
    unsigned processor, node;
    char random[300];
    say("the first thread is the process", getpid() == gettid());
    say("yield", CALL(SYS_sched_yield, 0, 0, 0));
    say("affinity", CALL(SYS_sched_getaffinity, 0, sizeof mask, mask) > 0);
    say("affinity too short", CALL(SYS_sched_getaffinity, 0, 4, mask));
    say("affinity to nowhere", CALL(SYS_sched_getaffinity, 0, sizeof mask, WILD_ADDRESS));
    say("affinity of nobody", CALL(SYS_sched_getaffinity, 0x3fffffff, sizeof mask, mask));
    say("which processor", CALL(SYS_getcpu, &processor, &node, 0));
    say("which processor, to nowhere", CALL(SYS_getcpu, WILD_ADDRESS, 0, 0));
    say("name", CALL(SYS_uname, &name, 0, 0));
    say("it is Linux", strcmp(name.sysname, "Linux") == 0 && strcmp(name.machine, "x86_64") == 0);
    say("name to nowhere", CALL(SYS_uname, WILD_ADDRESS, 0, 0));
    say("random", CALL(SYS_getrandom, random, 200, 0));
    say("random, no waiting", CALL(SYS_getrandom, random, 200, GRND_NONBLOCK));
    say("random, unknown flags", CALL(SYS_getrandom, random, 200, 0x80));
    say("random to nowhere", CALL(SYS_getrandom, WILD_ADDRESS, 200, 0));
    long commands = CALL(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    say("barriers", (commands & (MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) == 24);
    say("barrier, not registered", CALL(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    say("register", CALL(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
    say("barrier", CALL(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    say("an unknown barrier", CALL(SYS_membarrier, 1 << 30, 0, 0));
    say("a barrier with flags", CALL(SYS_membarrier, MEMBARRIER_CMD_QUERY, 77, 0));
    say("thread base", CALL(SYS_arch_prctl, ARCH_GET_FS, &base, 0));
    say("it is the thread's", base == (unsigned long)pthread_self());
    say("thread base to nowhere", CALL(SYS_arch_prctl, ARCH_GET_FS, WILD_ADDRESS, 0));
    say("thread base in the kernel", CALL(SYS_arch_prctl, ARCH_SET_FS, KERNEL_ADDRESS, 0));
    say("thread base, unknown", CALL(SYS_arch_prctl, 0x7777, &base, 0));
    say("set the thread's word", CALL(SYS_set_tid_address, &word, 0, 0) == gettid());
    say("an unknown call", CALL(1000, 0, 0, 0));
    say("a call below zero", CALL(-5, 0, 0, 0));
}

static void only_here(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    char *block = mmap(0, PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    say("here: map writable code", CALL6(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, anonymous, -1, 0));
    say("here: make code writable", CALL(SYS_mprotect, block, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    say("here: map page 0", CALL6(SYS_mmap, 0, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0));
    say("here: fork", CALL(SYS_clone, SIGCHLD, 0, 0));
    say("here: socket", CALL(SYS_socket, 2, 1, 0));
    say("here: map a file", CALL6(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 1, 0));
    say("here: clone3", CALL(SYS_clone3, block, 88, 0));
    long threads = 0;
    while (CALL6(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS, block, 0, 0, KERNEL_ADDRESS, 0) > 0)
        threads++;
    say("here: threads with a base in the kernel", threads);
}

int main(int count, char **arguments)
{
    catch(SIGSEGV, on_fault, 0);
    catch(SIGBUS, on_fault, 0);
    say("arguments", count > 0 && arguments[count] == 0);
    say("environment", getenv("GREETING") != 0 && strcmp(getenv("GREETING"), "hello world") == 0);
    files();
    memory();
    signals();
    threads();
    times();
    others();
    if (count > 1 && strcmp(arguments[1], "kernel") == 0)
        only_here();
    say("done", 0);
    return 0;
}
