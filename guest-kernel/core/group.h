/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.h - processes and their threads over all nodes: who counts them, and how they begin and end.
 *
 * An id names the node that gave it: (id - 1) modulo nodes. A process belongs to the node of its id, its
 * origin, which counts all its threads and gives them their ids. Where else it has threads there is a
 * replica, made by the first START, which counts only its own. A thread elsewhere is in the origin's books
 * from before START goes out (or from JOIN on) until LEFT has come, so a process never ends too early:
 *
 *     process at its origin:  RUNNING --group_end, ENDING, KILL, last thread gone--> ENDING
 *                             ENDING --no thread in the books, nothing holds it--> gone; told to replicas
 *                             (ENDED) and to its parent (CHILD; on the same node it is a zombie until waited
 *                             for)
 *     replica:                --START--> RUNNING --ENDING, group_end, death of the origin--> ENDING
 *                             --ENDED, or the origin is dead and no thread is left--> gone
 *     thread elsewhere, in the origin's books:
 *                             STARTING --STARTED--> RUNNING --LEFT--> out;   JOIN --> RUNNING
 *                             STARTING --refused, its node dies--> out;  RUNNING --its node dies--> DEAD
 *                             DEAD --group_buried--> out
 *
 *     start a thread           origin --START--> node --STARTED--> origin                        2
 *     a thread makes another   replica --JOIN--> origin --JOINED--> replica                      2
 *     a thread has ended       replica --LEFT--> origin                                          1
 *     the end, k replicas      (replica --ENDING--> origin), k ENDING, k ENDED                 2k (+ 1)
 *     spawn                    parent's origin --SPAWN--> node --SPAWNED--> parent's origin      2
 *     kill                     anywhere --KILL--> origin --KILLED--> back                        2
 *     a child has ended        child's origin --CHILD--> parent's origin                         1
 *
 * Deaths: threads on a dead node are buried one by one (bury, group_dead, group_buried); replicas of a dead
 * origin end; children there count as killed. Operations that wait for the node end with CORE_EDEAD.
 * A process that is ending begins no thread any more, nor does a replica that is.
 *
 * The core knows no programs: START and SPAWN carry bytes of the owner's (what), which come out at begin,
 * replica and load. Callbacks are called from within the functions below and must not call back in; only
 * group_find, group_origin and group_hold may be called.
 *
 * Whatever a peer sends, the books stay in order. A peer can end processes of which it has a replica, keep
 * those alive that it has threads of, and fill the table with processes of its own; no more.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H
#include "guest-kernel/core/core.h"

/* Types of messages; from whom to whom. What fields of group_wire count. */
enum group_type {
    GROUP_START = 0x82,  /* origin to node: process, parent, thread, token; what */
    GROUP_JOIN = 0x83,   /* replica to origin: process, clear_tid, token */
    GROUP_LEFT = 0x84,   /* replica to origin: process, thread, value: its status */
    GROUP_SPAWN = 0x88,  /* parent's origin to node: parent, token; what */
    GROUP_KILL = 0x89,   /* to origin: process, value: the signal, token */
    GROUP_ENDING = 0x8a, /* origin to replica, replica to origin: process, value: the status */
    GROUP_ENDED = 0x8b,  /* origin to replica: process */
    GROUP_CHILD = 0x8c,  /* child's origin to parent's: process, parent, value: the status */
    GROUP_STARTED =
        0xa0, /* answers: token, value: the id (JOINED, SPAWNED), or what the owner refused with */
    GROUP_JOINED = 0xa1,
    GROUP_SPAWNED = 0xa2,
    GROUP_KILLED = 0xa3,
};
struct group_wire { /* what each of these messages begins with; START and SPAWN have more behind it */
    int32_t process, parent, thread;
    int32_t value;
    uint64_t clear_tid;
    uint32_t token; /* the asker's; never 0 */
    int32_t status; /* answers: enum core_status or group_status */
};
_Static_assert(sizeof(struct group_wire) == 32, "format");
_Static_assert(offsetof(struct group_wire, clear_tid) == 16, "format");
_Static_assert(offsetof(struct group_wire, status) == 28, "format");

enum group_status {                      /* besides core_status */
                    GROUP_ENONE = -16,   /* there is no such process, or child */
                    GROUP_EENDING = -17, /* the process is ending */
                    GROUP_EREFUSED =
                        -18, /* the owner of that node refused; its own number, negative, is the value */
};
enum { GROUP_REFUSAL_MIN = -4095 }; /* refusals are from there to -1 */

/* An operation that waits; the caller's, until done is called. The caller sets done. */
struct group_op {
    struct group_op *next;
    /* Exactly once, if the function that got it returned 1; status and value are set. */
    void (*done)(struct group_op *op);
    int32_t status;
    int32_t value; /* CORE_OK: the id; GROUP_EREFUSED: why */
    uint32_t token;
    uint16_t node; /* that is asked */
    uint16_t type; /* of the question */
    struct group_process *process;
    void *record; /* in the books of process */
};

struct group_thread; /* elsewhere, in the origin's books */
struct group_child;  /* of a process here, alive or not waited for yet, on whatever node */

/* A process, or a replica of one; part of a struct of the owner's, which reads it. */
struct group_process {
    struct group_process *next;
    int32_t id;
    int32_t parent;     /* 0: none, or it has ended */
    int32_t status;     /* ending: what it ends with */
    bool replica;       /* its origin is another node */
    bool ending;        /* its threads leave as soon as they can */
    bool zombie;        /* it is gone, and not waited for yet */
    bool orphan;        /* a replica whose origin is dead */
    bool ended;         /* a replica whose origin says that there is no thread left */
    uint32_t threads;   /* on this node, and that are to begin on it */
    uint32_t elsewhere; /* the origin's books: how many */
    uint32_t held;      /* work of the owner's for it: it may not go yet */
    uint32_t offspring; /* children: how many */
    uint64_t nodes;     /* of the origin: where replicas are, or may be */
    struct group_thread *threads_elsewhere;
    struct group_child *children;
};

struct group_config {
    const struct core_env *env; /* alloc and free are used */
    unsigned self, nodes;
    int32_t last_id;    /* the largest id of a process; threads may have larger ones */
    uint32_t children;  /* at most so many of a process, with those that are not waited for yet */
    uint32_t elsewhere; /* at most so many threads of a process on other nodes than its origin */
    int32_t signals;    /* the largest signal */
    int32_t killed;     /* the status of what a dead node takes along */
    void *ctx;
    /* Must reach the node in the end, once, in order; or the node must be declared dead. Never to self. */
    void (*send)(void *ctx, unsigned to, unsigned type, const struct group_wire *w, const void *what,
                 size_t bytes);
    /* Room for one more, which is going to have that id; contents undefined. NULL: there is none. */
    struct group_process *(*room)(void *ctx, int32_t id);
    /* It is not used any more once this returns; until then it is in the table. What load or replica refused,
     * or group_discard took back, had no gone. */
    void (*free)(void *ctx, struct group_process *p);
    /* For a SPAWN from another node: id and parent are set. Makes the process and begins its first thread,
     * whose id is the process's. 0, or a refusal; what bytes hold is what a peer sent. */
    int32_t (*load)(void *ctx, struct group_process *p, const void *what, size_t bytes);
    /* The same for a START here where there is no replica yet; begins nothing. */
    int32_t (*replica)(void *ctx, struct group_process *p, const void *what, size_t bytes);
    /* Begins a thread. 0 or a refusal. */
    int32_t (*begin)(void *ctx, struct group_process *p, int32_t thread, const void *what, size_t bytes);
    /* ending has become true: its threads on this node have to leave, each with group_left, and their waits
     * to end. */
    void (*stop)(void *ctx, struct group_process *p);
    /* Threads of it were on a node that has died: true: the owner is going to ask group_dead for them. False:
     * it cannot; the process ends with the status killed. Not called for a process that is ending. */
    bool (*bury)(void *ctx, struct group_process *p);
    /* It has no thread on any node (of an orphan: on this one). All that it had is given back, but p stays
     * until free. */
    void (*gone)(void *ctx, struct group_process *p);
    /* Who waits for a child of p should look again (group_wait). */
    void (*children_changed)(void *ctx, struct group_process *p);
};

struct group_counts {
    uint64_t sent, asked; /* messages; operations that waited */
    uint64_t begun, left; /* threads here for other nodes' processes */
    uint64_t buried;
    uint64_t bad; /* messages that cannot be; dropped */
};

struct group {
    struct group_config c;
    uint64_t dead; /* mask of nodes */
    int64_t numbers;
    uint32_t last_token;
    struct group_process *first; /* the table */
    struct group_op *ops;        /* that wait */
    struct group_counts counts;
};

/* 0 or CORE_EINVAL. */
int group_init(struct group *g, const struct group_config *c);
/* Operations end with CORE_ECLOSED; every process is freed, without gone. Sends nothing. */
void group_fini(struct group *g);
/* A message of enum group_type has come: a group_wire and what is behind it. Any bytes will do. */
void group_message(struct group *g, unsigned from, unsigned type, const void *data, size_t bytes);
/* The node is dead and will not be heard of again. */
void group_peer_dead(struct group *g, unsigned node);
static inline bool group_is_type(unsigned type)
{
    return (type >= GROUP_START && type <= GROUP_LEFT) || (type >= GROUP_SPAWN && type <= GROUP_CHILD) ||
           (type >= GROUP_STARTED && type <= GROUP_KILLED);
}
/* Which node gave that id; nodes if none could have. */
unsigned group_origin(const struct group *g, int32_t id);
/* The process or this node's replica of it, zombies too. NULL: there is none. */
struct group_process *group_find(const struct group *g, int32_t id);

/* ---- at the origin ---- */

/*
 * A new process, child of a process of this origin (NULL: of none). It has its first thread already, with
 * the process's id, which the caller begins; or it takes all back with group_discard. Meanwhile it may be
 * killed. CORE_OK, CORE_ENOMEM (no room, no id, too many children).
 */
int group_new(struct group *g, struct group_process *parent, struct group_process **out);
void group_discard(struct group *g, struct group_process *p);
/* A further thread begins on this node: its id, or CORE_ENOMEM, CORE_EINVAL (a replica), GROUP_EENDING. If it
 * does not begin after all: group_left. */
int32_t group_thread(struct group *g, struct group_process *p);
/*
 * A thread on that node, which may be this one: there begin is called. CORE_OK: it has begun, its id is
 * op->value. 1: op waits. Else, at once or later: CORE_EDEAD, CORE_ENOMEM, CORE_EINVAL (no such node; p is a
 * replica), GROUP_EENDING, GROUP_EREFUSED. Until done one of p's threads, or a hold, must be there.
 */
int group_start(struct group *g, struct group_process *p, unsigned node, const void *what, size_t bytes,
                uint64_t clear_tid, struct group_op *op);
/* One of p's threads that died with their nodes, each once, and then group_buried; false: there is no more.
 */
bool group_dead(struct group_process *p, int32_t *thread, uint64_t *clear_tid);
/* The owner has done for it what it would have done itself. Unless it holds p, p may be gone on return. */
void group_buried(struct group *g, struct group_process *p, int32_t thread);
/* A child whose origin is that node, another one. 1, or CORE_EDEAD, CORE_ENOMEM, CORE_EINVAL; later also
 * CORE_OK, GROUP_EREFUSED. As with group_start p must be there until done. */
int group_spawn(struct group *g, struct group_process *p, unsigned node, const void *what, size_t bytes,
                struct group_op *op);
/*
 * A child of p that has ended (id > 0: that one) is taken out of the books: its id, and its status. 0: there
 * are such children, but none has ended; children_changed says when to look again. GROUP_ENONE: there are
 * none.
 */
int32_t group_wait(struct group *g, struct group_process *p, int32_t id, int32_t *status);

/* ---- at a replica ---- */

/* For a thread that one of p's makes on this node: 1, or CORE_EDEAD, CORE_EINVAL (not a replica),
 * GROUP_EENDING. Later: CORE_OK, and the thread counts as begun; if it is not: group_left. */
int group_join(struct group *g, struct group_process *p, uint64_t clear_tid, struct group_op *op);

/* ---- anywhere ---- */

/* A thread of p on this node has ended; status: what the process ends with if it was the last and nothing
 * else has ended it. p may be gone on return. */
void group_left(struct group *g, struct group_process *p, int32_t thread, int32_t status);
/* All threads of it have to leave. Again: no effect. */
void group_end(struct group *g, struct group_process *p, int32_t status);
/* Work for p on this node begins; p does not go before group_release, after which it may be gone. */
void group_hold(struct group_process *p);
void group_release(struct group *g, struct group_process *p);
/* signal 0: only asks. CORE_OK or GROUP_ENONE, CORE_EINVAL (no such signal), CORE_EDEAD; 1: op waits. */
int group_kill(struct group *g, int32_t id, int32_t signal, struct group_op *op);
#endif
