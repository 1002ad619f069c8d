/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coherence_record.c - from records of the event port to changes. */
#include "devices/fabric/fabric_abi.h"
#include "sim/coherence_internal.h"
#include <endian.h>
#include <inttypes.h>
#include <string.h>

/* How each type begins with an argument and goes on with data of this length. */
static const struct {
    uint16_t type;
    uint8_t kind, bytes;
    const char *what;
} types[] = {
    {COHERENCE_EVENT, CHANGE_PAGE, 16, "a page's state"},
    {COHERENCE_EVENT_BEGINS, CHANGE_BEGINS, 8, "a thread's beginning"},
    {COHERENCE_EVENT_ENDS, CHANGE_ENDS, 8, "a thread's end"},
    {COHERENCE_EVENT_FUTEX, CHANGE_FUTEX, 16, "a futex"},
    {COHERENCE_EVENT_CALL, CHANGE_CALL, 8, "a call"},
    {COHERENCE_EVENT_MEMBER, CHANGE_MEMBER, 0, "a member"},
};
enum { TYPES = sizeof types / sizeof types[0], MEMBER_IS_DEAD = 2 };

static uint32_t word(const uint8_t *data, unsigned i)
{
    uint32_t v;
    memcpy(&v, data + 4 * i, sizeof v);
    return le32toh(v);
}

static uint64_t long_word(const uint8_t *data, unsigned i)
{
    uint64_t v;
    memcpy(&v, data + 8 * i, sizeof v);
    return le64toh(v);
}

/* The data are there, as many as there must be. */
static void read_data(const uint8_t *data, unsigned n_nodes, struct change *e)
{
    switch (e->kind) {
    case CHANGE_PAGE:
        e->page.number = long_word(data, 0);
        e->page.version = long_word(data, 1);
        e->malformed = e->arg > COHERENCE_WRITER;
        e->page.state = e->malformed ? COHERENCE_NONE : e->arg;
        break;
    case CHANGE_BEGINS:
    case CHANGE_ENDS:
        e->thread.thread = e->arg;
        e->thread.process = word(data, 0);
        e->thread.node = word(data, 1);
        e->malformed = e->thread.node != e->node;
        break;
    case CHANGE_FUTEX:
        e->thread.process = word(data, 3);
        break;
    case CHANGE_CALL:
        e->thread.process = word(data, 0);
        e->thread.thread = word(data, 1);
        break;
    default:
        e->member.node = e->arg & 0xffff;
        e->member.dead = (e->arg >> 16 & 0xff) == MEMBER_IS_DEAD;
        e->malformed = e->member.node >= n_nodes;
    }
}

bool coherence_read(const void *record, uint32_t len, unsigned n_nodes, struct change *e)
{
    struct fab_event head;
    unsigned i = 0;

    if (len < sizeof head)
        return false;
    memcpy(&head, record, sizeof head);
    while (i < TYPES && types[i].type != le16toh(head.type))
        i++;
    if (i == TYPES)
        return false;
    e->kind = types[i].kind;
    e->arg = le32toh(head.arg);
    e->len = len - (uint32_t)sizeof head;
    e->malformed = e->len != types[i].bytes;
    if (!e->malformed)
        read_data((const uint8_t *)record + sizeof head, n_nodes, e);
    return true;
}

void coherence_malformed(struct coherence *c, const struct change *e)
{
    const char *name = c->names[e->node];
    unsigned i = 0;

    while (types[i].kind != e->kind)
        i++;
    if (e->len != types[i].bytes)
        coherence_contradiction(c, COHERENCE_MALFORMED, e->at,
                                "%s: a record of %s has %" PRIu32 " bytes of data instead of %u", name,
                                types[i].what, e->len, types[i].bytes);
    else if (e->kind == CHANGE_PAGE)
        coherence_contradiction(c, COHERENCE_MALFORMED, e->at,
                                "page %" PRIu64 ": %s says that its state is %" PRIu32 ", which is none",
                                e->page.number, name, e->arg);
    else
        coherence_contradiction(c, COHERENCE_MALFORMED, e->at, "%s: a record of %s names the node %" PRIu32,
                                name, types[i].what,
                                e->kind == CHANGE_MEMBER ? e->member.node : e->thread.node);
}
