/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dice.hpp - random numbers by position: the n-th number of a stream, without drawing those before it
 * (splitmix64 with its counter given from outside). A stream is a key, made of a seed and a number.
 */
#ifndef COB_INTERCONNECT_DICE_HPP
#define COB_INTERCONNECT_DICE_HPP

#include <cstdint>

namespace icm
{

inline uint64_t scramble(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

inline uint64_t stream_key(uint64_t seed, uint64_t stream)
{
    return scramble(scramble(seed + 0x9e3779b97f4a7c15) + stream);
}

inline uint64_t draw(uint64_t key, uint64_t n)
{
    return scramble(key + (n + 1) * 0x9e3779b97f4a7c15);
}

/* A number below `bound` (> 0) from a draw; even but for 1 part in 2^64 / bound. */
inline uint64_t below(uint64_t drawn, uint64_t bound)
{
    return static_cast<uint64_t>(static_cast<unsigned __int128>(drawn) * bound >> 64);
}

} // namespace icm
#endif
