// A process that is at work until it is killed: threads that wait, sleep, fault memory in and give it back. With an argument it goes wrong in that way.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long turns;
static char *volatile kept;

static void *work(void *argument)
{
    for (;;) {
        char *block = mmap(0, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(block, (int)(long)argument, 1 << 18);
        pthread_mutex_lock(&mutex);
        turns++;
        pthread_mutex_unlock(&mutex);
        munmap(block, 1 << 18);
        struct timespec pause = { 0, 1000000 };
        nanosleep(&pause, 0);
    }
    return argument;
}

static void on_signal(int signal)
{
    (void)signal;
}

static int overflow(volatile int *depth)
{
    volatile char room[4096];
    room[0] = (char)++*depth;
    return *depth > 0 ? overflow(depth) + room[0] : 0;
}

static void go_wrong(const char *way)
{
    unsigned long action[4] = { (unsigned long)on_signal, 0, 0, 0 };
    if (strcmp(way, "end") == 0)
        exit(7);
    if (strcmp(way, "fault") == 0)
        *(volatile int *)8 = 1;
    if (strcmp(way, "abort") == 0)
        abort();
    if (strcmp(way, "overflow") == 0)
        overflow(&(volatile int){ 0 });
    if (strcmp(way, "memory") == 0) {
        for (;;)
            kept = memset(malloc(1 << 20), 1, 1 << 20);
    }
    if (strcmp(way, "handler") == 0) { // a handler at an address that is none
        action[0] = 0xffff800000000000;
        action[1] = 0x04000000;
        action[2] = (unsigned long)on_signal;
        syscall(SYS_rt_sigaction, SIGSEGV, action, 0, 8);
        *(volatile int *)8 = 1;
    }
    if (strcmp(way, "restorer") == 0) { // a handler that has nowhere to return to
        syscall(SYS_rt_sigaction, SIGUSR1, action, 0, 8);
        raise(SIGUSR1);
    }
    if (strcmp(way, "frame") == 0) // a signal's frame that is none
        __asm__ volatile("mov $0x1000, %%rsp\n mov $15, %%eax\n syscall" : : : "memory");
}

int main(int count, char **arguments)
{
    if (count > 1)
        go_wrong(arguments[1]);
    pthread_t thread;
    for (long i = 0; i < 6; i++)
        pthread_create(&thread, 0, work, (void *)i);
    while (turns < 20)
        usleep(1000);
    write(1, "at work\n", 8);
    pthread_join(thread, 0);
    return 0;
}
