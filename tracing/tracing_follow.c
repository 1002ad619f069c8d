/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_follow.c - one message (or frame) through the rack, each event with its time since the first:
 *
 *     doorbell SEND -> message -> dma -> packet tx -> links -> packet rx -> dma -> completion -> interrupt ->
 * doorbell DONE
 *
 * Joined by what the events carry: frame_id; (src, queue, epoch, message) in packets, message, dma,
 * completion; the descriptor's index in doorbell, message, completion; the completion's entry and the DONE
 * doorbell behind it; the queue's number is its vector. Acknowledgements and answers belong to it by their
 * psn.
 *
 * Three walks: which message; its packets, descriptor and completions; then printing.
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_wire.h"
#include "tracing/tracing_walk.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct side { /* a node's completion of the message */
    bool done, interrupted, handled;
    vtime_t at, handled_at;
    uint16_t entry;
};

struct follow {
    /* What was asked for. */
    bool by_frame, any_epoch;
    uint64_t frame;
    char node[64];
    unsigned src, queue, message, epoch;
    /* What it is. */
    bool found, is_message, datagram;
    unsigned dst;
    uint32_t first_psn, last_psn;
    bool has_psn, acked;
    uint64_t *frames; /* n_frames ids, in the order in which they were sent: ascending */
    size_t n_frames, room;
    /* Descriptor and doorbell. */
    bool has_message_event, has_doorbell;
    vtime_t message_at, doorbell_at;
    uint16_t index;
    struct side sender, receiver;
    /* Printing. */
    FILE *out;
    vtime_t begun, last;
    size_t printed;
};

static unsigned field(const struct tracing_event *ev, const char *name)
{
    return (unsigned)tracing_value(ev, name);
}

static int identify(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct follow *f = ctx;

    if (f->by_frame && (ev->id == TR_FRAME_TX || ev->id == TR_PACKET_TX) &&
        tracing_value(ev, "frame_id") == f->frame) {
        unsigned type = ev->id == TR_PACKET_TX ? field(ev, "type") : 0;
        f->found = true;
        f->datagram = type == FAB_P_DATAGRAM;
        f->is_message = type >= FAB_P_SEND && type < FAB_P_PROBE && !f->datagram;
    } else if (!f->by_frame && ev->id == TR_PACKET_TX && !strcmp(at->label, f->node)) {
        unsigned type = field(ev, "type");
        f->found = f->is_message = type >= FAB_P_SEND && type < FAB_P_PROBE && type != FAB_P_DATAGRAM &&
                                   field(ev, "queue") == f->queue && field(ev, "message") == f->message &&
                                   (f->any_epoch || field(ev, "epoch") == f->epoch);
    }
    if (!f->found)
        return 0;
    f->src = at->node;
    f->queue = field(ev, "queue");
    f->dst = field(ev, "dst");
    f->epoch = field(ev, "epoch");
    f->message = field(ev, "message");
    return 1;
}

static int add_frame(struct follow *f, uint64_t id)
{
    if (f->n_frames == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        uint64_t *grown = realloc(f->frames, room * sizeof *grown);
        if (!grown)
            return -1;
        f->frames = grown;
        f->room = room;
    }
    f->frames[f->n_frames++] = id;
    return 0;
}

/* Is this packet a request of the message's? */
static bool is_request(const struct follow *f, const struct tracing_event *ev)
{
    unsigned type = field(ev, "type");

    return type >= FAB_P_SEND && type < FAB_P_PROBE && type != FAB_P_DATAGRAM && field(ev, "src") == f->src &&
           field(ev, "dst") == f->dst && field(ev, "queue") == f->queue && field(ev, "epoch") == f->epoch &&
           field(ev, "message") == f->message;
}

/* An answer to it: data of its READ, its atomic's old value, the first acknowledgement that covers all of it.
 */
static bool is_answer(struct follow *f, const struct tracing_event *ev)
{
    unsigned type = field(ev, "type");
    uint32_t psn = field(ev, "psn");

    if (!f->has_psn || type < FAB_P_ACK || field(ev, "src") != f->dst || field(ev, "dst") != f->src ||
        field(ev, "queue") != f->queue || field(ev, "epoch") != f->epoch)
        return false;
    if (type == FAB_P_READ_DATA || type == FAB_P_ATOMIC_OLD)
        return psn - f->first_psn <= f->last_psn - f->first_psn;
    if (type != FAB_P_ACK || f->acked || (int32_t)(psn - f->last_psn) <= 0)
        return false;
    f->acked = true;
    return true;
}

static bool of_message(const struct follow *f, const struct tracing_event *ev, unsigned src)
{
    return src == f->src && field(ev, "queue") == f->queue && field(ev, "epoch") == f->epoch &&
           field(ev, "message") == f->message;
}

static bool completes(const struct follow *f, const struct tracing_walked *at, const struct tracing_event *ev,
                      bool receiver)
{
    bool recv = field(ev, "op") == FAB_OP_RECV;

    return recv == receiver && at->node == (receiver ? f->dst : f->src) &&
           field(ev, "peer") == (receiver ? f->src : f->dst) && of_message(f, ev, f->src);
}

static int collect(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct follow *f = ctx;

    if (ev->id == TR_PACKET_TX && f->is_message) {
        bool request = at->node == f->src && is_request(f, ev);
        if (request) {
            uint32_t psn = field(ev, "psn");
            f->first_psn = f->has_psn && (int32_t)(psn - f->first_psn) > 0 ? f->first_psn : psn;
            f->last_psn = f->has_psn && (int32_t)(psn - f->last_psn) < 0 ? f->last_psn : psn;
            f->has_psn = true;
        }
        if (request || (at->node == f->dst && is_answer(f, ev)))
            return add_frame(f, tracing_value(ev, "frame_id"));
    } else if (ev->id == TR_MESSAGE && f->is_message && at->node == f->src && field(ev, "peer") == f->dst &&
               of_message(f, ev, f->src)) {
        f->has_message_event = true;
        f->message_at = ev->at;
        f->index = (uint16_t)field(ev, "index");
    } else if (ev->id == TR_COMPLETION && f->is_message) {
        for (unsigned receiver = 0; receiver < 2; receiver++) {
            struct side *s = receiver ? &f->receiver : &f->sender;
            if (!s->done && completes(f, at, ev, receiver)) {
                s->done = true;
                s->at = ev->at;
                s->entry = (uint16_t)field(ev, "entry");
            }
        }
    }
    return 0;
}

/* The doorbell that covers the descriptor: the first of the last ones before the message that do. */
static int find_doorbell(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct follow *f = ctx;

    if (ev->at > f->message_at)
        return 1;
    if (ev->id != TR_DOORBELL || at->node != f->src || field(ev, "queue") != f->queue ||
        field(ev, "kind") != FAB_DB_SEND)
        return 0;
    bool covers = (int16_t)(field(ev, "index") - f->index) > 0;
    if (covers && !f->has_doorbell)
        f->doorbell_at = ev->at;
    f->has_doorbell = covers;
    return 0;
}

static bool has_frame(const struct follow *f, uint64_t id)
{
    size_t low = 0, high = f->n_frames;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (f->frames[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->n_frames && f->frames[low] == id;
}

/* The interrupt that tells of the completion, and the doorbell that says it was read. */
static bool tells(struct follow *f, struct side *s, const struct tracing_event *ev)
{
    if (!s->done || ev->at < s->at)
        return false;
    if (ev->id == TR_INTERRUPT && !s->interrupted && !s->handled && field(ev, "vector") == f->queue)
        return s->interrupted = true;
    if (ev->id == TR_DOORBELL && !s->handled && field(ev, "queue") == f->queue &&
        (field(ev, "kind") == FAB_DB_DONE || field(ev, "kind") == FAB_DB_DONE_ARM) &&
        (int16_t)(field(ev, "index") - s->entry) > 0) {
        s->handled_at = ev->at;
        return s->handled = true;
    }
    return false;
}

static bool belongs(struct follow *f, const struct tracing_walked *at, const struct tracing_event *ev)
{
    uint64_t frame;

    if (tracing_value_get(ev, "frame_id", &frame))
        return has_frame(f, frame);
    if (!f->is_message)
        return false;
    switch (ev->id) {
    case TR_MESSAGE:
        return at->node == f->src && field(ev, "peer") == f->dst && of_message(f, ev, f->src);
    case TR_DMA:
        return (at->node == f->src || at->node == f->dst) && of_message(f, ev, field(ev, "src"));
    case TR_COMPLETION:
        return completes(f, at, ev, false) || completes(f, at, ev, true);
    case TR_INTERRUPT:
    case TR_DOORBELL:
        if (f->has_doorbell && ev->id == TR_DOORBELL && at->node == f->src && ev->at == f->doorbell_at &&
            field(ev, "kind") == FAB_DB_SEND && field(ev, "queue") == f->queue)
            return true;
        return (at->node == f->src && tells(f, &f->sender, ev)) ||
               (at->node == f->dst && tells(f, &f->receiver, ev));
    default:
        return false;
    }
}

static void put_delta(FILE *out, const char *sign, vtime_t ps)
{
    fprintf(out, "%s%" PRId64 ".%06" PRId64 " us", sign, ps / VTIME_US, ps % VTIME_US);
}

static int print(void *ctx, const struct tracing_walked *at, const struct tracing_event *ev)
{
    struct follow *f = ctx;

    if (!belongs(f, at, ev))
        return 0;
    if (!f->printed++) {
        char time[TRACING_TIME_TEXT];
        f->begun = ev->at;
        fprintf(f->out, "%s s\n", tracing_time_text(ev->at, time));
    }
    f->last = ev->at;
    put_delta(f->out, "+", ev->at - f->begun);
    fprintf(f->out, "  %-*s  ", at->width, at->label);
    tracing_event_show(f->out, ev, at->names);
    fputc('\n', f->out);
    return ferror(f->out);
}

/* "12", "#12", "alpha.2.5", "alpha.2.5.1734". */
static bool parse(struct follow *f, const char *id)
{
    char rest = 0;
    const char *digits = id + (*id == '#');

    if (*digits >= '0' && *digits <= '9') {
        char *end;
        f->by_frame = true;
        errno = 0;
        f->frame = strtoull(digits, &end, 10);
        return !errno && !*end;
    }
    int n = sscanf(id, "%63[^.].%u.%u.%u%c", f->node, &f->queue, &f->message, &f->epoch, &rest);
    f->any_epoch = n == 3;
    return n == 3 || n == 4;
}

static void conclude(const struct follow *f)
{
    const struct side *s = f->receiver.done ? &f->receiver : &f->sender;

    if (f->is_message)
        fprintf(f->out, "message %u of queue %u, epoch %u: %zu events", f->message, f->queue, f->epoch,
                f->printed);
    else
        fprintf(f->out, "%s #%" PRIu64 ": %zu events", f->datagram ? "datagram" : "frame", f->frame,
                f->printed);
    put_delta(f->out, ", ", f->last - f->begun);
    if (f->has_doorbell && s->handled) {
        put_delta(f->out, "; from doorbell to handler ", s->handled_at - f->begun);
    } else if (f->is_message && !f->has_message_event) {
        fputs(" (no device events: run with --trace-level device)", f->out);
    }
    fputc('\n', f->out);
}

int tracing_follow(const char *run, const char *id, const struct tracing_labels *labels, FILE *out, FILE *err)
{
    const struct tracing_filter all = {.to = INT64_MAX, .labels = labels};
    struct follow f = {.out = out};
    int result;

    if (!parse(&f, id)) {
        fprintf(err, "%s: \"%s\" is neither a frame (12) nor a message (node.queue.message[.epoch])\n", run,
                id);
        errno = EINVAL;
        return -1;
    }
    errno = 0;
    result = tracing_walk(run, &all, identify, &f, err);
    if (result < 0 && !f.found)
        return -1;
    if (!f.found) {
        fprintf(err, "%s: nobody has sent %s\n", run, id);
        return 1;
    }
    if (!f.is_message && add_frame(&f, f.frame) < 0)
        return -1;
    if (tracing_walk(run, &all, collect, &f, err) == 0) {
        if (f.has_message_event)
            tracing_walk(run, &all, find_doorbell, &f, err);
        result = tracing_walk(run, &all, print, &f, err);
        conclude(&f);
    }
    free(f.frames);
    return tracing_flush(out, err) < 0 ? -1 : result;
}
