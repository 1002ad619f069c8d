/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cksum.c - the checksum and the length of its input, as cksum of POSIX has them. */
#include "guest-kernel/user/user.h"

enum { POLYNOMIAL = 0x04c11db7 };

static uint32_t table[256];

static uint32_t add(uint32_t sum, unsigned byte)
{
    return sum << 8 ^ table[(sum >> 24 ^ byte) & 255];
}

int main(int argc, char **argv)
{
    static unsigned char piece[65536];
    unsigned long bytes = 0;
    uint32_t sum = 0;
    long n;

    (void)argc;
    (void)argv;
    for (unsigned i = 0; i < 256; i++) {
        table[i] = i << 24;
        for (unsigned bit = 0; bit < 8; bit++)
            table[i] = table[i] << 1 ^ (table[i] >> 31 ? POLYNOMIAL : 0);
    }
    while ((n = read(0, piece, sizeof piece)) > 0) {
        for (long i = 0; i < n; i++)
            sum = add(sum, piece[i]);
        bytes += (unsigned long)n;
    }
    if (n < 0) {
        print_to(2, "cksum: cannot read: error %ld\n", -n);
        return 1;
    }
    for (unsigned long left = bytes; left; left >>= 8)
        sum = add(sum, left & 255);
    print("%lu %lu\n", (unsigned long)~sum & 0xffffffff, bytes);
    return 0;
}
