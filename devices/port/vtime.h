/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtime.h - virtual time, the one time type of the host programs.
 *
 * A signed 64-bit count of picoseconds since the guests were switched on (106 days of range).
 * At the border to QEMU, whose clock counts nanoseconds, use vtime_from_ns()/vtime_to_ns().
 * Never a floating-point number where an order is decided. Depends on nothing; any directory may include it.
 */
#ifndef COB_VTIME_H
#define COB_VTIME_H

#include <stdint.h>

typedef int64_t vtime_t;

#define VTIME_PS ((vtime_t)1)
#define VTIME_NS ((vtime_t)1000)
#define VTIME_US (1000 * VTIME_NS)
#define VTIME_MS (1000 * VTIME_US)
#define VTIME_S  (1000 * VTIME_MS)
/* "never": later than any event. Half of the range, so that adding two of them does not overflow. */
#define VTIME_NEVER (INT64_MAX / 2)

/* a + b, but "never" plus anything is "never". Both must not be negative. */
static inline vtime_t vtime_add(vtime_t a, vtime_t b)
{
    vtime_t sum;
    return __builtin_add_overflow(a, b, &sum) || a >= VTIME_NEVER || b >= VTIME_NEVER || sum >= VTIME_NEVER
               ? VTIME_NEVER
               : sum;
}

static inline vtime_t vtime_min(vtime_t a, vtime_t b)
{
    return a < b ? a : b;
}

static inline vtime_t vtime_max(vtime_t a, vtime_t b)
{
    return a > b ? a : b;
}

static inline vtime_t vtime_from_ns(int64_t ns)
{
    return ns >= VTIME_NEVER / VTIME_NS ? VTIME_NEVER : ns * VTIME_NS;
}

/* Rounded down: the guest may not run past the moment asked for. */
static inline int64_t vtime_to_ns(vtime_t t)
{
    return t / VTIME_NS;
}

#endif
