/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record.c - see record.h. */
#include "sim/record.h"
#include "sim/guest_machine.h"
#include "sim/run.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct record {
    struct engine_recorder hook;
    struct replay_writer **writer; /* one per node */
    unsigned n;
    const struct scenario *scn;
};

/* ---- what the engine says ---- */

static void put(void *ctx, unsigned node, enum replay_kind kind, const struct port_record *rec,
                const void *data)
{
    struct record *r = ctx;
    struct replay_record out = {.kind = kind,
                                .type = (uint8_t)rec->type,
                                .arg = rec->arg,
                                .len = rec->len,
                                .time_ps = rec->time_ps,
                                .id = rec->id,
                                .data = data};
    replay_put(r->writer[node], &out);
}

/* What is only traced is no emission; grants matter with several vCPUs. */
static void on_up(void *ctx, unsigned node, const struct port_record *rec, const void *data)
{
    const struct record *r = ctx;
    if (rec->type != PORT_REC_TRACE && (rec->type != PORT_REC_GRANT || r->scn->nodes[node].cpus > 1))
        put(ctx, node, REPLAY_UP, rec, data);
}

static void on_down(void *ctx, unsigned node, const struct port_record *rec, const void *data)
{
    put(ctx, node, REPLAY_DOWN, rec, data);
}

static void on_link(void *ctx, unsigned node, unsigned nic, vtime_t at, vtime_t up)
{
    struct record *r = ctx;
    struct replay_record out = {.kind = REPLAY_LINK, .arg = (uint16_t)nic, .time_ps = at, .id = (uint64_t)up};
    replay_put(r->writer[node], &out);
}

static void on_reach(void *ctx, unsigned node, vtime_t reach)
{
    struct record *r = ctx;
    replay_reach(r->writer[node], reach);
}

/* ---- heads ---- */

int record_hash_file(const char *path, uint64_t *out, char *why, size_t size)
{
    static uint8_t buf[1 << 16];
    XXH64_state_t h;
    FILE *f = fopen(path, "re");
    size_t n;

    XXH64_reset(&h, 0);
    while (f && (n = fread(buf, 1, sizeof buf, f)) > 0)
        XXH64_update(&h, buf, n);
    bool bad = !f || ferror(f);
    if (bad)
        snprintf(why, size, "%s: %s", path, strerror(errno));
    if (f)
        fclose(f);
    *out = XXH64_digest(&h);
    return bad ? -1 : 0;
}

/* QEMU's arguments, with a word in place of each path. */
static uint64_t hash_arguments(const struct run *r, unsigned i)
{
    const struct run_node *n = &r->node[i];
    struct guest_spec spec = {.node = &r->scn->nodes[i],
                              .index = i,
                              .seed = run_node_seed(r->scn->seed, i),
                              .qemu = "qemu",
                              .kernel = "kernel",
                              .initrd = n->image.initrd[0] ? "initrd" : NULL,
                              .append = n->image.append,
                              .plugin = "plugin",
                              .console_path = "console",
                              .ram_path = "ram",
                              .greeting = r->scn->nodes[i].adapter ? "greeting" : NULL};
    struct guest_args args = {0};
    XXH64_state_t h;

    XXH64_reset(&h, 0);
    int bad = guest_machine_argv(&spec, 0, &args);
    assert(!bad);
    for (size_t k = 0; k < args.n; k++)
        XXH64_update(&h, args.v[k], strlen(args.v[k]) + 1);
    guest_args_free(&args);
    return XXH64_digest(&h);
}

static void fill_port(const struct port_shared *s, unsigned i, struct replay_head *head)
{
    const struct port_node *n = &s->node[i];

    head->stop_ps = s->stop_ps;
    head->n_nics = n->n_nics;
    head->adapter = n->adapter.present;
    head->adapter_nic = n->adapter.nic;
    head->mtu_bytes = n->adapter.mtu_bytes;
    head->framing_bytes = n->adapter.framing_bytes;
    head->rate_bps = n->adapter.rate_bps;
    for (unsigned k = 0; k < n->n_nics; k++)
        head->nic[k] = (struct replay_nic){n->nic[k].ingress_ps, n->nic[k].egress_ps, n->nic[k].training_ps,
                                           n->nic[k].link_up_ps};
}

int record_head(struct run *r, unsigned i, struct replay_head *head)
{
    const struct scn_node *sn = &r->scn->nodes[i];
    const struct run_node *n = &r->node[i];
    char path[PATH_MAX], plugin[PATH_MAX];

    memset(head, 0, sizeof *head);
    snprintf(head->node, sizeof head->node, "%s", sn->name);
    snprintf(head->arch, sizeof head->arch, "%s", scn_arch_name(sn->arch));
    snprintf(head->qemu, sizeof head->qemu, "%s", n->version);
    head->index = i;
    head->n_nodes = r->scn->n_nodes;
    head->cpus = sn->cpus;
    head->shift = sn->icount_shift;
    head->memory_bytes = sn->memory_bytes;
    head->seed = r->scn->seed;
    head->arguments = hash_arguments(r, i);
    if (r->engine)
        fill_port(engine_port(r->engine), i, head);
    rundir_path(&r->dir, path, "", "scenario", ".scn.yml");
    return run_beside_us(plugin, "cob-qemu.so", r->why, sizeof r->why) < 0 ||
                   record_hash_file(plugin, &head->plugin, r->why, sizeof r->why) < 0 ||
                   record_hash_file(path, &head->scenario, r->why, sizeof r->why) < 0 ||
                   record_hash_file(n->image.kernel, &head->kernel, r->why, sizeof r->why) < 0 ||
                   (n->image.initrd[0] &&
                    record_hash_file(n->image.initrd, &head->initrd, r->why, sizeof r->why) < 0)
               ? -1
               : 0;
}

/* ---- life ---- */

char *record_path(const char *run, const char *node, char buf[PATH_MAX])
{
    if (snprintf(buf, PATH_MAX, "%s/replay/%s.log", run, node) >= PATH_MAX)
        buf[PATH_MAX - 1] = 0; /* opening it will fail with a message that shows it */
    return buf;
}

struct record *record_open(struct run *r)
{
    struct record *rec = calloc(1, sizeof *rec);
    char path[PATH_MAX];

    assert(rec);
    rec->scn = r->scn;
    rec->hook = (struct engine_recorder){on_up, on_down, on_link, on_reach, rec};
    rec->writer = calloc(r->scn->n_nodes, sizeof(struct replay_writer *));
    assert(rec->writer);
    for (; rec->n < r->scn->n_nodes; rec->n++) {
        struct replay_head head;
        if (record_head(r, rec->n, &head) < 0)
            break;
        record_path(r->dir.path, r->scn->nodes[rec->n].name, path);
        rec->writer[rec->n] = replay_create(path, &head, r->why, sizeof r->why);
        if (!rec->writer[rec->n])
            break;
    }
    if (rec->n == r->scn->n_nodes) {
        engine_record(r->engine, &rec->hook);
        return rec;
    }
    record_abandon(rec);
    return NULL;
}

static void dispose(struct record *rec)
{
    free(rec->writer);
    free(rec);
}

int record_close(struct record *rec, const struct run *r, char *why, size_t size)
{
    int result = 0, e = 0;
    char later[300] = "";

    for (unsigned i = 0; rec && i < rec->n; i++) {
        const struct port_node *n = &engine_port(r->engine)->node[i];
        struct replay_record last = {.type = (uint8_t)atomic_load(&n->state),
                                     .arg = (uint16_t)n->end,
                                     .time_ps = n->now_ps,
                                     .id = (uint64_t)(unsigned)n->exit_status};
        const uint64_t *hash = r->node[i].ram_hashed ? &r->node[i].ram_hash : NULL;
        if (replay_close(rec->writer[i], &last, hash, result ? later : why, result ? sizeof later : size) <
                0 &&
            result == 0) {
            result = -1;
            e = errno;
        }
    }
    if (rec)
        dispose(rec);
    errno = e;
    return result;
}

void record_abandon(struct record *rec)
{
    char why[300];

    for (unsigned i = 0; rec && i < rec->n; i++)
        replay_close(rec->writer[i], NULL, NULL, why, sizeof why);
    if (rec)
        dispose(rec);
}

uint64_t record_bytes(const struct record *rec)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < rec->n; i++)
        sum += replay_bytes(rec->writer[i]);
    return sum;
}
