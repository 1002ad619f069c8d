/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_core_bulk_random.c - bulk of the message layer at random, in virtual time: up to 4 nodes ask each
 * other for bytes into places of their own. Half of the worlds have a reliable transport with one-sided
 * writes, the others datagrams that are lost, repeated and reordered. Answers come in many writes, late or
 * never; some nodes write after their answer, beyond the end, into places of before or of others; nodes
 * crash, are taken for dead, or have no memory. Checked: when an answer comes its bytes are there, all others
 * untouched; a closed place is never written to; each request ends once, in time; nothing is leaked.
 *
 *     test_core_bulk_random [WORLDS [FIRST SEED]]       without: 3,000 worlds from seed 1
 */
#include "guest-kernel/core/msg_bulk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 4, ASKERS = 3, STEPS = 8, JOBS = 64, PACKETS = 8192, MOST = 60, SHIFT = 6, PARTS = 10 };
enum { ROOM = PARTS << SHIFT, GUARD = 0xa5, LIE = 0xee, GRAVE = 0x3c, GRAVES = NODES * ASKERS * STEPS };
#define MS 1000000ull

struct packet {
    uint64_t at, order;
    unsigned from, to;
    bool write;
    uint32_t key, offset;
    size_t bytes;
    struct {
        struct msg m;
        uint8_t data[ROOM];
    } p;
};

struct node;
struct asker {
    struct msg_call call;
    struct msg_place place;
    struct node *node;
    void *part[PARTS];
    bool waits;
    unsigned steps, to;
    uint64_t next_at, until;
};

struct job { /* of who answers */
    bool used, silent, late, liar;
    unsigned from;
    uint32_t request, done, wanted;
    struct msg_bulk name;
    uint64_t next_at;
};

struct exposed {
    void *const *part;
    uint32_t key;
    size_t bytes;
};

static struct node {
    struct core_env env;
    struct msg_layer msg;
    struct asker asker[ASKERS];
    struct job job[JOBS];
    struct exposed exposed[MSG_PLACES];
    unsigned number;
    bool crashed;
    uint64_t timer_at, buried_at[NODES];
    long blocks;
} nodes[NODES];

static struct packet *queue[PACKETS];
static void *grave[GRAVES][PARTS];
static unsigned n_nodes, n_queue, n_graves, scarce;
static uint64_t now, seed, random_state, orders, last_at[NODES][NODES], loss, longest;
static bool one_sided;
static struct msg_bulk overheard;
static unsigned overheard_of;
static uint64_t ended[8], writes, packets, refused, crashes, believed, full, bytes_read;

static uint64_t draw(uint64_t below)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % below;
}

static void broken(const char *what)
{
    printf("core: bulk, random: seed %llu, %llu ns: %s\n", (unsigned long long)seed, (unsigned long long)now,
           what);
    exit(EXIT_FAILURE);
}

/* What belongs at that offset of that place; never GUARD, LIE or GRAVE. */
static uint8_t right(unsigned node, uint32_t key, uint32_t at)
{
    return (uint8_t)((node * 31 + key / 256 * 7 + key + at * 3) % 60);
}

static uint8_t *byte(void *const *part, uint32_t at)
{
    return (uint8_t *)part[at >> SHIFT] + (at & ((1 << SHIFT) - 1));
}

/* ---- the network and the environment ---- */

static void put(struct packet p)
{
    struct packet *copy = malloc(sizeof *copy);
    if (!copy || n_queue == PACKETS)
        broken("the network is full");
    p.at = now + 1000 + draw(draw(8) ? 100000 : 3 * MS);
    if (one_sided && p.at < last_at[p.from][p.to])
        p.at = last_at[p.from][p.to];
    last_at[p.from][p.to] = p.at;
    p.order = orders++;
    *copy = p;
    queue[n_queue++] = copy;
    packets++;
}

static void on_send(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes)
{
    const struct node *n = ctx;
    struct packet p = {.from = n->number, .to = to, .bytes = sizeof *m + bytes, .p.m = *m};
    if (to >= n_nodes || to == n->number || m->from != n->number || m->len != bytes || bytes > MOST)
        broken("send with bad arguments");
    if (bytes)
        memcpy(p.p.data, data, bytes);
    if (one_sided || draw(1000) >= loss)
        put(p);
    if (!one_sided && draw(1000) < loss)
        put(p);
}

static void on_write(void *ctx, unsigned to, uint32_t key, uint32_t offset, const void *data, size_t bytes)
{
    const struct node *n = ctx;
    struct packet p = {
        .from = n->number, .to = to, .write = true, .key = key, .offset = offset, .bytes = bytes};
    if (!one_sided || to >= n_nodes || to == n->number || !bytes || bytes > ROOM)
        broken("write with bad arguments");
    memcpy(p.p.data, data, bytes);
    put(p);
}

static int on_expose(void *ctx, uint32_t key, void *const *part, unsigned shift, size_t bytes)
{
    struct exposed *x = &((struct node *)ctx)->exposed[key % MSG_PLACES];
    if (!one_sided || x->bytes || shift != SHIFT || !bytes)
        broken("expose with bad arguments");
    if (scarce && draw(scarce) == 0)
        return CORE_ENOMEM;
    *x = (struct exposed){.part = part, .key = key, .bytes = bytes};
    return CORE_OK;
}

static void on_hide(void *ctx, uint32_t key)
{
    struct exposed *x = &((struct node *)ctx)->exposed[key % MSG_PLACES];
    if (!one_sided || !x->bytes || x->key != key)
        broken("what is hidden was not exposed");
    *x = (struct exposed){0};
}

static uint64_t on_now(void *ctx)
{
    (void)ctx;
    return now;
}

static void on_timer(void *ctx, uint64_t at)
{
    struct node *n = ctx;
    n->timer_at = at < n->timer_at ? at : n->timer_at;
}

static void *on_alloc(void *ctx, size_t bytes)
{
    if (scarce && draw(scarce) == 0)
        return NULL;
    ((struct node *)ctx)->blocks++;
    return malloc(bytes);
}

static void on_free(void *ctx, void *memory, size_t bytes)
{
    (void)bytes;
    ((struct node *)ctx)->blocks--;
    free(memory);
}

/* ---- who answers ---- */

static void on_deliver(void *ctx, unsigned from, const struct msg *m, const void *data)
{
    struct node *n = ctx;
    struct job *j = n->job;
    if (m->type != 0x80 || m->len != sizeof j->name)
        broken("a request that nobody made");
    while (j < n->job + JOBS && j->used)
        j++;
    if (j == n->job + JOBS)
        return;
    *j = (struct job){.used = true, .from = from, .request = m->request, .next_at = now + draw(MS)};
    memcpy(&j->name, data, sizeof j->name);
    overheard = j->name;
    overheard_of = from;
    unsigned kind = (unsigned)draw(16);
    j->silent = kind == 0;
    j->late = kind == 1;
    j->liar = kind == 2 || kind == 3;
    j->wanted = (uint32_t)draw(j->name.bytes + 1);
}

static int write_some(struct node *n, unsigned to, const struct msg_bulk *name, uint32_t at, uint32_t bytes,
                      bool lie)
{
    uint8_t data[ROOM];
    for (uint32_t i = 0; i < bytes; i++)
        data[i] = lie ? LIE : right(to, name->key, at + i);
    writes++;
    return msg_write(&n->msg, to, name, at, data, bytes);
}

/* None of these may have an effect. */
static void lie(struct node *n, const struct job *j)
{
    struct msg_bulk name = {.key = j->name.key, .bytes = UINT32_MAX};
    uint32_t at = j->name.bytes - (uint32_t)draw(j->name.bytes < 8 ? j->name.bytes : 8), bytes = 9;
    switch (draw(3)) {
    case 0: /* beyond the end */
        write_some(n, j->from, &name, draw(4) ? at : UINT32_MAX - bytes, bytes, true);
        break;
    case 1: /* an earlier place of the slot, or none */
        name.key -= MSG_PLACES * (1 + (uint32_t)draw(3));
        if (j->name.key > 4 * MSG_PLACES)
            write_some(n, j->from, &name, 0, bytes, true);
        break;
    default: /* a place for another node */
        if (!one_sided && overheard.key && overheard_of != n->number)
            for (unsigned i = 0; i < n_nodes; i++) {
                const struct msg_place *p = nodes[overheard_of].msg.place[overheard.key % MSG_PLACES];
                if (p && p->name.key == overheard.key && p->peer != n->number) {
                    write_some(n, overheard_of, &overheard, 0, 1, true);
                    return;
                }
            }
    }
}

static void work(struct node *n, struct job *j)
{
    uint32_t left = j->wanted - j->done, bytes = left ? 1 + (uint32_t)draw(left) : 0;
    int status = CORE_OK;
    uint64_t v = j->wanted;
    j->next_at = now + draw(draw(20) ? MS : 20 * MS);
    if (j->liar)
        lie(n, j);
    if (left) {
        status = write_some(n, j->from, &j->name, j->done, bytes, false);
        j->done += bytes;
    } else {
        j->used = false;
        if (!j->silent)
            status = msg_answer(&n->msg, j->from, j->request, 0x81, &v, sizeof v);
        if (!j->silent && j->late && status == CORE_OK) /* the place will be closed when it comes */
            write_some(n, j->from, &j->name, 0, j->name.bytes, true);
    }
    if (status != CORE_OK)
        j->used = false;
    if (status != CORE_OK && status != CORE_EDEAD && status != CORE_ENOMEM)
        broken("a write or an answer fails without a reason");
}

/* ---- who asks ---- */

static void on_answered(struct msg_call *c, unsigned from, const void *data, uint32_t len)
{
    struct asker *a = (struct asker *)c;
    uint64_t v;
    if (!a->waits || from != a->to || len != sizeof v)
        broken("an answer to nobody");
    memcpy(&v, data, sizeof v);
    for (uint32_t i = 0; i < ROOM; i++)
        if (*byte(a->part, i) != (i < v ? right(a->node->number, a->place.name.key, i) : GUARD))
            broken("an answer came, and its bytes are not there");
    full += v == a->place.name.bytes;
    bytes_read += v;
}

static void bury(struct asker *a)
{
    for (unsigned i = 0; i < PARTS; i++) {
        memset(a->part[i], GRAVE, (size_t)1 << SHIFT);
        grave[n_graves][i] = a->part[i];
    }
    n_graves++;
}

static void over(struct asker *a, int status)
{
    ended[-status]++;
    a->waits = false;
    for (uint32_t i = 0; i < ROOM; i++) {
        uint8_t is = *byte(a->part, i);
        if (is != GUARD && (i >= a->place.name.bytes || is != right(a->node->number, a->place.name.key, i)))
            broken("something else was written");
    }
    msg_place_close(&a->node->msg, &a->place);
    bury(a);
    a->steps--;
    a->next_at = now + draw(MS);
}

static void on_done(struct msg_call *c, int status)
{
    struct asker *a = (struct asker *)c;
    if (!a->waits)
        broken("a request ends that nobody waits for");
    if (now > a->until && !a->node->crashed)
        longest = now - a->until > longest ? now - a->until : longest;
    over(a, status);
}

static void ask(struct asker *a)
{
    struct node *n = a->node;
    a->to = (n->number + 1 + (unsigned)draw(n_nodes - 1)) % n_nodes;
    uint32_t bytes = 1 + (uint32_t)draw(draw(4) ? ROOM : 16);
    for (unsigned i = 0; i < PARTS; i++) {
        if (!(a->part[i] = malloc((size_t)1 << SHIFT)))
            broken("no memory");
        memset(a->part[i], GUARD, (size_t)1 << SHIFT);
    }
    int status = msg_place_open(&n->msg, &a->place, a->to, a->part, SHIFT, bytes);
    if (status != CORE_OK) {
        ended[-status]++;
        bury(a);
        a->steps--;
        return;
    }
    a->call = (struct msg_call){.answered = on_answered, .done = on_done};
    a->waits = true;
    a->until = now + (draw(8) ? 60 * MS : 2 * MS);
    status = msg_request(&n->msg, &a->call, core_bit(a->to), 1, a->until, 0x80, &a->place.name,
                         sizeof a->place.name);
    if (status != CORE_OK)
        over(a, status);
}

/* ---- the world ---- */

static void begin(void)
{
    memset(nodes, 0, sizeof nodes);
    memset(last_at, 0, sizeof last_at);
    overheard = (struct msg_bulk){0};
    now = 1;
    n_graves = 0;
    n_nodes = 2 + (unsigned)draw(NODES - 1);
    one_sided = seed & 1;
    loss = one_sided ? 0 : draw(200);
    scarce = draw(4) ? 0 : 20 + (unsigned)draw(100);
    for (unsigned i = 0; i < n_nodes; i++) {
        struct node *n = &nodes[i];
        n->number = i;
        n->timer_at = UINT64_MAX;
        for (unsigned k = 0; k < n_nodes; k++)
            n->buried_at[k] = UINT64_MAX;
        n->env = (struct core_env){.ctx = n,
                                   .send = on_send,
                                   .now_ns = on_now,
                                   .timer = on_timer,
                                   .alloc = on_alloc,
                                   .free = on_free,
                                   .expose = on_expose,
                                   .hide = on_hide,
                                   .write = on_write};
        struct msg_config c = {.env = &n->env,
                               .self = i,
                               .nodes = n_nodes,
                               .incarnation = 1 + (uint32_t)draw(9),
                               .max_bytes = MOST,
                               .reliable = one_sided,
                               .retry_ns = 2 * MS,
                               .ack_ns = MS / 2,
                               .tries = 30,
                               .ctx = n,
                               .deliver = on_deliver};
        if (msg_init(&n->msg, &c))
            broken("init");
        n->msg.last_place =
            draw(4) ? 0 : UINT32_MAX / MSG_PLACES * MSG_PLACES - MSG_PLACES * (uint32_t)draw(9);
        for (unsigned k = 0; k < ASKERS; k++)
            n->asker[k] = (struct asker){.node = n, .steps = STEPS, .next_at = now + draw(MS)};
    }
    for (unsigned i = 0; i < n_nodes; i++)
        for (unsigned k = 0; k < n_nodes; k++)
            if (k != i)
                msg_open(&nodes[i].msg, k, nodes[k].msg.c.incarnation);
}

/* As an adapter: key and bounds; all or nothing. */
static void written(struct node *n, const struct packet *p)
{
    const struct exposed *x = &n->exposed[p->key % MSG_PLACES];
    if (!x->bytes || x->key != p->key || p->offset > x->bytes || p->bytes > x->bytes - p->offset) {
        refused++;
        return;
    }
    for (uint32_t i = 0; i < p->bytes; i++)
        *byte(x->part, p->offset + i) = p->p.data[i];
}

static void arrival(unsigned i)
{
    struct packet *p = queue[i];
    struct node *n = &nodes[p->to];
    queue[i] = queue[--n_queue];
    if (!n->crashed && p->write)
        written(n, p);
    else if (!n->crashed)
        msg_input(&n->msg, &p->p, p->bytes);
    free(p);
}

static unsigned first_packet(void)
{
    unsigned best = 0;
    for (unsigned i = 1; i < n_queue; i++)
        if (queue[i]->at < queue[best]->at ||
            (queue[i]->at == queue[best]->at && queue[i]->order < queue[best]->order))
            best = i;
    return best;
}

static void node_step(struct node *n)
{
    if (n->timer_at <= now) {
        n->timer_at = UINT64_MAX;
        for (uint64_t failed = msg_poll(&n->msg); failed; failed &= failed - 1)
            msg_close(&n->msg, core_first(failed));
    }
    for (unsigned k = 0; k < n_nodes; k++)
        if (n->buried_at[k] <= now) {
            n->buried_at[k] = UINT64_MAX;
            msg_close(&n->msg, k);
        }
    for (struct job *j = n->job; j < n->job + JOBS; j++)
        if (j->used && j->next_at <= now)
            work(n, j);
    for (struct asker *a = n->asker; a < n->asker + ASKERS; a++)
        if (a->steps && !a->waits && a->next_at <= now)
            ask(a);
}

static void fate(void)
{
    struct node *n = &nodes[draw(n_nodes)];
    if (draw(1500) == 0 && !n->crashed) { /* somebody takes a living one for dead */
        n->buried_at[(n->number + 1 + draw(n_nodes - 1)) % n_nodes] = now;
        believed++;
    }
    if (draw(1500) || n->crashed)
        return;
    n->crashed = true;
    crashes++;
    for (unsigned i = 0; i < n_nodes; i++)
        if (i != n->number)
            nodes[i].buried_at[n->number] = now + draw(10 * MS);
}

/* False: nobody has anything to do any more. */
static bool advance(void)
{
    uint64_t at = UINT64_MAX;
    bool busy = false;
    for (unsigned i = 0; i < n_nodes; i++) {
        const struct node *n = &nodes[i];
        if (n->crashed)
            continue;
        at = n->timer_at < at ? n->timer_at : at;
        for (unsigned k = 0; k < n_nodes; k++)
            at = n->buried_at[k] < at ? n->buried_at[k] : at;
        for (const struct job *j = n->job; j < n->job + JOBS; j++)
            if (j->used) {
                busy = true;
                at = j->next_at < at ? j->next_at : at;
            }
        for (const struct asker *a = n->asker; a < n->asker + ASKERS; a++) {
            busy |= a->steps > 0;
            if (a->steps && !a->waits)
                at = a->next_at < at ? a->next_at : at;
        }
    }
    if (n_queue && queue[first_packet()]->at < at)
        at = queue[first_packet()]->at;
    if (at == UINT64_MAX || (!busy && !n_queue))
        return false;
    now = at > now ? at : now;
    return true;
}

static void play(void)
{
    begin();
    while (advance()) {
        while (n_queue && queue[first_packet()]->at <= now)
            arrival(first_packet());
        for (unsigned i = 0; i < n_nodes; i++)
            if (!nodes[i].crashed)
                node_step(&nodes[i]);
        fate();
        if (now > 10000 * MS)
            broken("it does not end");
    }
    for (unsigned i = 0; i < n_nodes; i++) {
        struct node *n = &nodes[i];
        for (unsigned k = 0; k < ASKERS; k++)
            if (!n->crashed && (n->asker[k].waits || n->asker[k].steps))
                broken("somebody waits for ever");
        refused += n->msg.counts.refused;
        if (n->msg.counts.bad)
            broken("a message that cannot be");
        msg_fini(&n->msg);
        for (unsigned k = 0; k < MSG_PLACES; k++)
            if (n->exposed[k].bytes || n->msg.place[k])
                broken("a place is left");
        if (n->blocks)
            broken("memory is leaked");
    }
    for (unsigned i = 0; i < n_graves; i++)
        for (unsigned k = 0; k < PARTS; k++) {
            for (unsigned b = 0; b < 1 << SHIFT; b++)
                if (((uint8_t *)grave[i][k])[b] != GRAVE)
                    broken("a closed place was written to");
            free(grave[i][k]);
        }
    while (n_queue)
        free(queue[--n_queue]);
}

int main(int argc, char **argv)
{
    uint64_t worlds = argc > 1 ? strtoull(argv[1], NULL, 0) : 3000,
             first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (seed = first; seed < first + worlds; seed++) {
        random_state = seed * 0x1000003;
        play();
    }
    printf(
        "core: bulk, random: %llu worlds, %llu requests answered (%llu bytes, %llu whole places), no memory "
        "%llu, "
        "dead %llu, late %llu; %llu writes, %llu packets, %llu refused, %llu crashes, %llu taken for dead\n",
        (unsigned long long)worlds, (unsigned long long)ended[0], (unsigned long long)bytes_read,
        (unsigned long long)full, (unsigned long long)ended[1], (unsigned long long)ended[2],
        (unsigned long long)ended[3], (unsigned long long)writes, (unsigned long long)packets,
        (unsigned long long)refused, (unsigned long long)crashes, (unsigned long long)believed);
    if (longest || (worlds >= 1000 && (!ended[0] || !ended[1] || !ended[2] || !ended[3] || !refused ||
                                       !full || !crashes || !believed))) {
        printf("core: bulk, random: something never happened, or came %llu ns late\n",
               (unsigned long long)longest);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
