/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtt.c - a Linux program for aarch64 without a C library: `rtt A.B.C.D COUNT` sends COUNT echo requests, one
 * after the other, and prints for each the nanoseconds from the request to the reply as this program sees
 * them.
 *
 * busybox's ping shows microseconds, which is too coarse to compare two runs. The echo is the peer's
 * kernel's. Needs net.ipv4.ping_group_range to allow our group. A request is sent every 100 ms of the guest's
 * clock, the first at the begin of a second: two runs that differ only in the link's delay then send at the
 * same times, so that timers, which take time too, strike at the same moments.
 */
#include <stddef.h>
#include <stdint.h>

enum {
    SYS_WRITE = 64,
    SYS_EXIT = 93,
    SYS_CLOCK_GETTIME = 113,
    SYS_CLOCK_NANOSLEEP = 115,
    SYS_SOCKET = 198,
    SYS_SENDTO = 206,
    SYS_RECVFROM = 207
};
enum { AF_INET = 2, SOCK_DGRAM = 2, IPPROTO_ICMP = 1, CLOCK_MONOTONIC = 1, TIMER_ABSTIME = 1 };

struct timespec {
    int64_t s, ns;
};
struct address {
    uint16_t family, port;
    uint8_t ip[4];
    uint8_t zero[8];
};

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                     x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static void stop(int status)
{
    for (;;)
        call(SYS_EXIT, status, 0, 0, 0, 0, 0);
}

static int64_t now_ns(void)
{
    struct timespec t;
    call(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&t, 0, 0, 0, 0);
    return t.s * 1000000000 + t.ns;
}

static const char *number(const char *p, uint32_t *out)
{
    for (*out = 0; *p >= '0' && *p <= '9'; p++)
        *out = *out * 10 + (uint32_t)(*p - '0');
    return *p ? p + 1 : p;
}

static void print(int64_t n)
{
    char line[24], *p = line + sizeof line - 1;
    *p = '\n';
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    call(SYS_WRITE, 1, (long)p, line + sizeof line - p, 0, 0, 0);
}

__attribute__((used)) static void start(long *stack)
{
    struct address to = {.family = AF_INET};
    uint8_t request[32] = {8}, reply[64];
    struct timespec next;
    uint32_t count, part;
    const char *p = (const char *)stack[2];

    if (stack[0] != 3)
        stop(2);
    for (int i = 0; i < 4; i++) {
        p = number(p, &part);
        to.ip[i] = (uint8_t)part;
    }
    number((const char *)stack[3], &count);
    long fd = call(SYS_SOCKET, AF_INET, SOCK_DGRAM, IPPROTO_ICMP, 0, 0, 0);
    if (fd < 0)
        stop(3);
    call(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&next, 0, 0, 0, 0);
    next = (struct timespec){next.s + 1, 0};
    for (uint32_t i = 0; i < count; i++) {
        request[7] = (uint8_t)i;
        call(SYS_CLOCK_NANOSLEEP, CLOCK_MONOTONIC, TIMER_ABSTIME, (long)&next, 0, 0, 0);
        int64_t sent = now_ns();
        if (call(SYS_SENDTO, fd, (long)request, sizeof request, 0, (long)&to, sizeof to) != sizeof request ||
            call(SYS_RECVFROM, fd, (long)reply, sizeof reply, 0, 0, 0) != sizeof request ||
            reply[7] != request[7])
            stop(4);
        print(now_ns() - sent);
        if ((next.ns += 100000000) == 1000000000)
            next = (struct timespec){next.s + 1, 0};
    }
    stop(0);
}

__asm__(".globl _start\n_start:\n mov x0, sp\n b start\n");
