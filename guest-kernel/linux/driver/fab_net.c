// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network interface fab<n>, on queue 0.
 *
 * An Ethernet frame without check sequence is one message. The address 52:54:00:cf:HH:LL is that of
 * node HH * 256 + LL. Unicast frames are reliable messages: in order, none lost between nodes that
 * live. Multicast frames go to every other node, one by one: as datagrams if a packet of the fabric
 * holds them, else as reliable messages.
 *
 * The adapter computes no checksums; they are made here in software for frames in pieces, so that
 * what is on the fabric is right for any receiver.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "fab.h"

#define N_SEND	    256
#define N_RECV	    64
#define RECV_ORDER  get_order(FAB_MAX_MESSAGE)
#define RECV_BYTES  FAB_MAX_MESSAGE /* one buffer: an order-RECV_ORDER page */
#define COPY_BYTES  2048	    /* shorter frames are copied: a buffer each would be a waste */
#define HEAD_BYTES  256		    /* of longer ones only so much is */
#define MAX_MTU	    (FAB_MAX_MESSAGE - ETH_HLEN)
#define DEFAULT_MTU 65520

static const u8 address_prefix[4] = {0x52, 0x54, 0x00, 0xcf};

struct fab_net {
	struct fab_adapter *fab;
	struct net_device *dev;
	struct napi_struct napi;
	struct fab_queue *q; /* while up and not suspended */
	struct work_struct restart;
	unsigned int need; /* free send slots that a frame may need: one for each other node */
};

/* ---- receiving ---- */

static int post_buffer(struct fab_net *net, struct page *page)
{
	struct device *dev = &net->fab->pdev->dev;
	struct fab_sge piece = {
		.addr = dma_map_page(dev, page, 0, RECV_BYTES, DMA_FROM_DEVICE),
		.len = RECV_BYTES,
	};
	int err;

	if (dma_mapping_error(dev, piece.addr))
		return -EIO;
	err = fab_queue_put_recv(net->q, &piece, 1, 0, page, true);
	if (err)
		dma_unmap_page(dev, piece.addr, RECV_BYTES, DMA_FROM_DEVICE);
	return err;
}

static struct page *new_buffer(gfp_t gfp)
{
	return alloc_pages(gfp | __GFP_COMP | __GFP_NOWARN, RECV_ORDER);
}

/* A frame out of a filled buffer. *page is replaced if the frame took it. NULL: no memory. */
static struct sk_buff *frame(struct fab_net *net, struct page **page, u32 len)
{
	u32 head = len > COPY_BYTES ? HEAD_BYTES : len;
	struct page *fresh = NULL;
	struct sk_buff *skb;

	if (len > COPY_BYTES) {
		fresh = new_buffer(GFP_ATOMIC);
		if (!fresh)
			return NULL;
	}
	skb = napi_alloc_skb(&net->napi, head);
	if (!skb) {
		if (fresh)
			__free_pages(fresh, RECV_ORDER);
		return NULL;
	}
	skb_put_data(skb, page_address(*page), head);
	if (fresh) {
		skb_add_rx_frag(skb, 0, *page, head, len - head, RECV_BYTES);
		*page = fresh;
	}
	return skb;
}

static void received(struct fab_net *net, const struct fab_done *done)
{
	struct net_device *dev = net->dev;
	struct page *page = done->context;
	struct sk_buff *skb = NULL;

	if (done->c.status != FAB_C_OK || done->c.len < ETH_HLEN || done->c.len > RECV_BYTES)
		dev->stats.rx_errors++;
	else
		skb = frame(net, &page, done->c.len);
	if (skb) {
		dev->stats.rx_packets++;
		dev->stats.rx_bytes += done->c.len;
		skb->protocol = eth_type_trans(skb, dev);
		napi_gro_receive(&net->napi, skb);
	} else if (done->c.status == FAB_C_OK) {
		dev->stats.rx_dropped++;
	}
	if (done->c.status == FAB_C_FLUSHED || post_buffer(net, page))
		__free_pages(page, RECV_ORDER);
}

/* ---- sending ---- */

static void sent(struct fab_net *net, const struct fab_done *done, int budget)
{
	struct sk_buff *skb = done->context;

	if (done->c.status == FAB_C_OK) {
		net->dev->stats.tx_packets++;
		net->dev->stats.tx_bytes += skb->len;
	} else {
		net->dev->stats.tx_errors++;
	}
	napi_consume_skb(skb, budget);
}

/* Maps a frame. Number of pieces, or an errno with nothing mapped. */
static int map_frame(struct fab_net *net, const struct sk_buff *skb, struct fab_sge *piece)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	struct device *dev = &net->fab->pdev->dev;
	int n = 0, i;

	piece[n].addr = dma_map_single(dev, skb->data, skb_headlen(skb), DMA_TO_DEVICE);
	piece[n].len = skb_headlen(skb);
	for (i = 0; i < info->nr_frags && !dma_mapping_error(dev, piece[n].addr); i++) {
		n++;
		piece[n].addr = skb_frag_dma_map(dev, &info->frags[i], 0,
						 skb_frag_size(&info->frags[i]), DMA_TO_DEVICE);
		piece[n].len = skb_frag_size(&info->frags[i]);
	}
	if (!dma_mapping_error(dev, piece[n].addr))
		return n + 1;
	while (n-- > 0)
		dma_unmap_single(dev, piece[n].addr, piece[n].len, DMA_TO_DEVICE);
	return -EIO;
}

/* One frame to one node; takes a reference of its own. */
static void send_to(struct fab_net *net, struct sk_buff *skb, u16 peer, enum fab_op op)
{
	struct device *dev = &net->fab->pdev->dev;
	struct fab_send desc = {.op = op, .peer = peer, .len = skb->len};
	struct fab_sge piece[FAB_MAX_SGE] = {};
	int n = map_frame(net, skb, piece);

	if (n > 0 && !fab_queue_put_send(net->q, &desc, piece, n, skb_get(skb), true))
		return;
	if (n > 0)
		kfree_skb(skb); /* the reference just taken */
	while (n-- > 0)
		dma_unmap_single(dev, piece[n].addr, piece[n].len, DMA_TO_DEVICE);
	net->dev->stats.tx_dropped++;
}

static void stop_if_full(struct fab_net *net)
{
	if (fab_queue_send_room(net->q) >= net->need)
		return;
	netif_stop_queue(net->dev);
	smp_mb(); /* poll() may have made room before it could see that we stopped */
	if (fab_queue_send_room(net->q) >= net->need)
		netif_start_queue(net->dev);
}

static netdev_tx_t fab_net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct fab_net *net = netdev_priv(dev);
	const struct ethhdr *eth;
	u16 node;

	if (skb_shinfo(skb)->nr_frags >= FAB_MAX_SGE && skb_linearize(skb))
		goto drop;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		goto drop;
	if (skb->len > FAB_MAX_MESSAGE)
		goto drop;
	skb_tx_timestamp(skb);
	eth = (struct ethhdr *)skb->data;
	if (is_multicast_ether_addr(eth->h_dest)) {
		for (node = 0; node < net->fab->n_nodes; node++) {
			if (node != net->fab->node)
				send_to(net, skb, node,
					skb->len <= net->fab->mtu_bytes ? FAB_OP_DATAGRAM
									: FAB_OP_SEND);
		}
	} else {
		node = eth->h_dest[4] << 8 | eth->h_dest[5];
		if (memcmp(eth->h_dest, address_prefix, sizeof(address_prefix)) ||
		    node >= net->fab->n_nodes || node == net->fab->node)
			goto drop;
		send_to(net, skb, node, FAB_OP_SEND);
	}
	stop_if_full(net);
	if (!netdev_xmit_more() || netif_queue_stopped(dev))
		fab_queue_kick_send(net->q, NULL);
	dev_consume_skb_any(skb); /* ours; each descriptor has its own */
	return NETDEV_TX_OK;

drop:
	dev->stats.tx_dropped++;
	if (!netdev_xmit_more())
		fab_queue_kick_send(net->q, NULL);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

/* ---- completions ---- */

static int fab_net_poll(struct napi_struct *napi, int budget)
{
	struct fab_net *net = container_of(napi, struct fab_net, napi);
	struct fab_done done;
	int n = 0;

	while (n < budget && fab_queue_next(net->q, &done)) {
		if (done.c.op == FAB_OP_RECV) {
			received(net, &done);
			n++;
		} else {
			sent(net, &done, budget);
		}
	}
	if (n > 0)
		fab_queue_kick_recv(net->q);
	smp_mb(); /* pairs with stop_if_full() */
	if (netif_queue_stopped(net->dev) && fab_queue_send_room(net->q) >= 2 * net->need)
		netif_wake_queue(net->dev);
	if (n < budget && napi_complete_done(napi, n))
		fab_queue_arm(net->q);
	return n;
}

static void fab_net_interrupt(struct fab_queue *q)
{
	struct fab_net *net = q->owner;

	napi_schedule_irqoff(&net->napi);
}

static void fab_net_event(struct fab_queue *q, enum cob_fabric_event event)
{
	struct fab_net *net = q->owner;

	/* Suspend and removal come through fab_net_suspend() and fab_net_exit(), without fab->lock.
	 */
	if (event == COB_FABRIC_QUEUE_ERROR)
		schedule_work(&net->restart);
}

static const struct fab_queue_ops net_ops = {
	.interrupt = fab_net_interrupt,
	.event = fab_net_event,
};

/* ---- up and down ---- */

/* Takes queue and NAPI down. With the rtnl lock. */
static void take_down(struct fab_net *net)
{
	struct fab_done done;

	if (!net->q)
		return;
	netif_tx_disable(net->dev);
	netif_carrier_off(net->dev);
	mutex_lock(&net->fab->lock);
	fab_queue_stop(net->q, -ENETDOWN);
	mutex_unlock(&net->fab->lock);
	napi_disable(&net->napi);
	while (fab_queue_next(net->q, &done)) {
		if (done.c.op == FAB_OP_RECV)
			__free_pages(done.context, RECV_ORDER);
		else
			sent(net, &done, 0);
	}
	mutex_lock(&net->fab->lock);
	fab_queue_release(net->q);
	fab_queue_close(net->q);
	mutex_unlock(&net->fab->lock);
	net->q = NULL;
}

static int bring_up(struct fab_net *net)
{
	struct fab_adapter *fab = net->fab;
	struct fab_queue *q;
	int i;

	mutex_lock(&fab->lock);
	q = fab_queue_open(fab, COB_FABRIC_NET_QUEUE, N_SEND, N_RECV, &net_ops, net);
	mutex_unlock(&fab->lock);
	if (IS_ERR(q))
		return PTR_ERR(q);
	net->q = q;
	napi_enable(&net->napi);
	for (i = 0; i < N_RECV; i++) {
		struct page *page = new_buffer(GFP_KERNEL);

		if (!page || post_buffer(net, page)) {
			if (page)
				__free_pages(page, RECV_ORDER);
			take_down(net);
			return -ENOMEM;
		}
	}
	fab_queue_kick_recv(q);
	fab_queue_arm(q);
	netif_start_queue(net->dev);
	fab_net_link(fab);
	return 0;
}

static int fab_net_open(struct net_device *dev)
{
	return bring_up(netdev_priv(dev));
}

static int fab_net_stop(struct net_device *dev)
{
	take_down(netdev_priv(dev));
	return 0;
}

/* The device stopped our queue: begin anew. */
static void restart(struct work_struct *work)
{
	struct fab_net *net = container_of(work, struct fab_net, restart);

	rtnl_lock();
	if (netif_running(net->dev) && net->q) {
		net->dev->stats.tx_carrier_errors++;
		take_down(net);
		if (bring_up(net))
			netdev_err(net->dev, "the queue cannot be started again\n");
	}
	rtnl_unlock();
}

void fab_net_suspend(struct fab_adapter *fab)
{
	rtnl_lock();
	netif_device_detach(fab->net->dev);
	take_down(fab->net);
	rtnl_unlock();
}

void fab_net_resume(struct fab_adapter *fab)
{
	rtnl_lock();
	if (netif_running(fab->net->dev) && bring_up(fab->net))
		netdev_err(fab->net->dev, "the queue cannot be started again\n");
	netif_device_attach(fab->net->dev);
	rtnl_unlock();
}

void fab_net_link(struct fab_adapter *fab)
{
	if (READ_ONCE(fab->link_up))
		netif_carrier_on(fab->net->dev);
	else
		netif_carrier_off(fab->net->dev);
}

/* ---- the interface ---- */

static void fab_net_tx_timeout(struct net_device *dev, unsigned int txqueue)
{
	struct fab_net *net = netdev_priv(dev);

	dev->stats.tx_errors++;
	schedule_work(&net->restart);
}

static const struct net_device_ops fab_net_ops = {
	.ndo_open = fab_net_open,
	.ndo_stop = fab_net_stop,
	.ndo_start_xmit = fab_net_xmit,
	.ndo_tx_timeout = fab_net_tx_timeout,
	.ndo_validate_addr = eth_validate_addr,
};

static int get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *settings)
{
	struct fab_net *net = netdev_priv(dev);

	mutex_lock(&net->fab->lock);
	if (net->fab->state != FAB_GONE)
		settings->base.speed = readl(net->fab->regs + FAB_REG_RATE);
	mutex_unlock(&net->fab->lock);
	settings->base.duplex = DUPLEX_FULL;
	settings->base.port = PORT_OTHER;
	settings->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static const struct ethtool_ops fab_ethtool_ops = {
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = get_link_ksettings,
};

int fab_net_init(struct fab_adapter *fab)
{
	u8 address[ETH_ALEN] = {[4] = fab->node >> 8, [5] = fab->node & 0xff};
	struct net_device *dev;
	struct fab_net *net;
	int err;

	dev = alloc_etherdev(sizeof(*net));
	if (!dev)
		return -ENOMEM;
	net = netdev_priv(dev);
	net->fab = fab;
	net->dev = dev;
	net->need = max(fab->n_nodes - 1, 1);
	INIT_WORK(&net->restart, restart);
	SET_NETDEV_DEV(dev, &fab->pdev->dev);
	strscpy(dev->name, "fab%d", sizeof(dev->name));
	memcpy(address, address_prefix, sizeof(address_prefix));
	eth_hw_addr_set(dev, address);
	dev->netdev_ops = &fab_net_ops;
	dev->ethtool_ops = &fab_ethtool_ops;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = MAX_MTU;
	dev->mtu = DEFAULT_MTU;
	dev->hw_features = NETIF_F_SG | NETIF_F_HW_CSUM;
	dev->features = dev->hw_features;
	netif_carrier_off(dev);
	netif_napi_add(dev, &net->napi, fab_net_poll);
	fab->net = net;
	err = register_netdev(dev);
	if (err) {
		fab->net = NULL;
		free_netdev(dev);
	}
	return err;
}

void fab_net_exit(struct fab_adapter *fab)
{
	struct fab_net *net = fab->net;

	unregister_netdev(net->dev); /* takes it down */
	cancel_work_sync(&net->restart);
	fab->net = NULL;
	free_netdev(net->dev);
}
