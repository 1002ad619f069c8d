/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dice.h - random numbers of a fault: a stream without a state. Number n of a stream depends on the stream's
 * seed and n only, so it does not matter who has drawn what before, and a stream can be taken up anywhere.
 * (The finaliser of SplitMix64: Steele, Lea, Flood 2014.) Depends on nothing; any directory may include it.
 */
#ifndef COB_DICE_H
#define COB_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* Number n, uniform over 64 bits. */
static inline uint64_t dice(uint64_t seed, uint64_t n)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15u * (n + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Number n as one of 0..sides-1, sides > 0 (no rounding error that could be seen: at most sides / 2^64). */
static inline uint64_t dice_below(uint64_t seed, uint64_t n, uint64_t sides)
{
    return (uint64_t)(((unsigned __int128)dice(seed, n) * sides) >> 64);
}

/* True with a probability of `ppb` parts per billion. */
static inline bool dice_hit(uint64_t seed, uint64_t n, uint32_t ppb)
{
    return dice_below(seed, n, 1000000000u) < ppb;
}

#endif
