/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_abuse.c - the last node does `count=N` random things that a driver must not do, by seed: it must
 * find error codes and causes, and nothing else may happen to it, to its peers or to the host.
 *
 * Addresses are those of an arena that may be overwritten, of the arena's end, of no memory at all, of device
 * registers (the adapter's own too), or wild; so the guest's own code and data survive. The other nodes have
 * other things to do (ping), and must not notice.
 */
#include "tests/guests/adapter.h"

enum { ARENA = 256 * 1024, SMALL = 16 };

static _Alignas(4096) uint8_t arena[ARENA + 2 * FAB_MAX_MESSAGE]; /* and what reaches beyond its end */
static uint64_t rng;
static uint64_t admin_errors;

static uint64_t random64(void)
{
    rng = mix(rng);
    return rng * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((random64() >> 32) * n >> 32);
}

/* Any address that the device may be given without harm to this program. */
static uint64_t random_address(void)
{
    switch (below(10)) {
    case 0:
        return (uintptr_t)arena + ARENA - below(128);
    case 1:
        return adapter.bar + below(0x200);
    case 2:
        return ~0ull - below(4096);
    case 3:
        return 1ull << below(64) | 1ull << 63;
    case 4:
        return (uintptr_t)arena + below(ARENA / 2) + 1; /* hardly ever aligned */
    case 5:
        return 0xfee00000 + below(0x1000) * 4ull; /* interrupt controllers, or a hole */
    default:
        return (uintptr_t)arena + (below(ARENA / 2) & ~63u);
    }
}

static void random_bytes(void *to, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ((uint8_t *)to)[i] = (uint8_t)random64();
}

static void random_register(void)
{
    unsigned reg = FAB_REG_MAGIC + 4 * below((FAB_REG_END - FAB_REG_MAGIC) / 4);
    bool wide = reg % 8 == 0 && below(4) == 0;

    if (reg == FAB_REG_RESULT || reg == FAB_REG_ADMIN || reg == FAB_REG_ADMIN + 4 || reg == FAB_REG_EVENT ||
        reg == FAB_REG_EVENT + 4 || (wide && reg == FAB_REG_DOORBELL))
        return; /* the result would end this; the others are given addresses below */
    if (below(2))
        (void)(wide ? read64(adapter.bar + reg) : adapter_get(reg));
    else if (wide)
        write64(adapter.bar + reg, random64());
    else
        adapter_set(reg, (uint32_t)random64());
}

static void random_admin(void)
{
    struct fab_admin a = {.op = (uint16_t)below(FAB_ADMIN_END + 2),
                          .queue = (uint16_t)below(FAB_QUEUES + 2),
                          .access = (uint16_t)below(16),
                          .key = below(4) ? below(8) : (uint32_t)random64(),
                          .length = below(3) ? below(ARENA / 4) : random64(),
                          .count = below(2) ? below(32) : (uint32_t)random64(),
                          .delay_ns = (uint32_t)random64()};
    for (unsigned i = 0; i < 3; i++)
        a.size[i] = below(4) ? (uint16_t)(2 << below(6)) : (uint16_t)random64();
    for (unsigned i = 0; i < 4; i++)
        a.addr[i] = random_address();
    admin_errors += adapter_admin(&a) != FAB_OK;
}

/* The command itself lies where no command can be. */
static void misplaced_admin(void)
{
    write64(adapter.bar + FAB_REG_ADMIN, random_address());
    adapter_set(FAB_REG_ADMIN_GO, 0);
    admin_errors += adapter_get(FAB_REG_ADMIN_STATUS) != FAB_OK;
}

/* A good queue with bad contents: small rings in the arena, filled with noise or with nearly good
 * descriptors. */
static void bad_descriptors(void)
{
    unsigned q = below(FAB_QUEUES);
    uint8_t *rings = arena + ARENA / 2 + q * 8192u;
    struct fab_admin destroy = {.op = FAB_ADMIN_QUEUE_DESTROY, .queue = (uint16_t)q};
    struct fab_admin setup = {.op = FAB_ADMIN_QUEUE_SETUP,
                              .queue = (uint16_t)q,
                              .size = {SMALL, SMALL, 2 * SMALL},
                              .addr = {(uintptr_t)rings, (uintptr_t)rings + 2048, (uintptr_t)rings + 4096,
                                       (uintptr_t)rings + 6144}};
    struct fab_send *send = (struct fab_send *)rings;
    struct fab_recv *recv = (struct fab_recv *)(rings + 2048);

    adapter_set(FAB_REG_CONTROL, FAB_CONTROL_ENABLE);
    adapter_admin(&destroy);
    random_bytes(rings, 4096);
    for (unsigned i = 0; i < SMALL && below(4); i++) {
        send[i] = (struct fab_send){.op = (uint8_t)below(FAB_OP_END + 1),
                                    .n_sge = (uint8_t)below(FAB_MAX_SGE + 2),
                                    .peer = (uint16_t)below(adapter.n_nodes + 1),
                                    .len = below(3) ? below(20000) : (uint32_t)random64(),
                                    .addr = random_address(),
                                    .remote = below(2) ? below(4096) : random64(),
                                    .key = (uint32_t)random64()};
        recv[i] = (struct fab_recv){.addr = random_address(),
                                    .len = below(3) ? below(20000) : (uint32_t)random64(),
                                    .n_sge = below(FAB_MAX_SGE + 2)};
    }
    adapter_admin(&setup);
    for (unsigned i = below(6); i; i--)
        adapter_set(FAB_REG_DOORBELL,
                    FAB_DB(below(5), below(8) ? q : below(256), below(4) ? below(SMALL) : random64()));
}

static void random_event(void)
{
    random_bytes(arena, 64);
    write64(adapter.bar + FAB_REG_EVENT, random_address());
}

void run_abuse(const char *line)
{
    uint64_t count = number_of(line, "count=", 1000), causes = 0;

    if (adapter.node != adapter.n_nodes - 1) {
        run_ping(line);
        return;
    }
    rng = mix(number_of(line, "seed=", 1) * 0x9e3779b97f4a7c15u) | 1;
    adapter_set(FAB_REG_DOORBELL, FAB_DB(FAB_DB_SEND, 0, 1)); /* before anything is set up */
    for (uint64_t i = 0; i < count; i++) {
        switch (below(8)) {
        case 0:
            misplaced_admin();
            break;
        case 1:
            random_event();
            break;
        case 2:
        case 3:
            random_admin();
            break;
        case 4:
        case 5:
            bad_descriptors();
            break;
        default:
            random_register();
        }
        causes |= adapter_get(FAB_REG_CAUSE);
        if (adapter_get(FAB_REG_MAGIC) != FAB_MAGIC)
            fail("the adapter has changed, at step", i);
    }
    adapter_set(FAB_REG_CONTROL, FAB_CONTROL_RESET);
    struct fab_counters c = adapter_counters();
    say("abuse: admin commands refused", admin_errors);
    say("abuse: causes seen", causes);
    if (c.outstanding || c.sent_messages || adapter_get(FAB_REG_QERROR))
        fail("not as after power-on, outstanding", c.outstanding);
    if ((causes & (FAB_CAUSE_QUEUE | FAB_CAUSE_DOORBELL | FAB_CAUSE_ADMIN)) !=
        (FAB_CAUSE_QUEUE | FAB_CAUSE_DOORBELL | FAB_CAUSE_ADMIN))
        fail("causes are missing, seen", causes);
    adapter_result(0);
}
