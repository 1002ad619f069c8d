/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turns.c - two CPUs that look at each other all the time: whichever instruction a CPU's turn ends at is seen
 * in what each has found of the other, and reported. `rounds=N` (default 2000) says how long.
 *
 *   turns: 2000 rounds, check 1234567890 1234567890
 *   cob: result 0
 *
 * *_second.S start the second CPU (`cpus: 2`).
 */
#include "tests/guests/guest.h"

/* Starts the other CPU in second_main(), with a stack of its own. */
void machine_start_second(void);
void second_main(void);
/* A timer of this CPU's, some 2 us from here; setting it and its time end turns. Nobody is interrupted. */
void machine_set_timer(void);

struct side {
    volatile uint64_t count, check, done;
} side[2];
static volatile uint64_t rounds;

__attribute__((noinline)) static void look(struct side *mine, const struct side *other)
{
    mine->check = mine->check * 31 + other->count + (other->check & 0xff);
    mine->count++;
}

static void work(unsigned i)
{
    for (uint64_t n = 0; n < rounds; n++) {
        look(&side[i], &side[1 - i]);
        if (n % 16 == i * 7)
            machine_set_timer();
    }
    side[i].done = 1;
}

void second_main(void)
{
    work(1);
    for (;;)
        machine_wait();
}

void guest_main(const char *command_line)
{
    rounds = number_of(command_line, "rounds=", 2000);
    machine_start_second();
    work(0);
    while (!side[1].done)
        ;
    print("turns: ");
    print_number(rounds);
    print(" rounds, check ");
    print_number(side[0].check);
    print(" ");
    print_number(side[1].check);
    print("\ncob: result 0\n");
}
