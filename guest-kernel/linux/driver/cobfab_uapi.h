/* SPDX-License-Identifier: GPL-2.0-or-later OR MIT */
/*
 * What /dev/cobfab<n> understands. Programs use the library (cobfab.h), which says
 * what each means.
 *
 * Everything goes through ioctl: the adapter's registers share one page with its doorbells, so they
 * cannot be given to a process. Each open file may open one queue; memory that descriptors name has
 * been registered in the same file.
 */
#ifndef COBFAB_UAPI_H
#define COBFAB_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct cobfab_info {
	__u16 node, n_nodes;
	__u32 mtu_bytes; /* payload of a full packet */
	__u32 rate_mbps;
	__u32 link_up;
	__u16 first_queue, last_queue; /* that processes may open */
	__u32 zero;
};

struct cobfab_queue {
	__u16 queue, n_send, n_recv, zero;
};

struct cobfab_region {
	__u64 addr, length;
	__u32 access; /* FAB_ACCESS_*, 0: only own descriptors use it */
	__u32 handle; /* out: names it in descriptors */
	__u32 key;    /* out: names it for peers, 0 without access */
	__u32 zero;
};

struct cobfab_op {
	__u8 op; /* enum fab_op; FAB_OP_RECV posts a receive buffer */
	__u8 zero;
	__u16 peer;
	__u32 len;
	__u32 handle; /* of the own memory; ignored if len is 0 */
	__u32 key;    /* of the peer's */
	__u64 offset; /* in the own memory */
	__u64 cookie;
	__u64 remote; /* offset in the peer's memory */
	__u64 operand, compare;
	__u32 imm;
	__u32 zero2;
};

struct cobfab_post {
	__u64 ops;     /* array of struct cobfab_op */
	__u32 n;       /* 1 .. 1024 */
	__u32 posted;  /* out */
	__u64 time_ns; /* out: device time just before the doorbells; in: 0 if not wanted, else 1 */
};

struct cobfab_done {
	__u64 cookie;
	__u64 time_ns;
	__u32 len;
	__u32 imm;
	__u16 peer;
	__u16 flags; /* FAB_CQE_DATAGRAM, FAB_CQE_WRITE */
	__u8 op;
	__u8 status; /* enum fab_completion */
	__u16 zero;
};

struct cobfab_reap {
	__u64 done;	  /* array of struct cobfab_done */
	__u32 max;	  /* 1 .. 1024 */
	__u32 n;	  /* out */
	__s64 timeout_ns; /* for the first one; negative: for ever */
	__u64 time_ns; /* out: device time when the first one was found; in: 0 if not wanted, else 1
			*/
};

struct cobfab_event {
	__u16 type, len; /* bytes of data, at most 248 */
	__u32 arg;
	__u64 data; /* address */
};

#define COBFAB_IOC_INFO	      _IOR('f', 1, struct cobfab_info)
#define COBFAB_IOC_OPEN	      _IOW('f', 2, struct cobfab_queue)
#define COBFAB_IOC_REGISTER   _IOWR('f', 3, struct cobfab_region)
#define COBFAB_IOC_UNREGISTER _IOW('f', 4, __u32)
#define COBFAB_IOC_POST	      _IOWR('f', 5, struct cobfab_post)
#define COBFAB_IOC_REAP	      _IOWR('f', 6, struct cobfab_reap)
#define COBFAB_IOC_TIME	      _IOR('f', 7, __u64)
#define COBFAB_IOC_EVENT      _IOW('f', 8, struct cobfab_event)
#define COBFAB_IOC_COUNTERS   _IOR('f', 9, __u64[32]) /* struct fab_counters */

#endif
