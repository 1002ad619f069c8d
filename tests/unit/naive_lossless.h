/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naive_lossless.h - a second, simple model of the lossless fabric, for comparison with the first: it goes
 * from one moment at which anything can happen to the next and looks at everything there is each time. It
 * shares no code with interconnect-model/ and knows nothing of lags, lookahead or agendas.
 */
#ifndef COB_NAIVE_LOSSLESS_H
#define COB_NAIVE_LOSSLESS_H

#include "interconnect-model/interconnect.h"

struct naive_packet {
    vtime_t inject_ps;
    unsigned port;
    uint16_t src, dst; /* node ids */
    uint8_t queue, class;
    uint32_t len;
    /* The result. */
    bool delivered;
    unsigned at; /* port */
    vtime_t deliver_ps;
};

struct naive_train {
    vtime_t time_ps;
    unsigned port;
};

/*
 * Runs packets (in order of time) and requests for training through a fabric of at most 16 links. layers:
 * virtual channels of each class. Queues of adapters have no limit, and no packet is malformed or too long.
 */
void naive_lossless(const struct ic_config *cfg, unsigned layers, struct naive_packet *packets, unsigned n,
                    const struct naive_train *trains, unsigned n_trains);

#endif
