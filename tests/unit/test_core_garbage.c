/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_garbage.c - random input for tests/fuzz/fuzz_core.c, where is written what must hold.
 *
 *     test_core_garbage [INPUTS [FIRST SEED]]       without: 6,000 inputs from seed 1
 */
#include "tests/fuzz/fuzz_core.h"
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 2000 };

int main(int argc, char **argv)
{
    static uint8_t input[LONGEST];
    uint64_t inputs = argc > 1 ? strtoull(argv[1], NULL, 0) : 6000,
             first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    const struct fuzz_core_counts *n = &fuzz_core_counts;
    uint64_t half = 0;

    for (uint64_t seed = first; seed < first + inputs; seed++) {
        uint64_t state = seed * 0x1000003;
        size_t size = (size_t)(seed * 37 % LONGEST) + 1;
        for (size_t i = 0; i < size; i++) {
            uint64_t z = state += 0x9e3779b97f4a7c15;
            z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
            input[i] = (uint8_t)(z >> 40 ^ z >> 13);
        }
        input[0] = (uint8_t)seed; /* all worlds in turn */
        LLVMFuzzerTestOneInput(input, size);
        if (seed == first + inputs / 2)
            half = n->waited;
    }
    printf(
        "core: garbage: %llu inputs, %llu messages of pages, %llu packets (%llu delivered, %llu hellos "
        "believed); faults: %llu waited, %llu had the right, %llu refused\n",
        (unsigned long long)inputs, (unsigned long long)n->forged, (unsigned long long)n->packets,
        (unsigned long long)n->delivered, (unsigned long long)n->opened, (unsigned long long)n->waited,
        (unsigned long long)n->had, (unsigned long long)n->refused);
    if (n->waited != n->ended) {
        printf("core: garbage: %llu faults waited, %llu ended\n", (unsigned long long)n->waited,
               (unsigned long long)n->ended);
        return EXIT_FAILURE;
    }
    if (inputs >= 1000 &&
        (n->waited < half * 3 / 2 || !n->had || !n->refused || !n->delivered || !n->opened)) {
        printf("core: garbage: something never happened\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
