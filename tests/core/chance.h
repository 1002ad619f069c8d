/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chance.h - random numbers of the tests' worlds: splitmix64, whose whole state is one number. */
#ifndef TESTS_CORE_CHANCE_H
#define TESTS_CORE_CHANCE_H
#include <stdint.h>

static inline uint64_t chance(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
#endif
