/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric_credit.c - who may send messages to us: a credit is a receive buffer and an entry of the completion
 * ring that are kept for one peer.
 *
 * Each peer has up to (buffers posted / nodes) unused credits; every answer brings them up to that. If there
 * are fewer buffers than nodes, credits are given one by one to those who ask (FAB_W_CREDIT). Who asks and
 * gets none is remembered, and served in turn when buffers or entries come. Credits that a peer has not used
 * for four time-outs are taken back if somebody else needs them; if that peer's message comes after
 * all, it is sent back (FAB_NAK_NO_CREDIT), not lost.
 */
#include "devices/fabric/fabric_internal.h"

void fab_credit_renew(struct fab *f, struct fab_queue *q, unsigned src)
{
    struct fab_rx *rx = &q->rx[src];
    uint32_t posted = (uint16_t)(q->recv_tail - q->recv_taken), limit = posted / f->cfg.n_nodes;
    uint32_t unused = rx->granted - rx->taken, room = posted > q->granted ? posted - q->granted : 0;

    if (limit == 0 && (q->want & fab_bit(src)))
        limit = 1;
    if (room > fab_ring_room_recv(q))
        room = fab_ring_room_recv(q);
    if (unused < limit && room) {
        uint32_t more = limit - unused < room ? limit - unused : room;
        rx->granted += more;
        q->granted += more;
        unused += more;
        rx->granted_ps = fab_now(f);
    }
    if (unused)
        q->want &= ~fab_bit(src);
}

void fab_credit_return(struct fab_queue *q, struct fab_rx *rx)
{
    q->granted -= rx->granted - rx->taken;
    rx->granted = rx->taken;
}

void fab_credit_used(struct fab *f, struct fab_queue *q, unsigned src)
{
    q->rx[src].taken++;
    q->rx[src].granted_ps = fab_now(f);
    q->granted--;
}

void fab_credit_serve(struct fab *f, struct fab_queue *q)
{
    while (q->want) {
        unsigned src = fab_turn(q->want, q->want_turn);
        fab_credit_renew(f, q, src);
        if (q->want & fab_bit(src))
            return; /* no more */
        q->want_turn = (src + 1) % FAB_NODES;
        fab_answer_due(f, q, &q->ack, src);
    }
}

void fab_credit_wanted(struct fab *f, struct fab_queue *q, unsigned src)
{
    vtime_t now = fab_now(f);

    q->want |= fab_bit(src);
    fab_credit_renew(f, q, src);
    if (!(q->want & fab_bit(src)))
        return;
    for (unsigned i = 0; i < f->cfg.n_nodes; i++)
        if (fab_credit_left(&q->rx[i]) && !q->rx[i].in_message &&
            now - q->rx[i].granted_ps > 4 * f->timeout_ps)
            fab_credit_return(q, &q->rx[i]);
    fab_credit_serve(f, q);
}
