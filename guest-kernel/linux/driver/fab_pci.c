// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PCI driver of Cob's fabric adapter: found as 1af4:1110 (an ivshmem-doorbell) with
 * FAB_MAGIC in BAR 0.
 *
 * The adapter stays off, its link untrained, until somebody opens a queue. Anything that stops the
 * device (removal, suspend) goes: faces stop posting, queues are taken from the device, owners are
 * told, and only then is memory given back.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fab.h"

static LIST_HEAD(adapters);
static DEFINE_MUTEX(adapters_lock);

/* ---- all adapters ---- */

struct fab_adapter *fab_get(unsigned int number)
{
	struct fab_adapter *fab, *found = NULL;

	mutex_lock(&adapters_lock);
	list_for_each_entry(fab, &adapters, list) {
		if (fab->number == number) {
			kref_get(&fab->ref);
			found = fab;
		}
	}
	mutex_unlock(&adapters_lock);
	return found;
}

static void fab_free(struct kref *ref)
{
	struct fab_adapter *fab = container_of(ref, struct fab_adapter, ref);

	pci_dev_put(fab->pdev);
	kfree(fab);
}

void fab_put(struct fab_adapter *fab)
{
	kref_put(&fab->ref, fab_free);
}

/* Puts it into the list under the smallest free number. */
static void enlist(struct fab_adapter *fab)
{
	struct fab_adapter *other;
	struct list_head *at = &adapters;

	mutex_lock(&adapters_lock);
	list_for_each_entry(other, &adapters, list) {
		if (other->number != fab->number)
			break;
		fab->number++;
		at = &other->list;
	}
	list_add(&fab->list, at);
	mutex_unlock(&adapters_lock);
}

static void delist(struct fab_adapter *fab)
{
	mutex_lock(&adapters_lock);
	list_del(&fab->list);
	mutex_unlock(&adapters_lock);
}

/* ---- the event vector ---- */

static irqreturn_t event_interrupt(int irq, void *data)
{
	struct fab_adapter *fab = data;
	u32 cause = readl(fab->regs + FAB_REG_CAUSE);

	writel(cause, fab->regs + FAB_REG_CAUSE);
	atomic_or(cause & FAB_CAUSE_ALL, &fab->causes);
	schedule_work(&fab->work);
	return IRQ_HANDLED;
}

static void tell(struct fab_adapter *fab, enum cob_fabric_event event)
{
	int i;

	for (i = 0; i < FAB_QUEUES; i++) {
		if (fab->queue[i])
			fab->queue[i]->ops->event(fab->queue[i], event);
	}
}

static void link_changed(struct fab_adapter *fab)
{
	bool up = readl(fab->regs + FAB_REG_LINK) & FAB_LINK_UP;

	if (up == fab->link_up)
		return;
	WRITE_ONCE(fab->link_up, up);
	if (fab->net)
		fab_net_link(fab);
	tell(fab, up ? COB_FABRIC_LINK_UP : COB_FABRIC_LINK_DOWN);
}

static void queues_stopped(struct fab_adapter *fab)
{
	u32 stopped = readl(fab->regs + FAB_REG_QERROR);
	int i;

	for (i = 0; i < FAB_QUEUES; i++) {
		struct fab_queue *q = fab->queue[i];

		if (!(stopped & BIT(i)) || !q || q->state)
			continue;
		dev_err(&fab->pdev->dev, "queue %d stopped with error %u\n", i,
			READ_ONCE(q->status->error));
		fab_queue_stop(q, -EIO);
		q->ops->event(q, COB_FABRIC_QUEUE_ERROR);
	}
}

static void event_work(struct work_struct *work)
{
	struct fab_adapter *fab = container_of(work, struct fab_adapter, work);
	u32 causes = atomic_xchg(&fab->causes, 0);

	mutex_lock(&fab->lock);
	if (fab->state == FAB_ON) {
		if (causes & FAB_CAUSE_LINK)
			link_changed(fab);
		if (causes & FAB_CAUSE_QUEUE)
			queues_stopped(fab);
		if (causes & (FAB_CAUSE_DOORBELL | FAB_CAUSE_ADMIN | FAB_CAUSE_EVENT))
			dev_warn(&fab->pdev->dev, "the adapter refused something: causes %#x\n",
				 causes);
	}
	mutex_unlock(&fab->lock);
}

/* ---- probe and remove ---- */

static int map_device(struct fab_adapter *fab)
{
	struct pci_dev *pdev = fab->pdev;
	u32 node, version;
	int err;

	err = pci_enable_device(pdev);
	if (err)
		return err;
	err = pci_request_region(pdev, 0, FAB_NAME);
	if (err)
		goto disable;
	err = -ENODEV;
	if (pci_resource_len(pdev, 0) < FAB_REG_END)
		goto release;
	fab->regs = pci_iomap(pdev, 0, 0);
	if (!fab->regs) {
		err = -ENOMEM;
		goto release;
	}
	if (readl(fab->regs + FAB_REG_MAGIC) != FAB_MAGIC)
		goto unmap; /* an ordinary ivshmem device: not ours */
	version = readl(fab->regs + FAB_REG_VERSION);
	if (version != FAB_VERSION) {
		dev_err(&pdev->dev, "version %u of the adapter; this driver knows %u\n", version,
			FAB_VERSION);
		goto unmap;
	}
	node = readl(fab->regs + FAB_REG_NODE);
	fab->node = node & 0xffff;
	fab->n_nodes = node >> 16;
	fab->mtu_bytes = readl(fab->regs + FAB_REG_MTU);
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto unmap;
	pci_set_master(pdev);
	fab_reset(fab); /* whatever drove it before */
	err = pci_alloc_irq_vectors(pdev, FAB_VECTORS, FAB_VECTORS, PCI_IRQ_MSIX);
	if (err < 0) {
		dev_err(&pdev->dev, "needs %u MSI-X vectors\n", FAB_VECTORS);
		goto unmap;
	}
	return 0;

unmap:
	pci_iounmap(pdev, fab->regs);
release:
	pci_release_region(pdev, 0);
disable:
	pci_disable_device(pdev);
	return err;
}

static void unmap_device(struct fab_adapter *fab)
{
	struct pci_dev *pdev = fab->pdev;

	pci_free_irq_vectors(pdev);
	pci_iounmap(pdev, fab->regs);
	pci_release_region(pdev, 0);
	pci_disable_device(pdev);
}

static int fab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fab_adapter *fab = kzalloc(sizeof(*fab), GFP_KERNEL);
	int err;

	if (!fab)
		return -ENOMEM;
	kref_init(&fab->ref);
	fab->pdev = pci_dev_get(pdev);
	mutex_init(&fab->lock);
	spin_lock_init(&fab->trace_lock);
	INIT_LIST_HEAD(&fab->memory);
	INIT_WORK(&fab->work, event_work);
	err = map_device(fab);
	if (err)
		goto put;
	err = fab_admin_init(fab);
	if (err)
		goto unmap;
	err = request_irq(pci_irq_vector(pdev, FAB_QUEUES), event_interrupt, 0, FAB_NAME "-events",
			  fab);
	if (err)
		goto admin;
	pci_set_drvdata(pdev, fab);
	enlist(fab);
	err = fab_net_init(fab);
	if (err)
		goto events;
	err = fab_chr_init(fab);
	if (err)
		goto net;
	dev_info(&pdev->dev, "fabric adapter %u: node %u of %u, %u bytes a packet\n", fab->number,
		 fab->node, fab->n_nodes, fab->mtu_bytes);
	return 0;

net:
	fab_net_exit(fab);
events:
	delist(fab);
	free_irq(pci_irq_vector(pdev, FAB_QUEUES), fab);
	cancel_work_sync(&fab->work);
admin:
	fab_admin_exit(fab);
unmap:
	unmap_device(fab);
put:
	fab_put(fab);
	return err;
}

/* Queues that are still open stay with their owners, without rings; they can only be closed. */
static void fab_remove(struct pci_dev *pdev)
{
	struct fab_adapter *fab = pci_get_drvdata(pdev);
	struct fab_memory *m;
	int i;

	delist(fab); /* no new client */
	fab_net_exit(fab);
	fab_chr_exit(fab);
	free_irq(pci_irq_vector(pdev, FAB_QUEUES), fab);
	cancel_work_sync(&fab->work);
	mutex_lock(&fab->lock);
	if (fab->state != FAB_SUSPENDED)
		fab_reset(fab);
	for (i = 0; i < FAB_QUEUES; i++) {
		if (fab->queue[i])
			fab_queue_stop(fab->queue[i], -ENODEV);
	}
	list_for_each_entry(m, &fab->memory, list)
		fab_memory_unmap(m);
	tell(fab, COB_FABRIC_GONE);
	fab->state = FAB_GONE;
	mutex_unlock(&fab->lock);
	fab_admin_exit(fab);
	unmap_device(fab);
	fab_put(fab);
}

/* ---- suspend ---- */

static int fab_suspend(struct device *dev)
{
	struct fab_adapter *fab = dev_get_drvdata(dev);
	int i;

	fab_net_suspend(fab);
	mutex_lock(&fab->lock);
	fab->was_on = fab->state == FAB_ON;
	fab_reset(fab);
	for (i = 0; i < FAB_QUEUES; i++) {
		if (fab->queue[i])
			fab_queue_stop(fab->queue[i], -ENETDOWN);
	}
	tell(fab, COB_FABRIC_SUSPENDED);
	fab->state = FAB_SUSPENDED;
	mutex_unlock(&fab->lock);
	flush_work(&fab->work);
	return 0;
}

static int fab_resume(struct device *dev)
{
	struct fab_adapter *fab = dev_get_drvdata(dev);
	int err = 0;

	mutex_lock(&fab->lock);
	fab_reset(fab);
	if (fab->was_on)
		err = fab_enable(fab);
	if (!err && fab->was_on) {
		fab_memory_restore(fab);
		tell(fab, COB_FABRIC_RESUMED);
	}
	mutex_unlock(&fab->lock);
	fab_net_resume(fab);
	return err;
}

static DEFINE_SIMPLE_DEV_PM_OPS(fab_pm_ops, fab_suspend, fab_resume);

/* The next kernel finds a device that touches no memory. */
static void fab_shutdown(struct pci_dev *pdev)
{
	struct fab_adapter *fab = pci_get_drvdata(pdev);

	mutex_lock(&fab->lock);
	fab_reset(fab);
	mutex_unlock(&fab->lock);
}

static const struct pci_device_id fab_ids[] = {{PCI_DEVICE(FAB_PCI_VENDOR, FAB_PCI_DEVICE)}, {}};
MODULE_DEVICE_TABLE(pci, fab_ids);

static struct pci_driver fab_driver = {
	.name = FAB_NAME,
	.id_table = fab_ids,
	.probe = fab_probe,
	.remove = fab_remove,
	.shutdown = fab_shutdown,
	.driver.pm = pm_sleep_ptr(&fab_pm_ops),
};
module_pci_driver(fab_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Cob's fabric adapter");
