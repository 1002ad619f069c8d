// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers and admin commands of the adapter; see fab.h. */
#include <linux/dma-mapping.h>

#include "fab.h"

static unsigned int tries = 7;
module_param(tries, uint, 0444);
MODULE_PARM_DESC(tries, "how often an unanswered operation is tried, 1 to 15 (7)");

static unsigned int timeout_ns = 1000000;
module_param(timeout_ns, uint, 0444);
MODULE_PARM_DESC(timeout_ns, "wait for the first answer, doubled with each try (1000000)");

/* struct fab_counters is written behind the command. */
#define COUNTERS_OFFSET 64
#define ADMIN_BYTES	(COUNTERS_OFFSET + sizeof(struct fab_counters))

int fab_admin_init(struct fab_adapter *fab)
{
	struct device *dev = &fab->pdev->dev;

	fab->admin = dma_alloc_coherent(dev, ADMIN_BYTES, &fab->admin_dma, GFP_KERNEL);
	if (!fab->admin)
		return -ENOMEM;
	fab->trace = dma_alloc_coherent(dev, FAB_MAX_EVENT, &fab->trace_dma, GFP_KERNEL);
	if (!fab->trace) {
		dma_free_coherent(dev, ADMIN_BYTES, fab->admin, fab->admin_dma);
		return -ENOMEM;
	}
	return 0;
}

void fab_admin_exit(struct fab_adapter *fab)
{
	struct device *dev = &fab->pdev->dev;

	dma_free_coherent(dev, FAB_MAX_EVENT, fab->trace, fab->trace_dma);
	dma_free_coherent(dev, ADMIN_BYTES, fab->admin, fab->admin_dma);
}

int fab_admin(struct fab_adapter *fab, const struct fab_admin *command)
{
	static const int errnos[FAB_E_COUNT] = {
		[FAB_E_ADDRESS] = -EFAULT, [FAB_E_SIZE] = -EINVAL,   [FAB_E_INDEX] = -EINVAL,
		[FAB_E_QUEUE] = -EBUSY,	   [FAB_E_OP] = -EOPNOTSUPP, [FAB_E_KEY] = -ENOKEY,
		[FAB_E_STATE] = -ENETDOWN,
	};
	u32 status;

	lockdep_assert_held(&fab->lock);
	if (fab->state == FAB_GONE)
		return -ENODEV;
	*fab->admin = *command;
	writel(1, fab->regs + FAB_REG_ADMIN_GO); /* complete when the write is */
	status = readl(fab->regs + FAB_REG_ADMIN_STATUS);
	if (status >= FAB_E_COUNT) /* all ones: it has been pulled out */
		return -ENODEV;
	if (status != FAB_OK)
		dev_dbg(&fab->pdev->dev, "admin command %u: error %u\n", command->op, status);
	return errnos[status];
}

int fab_enable(struct fab_adapter *fab)
{
	struct fab_admin timeout = {
		.op = FAB_ADMIN_TIMEOUT,
		.count = clamp(tries, 1U, 15U),
		.delay_ns = timeout_ns,
	};
	int err;

	switch (fab->state) {
	case FAB_ON:
		return 0;
	case FAB_OFF:
		break;
	case FAB_SUSPENDED:
		return -ENETDOWN;
	case FAB_GONE:
		return -ENODEV;
	}
	writeq(fab->admin_dma, fab->regs + FAB_REG_ADMIN);
	writel(FAB_CAUSE_ALL, fab->regs + FAB_REG_MASK);
	writel(FAB_CONTROL_ENABLE, fab->regs + FAB_REG_CONTROL);
	fab->state = FAB_ON;
	err = fab_admin(fab, &timeout);
	if (err) {
		fab_reset(fab);
		return err;
	}
	/* The link may be up already, trained for the driver before us. */
	atomic_or(FAB_CAUSE_LINK, &fab->causes);
	schedule_work(&fab->work);
	return 0;
}

void fab_reset(struct fab_adapter *fab)
{
	writel(FAB_CONTROL_RESET, fab->regs + FAB_REG_CONTROL);
	readl(fab->regs + FAB_REG_CONTROL);
	fab->state = FAB_OFF;
	WRITE_ONCE(fab->link_up, false);
}

int fab_counters(struct fab_adapter *fab, struct fab_counters *out)
{
	struct fab_admin command = {
		.op = FAB_ADMIN_COUNTERS,
		.addr = {fab->admin_dma + COUNTERS_OFFSET},
		.length = sizeof(*out),
	};
	int err = fab->state == FAB_ON ? fab_admin(fab, &command) : -ENETDOWN;

	if (err)
		return err;
	dma_rmb();
	memcpy(out, (void *)fab->admin + COUNTERS_OFFSET, sizeof(*out));
	return 0;
}

u64 fab_time_ns(struct fab_adapter *fab)
{
	return readq(fab->regs + FAB_REG_TIME);
}

int fab_trace(struct fab_adapter *fab, u16 type, u32 arg, const void *data, size_t len)
{
	struct fab_event *event = fab->trace;
	unsigned long flags;

	if (len > FAB_MAX_EVENT - sizeof(*event))
		return -EINVAL;
	spin_lock_irqsave(&fab->trace_lock, flags);
	event->type = type;
	event->len = sizeof(*event) + len;
	event->arg = arg;
	memcpy(event + 1, data, len);
	writeq(fab->trace_dma,
	       fab->regs + FAB_REG_EVENT); /* has been read when the write is done */
	spin_unlock_irqrestore(&fab->trace_lock, flags);
	return 0;
}
