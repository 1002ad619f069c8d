/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.c - the scenario's faults of this node: begun, acted and ended at their exact virtual times.
 *
 *   down ring --fault_take--> waits --the delivery timer--> active --its time or count is over--> gone
 *
 *   at its moment    MEMORY_FLIP    through QEMU's address space: translated code is invalidated
 *                    CRASH          the node is frozen there (PORT_END_CRASHED)
 *                    RESTART        this QEMU ends, and another one begins at a later time (port_leave)
 *   for a while      PAUSE, SLOW    the vCPUs are held (hold.c); devices and their timers go on
 *   when asked       the others     by adapter.c, each time
 *
 * The dice: of a fault's stream, number n decides opportunity n (one that fits its vector or queue and falls
 * into its time); where a bit flips is number n of the stream of the complement of its seed, n being the hits
 * so far.
 *
 * SLOW gives the vCPUs a slice of the factor-th part of PERIOD_NS, at least MIN_SLICE_NS, and holds them for
 * factor - 1 times as long. A late interrupt whose vector is held already is raised with that one (as MSI-X
 * merges what is pending), the earlier time counts.
 *
 * At the same time, faults act in the order in which they were given, before anything arrives (deliver.c),
 * late interrupts after them. Faults act on the adapter of this node or its memory only; without an adapter
 * those that wait for it never act.
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/port/dice.h"
#include "devices/qemu/half.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD_NS = 100000, MIN_SLICE_NS = 1000 };

struct fault {
    struct port_fault p;
    uint16_t index;
    bool active;
    bool holds; /* PAUSE, SLOW: the vCPUs, now */
    vtime_t at_ps;
    int64_t next_ns; /* when it has something to do by itself, INT64_MAX: never */
    uint64_t rolls, hits;
};

static struct fault *faults; /* in the order given; those that are over are taken out */
static size_t n_faults, room;
static int64_t late_ns[FAB_VECTORS]; /* when a held back vector is raised, 0: none is */

/* Never early. */
static int64_t up_ns(vtime_t ps)
{
    return ps >= VTIME_NEVER ? INT64_MAX : (ps + VTIME_NS - 1) / VTIME_NS;
}

static void report(const struct fault *f, enum port_fault_phase phase, uint64_t value)
{
    struct port_record rec = {.type = PORT_REC_FAULT,
                              .arg = f->index,
                              .time_ps = vtime_from_ns(half_now_ns()),
                              .id = phase,
                              .len = sizeof value};
    half_send(&rec, &value);
}

/* `data`: struct port_fault. */
void fault_take(const struct port_record *rec, const void *data)
{
    if (n_faults == room) {
        room = room ? 2 * room : 8;
        struct fault *more = realloc(faults, room * sizeof *more);
        assert(more);
        faults = more;
    }
    struct fault *f = &faults[n_faults++];
    *f = (struct fault){.index = rec->arg, .at_ps = rec->time_ps, .next_ns = up_ns(rec->time_ps)};
    memcpy(&f->p, data, sizeof f->p);
}

int64_t fault_next_ns(void)
{
    int64_t at = INT64_MAX;
    for (size_t i = 0; i < n_faults; i++)
        at = faults[i].next_ns < at ? faults[i].next_ns : at;
    for (unsigned v = 0; v < FAB_VECTORS; v++)
        if (late_ns[v] && late_ns[v] < at)
            at = late_ns[v];
    return at;
}

static void hold(struct fault *f, bool on)
{
    if (f->holds != on)
        hold_cpus(on);
    f->holds = on;
}

/* Takes it out: *f is another one then. */
static void over(struct fault *f)
{
    hold(f, false);
    size_t i = (size_t)(f - faults);
    memmove(f, f + 1, (--n_faults - i) * sizeof *f);
}

static void end(struct fault *f)
{
    report(f, PORT_FAULT_END, 0);
    over(f);
}

static void flip_memory(struct fault *f)
{
    bool any_place = f->p.flags & PORT_FAULT_RANDOM_ADDRESS, any_bit = f->p.flags & PORT_FAULT_RANDOM_BIT;
    uint64_t address =
        any_place ? adapter_ram_at(dice_below(~f->p.seed, 2 * f->hits, adapter_ram_bytes())) : f->p.address;
    uint64_t bit = any_bit ? dice_below(~f->p.seed, 2 * f->hits + 1, 8) : f->p.bit % 8u;
    uint8_t byte;

    f->hits++;
    if (!adapter_dma(address, &byte, 1, false))
        return; /* no memory there: nothing happens, nothing is reported */
    byte ^= (uint8_t)(1u << bit);
    adapter_dma(address, &byte, 1, true);
    report(f, PORT_FAULT_HIT, 8 * address + bit);
}

static int64_t slice_ns(const struct fault *f)
{
    int64_t slice = PERIOD_NS / (int64_t)f->p.factor;
    return slice > MIN_SLICE_NS ? slice : MIN_SLICE_NS;
}

static void begin(struct fault *f, int64_t now_ns)
{
    int64_t due_ns = f->next_ns, until_ns = up_ns(f->p.until_ps);
    vtime_t back_ps;

    if (now_ns - due_ns >= 1 << half.shift)
        half.node->late++;
    f->active = true;
    switch (f->p.kind) {
    case PORT_FAULT_MEMORY_FLIP:
        do
            flip_memory(f);
        while (f->hits < f->p.count);
        over(f);
        return;
    case PORT_FAULT_RESTART:
        back_ps = vtime_from_ns(up_ns(vtime_add(f->at_ps, f->p.by_ps)));
        report(f, PORT_FAULT_HIT, (uint64_t)f->p.by_ps);
        if (back_ps < half.port->stop_ps)
            gate_restart(back_ps);
        half_end(PORT_END_CRASHED, 0); /* never comes back */
        gate_freeze(now_ns);
        return;
    case PORT_FAULT_CRASH:
        report(f, PORT_FAULT_HIT, 0);
        half_end(PORT_END_CRASHED, 0);
        gate_freeze(now_ns);
        return;
    case PORT_FAULT_PAUSE:
        report(f, PORT_FAULT_BEGIN, (uint64_t)f->p.by_ps);
        hold(f, true);
        f->next_ns = up_ns(vtime_add(f->at_ps, f->p.by_ps));
        return;
    case PORT_FAULT_SLOW:
        report(f, PORT_FAULT_BEGIN, f->p.factor);
        f->next_ns = due_ns + slice_ns(f);
        f->next_ns = f->next_ns < until_ns ? f->next_ns : until_ns;
        return;
    default:
        report(f, PORT_FAULT_BEGIN, 0);
        f->next_ns = until_ns;
    }
}

/* Something is due of an active one: its end, but for SLOW. */
static void go_on(struct fault *f)
{
    int64_t until_ns = up_ns(f->p.until_ps);

    if (f->p.kind != PORT_FAULT_SLOW || f->next_ns >= until_ns) {
        end(f);
        return;
    }
    hold(f, !f->holds);
    int64_t length = f->holds ? slice_ns(f) * ((int64_t)f->p.factor - 1) : slice_ns(f);
    f->next_ns = until_ns - f->next_ns > length ? f->next_ns + length : until_ns;
}

static struct fault *first_due(int64_t now_ns)
{
    struct fault *first = NULL;
    for (size_t i = 0; i < n_faults; i++)
        if (faults[i].next_ns <= now_ns && (!first || faults[i].next_ns < first->next_ns))
            first = &faults[i];
    return first;
}

void fault_due(int64_t now_ns)
{
    for (struct fault *f; (f = first_due(now_ns));)
        if (f->active)
            go_on(f);
        else
            begin(f, now_ns);
    for (unsigned v = 0; v < FAB_VECTORS; v++)
        if (late_ns[v] && late_ns[v] <= now_ns) {
            late_ns[v] = 0;
            adapter_raise(v);
        }
}

/*
 * An opportunity for an active fault of this kind: the first that acts, or NULL. The caller reports the hit
 * with fault_hit().
 */
static struct fault *chance(enum port_fault_kind kind, int target)
{
    for (size_t i = 0; i < n_faults; i++) {
        struct fault *f = &faults[i];
        if (f->active && f->p.kind == kind && (f->p.target < 0 || f->p.target == target) &&
            vtime_from_ns(half_now_ns()) < f->p.until_ps && dice_hit(f->p.seed, f->rolls++, f->p.ppb))
            return f;
    }
    return NULL;
}

static void hit(struct fault *f, uint64_t value)
{
    report(f, PORT_FAULT_HIT, value);
    if (++f->hits == f->p.count) {
        end(f);
        deliver_rearm();
    }
}

bool fault_interrupt(unsigned vector)
{
    struct fault *f = chance(PORT_FAULT_INTERRUPT_LOST, (int)vector);
    if (f) {
        hit(f, vector);
        return false;
    }
    f = chance(PORT_FAULT_INTERRUPT_LATE, (int)vector);
    if (!f)
        return true;
    int64_t at = up_ns(vtime_add(vtime_from_ns(half_now_ns()), f->p.by_ps));
    if (!late_ns[vector] || at < late_ns[vector])
        late_ns[vector] = at;
    hit(f, vector);
    deliver_rearm();
    return false;
}

int64_t fault_flip(uint64_t address, size_t len)
{
    struct fault *f = chance(PORT_FAULT_DMA_FLIP, -1);
    if (!f)
        return -1;
    uint64_t bit = dice_below(~f->p.seed, f->hits, 8 * len);
    hit(f, 8 * address + bit);
    return (int64_t)bit;
}

unsigned fault_completion(unsigned queue)
{
    struct fault *f = chance(PORT_FAULT_COMPLETION, (int)queue);
    if (!f)
        return FAB_C_OK;
    unsigned status = f->p.status;
    hit(f, queue);
    return status;
}
