/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster.c - messages, membership, and the end of the node; see cluster.h.
 *
 * A node that has no work left tells the others so (REMOTE_LEAVE) and serves its pages until all have said
 * it.
 */
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/dsm.h"
#include "guest-kernel/kernel/heap.h"
#include "guest-kernel/kernel/process.h"
#include "guest-kernel/kernel/remote.h"

enum { BEAT_NS = 2000000, SILENCE_NS = 20000000 };
enum { LINGER_NS = 100000 }; /* at the end: the adapter still acknowledges what has come */
enum { RETRY_NS = 100000, ACK_NS = 20000, TRIES = 9 }; /* of datagrams: 25 ms in all */

static bool here;
static struct msg_layer layer;
static struct member member;
static uint64_t due = UINT64_MAX;
static uint64_t failed, left, others; /* masks of nodes; others: all but this one and the dead */
static bool ending;
static int end_status;
static uint64_t end_at_ns;

static uint64_t env_now(void *ctx)
{
    (void)ctx;
    return arch_time_ns();
}

static void env_timer(void *ctx, uint64_t at)
{
    (void)ctx;
    if (at < due) {
        due = at;
        timer_by(at);
    }
}

static void *env_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return heap_new(bytes);
}

static void env_free(void *ctx, void *memory, size_t bytes)
{
    (void)ctx;
    heap_free(memory, bytes);
}

static void env_event(void *ctx, unsigned type, uint32_t arg, const void *data, size_t bytes)
{
    (void)ctx;
    adapter_event(type, arg, data, bytes);
}

static const struct core_env env = {.send = cluster_send,
                                    .now_ns = env_now,
                                    .timer = env_timer,
                                    .alloc = env_alloc,
                                    .free = env_free,
                                    .event = env_event,
                                    .expose = cluster_expose,
                                    .hide = cluster_hide,
                                    .write = cluster_put};

/* Of a node that is alone: its pages are nobody else's business. */
static const struct core_env alone = {
    .send = cluster_send, .now_ns = env_now, .timer = env_timer, .alloc = env_alloc, .free = env_free};

/* True: nothing is on its way to others, and of what came from them everything is acknowledged. */
static bool settled(void)
{
    for (unsigned i = 0; i < layer.c.nodes; i++)
        if (layer.peer[i].state == MSG_OPEN && (layer.peer[i].out || layer.peer[i].ack_at))
            return false;
    return cluster_sent();
}

/* What may not be done within the core's callbacks; at the end of every way in. */
static void after(void)
{
    while (failed) {
        unsigned node = core_first(failed);
        failed &= failed - 1;
        member_declare_dead(&member, node);
    }
    if (!ending || others & ~left || !settled())
        return;
    if (!end_at_ns) {
        end_at_ns = arch_time_ns() + LINGER_NS;
        env_timer(NULL, end_at_ns);
    } else if (arch_time_ns() >= end_at_ns) {
        node_end(end_status);
    }
}

static void dispatch(unsigned from, const struct msg *m, const void *data)
{
    if (m->type > REMOTE_LEAVE)
        remote_message(from, m->request, m->type, data, m->len);
    else
        dsm_message(from, m->type, data, m->len);
    memory_quiet();
}

static void deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    (void)ctx;
    if (m->type == MEMBER_HELLO) {
        member_hello(&member, from, data, m->len);
        return;
    }
    member_heard(&member, from);
    if (m->type == REMOTE_LEAVE)
        left |= core_bit(from);
    else
        dispatch(from, m, data);
}

static void receive(unsigned q, unsigned peer, const void *data, size_t bytes)
{
    const struct msg *m = data;

    (void)q;
    if (bytes >= sizeof *m && m->from == peer) /* nobody speaks in another's name */
        msg_input(&layer, data, bytes);
    after();
}

static void died(unsigned node)
{
    others &= ~core_bit(node);
    dsm_dead(node);
    memory_dead(node);
    remote_dead(node);
    memory_quiet();
}

static void changed(void *ctx, unsigned node, enum member_state state)
{
    static const char *const names[] = {"unknown", "x86_64", "aarch64", "riscv64"};

    (void)ctx;
    if (node == layer.c.self)
        panic("the other nodes hold this one for dead");
    print("cluster: node %u %s, %s\n", node, state == MEMBER_ALIVE ? "is there" : "is dead",
          names[member_arch(&member, node)]);
    if (state == MEMBER_DEAD)
        died(node);
}

void cluster_failed(unsigned node)
{
    failed |= core_bit(node);
}

uint64_t cluster_due(void)
{
    return due;
}

void cluster_poll(void)
{
    if (!here || arch_time_ns() < due)
        return;
    due = UINT64_MAX;
    failed |= msg_poll(&layer);
    member_poll(&member);
    dsm_poll();
    after();
}

bool cluster_end(int status)
{
    if (!here)
        return false;
    ending = true;
    end_status = status;
    for (unsigned i = 0; i < layer.c.nodes; i++)
        if (i != layer.c.self && member_state(&member, i) == MEMBER_ALIVE &&
            msg_post(&layer, i, REMOTE_LEAVE, NULL, 0) != CORE_OK)
            cluster_failed(i);
    after();
    return true;
}

static enum core_arch own_arch(void)
{
    return same(arch_name, "x86_64")    ? CORE_ARCH_X86_64
           : same(arch_name, "aarch64") ? CORE_ARCH_AARCH64
                                        : CORE_ARCH_RISCV64;
}

void cluster_init(void)
{
    char what[8];

    if (!boot_option("cluster", what, sizeof what) || !same(what, "on")) {
        dsm_init(&alone, 0, 1);
        memory_init(&alone, 0, 1);
        process_service(&alone, 0, 1);
        return;
    }
    const struct msg_config messages = {
        .env = &env,
        .self = adapter_node(),
        .nodes = adapter_nodes(),
        .incarnation = (uint32_t)(adapter_time_ns() / 1000) | 1,
        .max_bytes = sizeof(struct page_wire) + PAGE,
        .reliable = !cluster_datagrams(sizeof(struct msg) + sizeof(struct page_wire) + PAGE),
        .retry_ns = RETRY_NS,
        .ack_ns = ACK_NS,
        .tries = TRIES,
        .deliver = deliver,
    };
    const struct member_config members = {.env = &env,
                                          .msg = &layer,
                                          .arch = own_arch(),
                                          .beat_ns = BEAT_NS,
                                          .silence_ns = SILENCE_NS,
                                          .changed = changed};
    if (msg_init(&layer, &messages) != CORE_OK)
        panic("%u nodes are too many", adapter_nodes());
    for (unsigned i = 0; i < layer.c.nodes; i++)
        others |= core_bit(i) & ~core_bit(layer.c.self);
    dsm_init(&env, layer.c.self, layer.c.nodes);
    memory_init(&env, layer.c.self, layer.c.nodes);
    process_service(&env, layer.c.self, layer.c.nodes);
    if (adapter_here())
        cluster_send_init(receive);
    if (member_init(&member, &members) != CORE_OK)
        panic("membership");
    here = true;
    while (!member_complete(&member)) {
        arch_timer_set(due);
        arch_idle();
    }
    print("cluster: %u nodes, this is %u\n", layer.c.nodes, layer.c.self);
}

unsigned cluster_self(void)
{
    return here ? layer.c.self : 0;
}

unsigned cluster_nodes(void)
{
    return here ? layer.c.nodes : 1;
}

bool cluster_alive(unsigned node)
{
    return node == cluster_self() ||
           (here && node < layer.c.nodes && member_state(&member, node) == MEMBER_ALIVE);
}

void cluster_post(unsigned to, unsigned type, const void *data, size_t bytes)
{
    int status = msg_post(&layer, to, type, data, (uint32_t)bytes);

    if (status != CORE_OK && status != CORE_EDEAD)
        cluster_failed(to);
}

void cluster_post_page(unsigned to, unsigned type, const struct page_wire *w, const void *frame)
{
    cluster_post(to, type, cluster_page(w, frame), sizeof *w + PAGE);
}

void cluster_answer(unsigned to, uint32_t request, unsigned type, const void *data, size_t bytes)
{
    int status = msg_answer(&layer, to, request, type, data, (uint32_t)bytes);

    if (status != CORE_OK && status != CORE_EDEAD)
        cluster_failed(to);
}

int cluster_place_open(struct msg_place *p, unsigned peer, void *const *pages, size_t bytes)
{
    return msg_place_open(&layer, p, peer, pages, (unsigned)__builtin_ctz(PAGE), (uint32_t)bytes);
}

void cluster_place_close(struct msg_place *p)
{
    msg_place_close(&layer, p);
}

void cluster_write(unsigned to, const struct msg_bulk *place, size_t offset, const void *data, size_t bytes)
{
    int status = msg_write(&layer, to, place, (uint32_t)offset, data, (uint32_t)bytes);

    if (status != CORE_OK && status != CORE_EDEAD)
        cluster_failed(to);
}

int cluster_request(struct msg_call *c, uint64_t nodes, unsigned want, unsigned type, const void *data,
                    size_t bytes)
{
    return msg_request(&layer, c, nodes, want, UINT64_MAX, type, data, (uint32_t)bytes);
}

const struct msg_counts *cluster_counts(void)
{
    return &layer.counts;
}
