/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adapter.h - the driver of the fabric adapter (devices/fabric/fabric_abi.h): reliable messages and
 * datagrams, one interrupt per queue. Without an adapter everything but adapter_here() does nothing and sends
 * fail.
 */
#ifndef KERNEL_ADAPTER_H
#define KERNEL_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADAPTER_BUFFER = 8192 };

void adapter_init(void);
bool adapter_here(void);
unsigned adapter_node(void);
unsigned adapter_nodes(void);
unsigned adapter_packet_bytes(void); /* the most that a datagram may have; 0 without an adapter */
/* Virtual ns since the machine was switched on: the same clock on all nodes. 0 without an adapter. */
uint64_t adapter_time_ns(void);
/* Ends the node's part with this status; returns only if there is no adapter. */
void adapter_result(unsigned status);
/* A record for the run's trace; at most 248 bytes of data, more are cut off. */
void adapter_event(unsigned type, uint32_t argument, const void *data, size_t bytes);

/*
 * Sets a queue up; receive() is then called from its interrupt for every message (the data is valid until it
 * returns), sent() for every message sent, with its cookie and enum fab_completion. -1: no adapter, no
 * interrupt or no memory.
 */
int adapter_queue(unsigned q, void (*receive)(unsigned q, unsigned peer, const void *data, size_t bytes),
                  void (*sent)(unsigned q, uint64_t cookie, unsigned status));
enum { ADAPTER_PENDING = 31 }; /* so many messages of a queue may be under way */
struct adapter_message {
    const void *head, *data; /* are copied; data may be empty */
    size_t head_bytes, bytes;
    const void *page; /* a page that follows, or NULL; it is read where it is until sent() is called */
    uint32_t key;     /* adapter_write(): into that region of the peer's, from that byte on */
    uint64_t offset;
};
/* -1: too long, or too many under way. */
int adapter_send(unsigned q, unsigned peer, const struct adapter_message *m, uint64_t cookie);
/* The same; may be lost, and must not be larger than a packet. */
int adapter_datagram(unsigned q, unsigned peer, const struct adapter_message *m, uint64_t cookie);
/* Writes into a region: nobody there is told. In order with adapter_send() to that peer by that queue.
 * FAB_C_REMOTE: the region was not there (any more), or is too small; nothing, or a part, was written. */
int adapter_write(unsigned q, unsigned peer, const struct adapter_message *m, uint64_t cookie);
/*
 * Lets all peers that know the key write into memory, in parts of 1 << shift bytes, until
 * adapter_region_end(); the list and the parts are one to one with what the adapter sees (no stacks), and
 * stay. -1: it is refused.
 */
int adapter_region(uint32_t key, void *const *part, unsigned shift, size_t bytes);
void adapter_region_end(uint32_t key);
/* Who does not answer so many times is given up: waits first_ns, then twice that, and so on. -1: no. */
int adapter_timeout(unsigned tries, unsigned first_ns);
/* Enables the adapter: its link trains, messages flow. */
void adapter_enable(void);

/* The next character of the input port; -1: there is none, or no port. */
int adapter_input(void);
/* handler is called when some have come. */
void adapter_input_init(void (*handler)(void *argument));

/* adapter_test.c: if the command line says adapter=test, one message to and from every other node, by
 * interrupt. */
void adapter_test(void);

#endif
