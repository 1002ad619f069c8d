/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csr_riscv64.h - control and status registers. */
#ifndef KERNEL_CSR_RISCV64_H
#define KERNEL_CSR_RISCV64_H

#include <stdint.h>

#define csr_read(name)                                                                                       \
    ({                                                                                                       \
        uint64_t csr_v;                                                                                      \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_v)::"memory");                                         \
        csr_v;                                                                                               \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csr_set(name, value)   __asm__ volatile("csrs " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

enum {
    SIE_TIMER = 1 << 5,
    SIE_EXTERNAL = 1 << 9,
    SSTATUS_SPIE = 1 << 5,
    SSTATUS_SPP = 1 << 8,
    SSTATUS_FS = 3 << 13
};

#endif
