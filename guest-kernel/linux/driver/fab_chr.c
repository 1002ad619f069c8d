// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Here is /dev/cobfab<n>: queues 3 to 7 for processes; cobfab_uapi.h has the commands.
 *
 * A process names memory by handles of pages that it has pinned here, never by address, and
 * completions are copied out: nothing it says reaches the adapter unchecked. A file's lock covers
 * its queue pointer, its memory and the references of descriptors; it is taken before fab->lock and
 * never while waiting.
 *
 * When the adapter is removed everything fails with -ENODEV; the file can only be closed. After a
 * suspend what was outstanding comes back as flushed and posts fail with -ENETDOWN: the file must
 * be opened anew.
 */
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "cobfab_uapi.h"
#include "fab.h"

#define MAX_BATCH 1024
#define MAX_RING  4096

struct fab_chr {
	struct miscdevice misc;
	struct fab_adapter *fab;
	char name[16];
};

struct fab_file {
	struct fab_adapter *fab;
	struct mutex lock;   /* see above */
	struct fab_queue *q; /* set once */
	wait_queue_head_t wait;
	struct xarray memory; /* by handle */
	struct mm_struct *mm; /* whose pages are accounted */
};

/* ---- the queue ---- */

static void chr_interrupt(struct fab_queue *q)
{
	struct fab_file *f = q->owner;

	wake_up_interruptible(&f->wait);
}

static void chr_event(struct fab_queue *q, enum cob_fabric_event event)
{
	struct fab_file *f = q->owner;

	if (event == COB_FABRIC_GONE)
		fab_queue_release(q);
	wake_up_interruptible(&f->wait);
}

static const struct fab_queue_ops chr_ops = {
	.interrupt = chr_interrupt,
	.event = chr_event,
};

static long chr_open_queue(struct fab_file *f, void __user *arg)
{
	struct cobfab_queue want;
	struct fab_queue *q;
	long err = 0;

	if (copy_from_user(&want, arg, sizeof(want)))
		return -EFAULT;
	if (want.queue < COB_FABRIC_USER_FIRST || want.queue > COB_FABRIC_USER_LAST || want.zero ||
	    !is_power_of_2(want.n_send) || !is_power_of_2(want.n_recv) || want.n_send < 2 ||
	    want.n_recv < 2 || want.n_send > MAX_RING || want.n_recv > MAX_RING)
		return -EINVAL;
	mutex_lock(&f->lock);
	mutex_lock(&f->fab->lock);
	if (f->q) {
		err = -EBUSY;
	} else {
		q = fab_queue_open(f->fab, want.queue, want.n_send, want.n_recv, &chr_ops, f);
		if (IS_ERR(q))
			err = PTR_ERR(q);
		else
			WRITE_ONCE(f->q, q);
	}
	mutex_unlock(&f->fab->lock);
	mutex_unlock(&f->lock);
	return err;
}

/* ---- memory ---- */

static void unpin(struct fab_file *f, struct page **pages, unsigned long n)
{
	unpin_user_pages_dirty_lock(pages, n, true);
	account_locked_vm(f->mm, n, false);
}

/* Pins the pages of a range. Their number, with the kvmalloc'ed array in *pages, or an errno. */
static long pin(struct fab_file *f, u64 addr, u64 length, struct page ***pages)
{
	unsigned long n, start = addr & PAGE_MASK;
	long err, pinned;

	if (!length || length > S32_MAX || addr != (unsigned long)addr || addr + length < addr)
		return -EINVAL;
	if (f->mm != current->mm) /* inherited by a child: only who opened it may register */
		return -EPERM;
	n = (PAGE_ALIGN(addr + length) - start) >> PAGE_SHIFT;
	err = account_locked_vm(f->mm, n, true);
	if (err)
		return err;
	err = -ENOMEM;
	*pages = kvmalloc_array(n, sizeof(**pages), GFP_KERNEL);
	if (!*pages)
		goto unaccount;
	pinned = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM, *pages);
	if (pinned == n)
		return n;
	if (pinned > 0)
		unpin_user_pages(*pages, pinned);
	err = pinned < 0 ? pinned : -EFAULT;
	kvfree(*pages);
unaccount:
	account_locked_vm(f->mm, n, false);
	return err;
}

/* With both locks. */
static void forget(struct fab_file *f, struct fab_memory *m)
{
	fab_memory_unmap(m);
	unpin(f, m->pages, m->n_pages);
	fab_memory_remove(m);
}

static long chr_register(struct fab_file *f, void __user *arg)
{
	struct cobfab_region want;
	struct page **pages;
	struct fab_memory *m;
	long n, err;

	if (copy_from_user(&want, arg, sizeof(want)))
		return -EFAULT;
	if (want.access & ~(FAB_ACCESS_READ | FAB_ACCESS_WRITE | FAB_ACCESS_ATOMIC) || want.zero)
		return -EINVAL;
	n = pin(f, want.addr, want.length, &pages);
	if (n < 0)
		return n;
	mutex_lock(&f->lock);
	mutex_lock(&f->fab->lock);
	m = fab_memory_add(f->fab, pages, n, offset_in_page(want.addr), want.length, want.access);
	if (IS_ERR(m)) {
		err = PTR_ERR(m);
		unpin(f, pages, n);
		kvfree(pages);
	} else {
		want.key = m->access ? m->key : 0;
		err = xa_alloc(&f->memory, &want.handle, m, xa_limit_31b, GFP_KERNEL);
		if (!err && copy_to_user(arg, &want, sizeof(want))) {
			xa_erase(&f->memory, want.handle);
			err = -EFAULT;
		}
		if (err)
			forget(f, m);
	}
	mutex_unlock(&f->fab->lock);
	mutex_unlock(&f->lock);
	return err;
}

static long chr_unregister(struct fab_file *f, void __user *arg)
{
	struct fab_memory *m;
	long err = 0;
	u32 handle;

	if (copy_from_user(&handle, arg, sizeof(handle)))
		return -EFAULT;
	mutex_lock(&f->lock);
	m = xa_load(&f->memory, handle);
	if (!m) {
		err = -EINVAL;
	} else if (m->refs) {
		err = -EBUSY;
	} else {
		xa_erase(&f->memory, handle);
		mutex_lock(&f->fab->lock);
		forget(f, m);
		mutex_unlock(&f->fab->lock);
	}
	mutex_unlock(&f->lock);
	return err;
}

/* ---- descriptors and completions ---- */

static int post_one(struct fab_file *f, const struct cobfab_op *op)
{
	struct fab_sge piece[FAB_MAX_SGE];
	struct fab_memory *m = NULL;
	struct fab_send desc = {
		.op = op->op,
		.peer = op->peer,
		.len = op->len,
		.cookie = op->cookie,
		.remote = op->remote,
		.key = op->key,
		.imm = op->imm,
		.operand = op->operand,
		.compare = op->compare,
	};
	int n = 0, err;

	if (op->zero || op->zero2 || op->len > FAB_MAX_MESSAGE)
		return -EINVAL;
	if (op->op != FAB_OP_RECV && (op->op < FAB_OP_SEND || op->op >= FAB_OP_END))
		return -EINVAL;
	if (op->len) {
		m = xa_load(&f->memory, op->handle);
		n = m ? fab_memory_pieces(m, op->offset, op->len, piece) : -EINVAL;
		if (n < 0)
			return n;
	}
	if (op->op == FAB_OP_RECV)
		err = fab_queue_put_recv(f->q, piece, n, op->cookie, m, false);
	else
		err = fab_queue_put_send(f->q, &desc, piece, n, m, false);
	if (!err && m)
		m->refs++;
	return err;
}

static long chr_post(struct fab_file *f, void __user *arg)
{
	const struct cobfab_op __user *ops;
	bool sends = false, recvs = false;
	struct cobfab_post post;
	struct cobfab_op op;
	u64 time_ns = 0;
	long err = 0;

	if (copy_from_user(&post, arg, sizeof(post)))
		return -EFAULT;
	if (!post.n || post.n > MAX_BATCH || post.time_ns > 1)
		return -EINVAL;
	ops = u64_to_user_ptr(post.ops);
	mutex_lock(&f->lock);
	if (!f->q)
		err = -EBADFD;
	for (post.posted = 0; !err && post.posted < post.n; post.posted++) {
		if (copy_from_user(&op, ops + post.posted, sizeof(op)))
			err = -EFAULT;
		else
			err = post_one(f, &op);
		if (err)
			break;
		if (op.op == FAB_OP_RECV)
			recvs = true;
		else
			sends = true;
	}
	if (recvs)
		fab_queue_kick_recv(f->q);
	if (sends)
		fab_queue_kick_send(f->q, post.time_ns ? &time_ns : NULL);
	post.time_ns = time_ns;
	mutex_unlock(&f->lock);
	if (!post.posted)
		return err;
	return copy_to_user(arg, &post, sizeof(post)) ? -EFAULT : 0;
}

/* Copies out what is there, at most max. Their number or an errno. */
static long take(struct fab_file *f, struct cobfab_done __user *to, u32 max, u64 *time_ns)
{
	struct fab_done done;
	long n = 0;

	mutex_lock(&f->lock);
	while (n < max && fab_queue_next(f->q, &done)) {
		struct fab_memory *m = done.context;
		struct cobfab_done out = {
			.cookie = done.c.cookie,
			.time_ns = done.c.time_ns,
			.len = done.c.len,
			.imm = done.c.imm,
			.peer = done.c.peer,
			.flags = done.c.flags,
			.op = done.c.op,
			.status = done.c.status,
		};

		if (n == 0 && *time_ns)
			*time_ns = fab_queue_time(f->q);
		if (m)
			m->refs--;
		if (copy_to_user(to + n, &out, sizeof(out))) {
			n = -EFAULT;
			break;
		}
		n++;
	}
	mutex_unlock(&f->lock);
	return n;
}

static long chr_reap(struct fab_file *f, void __user *arg)
{
	struct fab_queue *q = READ_ONCE(f->q);
	struct cobfab_reap reap;
	long n, err;

	if (copy_from_user(&reap, arg, sizeof(reap)))
		return -EFAULT;
	if (!q)
		return -EBADFD;
	if (!reap.max || reap.max > MAX_BATCH || reap.time_ns > 1)
		return -EINVAL;
	for (;;) {
		n = take(f, u64_to_user_ptr(reap.done), reap.max, &reap.time_ns);
		err = READ_ONCE(q->state);
		if (n || err || !reap.timeout_ns)
			break;
		fab_queue_arm(q);
		if (reap.timeout_ns < 0)
			err = wait_event_interruptible(f->wait, fab_queue_pending(q));
		else
			err = wait_event_interruptible_hrtimeout(f->wait, fab_queue_pending(q),
								 ns_to_ktime(reap.timeout_ns));
		if (err == -ETIME)
			reap.timeout_ns = 0; /* one last look */
		else if (err)
			return err;
	}
	if (n < 0 || (!n && err))
		return n ? n : err;
	reap.n = n;
	return copy_to_user(arg, &reap, sizeof(reap)) ? -EFAULT : 0;
}

static __poll_t chr_poll(struct file *file, poll_table *wait)
{
	struct fab_file *f = file->private_data;
	struct fab_queue *q = READ_ONCE(f->q);

	if (!q)
		return EPOLLERR;
	poll_wait(file, &f->wait, wait);
	if (fab_queue_pending(q))
		return EPOLLIN | EPOLLRDNORM;
	fab_queue_arm(q);
	return 0;
}

/* ---- the rest ---- */

static long chr_info(struct fab_file *f, void __user *arg)
{
	struct fab_adapter *fab = f->fab;
	struct cobfab_info info = {
		.node = fab->node,
		.n_nodes = fab->n_nodes,
		.mtu_bytes = fab->mtu_bytes,
		.link_up = READ_ONCE(fab->link_up),
		.first_queue = COB_FABRIC_USER_FIRST,
		.last_queue = COB_FABRIC_USER_LAST,
	};

	mutex_lock(&fab->lock);
	if (fab->state != FAB_GONE)
		info.rate_mbps = readl(fab->regs + FAB_REG_RATE);
	mutex_unlock(&fab->lock);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long chr_time(struct fab_file *f, void __user *arg)
{
	u64 time = 0;
	long err = 0;

	mutex_lock(&f->fab->lock);
	if (f->fab->state == FAB_GONE)
		err = -ENODEV;
	else
		time = fab_time_ns(f->fab);
	mutex_unlock(&f->fab->lock);
	if (err)
		return err;
	return copy_to_user(arg, &time, sizeof(time)) ? -EFAULT : 0;
}

static long chr_event_port(struct fab_file *f, void __user *arg)
{
	u8 data[FAB_MAX_EVENT - sizeof(struct fab_event)];
	struct cobfab_event event;
	long err;

	if (copy_from_user(&event, arg, sizeof(event)))
		return -EFAULT;
	if (event.len > sizeof(data))
		return -EINVAL;
	if (copy_from_user(data, u64_to_user_ptr(event.data), event.len))
		return -EFAULT;
	mutex_lock(&f->fab->lock);
	err = f->fab->state == FAB_GONE ? -ENODEV
					: fab_trace(f->fab, event.type, event.arg, data, event.len);
	mutex_unlock(&f->fab->lock);
	return err;
}

static long chr_counters(struct fab_file *f, void __user *arg)
{
	struct fab_counters counters;
	long err;

	mutex_lock(&f->fab->lock);
	err = f->fab->state == FAB_GONE ? -ENODEV : fab_counters(f->fab, &counters);
	mutex_unlock(&f->fab->lock);
	if (err)
		return err;
	return copy_to_user(arg, &counters, sizeof(counters)) ? -EFAULT : 0;
}

static long chr_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct fab_file *f = file->private_data;
	void __user *p = (void __user *)arg;

	switch (command) {
	case COBFAB_IOC_INFO:
		return chr_info(f, p);
	case COBFAB_IOC_OPEN:
		return chr_open_queue(f, p);
	case COBFAB_IOC_REGISTER:
		return chr_register(f, p);
	case COBFAB_IOC_UNREGISTER:
		return chr_unregister(f, p);
	case COBFAB_IOC_POST:
		return chr_post(f, p);
	case COBFAB_IOC_REAP:
		return chr_reap(f, p);
	case COBFAB_IOC_TIME:
		return chr_time(f, p);
	case COBFAB_IOC_EVENT:
		return chr_event_port(f, p);
	case COBFAB_IOC_COUNTERS:
		return chr_counters(f, p);
	}
	return -ENOTTY;
}

static int chr_open(struct inode *inode, struct file *file)
{
	struct fab_chr *chr = container_of(file->private_data, struct fab_chr, misc);
	struct fab_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->fab = chr->fab;
	kref_get(&f->fab->ref);
	f->mm = current->mm;
	mmgrab(f->mm);
	mutex_init(&f->lock);
	init_waitqueue_head(&f->wait);
	xa_init_flags(&f->memory, XA_FLAGS_ALLOC1);
	file->private_data = f;
	return 0;
}

static int chr_release(struct inode *inode, struct file *file)
{
	struct fab_file *f = file->private_data;
	struct fab_memory *m;
	unsigned long handle;
	struct fab_done done;

	mutex_lock(&f->fab->lock);
	if (f->q) {
		if (f->fab->state != FAB_GONE) {
			fab_queue_stop(f->q, -ENODEV);
			while (fab_queue_next(f->q, &done))
				; /* their memory goes all together below */
			fab_queue_release(f->q);
		}
		fab_queue_close(f->q);
	}
	xa_for_each(&f->memory, handle, m) forget(f, m);
	mutex_unlock(&f->fab->lock);
	xa_destroy(&f->memory);
	mmdrop(f->mm);
	fab_put(f->fab);
	kfree(f);
	return 0;
}

static const struct file_operations chr_fops = {
	.owner = THIS_MODULE,
	.open = chr_open,
	.release = chr_release,
	.unlocked_ioctl = chr_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = chr_poll,
};

int fab_chr_init(struct fab_adapter *fab)
{
	struct fab_chr *chr = kzalloc(sizeof(*chr), GFP_KERNEL);
	int err;

	if (!chr)
		return -ENOMEM;
	chr->fab = fab;
	snprintf(chr->name, sizeof(chr->name), "cobfab%u", fab->number);
	chr->misc.minor = MISC_DYNAMIC_MINOR;
	chr->misc.name = chr->name;
	chr->misc.fops = &chr_fops;
	chr->misc.parent = &fab->pdev->dev;
	err = misc_register(&chr->misc);
	if (err) {
		kfree(chr);
		return err;
	}
	fab->chr = chr;
	return 0;
}

void fab_chr_exit(struct fab_adapter *fab)
{
	misc_deregister(&fab->chr->misc);
	kfree(fab->chr);
	fab->chr = NULL;
}
