/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csr_riscv64.h - control and status registers; calls of the supervisor binary interface (SBI 2.0). */
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
#define csr_clear(name, value) __asm__ volatile("csrc " #name ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csr_set(name, value)   __asm__ volatile("csrs " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

enum {
    SIE_SOFTWARE = 1 << 1,
    SIE_TIMER = 1 << 5,
    SIE_EXTERNAL = 1 << 9,
    SSTATUS_SPIE = 1 << 5,
    SSTATUS_SPP = 1 << 8,
    SSTATUS_FS = 3 << 13
};

enum { SBI_TIME = 0x54494d45, SBI_SRST = 0x53525354, SBI_IPI = 0x735049, SBI_HSM = 0x48534d };

/* Returns its error, 0 if there is none. */
static inline int64_t sbi(uint64_t extension, uint64_t function, uint64_t a, uint64_t b, uint64_t c,
                          uint64_t d)
{
    register uint64_t a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a3 __asm__("a3") = d,
                         a6 __asm__("a6") = function, a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
    return (int64_t)a0;
}

#endif
