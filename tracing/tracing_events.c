/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracing_events.c - the one table of events, and what follows from it: encode, decode, compare, show.
 *
 * The metadata text (tracing_metadata.c) is generated from the same table. A new event is a line here and an
 * id in tracing.h; the callers of the encoder give the values in the table's order.
 */
#include "devices/fabric/fabric_abi.h"
#include "devices/fabric/fabric_trace.h"
#include "devices/fabric/fabric_wire.h"
#include "tracing/tracing_format.h"
#include "tracing/tracing_template.h"
#include <assert.h>
#include <inttypes.h>

#define LINK_FIELDS                                                                                          \
    {"link", TRF_LINK, " ", ""}, {"end", TRF_U32, ".", ""}, {"frame_id", TRF_U64, " #", ""},                 \
        {"len", TRF_U32, " ", " bytes"},                                                                     \
    {                                                                                                        \
        "queue_bytes", TRF_U32, " queue ", " bytes"                                                          \
    }
#define FRAME_FIELDS                                                                                         \
    {"frame_id", TRF_U64, " #", ""}, {"nic", TRF_U32, " eth", ""}, {"len", TRF_U32, " ", " bytes"},          \
    {                                                                                                        \
        "hash", TRF_HEX64, " hash ", ""                                                                      \
    }

#define PACKET_FIELDS                                                                                        \
    {"frame_id", TRF_U64, " #", ""}, {"type", TRF_WORD, " ", "", &packet_words},                             \
        {"queue", TRF_U32, " q", ""}, {"src", TRF_NODE, " ", ""}, {"dst", TRF_NODE, ">", ""},                \
        {"epoch", TRF_U32, " epoch ", ""}, {"message", TRF_U32, " message ", ""},                            \
        {"psn", TRF_U32, " psn ", ""}, {"offset", TRF_U32, " at ", ""}, {"len", TRF_U32, " ", " bytes"},     \
    {                                                                                                        \
        "hash", TRF_HEX64, " hash ", ""                                                                      \
    }

const char *const tracing_packet_names[TRACING_PACKETS] = {
    [FAB_P_SEND] = "send",
    [FAB_P_DATAGRAM] = "datagram",
    [FAB_P_READ] = "read",
    [FAB_P_WRITE] = "write",
    [FAB_P_ATOMIC] = "atomic",
    [FAB_P_PROBE] = "probe",
    [FAB_P_ACK] = "ack",
    [FAB_P_NAK] = "nak",
    [FAB_P_READ_DATA] = "read-data",
    [FAB_P_ATOMIC_OLD] = "atomic-old",
};
_Static_assert(TRACING_PACKETS == (int)FAB_P_END, "every packet has a name");
static const struct tracing_words packet_words = {"packet_type", tracing_packet_names, TRACING_PACKETS};

static const char *const doorbell_names[] = {
    [FAB_DB_SEND] = "send", [FAB_DB_RECV] = "recv", [FAB_DB_DONE] = "done", [FAB_DB_DONE_ARM] = "done-arm"};
static const struct tracing_words doorbell_words = {"doorbell_kind", doorbell_names, FAB_DB_DONE_ARM + 1};

static const char *const op_names[] = {[FAB_OP_SEND] = "send",           [FAB_OP_DATAGRAM] = "datagram",
                                       [FAB_OP_READ] = "read",           [FAB_OP_WRITE] = "write",
                                       [FAB_OP_WRITE_IMM] = "write-imm", [FAB_OP_CAS] = "cas",
                                       [FAB_OP_FETCH_ADD] = "fetch-add", [FAB_OP_RECV] = "recv"};
static const struct tracing_words op_words = {"fabric_op", op_names, FAB_OP_RECV + 1};

static const char *const status_names[] = {
    [FAB_C_OK] = "ok",         [FAB_C_LENGTH] = "length",         [FAB_C_LOCAL] = "local",
    [FAB_C_REMOTE] = "remote", [FAB_C_DESCRIPTOR] = "descriptor", [FAB_C_NO_QUEUE] = "no-queue",
    [FAB_C_PEER] = "peer",     [FAB_C_RESET] = "reset",           [FAB_C_FLUSHED] = "flushed"};
_Static_assert(sizeof status_names / sizeof status_names[0] == FAB_C_COUNT, "every status has a name");
static const struct tracing_words status_words = {"completion_status", status_names, FAB_C_COUNT};

static const char *const access_names[] = {"read", "write"};
static const struct tracing_words access_words = {"dma_access", access_names, 2};

const struct tracing_words *const tracing_words_all[] = {&packet_words, &doorbell_words, &op_words,
                                                         &status_words, &access_words,   NULL};

const struct tracing_event_def tracing_event_defs[TR_EVENT_COUNT] = {
    [TR_NODE_STATE] = {"node_state",
                       "state",
                       TRACING_NODE_CLASS,
                       {{"state", TRF_STRING, " ", ""}, {"value", TRF_I64, " ", ""}}},
    [TR_CONSOLE_LINE] = {"console_line", "console", TRACING_NODE_CLASS, {{"text", TRF_STRING, " \"", "\""}}},
    [TR_FRAME_TX] = {"frame_tx", "frame tx", TRACING_NODE_CLASS, {FRAME_FIELDS}},
    [TR_FRAME_RX] = {"frame_rx", "frame rx", TRACING_NODE_CLASS, {FRAME_FIELDS}},
    [TR_LINK_QUEUED] = {"link_queued", "queued", TRACING_FABRIC_CLASS, {LINK_FIELDS}},
    [TR_LINK_SENT] = {"link_sent", "sent", TRACING_FABRIC_CLASS, {LINK_FIELDS}},
    [TR_LINK_ARRIVED] = {"link_arrived", "arrived", TRACING_FABRIC_CLASS, {LINK_FIELDS}},
    [TR_LINK_DROPPED] = {"link_dropped",
                         "dropped",
                         TRACING_FABRIC_CLASS,
                         {LINK_FIELDS, {"reason", TRF_STRING, " (", ")"}}},
    [TR_LINK_TRAINING] = {"link_training", "training", TRACING_FABRIC_CLASS, {{"link", TRF_LINK, " ", ""}}},
    [TR_LINK_UP] = {"link_up", "up", TRACING_FABRIC_CLASS, {{"link", TRF_LINK, " ", ""}}},
    [TR_PACKET_TX] = {"packet_tx", "packet tx", TRACING_NODE_CLASS, {PACKET_FIELDS}},
    [TR_PACKET_RX] = {"packet_rx", "packet rx", TRACING_NODE_CLASS, {PACKET_FIELDS}},
    [TR_ADAPTER_TRAIN] = {"adapter_train",
                          "adapter trains its link,",
                          TRACING_NODE_CLASS,
                          {{"nic", TRF_U32, " interface ", ""}}},
    [TR_GUEST_EVENT] = {"guest_event",
                        "event",
                        TRACING_NODE_CLASS,
                        {{"type", TRF_U32, " ", ""},
                         {"arg", TRF_U32, " arg ", ""},
                         {"data", TRF_BYTES, " \"", "\""}}},
    [TR_FAULT] = {"fault",
                  "fault",
                  TRACING_FABRIC_CLASS,
                  {{"link", TRF_LINK, " ", ""},
                   {"end", TRF_U32, ".", ""},
                   {"fault", TRF_FAULT, " ", ""},
                   {"phase", TRF_STRING, " ", ""},
                   {"frame_id", TRF_U64, " #", ""},
                   {"value", TRF_U64, " value ", ""}}},
    [TR_NODE_FAULT] = {"node_fault",
                       "fault",
                       TRACING_NODE_CLASS,
                       {{"fault", TRF_FAULT, " ", ""},
                        {"phase", TRF_STRING, " ", ""},
                        {"value", TRF_U64, " value ", ""}}},
    [TR_DOORBELL] = {"doorbell",
                     "doorbell",
                     TRACING_NODE_CLASS,
                     {{"kind", TRF_WORD, " ", "", &doorbell_words},
                      {"queue", TRF_U32, " q", ""},
                      {"index", TRF_U32, " index ", ""}}},
    [TR_MESSAGE] = {"message",
                    "message",
                    TRACING_NODE_CLASS,
                    {{"op", TRF_WORD, " ", "", &op_words},
                     {"queue", TRF_U32, " q", ""},
                     {"peer", TRF_NODE, " to ", ""},
                     {"epoch", TRF_U32, " epoch ", ""},
                     {"message", TRF_MESSAGE, " message ", ""},
                     {"index", TRF_U32, " index ", ""},
                     {"cookie", TRF_HEX64, " cookie ", ""},
                     {"len", TRF_U32, " ", " bytes"}}},
    [TR_DMA] = {"dma",
                "dma",
                TRACING_NODE_CLASS,
                {{"access", TRF_WORD, " ", "", &access_words},
                 {"address", TRF_HEX64, " ", ""},
                 {"len", TRF_U32, " ", " bytes"},
                 {"src", TRF_NODE, " for ", ""},
                 {"queue", TRF_U32, " q", ""},
                 {"epoch", TRF_U32, " epoch ", ""},
                 {"message", TRF_MESSAGE, " message ", ""}}},
    [TR_COMPLETION] = {"completion",
                       "completion",
                       TRACING_NODE_CLASS,
                       {{"op", TRF_WORD, " ", "", &op_words},
                        {"queue", TRF_U32, " q", ""},
                        {"peer", TRF_NODE, " peer ", ""},
                        {"epoch", TRF_U32, " epoch ", ""},
                        {"message", TRF_MESSAGE, " message ", ""},
                        {"index", TRF_U32, " index ", ""},
                        {"entry", TRF_U32, " entry ", ""},
                        {"cookie", TRF_HEX64, " cookie ", ""},
                        {"status", TRF_WORD, " ", "", &status_words},
                        {"len", TRF_U32, " ", " bytes"}}},
    [TR_INTERRUPT] = {"interrupt", "interrupt", TRACING_NODE_CLASS, {{"vector", TRF_U32, " vector ", ""}}},
    [TR_GRANT] = {"grant", "grant", TRACING_NODE_CLASS, {{"until_ps", TRF_TIME, " until ", ""}}},
};

static const char cut_mark[] = "[cut]";

/* Bytes of a field, without the text of a string but with its NUL, without bytes but with their count. */
static size_t fixed_size(enum tracing_field_type type)
{
    switch (type) {
    case TRF_U32:
    case TRF_LINK:
    case TRF_NODE:
    case TRF_FAULT:
    case TRF_WORD:
    case TRF_MESSAGE:
    case TRF_BYTES:
        return 4;
    case TRF_U64:
    case TRF_HEX64:
    case TRF_I64:
    case TRF_TIME:
        return 8;
    case TRF_STRING:
        return 1;
    case TRF_NONE:
        break;
    }
    return 0;
}

#define FOR_EACH_FIELD(def, i)                                                                               \
    for (unsigned i = 0; i < TRACING_MAX_FIELDS && (def)->fields[i].type != TRF_NONE; i++)

size_t tracing_event_bound(const struct tracing_event *ev)
{
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    size_t size = TRACING_EVENT_HEAD;
    FOR_EACH_FIELD(def, i)
    {
        size += fixed_size(def->fields[i].type);
        if (def->fields[i].type == TRF_STRING)
            size += strlen(ev->v[i].s);
        else if (def->fields[i].type == TRF_BYTES)
            size += ev->v[i].b.n;
    }
    return size < TRACING_EVENT_MAX ? size : TRACING_EVENT_MAX;
}

/* Copies a string into at most room bytes, NUL included; marks a cut one. Returns the end. */
static uint8_t *put_string(uint8_t *out, const char *s, size_t room)
{
    size_t len = strnlen(s, room);
    if (len < room) {
        memcpy(out, s, len);
    } else {
        len = room - 1;
        memcpy(out, s, len - (sizeof cut_mark - 1));
        memcpy(out + len - (sizeof cut_mark - 1), cut_mark, sizeof cut_mark - 1);
    }
    out[len] = 0;
    return out + len + 1;
}

size_t tracing_event_encode(uint8_t *out, const struct tracing_event *ev)
{
    assert(ev->id < TR_EVENT_COUNT && ev->at >= 0);
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    size_t after = 0; /* least size of the fields that are still to come */
    FOR_EACH_FIELD(def, i)
    after += fixed_size(def->fields[i].type);
    tracing_put16(out, (uint16_t)ev->id);
    tracing_put64(out + 2, (uint64_t)ev->at);
    uint8_t *p = out + TRACING_EVENT_HEAD;
    FOR_EACH_FIELD(def, i)
    {
        size_t size = fixed_size(def->fields[i].type);
        after -= size;
        if (def->fields[i].type == TRF_STRING) {
            p = put_string(p, ev->v[i].s, (size_t)(out + TRACING_EVENT_MAX - p) - after);
        } else if (def->fields[i].type == TRF_BYTES) {
            tracing_put32(p, ev->v[i].b.n);
            memcpy(p + 4, ev->v[i].b.p, ev->v[i].b.n);
            p += 4 + ev->v[i].b.n;
        } else if (size == 4) {
            assert(ev->v[i].u <= UINT32_MAX);
            tracing_put32(p, (uint32_t)ev->v[i].u);
            p += 4;
        } else {
            tracing_put64(p, ev->v[i].u);
            p += 8;
        }
    }
    return (size_t)(p - out);
}

size_t tracing_event_decode(const uint8_t *in, size_t len, enum tracing_class stream, unsigned links,
                            struct tracing_event *ev, const char **fault)
{
    if (len < TRACING_EVENT_HEAD) {
        *fault = "an event is cut short";
        return 0;
    }
    unsigned id = tracing_get16(in);
    if (id >= TR_EVENT_COUNT || tracing_event_defs[id].stream != stream) {
        *fault = "an event has an id that this stream cannot hold";
        return 0;
    }
    uint64_t at = tracing_get64(in + 2);
    if (at > INT64_MAX) {
        *fault = "an event's time is out of range";
        return 0;
    }
    ev->id = id;
    ev->at = (vtime_t)at;
    const struct tracing_event_def *def = &tracing_event_defs[id];
    size_t used = TRACING_EVENT_HEAD;
    FOR_EACH_FIELD(def, i)
    {
        size_t size = fixed_size(def->fields[i].type);
        if (def->fields[i].type == TRF_STRING)
            size += strnlen((const char *)in + used, len - used);
        else if (def->fields[i].type == TRF_BYTES && len - used >= size)
            size += tracing_get32(in + used);
        if (size > len - used) {
            *fault = "an event is cut short";
            return 0;
        }
        if (def->fields[i].type == TRF_STRING)
            ev->v[i].s = (const char *)in + used;
        else if (def->fields[i].type == TRF_BYTES)
            ev->v[i].b = (struct tracing_bytes){in + used + 4, tracing_get32(in + used)};
        else
            ev->v[i].u = size == 4 ? tracing_get32(in + used) : tracing_get64(in + used);
        if (def->fields[i].type == TRF_LINK && ev->v[i].u >= links) {
            *fault = "an event names a link that is not in the metadata";
            return 0;
        }
        used += size;
    }
    return used;
}

bool tracing_event_equal(const struct tracing_event *a, const struct tracing_event *b)
{
    if (a->at != b->at || a->id != b->id)
        return false;
    const struct tracing_event_def *def = &tracing_event_defs[a->id];
    FOR_EACH_FIELD(def, i)
    {
        const union tracing_value *x = &a->v[i], *y = &b->v[i];
        bool same = def->fields[i].type == TRF_STRING  ? strcmp(x->s, y->s) == 0
                    : def->fields[i].type == TRF_BYTES ? x->b.n == y->b.n && !memcmp(x->b.p, y->b.p, x->b.n)
                                                       : x->u == y->u;
        if (!same)
            return false;
    }
    return true;
}

/* What comes from a file may hold anything: nothing of it may reach the terminal as a control sequence. */
static void show_bytes(FILE *out, const void *bytes, size_t len)
{
    const char *s = bytes;

    while (len > 0) {
        char piece[TRACING_ESCAPED(256)];
        size_t n = len < 256 ? len : 256;
        tracing_escape(piece, s, n);
        fputs(piece, out);
        s += n;
        len -= n;
    }
}

static void show_string(FILE *out, const char *s)
{
    show_bytes(out, s, strlen(s));
}

/* The number itself if there is no name for it. */
static void show_name(FILE *out, const char *const *names, unsigned n, uint64_t i)
{
    if (i < n && names[i])
        show_string(out, names[i]);
    else
        fprintf(out, "%" PRIu64, i);
}

static void show_time(FILE *out, uint64_t ps)
{
    char text[TRACING_TIME_TEXT];

    if (ps >= (uint64_t)VTIME_NEVER)
        fputs("the end", out);
    else
        fprintf(out, "%s s", tracing_time_text((vtime_t)ps, text));
}

int tracing_kind_index(const struct tracing_labels *labels, uint64_t frame)
{
    size_t from = 0, n = labels ? labels->n_frames : 0;

    while (from < n) {
        size_t middle = from + (n - from) / 2;
        if (labels->frames[middle].frame == frame)
            return (int)labels->frames[middle].kind;
        if (labels->frames[middle].frame < frame)
            from = middle + 1;
        else
            n = middle;
    }
    return -1;
}

const char *tracing_kind_of(const struct tracing_labels *labels, uint64_t frame)
{
    int kind = tracing_kind_index(labels, frame);

    return kind < 0 ? NULL : labels->kinds[kind];
}

const struct tracing_record_name *tracing_record_name_of(const struct tracing_labels *labels, uint64_t type)
{
    for (unsigned i = 0; labels && i < labels->n_records; i++)
        if (labels->records[i].type == type)
            return &labels->records[i];
    return NULL;
}

/* "event page 12 exclusive v7". False: the record has no name. */
static bool show_record(FILE *out, const struct tracing_event *ev, const struct tracing_names *names)
{
    const struct tracing_record_name *n =
        ev->id == TR_GUEST_EVENT ? tracing_record_name_of(names->labels, ev->v[0].u) : NULL;

    if (!n)
        return false;
    fprintf(out, " %s", n->name);
    if (!n->text)
        return false;
    fputc(' ', out);
    tracing_template_show(out, n->text, (uint32_t)ev->v[1].u, ev->v[2].b.p, ev->v[2].b.n,
                          (const char *const *)names->nodes, names->n_nodes);
    return true;
}

void tracing_event_show(FILE *out, const struct tracing_event *ev, const struct tracing_names *names)
{
    const struct tracing_event_def *def = &tracing_event_defs[ev->id];
    fputs(def->phrase, out);
    if (show_record(out, ev, names))
        return;
    FOR_EACH_FIELD(def, i)
    {
        const struct tracing_field *field = &def->fields[i];
        fputs(field->before, out);
        switch (field->type) {
        case TRF_U32:
        case TRF_U64:
            fprintf(out, "%" PRIu64, ev->v[i].u);
            break;
        case TRF_HEX64:
            fprintf(out, "%016" PRIx64, ev->v[i].u);
            break;
        case TRF_I64:
            fprintf(out, "%" PRId64, ev->v[i].i);
            break;
        case TRF_LINK:
            show_string(out, names->links[ev->v[i].u]);
            break;
        case TRF_NODE:
            if (ev->v[i].u == TRACING_NONE) {
                fputs("nothing", out);
                return;
            }
            show_name(out, (const char *const *)names->nodes, names->n_nodes, ev->v[i].u);
            break;
        case TRF_FAULT:
            show_name(out, (const char *const *)names->faults, names->n_faults, ev->v[i].u);
            break;
        case TRF_WORD:
            show_name(out, field->words->labels, field->words->n, ev->v[i].u);
            break;
        case TRF_MESSAGE:
            if (ev->v[i].u == TRACING_NONE)
                fputs("-", out);
            else
                fprintf(out, "%" PRIu64, ev->v[i].u);
            break;
        case TRF_TIME:
            show_time(out, ev->v[i].u);
            break;
        case TRF_STRING:
            show_string(out, ev->v[i].s);
            break;
        case TRF_BYTES:
            show_bytes(out, ev->v[i].b.p, ev->v[i].b.n);
            break;
        case TRF_NONE:
            break;
        }
        fputs(field->after, out);
        if (names->labels && strcmp(field->name, "frame_id") == 0 &&
            tracing_kind_of(names->labels, ev->v[i].u))
            fprintf(out, " %s", tracing_kind_of(names->labels, ev->v[i].u));
    }
}
