/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay_port.h - one node's port with a replay log in place of the engine, the fabric and all other nodes.
 *
 * The node finds a port as in its run: its slot, its number among all nodes, the constants of its links. All
 * other slots have ended. What the log has is put into its down ring ahead of time, and its grant reaches as
 * far as what is in there is all that will come. So it meets only when the ring has to be filled again, where
 * it was told of a link, and at the end:
 *
 *   grant = min(target, first delivery that is not in the ring, where it was told of the next link)
 *
 * Target: where it stood at the end of its run (if it had ended by itself: a microsecond more, so that what
 * goes on instead is seen), or the time asked for. A node stops there exactly, in the middle of a block if
 * need be.
 *
 * A node with several vCPUs is given the very grants of its run instead (PORT_REC_GRANT), for timers at its
 * grants cut the turns of its vCPUs; what stands before a grant in the log is in the ring before it is given.
 * If it stands elsewhere than it did when it asks for one, it runs other software than in the run, and goes
 * on by the rule above.
 *
 * A debugger can hold the node (port_shared.hold_ps, as in a run): no grant reaches beyond, and once the node
 * can do nothing before that time `release` is asked, and after false nothing moves until the next
 * port_recall(). A node with several vCPUs keeps its grants (hold_one) and stops itself.
 *
 * Threads: all from one thread.
 */
#ifndef COB_REPLAY_PORT_H
#define COB_REPLAY_PORT_H

#include "devices/port/port.h"
#include "tracing/replay.h"

struct replay_port;

enum replay_stand {
    REPLAY_RUNS,
    REPLAY_AT_TARGET, /* blocked where it was to stop */
    REPLAY_ENDED,     /* it has ended by itself */
    REPLAY_HALTED,    /* `emitted` said so */
    REPLAY_ASTRAY,    /* the log has nothing with which it could go on (replay_port_trouble) */
};

/*
 * The node has emitted a record; or, rec NULL: it is blocked, has emitted all before `upto`, and asks for
 * more (VTIME_NEVER: it has ended). False: it shall not go on.
 */
typedef bool replay_emitted_fn(void *ctx, const struct port_record *rec, const void *data, vtime_t upto);

struct replay_port_config {
    const struct replay_log *log; /* borrowed */
    vtime_t until_ps;             /* stop there at the latest; VTIME_NEVER: where the log says */
    replay_emitted_fn *emitted;
    bool (*release)(void *ctx, vtime_t upto, bool none); /* NULL: no debugger. engine_observer says what */
    void *release_ctx;
    void *ctx;
};

/* NULL with errno if there is no memory for it. */
struct replay_port *replay_port_new(const struct replay_port_config *cfg);
void replay_port_free(struct replay_port *p); /* NULL is allowed */
/* Path by which QEMU maps the port; valid while p lives. */
const char *replay_port_path(const struct replay_port *p);
struct port_shared *replay_port_shared(struct replay_port *p);
struct port_node *replay_port_node(struct replay_port *p);
/* Serves the node; returns what has become of it, REPLAY_RUNS after timeout_ms. Stands for good: call no
 * more. */
enum replay_stand replay_port_wait(struct replay_port *p, int timeout_ms);
/* Where it was to stop. */
vtime_t replay_port_target(const struct replay_port *p);
/* Times it met, and was given something. */
uint64_t replay_port_meetings(const struct replay_port *p);
const char *replay_port_trouble(const struct replay_port *p);
/* Ends the node's QEMU. */
void replay_port_quit(struct replay_port *p);

#endif
