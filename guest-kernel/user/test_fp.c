/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_fp.c - floating point: every thread has registers and a rounding mode of its own, over system calls
 * and the ends of slices; a new process has its parent's. Compiled with floating point. See usertests.h.
 */
#include "guest-kernel/user/usertests.h"

enum {
    HOLDERS = 4,
    YIELDS = 300,
    WORDS = 65,
    CONTROL = 64,
    CALL_YIELD = 124,
    CALL_CLONE = 220,
    SIGCHLD = 17
};
#if defined(__x86_64__)
enum { REGISTER_WORDS = 32, CONTROL_RESET = 0x1f80, CONTROL_ROUNDING = 13 };
#elif defined(__aarch64__)
enum { REGISTER_WORDS = 64, CONTROL_RESET = 0, CONTROL_ROUNDING = 22 };
#else
enum { REGISTER_WORDS = 32, CONTROL_RESET = 0, CONTROL_ROUNDING = 5 };
#endif

/*
 * Loads the registers from in[], makes that system call and then counts to spins, both so many times, and
 * stores the registers to out[]. Returns what the last call did. test_fp_<isa>.S.
 */
long fp_hold(const uint64_t *in, uint64_t *out, long number, long argument, unsigned long rounds,
             unsigned long spins);

static struct holder {
    struct thread thread;
    uint64_t in[WORDS], out[WORDS];
    unsigned long rounds, spins;
} holders[HOLDERS];

static void fill(struct holder *h, unsigned n)
{
    for (unsigned i = 0; i < REGISTER_WORDS; i++)
        h->in[i] = UINT64_C(0x3ff0000000000000) + (uint64_t)n * 1000 + i;
    h->in[CONTROL] = CONTROL_RESET | (n % 4) << CONTROL_ROUNDING;
}

static bool kept(const struct holder *h)
{
    return !memcmp(h->in, h->out, REGISTER_WORDS * sizeof h->in[0]) && h->in[CONTROL] == h->out[CONTROL];
}

static void hold(void *argument)
{
    struct holder *h = argument;

    fp_hold(h->in, h->out, CALL_YIELD, 0, h->rounds, h->spins);
}

/* Two that call all the time, two that go on for several slices. */
bool fp_threads(void)
{
    for (unsigned i = 0; i < HOLDERS; i++) {
        struct holder *h = &holders[i];
        fill(h, i);
        h->rounds = i % 2 ? YIELDS : 2;
        h->spins = i % 2 ? 10 : 4000000;
        EXPECT(thread_create(&h->thread, hold, h) == 0);
    }
    for (unsigned i = 0; i < HOLDERS; i++)
        thread_join(&holders[i].thread);
    for (unsigned i = 0; i < HOLDERS; i++)
        EXPECT(kept(&holders[i]));
    return true;
}

bool fp_fork(void)
{
    struct holder *h = &holders[0];
    int status;

    fill(h, 7);
    long id = fp_hold(h->in, h->out, CALL_CLONE, SIGCHLD, 1, 10);
    if (id == 0)
        exit(kept(h) ? 0 : 1);
    EXPECT(id > 0 && kept(h));
    EXPECT(wait4(id, &status, 0) == id && status == 0);
    return true;
}

static double sums[HOLDERS];

/* Pi, slowly. */
static void sum(void *argument)
{
    double *s = argument, sign = 1;

    for (unsigned i = 0; i < 100000; i++) {
        *s += sign * 4 / (2 * i + 1);
        sign = -sign;
        if (i % 1000 == 0)
            yield();
    }
}

bool fp_sums(void)
{
    for (unsigned i = 0; i < HOLDERS; i++)
        EXPECT(thread_create(&holders[i].thread, sum, &sums[i]) == 0);
    for (unsigned i = 0; i < HOLDERS; i++)
        thread_join(&holders[i].thread);
    for (unsigned i = 0; i < HOLDERS; i++)
        EXPECT(sums[i] > 3.1415 && sums[i] < 3.1416 && !memcmp(&sums[i], &sums[0], sizeof sums[0]));
    return true;
}
