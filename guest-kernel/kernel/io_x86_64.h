/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io_x86_64.h - ports, model specific registers, and the local APIC's registers. */
#ifndef KERNEL_IO_X86_64_H
#define KERNEL_IO_X86_64_H

#include <stdint.h>

#define APIC UINT64_C(0xfee00000)
enum {
    APIC_ID = 0x20,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_ENABLE = 0x100,
    APIC_ICR = 0x300,
    APIC_ICR_HIGH = 0x310
};
enum {
    APIC_LVT_TIMER = 0x320,
    APIC_INITIAL = 0x380,
    APIC_CURRENT = 0x390,
    APIC_DIVIDE = 0x3e0,
    APIC_BY_1 = 0xb
};
enum {
    VECTOR_TIMER = 0x20,
    VECTOR_IRQ = 0x30,
    VECTOR_IPI = 0x40,
    VECTOR_CALL = 0x80,
    VECTOR_SPURIOUS = 0xff
};

static inline void out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint64_t msr_read(uint32_t n)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(n));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t n, uint64_t v)
{
    __asm__ volatile("wrmsr" ::"c"(n), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

#endif
