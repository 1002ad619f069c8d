// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel API at work: two nodes play ping-pong from their interrupt handlers, then
 * the lower one does each one-sided operation on the other's memory.
 *
 *	node 0: insmod cob_fabric_test.ko peer=1 &	node 1: insmod cob_fabric_test.ko peer=0
 *	cat /sys/module/cob_fabric_test/parameters/result
 *
 * insmod returns when the game is over: 0, or an error with its reason in the kernel's log. The
 * result of the lower node, averages in ns of device time:
 *
 *	kernel bytes=64 count=100 wire=1234 handler=567
 *
 * wire: from the time read just before the sender's post to the receiver's completion; handler:
 * from there to the receiver's callback (its instructions, at one a nanosecond).
 */
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "cob_fabric.h"

#define N_BUFFERS  8
#define WARM	   4 /* rounds that are not counted: in the first the peer may not be there yet */
#define PATIENCE_S 30

static unsigned int peer;
module_param(peer, uint, 0444);
MODULE_PARM_DESC(peer, "the other node");
static unsigned int count = 100;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "round trips (100)");
static unsigned int size = 64;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes of a message, 32 to 65536 (64)");
static unsigned int queue = COB_FABRIC_KERNEL_FIRST;
module_param(queue, uint, 0444);
MODULE_PARM_DESC(queue, "1 or 2 (1)");
static char result[128] = "none";
module_param_string(result, result, sizeof(result), 0444);
MODULE_PARM_DESC(result, "what was measured");

struct ball {
	u64 round;
	u64 arrived_ns; /* completion of the ball that this one answers */
	u64 handler_ns; /* and when the callback looked first */
	u64 key;	/* of the answering node's memory */
};

enum { COOKIE_SEND = 1000, COOKIE_ONE_SIDED };

static struct {
	struct cob_fabric_queue *q;
	bool serves; /* the lower node */
	struct ball *out;
	void *in[N_BUFFERS];
	u64 *memory; /* for one-sided operations: the peer's target, here the source */
	u32 key;
	u64 round, post_ns;
	u64 wire_ns, handler_ns;
	u64 peer_key;
	int status; /* of the last send or one-sided operation */
	struct completion sent, over, one_sided;
} game;

static int serve(u64 round)
{
	game.out->round = round;
	game.post_ns = cob_fabric_time_ns(game.q);
	return cob_fabric_send(game.q, peer, game.out, size, 0, COOKIE_SEND);
}

static void receive(const struct cob_fabric_done *done)
{
	struct ball *in = game.in[done->cookie];
	u64 now = cob_fabric_time_ns(game.q);

	if (done->status != FAB_C_OK || done->peer != peer || done->len != size)
		return;
	if (game.serves && game.round < WARM) {
		game.peer_key = in->key;
		game.round++;
	} else if (game.serves) {
		game.wire_ns += in->arrived_ns - game.post_ns;
		game.handler_ns += in->handler_ns - in->arrived_ns;
		game.round++;
	} else {
		game.round = in->round + 1;
		game.out->arrived_ns = done->time_ns;
		game.out->handler_ns = now;
		game.out->key = game.key;
	}
	cob_fabric_post_recv(game.q, in, size, done->cookie);
	if (!game.serves)
		serve(in->round);
	if (game.round == count + WARM)
		complete(&game.over);
	else if (game.serves)
		serve(game.round);
}

static void test_done(void *ctx, const struct cob_fabric_done *done)
{
	if (done->op == FAB_OP_RECV) {
		receive(done);
		return;
	}
	game.status = done->status;
	complete(done->cookie == COOKIE_SEND ? &game.sent : &game.one_sided);
}

static void test_event(void *ctx, enum cob_fabric_event event)
{
	pr_info("cob_fabric_test: event %d\n", event);
}

static const struct cob_fabric_ops test_ops = {.done = test_done, .event = test_event};

/* One operation on the peer's first words, from or to ours. 0 or an errno. */
static int one_sided(u8 op, u64 operand, u64 compare)
{
	struct cob_fabric_piece piece = {game.memory, op >= FAB_OP_CAS ? 8 : 64};
	struct cob_fabric_op what = {
		.op = op,
		.n_piece = 1,
		.piece = &piece,
		.peer = peer,
		.cookie = COOKIE_ONE_SIDED,
		.key = game.peer_key,
		.operand = operand,
		.compare = compare,
	};
	int err = cob_fabric_post(game.q, &what);

	if (err)
		return err;
	if (!wait_for_completion_timeout(&game.one_sided, PATIENCE_S * HZ))
		return -ETIMEDOUT;
	return game.status == FAB_C_OK ? 0 : -EREMOTEIO;
}

static int all_one_sided(void)
{
	int err;

	game.memory[0] = 40;
	err = one_sided(FAB_OP_WRITE, 0, 0); /* peer: 40 */
	if (!err)
		err = one_sided(FAB_OP_FETCH_ADD, 2, 0); /* peer: 42, here: 40 */
	if (!err && game.memory[0] != 40)
		err = -EBADMSG;
	if (!err)
		err = one_sided(FAB_OP_CAS, 7, 42); /* peer: 7, here: 42 */
	if (!err && game.memory[0] != 42)
		err = -EBADMSG;
	if (!err)
		err = one_sided(FAB_OP_CAS, 8, 42); /* unchanged, here: 7 */
	if (!err)
		err = one_sided(FAB_OP_READ, 0, 0);
	if (!err && game.memory[0] != 7)
		err = -EBADMSG;
	return err;
}

/* The first ball is served until the peer has opened its queue. */
static int play(void)
{
	unsigned int tries = 200;
	int err;

	while (game.serves && tries-- > 0) {
		err = serve(0);
		if (err)
			return err;
		wait_for_completion(&game.sent);
		if (game.status == FAB_C_OK ||
		    (game.status != FAB_C_NO_QUEUE && game.status != FAB_C_PEER))
			break;
	}
	if (!wait_for_completion_timeout(&game.over, PATIENCE_S * HZ))
		return -ETIMEDOUT;
	if (!game.serves)
		return 0;
	snprintf(result, sizeof(result), "kernel bytes=%u count=%u wire=%llu handler=%llu", size,
		 count, game.wire_ns / count, game.handler_ns / count);
	return all_one_sided();
}

static void clean_up(void)
{
	unsigned int i;

	if (game.key)
		cob_fabric_unregister(game.q, game.key);
	cob_fabric_close(game.q);
	for (i = 0; i < N_BUFFERS; i++)
		kfree(game.in[i]);
	kfree(game.out);
	kfree(game.memory);
}

static int __init test_init(void)
{
	unsigned int i;
	int err;

	if (size < sizeof(struct ball) || size > FAB_MAX_MESSAGE || !count)
		return -EINVAL;
	init_completion(&game.sent);
	init_completion(&game.over);
	init_completion(&game.one_sided);
	game.q = cob_fabric_open(0, queue, N_BUFFERS, N_BUFFERS, &test_ops, NULL);
	if (IS_ERR(game.q))
		return PTR_ERR(game.q);
	game.serves = cob_fabric_node(game.q) < peer;
	game.out = kzalloc(size, GFP_KERNEL);
	game.memory = kzalloc(64, GFP_KERNEL);
	err = game.out && game.memory ? 0 : -ENOMEM;
	if (!err)
		err = cob_fabric_register(game.q, game.memory, 64,
					  FAB_ACCESS_READ | FAB_ACCESS_WRITE | FAB_ACCESS_ATOMIC,
					  &game.key);
	for (i = 0; !err && i < N_BUFFERS; i++) {
		game.in[i] = kzalloc(size, GFP_KERNEL);
		err = game.in[i] ? cob_fabric_post_recv(game.q, game.in[i], size, i) : -ENOMEM;
	}
	if (!err)
		err = play();
	if (err) {
		pr_err("cob_fabric_test: failed with %d, last status %d, round %llu\n", err,
		       game.status, game.round);
		clean_up();
	}
	return err;
}

static void __exit test_exit(void)
{
	clean_up();
}

module_init(test_init);
module_exit(test_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Ping-pong and one-sided operations over Cob's kernel API");
