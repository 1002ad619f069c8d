/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * member.h - which nodes there are: who has booted, of what architecture, and who is dead.
 *
 *     peer:   UNKNOWN --hello--> ALIVE --silence, failed, told--> DEAD, for ever
 *             UNKNOWN --nothing within join_ns, told--> DEAD
 *
 * Every node says hello to every other one each beat_ns, outside the message sequence, and each hello carries
 * the sender's architecture, its incarnation and whom it holds for dead. Nodes boot in any order: the first
 * hello makes a peer known, with its architecture, and opens it for messages; before that msg_post says
 * CORE_EAGAIN. Who has not been heard for silence_ns is dead. So is who comes with another incarnation (it
 * has rebooted), and who is dead to a node that is alive: all nodes agree soon. A death closes the peer's
 * messages, so everything that waits for it ends within silence_ns + beat_ns of its last word.
 *
 * A node that hears that others hold it for dead is told so by changed(self, DEAD): it must stop, for its
 * pages may have been given away.
 */
#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H
#include "guest-kernel/core/msg.h"

enum member_type { MEMBER_HELLO = 0x20 }; /* type of message; RAW */

struct member_hello {
    uint64_t dead; /* mask: dead to the sender */
    uint32_t incarnation;
    uint16_t arch;     /* enum core_arch */
    uint16_t complete; /* 1: the sender knows of every node that it is alive, or dead */
};
_Static_assert(sizeof(struct member_hello) == 16, "format");

enum member_state { MEMBER_UNKNOWN, MEMBER_ALIVE, MEMBER_DEAD };

struct member_config {
    const struct core_env *env;
    struct msg_layer *msg; /* its self, nodes and incarnation are used */
    enum core_arch arch;
    uint64_t beat_ns, silence_ns; /* silence: several beats */
    uint64_t join_ns;             /* 0: a node may boot as late as it likes */
    void *ctx;
    /* Once for each step of a peer's state; messages are opened or closed by then. May post; must not call
     * in. */
    void (*changed)(void *ctx, unsigned node, enum member_state state);
};

struct member {
    struct member_config c;
    struct {
        uint8_t state; /* enum member_state */
        uint8_t arch;
        uint8_t complete; /* it says that it knows all */
        uint64_t heard_ns;
    } peer[CORE_MAX_NODES];
    uint64_t dead; /* mask */
    uint64_t beat_at;
    bool expelled;
};

/* Says hello for the first time. 0 or CORE_EINVAL. */
int member_init(struct member *m, const struct member_config *c);
/* A message has come from there (msg.h's deliver, or the transport). */
void member_heard(struct member *m, unsigned from);
/* A message of type MEMBER_HELLO has come. */
void member_hello(struct member *m, unsigned from, const void *data, size_t bytes);
/* The node is dead for a reason that the caller knows, such as msg_poll's. */
void member_declare_dead(struct member *m, unsigned node);
/* Says hello if it is time, and looks who is silent. */
void member_poll(struct member *m);
enum member_state member_state(const struct member *m, unsigned node);
/* Everybody who is alive knows everybody. Before that no page may be used: a home could be asked to order
 * something from a node that it does not know. */
bool member_complete(const struct member *m);
/* CORE_ARCH_NONE as long as it is unknown. */
enum core_arch member_arch(const struct member *m, unsigned node);
#endif
