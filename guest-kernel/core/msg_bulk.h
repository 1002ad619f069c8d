/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * msg_bulk.h - bulk: more bytes than a message holds, written into a place in the memory of who asks.
 *
 *     who asks                                                who answers
 *     msg_place_open()
 *     request, with the place's name in its data      --->
 *     the place's memory                              <---    msg_write(), any number of them
 *     answered(): what was written before is there    <---    msg_answer()
 *     done(): msg_place_close()
 *
 * Over a reliable transport that has one-sided writes (core_env: expose, hide, write) a write is one of them,
 * in order with messages, and who asks is not interrupted for it. Over any other the bytes go as messages of
 * type MSG_PIECE, in sequence with all others. Both end alike.
 *
 * A place is one peer's, until it is closed. What comes later, is meant for an earlier place of that slot, or
 * goes beyond the place's end, is refused and does nothing (one-sided: by the transport; else
 * counts.refused). That the peer is the one who writes is looked at for messages; with one-sided writes, who
 * guesses the key may write as well. When the peer is dead its request ends, and the place is closed as
 * always.
 */
#ifndef CORE_MSG_BULK_H
#define CORE_MSG_BULK_H
#include "guest-kernel/core/msg.h"

enum msg_type { MSG_PIECE = 0x21 }; /* struct msg_piece and bytes; never RAW */

struct msg_bulk { /* a place, as a request names it */
    uint32_t key; /* slot in bits 0 to 7, then a number that grows with each place; 0: there is none */
    uint32_t bytes;
};

struct msg_piece { /* the bytes follow */
    uint32_t key, offset;
};
_Static_assert(sizeof(struct msg_bulk) == 8 && sizeof(struct msg_piece) == 8, "format");

struct msg_place { /* the caller's, with list and memory, until it is closed */
    struct msg_bulk name;
    unsigned peer, shift;
    void *const *part; /* the memory, in parts of 1 << shift bytes each */
};

/*
 * Opens a place for peer. part: as many as bytes need; shift is 12 to 30 if the transport writes.
 * 0: p->name is to be sent. CORE_ENOMEM: too many are open (MSG_PLACES), or the transport has no memory for
 * it. CORE_EINVAL: no such peer, no bytes.
 */
int msg_place_open(struct msg_layer *m, struct msg_place *p, unsigned peer, void *const *part, unsigned shift,
                   uint32_t bytes);
/* Nothing is written there any more. Also after msg_fini(). */
void msg_place_close(struct msg_layer *m, struct msg_place *p);
/*
 * Writes into a place of a peer, which asked and has not got its answer yet. data are copied. 0, CORE_EAGAIN,
 * CORE_EDEAD, CORE_ENOMEM as msg_post(); a part may have been written then. CORE_EINVAL: it is beyond the
 * place's end.
 */
int msg_write(struct msg_layer *m, unsigned to, const struct msg_bulk *place, uint32_t offset,
              const void *data, uint32_t bytes);
#endif
