/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debuggee.c - something to look at with a debugger: counts rounds, each of which calls through three
 * functions with variables of their own, and changes `watched` every tenth round. `rounds=N` (default 2000)
 * says how many, then it ends:
 *
 *   debuggee: 2000 rounds, check 1234567890
 *   cob: result 0
 */
#include "tests/guests/guest.h"

struct pair {
    uint64_t left, right;
};

volatile uint64_t watched;
volatile uint64_t rounds_done;
static struct pair table[64];

__attribute__((noinline)) static uint64_t innermost(struct pair *p, unsigned depth)
{
    uint64_t sum = p->left * 3 + p->right + depth;

    p->left = p->right ^ sum;
    p->right = sum;
    return sum;
}

__attribute__((noinline)) static uint64_t middle(unsigned round, unsigned depth)
{
    struct pair *p = &table[round % 64];
    uint64_t sum = 0;

    for (unsigned i = 0; i < depth; i++)
        sum += innermost(p, i);
    return sum;
}

__attribute__((noinline)) static uint64_t outer(unsigned round)
{
    uint64_t sum = middle(round, 1 + round % 5);

    if (round % 10 == 9)
        watched = round;
    return sum;
}

void guest_main(const char *command_line)
{
    uint64_t n = number_of(command_line, "rounds=", 2000), check = 0;

    for (unsigned round = 0; round < n; round++) {
        check = check * 31 + outer(round);
        rounds_done++;
    }
    print("debuggee: ");
    print_number(n);
    print(" rounds, check ");
    print_number(check);
    print("\ncob: result 0\n");
}
