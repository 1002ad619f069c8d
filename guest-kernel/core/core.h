/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core.h - what all parts of the protocol core share: the environment, outcomes, string functions.
 *
 * The core is portable C: the kernel of each instruction set compiles it, and so does the host, for tests.
 * Each part (msg.h, member.h, page.h) is a struct that takes calls and calls back; there are no globals, no
 * threads and no locks: whoever owns a node's structs lets one thread in at a time. Nothing here blocks.
 *
 * Freestanding: the compiler may call memcpy, memset, memmove and memcmp, as it may in every program; nothing
 * else is called from outside. All that is sent is little endian; all supported machines are.
 */
#ifndef CORE_H
#define CORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CORE_MAX_NODES = 64, /* sets of nodes are masks of 64 bits */
    CORE_NO_NODE = 0xffff,
};

/* Outcomes. Functions that return int return one of these, or what their comment says. */
enum core_status {
    CORE_OK = 0,
    CORE_ENOMEM = -1,  /* memory for it was not there; nothing has been sent */
    CORE_EDEAD = -2,   /* a node that is needed for it is dead */
    CORE_ETIME = -3,   /* its deadline has passed */
    CORE_ELOST = -4,   /* the page's only copy was on a node that is dead */
    CORE_EAGAIN = -5,  /* the peer has not been heard of yet */
    CORE_EINVAL = -6,  /* a peer sent what cannot be, or the caller asked for it */
    CORE_ECLOSED = -7, /* the part was torn down while it waited */
};

/* Instruction sets, as nodes announce them. */
enum core_arch { CORE_ARCH_NONE, CORE_ARCH_X86_64, CORE_ARCH_AARCH64, CORE_ARCH_RISCV64 };

struct msg;

/*
 * What a node lends to its parts. ctx is handed to each call; both must outlive the parts.
 * A part calls these from within its own functions, so none of them may call back into it.
 */
struct core_env {
    void *ctx;
    /* Takes a message to a node other than this one; header and data are copied before it returns. What it
     * cannot send it may drop (msg.h repeats), unless struct msg_config says that the transport is reliable.
     */
    void (*send)(void *ctx, unsigned to, const struct msg *m, const void *data, size_t bytes);
    uint64_t (*now_ns)(void *ctx);
    /* Wishes that the parts' poll functions are called at that time; earlier or more often does no harm. */
    void (*timer)(void *ctx, uint64_t at_ns);
    void *(*alloc)(void *ctx, size_t bytes); /* NULL if there is none; aligned to 8; contents undefined */
    void (*free)(void *ctx, void *memory, size_t bytes);
    /* A record for the adapter's event port; may be NULL. */
    void (*event)(void *ctx, unsigned type, uint32_t arg, const void *data, size_t bytes);
    /*
     * One-sided writes (msg_bulk.h); NULL if the transport has none. expose: that memory, in parts of 1 <<
     * shift bytes, may be written to by who names the key, until hide(); list and memory stay where they are.
     * CORE_OK or CORE_ENOMEM. write: copies data before it returns; they are there before what is sent to
     * that node later; a key that is not there (any more) is no failure of the node.
     */
    int (*expose)(void *ctx, uint32_t key, void *const *part, unsigned shift, size_t bytes);
    void (*hide)(void *ctx, uint32_t key);
    void (*write)(void *ctx, unsigned to, uint32_t key, uint32_t offset, const void *data, size_t bytes);
};

/* Types of events. arg and data are described where they are emitted. */
enum core_event { CORE_EVENT_MEMBER = 0x20, CORE_EVENT_PAGE = 0x21 };

static inline uint64_t core_bit(unsigned node)
{
    return (uint64_t)1 << node;
}

static inline unsigned core_first(uint64_t mask) /* mask must not be 0 */
{
    return (unsigned)__builtin_ctzll(mask);
}

void core_copy(void *to, const void *from, size_t bytes);
void core_zero(void *to, size_t bytes);
bool core_is_zero(const void *memory, size_t bytes); /* memory is aligned to 8, bytes a multiple of 8 */
#endif
