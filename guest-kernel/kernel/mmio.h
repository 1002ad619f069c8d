/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmio.h - registers of devices in memory. */
#ifndef KERNEL_MMIO_H
#define KERNEL_MMIO_H

#include <stdint.h>

static inline uint32_t read32(uintptr_t at)
{
    uint32_t v = *(volatile const uint32_t *)at;
    __asm__ volatile("" ::: "memory");
    return v;
}

static inline uint64_t read64(uintptr_t at)
{
    return *(volatile const uint64_t *)at;
}

static inline void write32(uintptr_t at, uint32_t v)
{
    __asm__ volatile("" ::: "memory");
    *(volatile uint32_t *)at = v;
    __asm__ volatile("" ::: "memory");
}

static inline void write64(uintptr_t at, uint64_t v)
{
    __asm__ volatile("" ::: "memory");
    *(volatile uint64_t *)at = v;
    __asm__ volatile("" ::: "memory");
}

#endif
