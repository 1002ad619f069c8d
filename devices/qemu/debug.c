/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug.c - stops vCPUs in front of an instruction for a debugger, and answers its questions
 * (devices/port/debug.h).
 *
 * QEMU's own debug stub stops the machine: devices are told, their timers are put off, vCPUs lose their
 * turns, and between a vCPU's stop and the machine's the clock may jump. Here the vCPU thread only waits in a
 * callback, as in the gate, which no guest can see.
 *
 *   instruction callback    a point may be here (same offset in the page), or the trap word is set
 *     -> leave the block (cpu_loop_exit_restore): now the instruction begins a block, and the clock can be
 * read gate() -> debug_gate()  is there really a reason? then bring the registers up to date, wait, leave the
 * block again: whatever was written or inserted meanwhile is in force when it is entered next
 *
 * Every instruction is translated with a comparison of the trap word, so a run under the debugger is slower;
 * blocks are translated anew when the points have changed. With watchpoints every memory access calls
 * watched().
 *
 * Stepping is stopping in front of the next instruction that the vCPU executes, whatever that is: interrupts
 * and timers are not masked.
 *
 * Threads: all in the vCPU thread, but for answer(), which is in a thread of its own and looks at the guest
 * only while the vCPU thread waits.
 */
#include "devices/port/debug.h"
#include "devices/qemu/debug.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

static struct debug_shared *shared;
static struct debug_node *ours;
static int bell = -1;

/* The trap word, a scoreboard for the reason given in gate.c: one word for all vCPUs. */
enum { TRAP_AT = 8 };
static struct qemu_plugin_scoreboard *board;

static struct debug_point point[DEBUG_MAX_POINTS]; /* in force: what the blocks were translated with */
static unsigned n_points;
static bool any_watch;
static uint32_t points_serial; /* of these */

static enum debug_why wanted; /* why the next block should not be entered */
static unsigned wanted_cpu;
static bool begun;                 /* the first instruction has been reached */
static long until_left = LONG_MAX; /* instructions of this block before until_ps, LONG_MAX: all of them */
static unsigned skip_cpu =
    UINT_MAX; /* the next instruction of this one has been stopped at already; UINT_MAX: none */
static uint64_t
    begin_cpus; /* bit i: vCPU i, which is to be stepped, stands in front of what it is to execute */

static qemu_plugin_u64 trap_of(unsigned translator)
{
    return (qemu_plugin_u64){board, TRAP_AT - translator};
}

static bool asked(unsigned vcpu)
{
    uint64_t bit = (uint64_t)1 << vcpu;
    bool step = atomic_load(&ours->step_cpus) & bit & ~begin_cpus;

    begin_cpus &= ~bit;
    return step || atomic_load(&ours->interrupt);
}

static void set_trap(bool on)
{
    qemu_plugin_u64_set(trap_of(0), 0, on);
}

static bool any_orders(void)
{
    return skip_cpu != UINT_MAX || wanted == DEBUG_WATCH || until_left != LONG_MAX ||
           atomic_load(&ours->interrupt) || atomic_load(&ours->step_cpus);
}

/* As the orders say. They may come at any moment, from answer(): so they are looked at again behind the
 * store. */
static void follow_orders(void)
{
    bool on;
    do {
        on = any_orders();
        set_trap(on);
        atomic_thread_fence(memory_order_seq_cst);
    } while (on != any_orders());
}

static void ring(void)
{
    char c = 0;
    if (write(bell, &c, 1) < 0 && errno != EAGAIN) /* full: the server has enough to wake up for */
        bell = -1;                                 /* the server has gone; the run's end will end us */
}

/* ---- instructions and accesses ---- */

static bool may_be_point(uint64_t addr)
{
    for (unsigned i = 0; i < n_points; i++)
        if (point[i].kind <= DEBUG_HARD_BREAK && point[i].addr % PAGE == addr % PAGE)
            return true;
    return false;
}

static bool is_point(uint64_t pc)
{
    for (unsigned i = 0; i < n_points; i++)
        if (point[i].kind <= DEBUG_HARD_BREAK && point[i].addr == pc)
            return true;
    return false;
}

/* Leaves the block in front of the instruction whose callback `here` is. Does not return. */
static void leave(uintptr_t here)
{
    gate_recheck();
    qemu.cpu_loop_exit_restore(half_current_cpu(), here);
    __builtin_unreachable();
}

static void at_instruction(unsigned vcpu, void *udata)
{
    bool until = until_left == 0;

    if (until_left != LONG_MAX && until_left > 0)
        until_left--;          /* counted here: in the middle of a block the clock cannot be read */
    if (wanted == DEBUG_WATCH) /* whoever made the access: before anything else happens */
        leave((uintptr_t)__builtin_return_address(0) - 2);
    if (vcpu == skip_cpu && !until) {
        skip_cpu = UINT_MAX;
        begin_cpus &= ~((uint64_t)1 << vcpu);
        follow_orders();
        return;
    }
    if (asked(vcpu))
        wanted = DEBUG_STEP;
    else if (until)
        wanted = DEBUG_UNTIL;
    else if (udata)
        wanted = DEBUG_BREAK;
    else {
        follow_orders();
        return;
    }
    wanted_cpu = vcpu;
    leave((uintptr_t)__builtin_return_address(0) - 2);
}

static void watched(unsigned vcpu, uint32_t info, uint64_t addr, void *udata)
{
    uint64_t len = 1ull << qemu_plugin_mem_size_shift(info);
    bool store = qemu_plugin_mem_is_store(info);

    (void)udata;
    for (unsigned i = 0; i < n_points; i++) {
        const struct debug_point *p = &point[i];
        if (p->kind < DEBUG_ON_WRITE || (p->kind == DEBUG_ON_WRITE && !store) ||
            (p->kind == DEBUG_ON_READ && store))
            continue;
        if (addr < p->addr + p->len && p->addr < addr + len) {
            wanted = DEBUG_WATCH;
            wanted_cpu = vcpu;
            ours->watch_addr = p->addr;
            ours->watch_kind = p->kind;
            set_trap(true);
            return;
        }
    }
}

void debug_translated(struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_u64 trap = trap_of(half_current_index());

    if (!ours)
        return;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        /* R_REGS: what the block has in the host's registers is written back first, for at_instruction() may
         * leave. */
        if (may_be_point(qemu_plugin_insn_vaddr(insn)))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_instruction, QEMU_PLUGIN_CB_R_REGS, (void *)1);
        else
            qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, at_instruction, QEMU_PLUGIN_CB_R_REGS,
                                                        QEMU_PLUGIN_COND_GE, trap, 1, NULL);
        if (any_watch)
            qemu_plugin_register_vcpu_mem_cb(insn, watched, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
}

/* ---- stopping ---- */

static uint64_t program_counter(void *cpu)
{
    static struct glib_array *buffer;
    uint64_t pc = 0;

    if (!buffer)
        buffer = g_byte_array_new();
    g_byte_array_set_size(buffer, 0);
    if (qemu_debug.gdb_read_register(cpu, buffer, (int)ours->pc_register) == (int)sizeof pc)
        memcpy(&pc, buffer->data, sizeof pc);
    return pc;
}

/* Says that this node has stopped, and waits to be let go. The block has been left, but for the jump. */
static void wait_here(enum debug_why why, unsigned vcpu, int64_t now_ns)
{
    ours->why = why; /* no console_flush(): pieces of the console must be cut as without a debugger */
    ours->stop_cpu = vcpu;
    ours->stop_ps = vtime_from_ns(now_ns);
    ours->pc = program_counter(qemu.qemu_get_cpu((int)vcpu));
    ours->serial++;
    atomic_store(&ours->stopped, 1);
    ring();
    while (atomic_load(&ours->stopped)) { /* partner: the server, which clears it and wakes */
        port_futex_wait(&ours->stopped, 1, 1000);
        if (atomic_load(&half.port->quit))
            _exit(0);
    }
    /* A point of time at which all shall stop may lie within the grant that was given before. */
    if (half.port->hold_ps && !half.port->hold_one && vtime_to_ns(half.port->hold_ps) < half.grant_ns)
        half.grant_ns = vtime_to_ns(half.port->hold_ps);
}

static void take_points(void)
{
    points_serial = atomic_load(&ours->points_serial);
    n_points = ours->n_points < DEBUG_MAX_POINTS ? ours->n_points : DEBUG_MAX_POINTS;
    memcpy(point, ours->point, n_points * sizeof *point);
    any_watch = false;
    for (unsigned i = 0; i < n_points; i++)
        any_watch = any_watch || point[i].kind >= DEBUG_ON_WRITE;
}

int64_t debug_limit_ns(void)
{
    vtime_t until = ours ? atomic_load(&ours->until_ps) : 0;
    return until ? vtime_to_ns(until) : INT64_MAX;
}

void debug_entering(long left)
{
    if (left == until_left)
        return;
    until_left = left;
    follow_orders();
}

/* Has the block to be translated anew, or is there another reason not to enter it? */
bool debug_pending(void)
{
    return ours && (!begun || wanted != DEBUG_RUNS || atomic_load(&ours->points_serial) != points_serial);
}

void debug_gate(int64_t now_ns, uintptr_t here)
{
    void *cpu = half_current_cpu();
    unsigned vcpu = half_current_index();
    bool first = !begun, due = now_ns >= debug_limit_ns(),
         considered = wanted != DEBUG_RUNS && wanted_cpu == vcpu;
    enum debug_why why = wanted, wanted_now = wanted;

    if (!due && !debug_pending())
        return;
    begun = true;
    wanted = DEBUG_RUNS;
    if (first && shared->start_stopped)
        why = DEBUG_START;
    else if (why == DEBUG_STEP)
        why = atomic_load(&ours->step_cpus) >> vcpu & 1 ? DEBUG_STEP
              : atomic_load(&ours->interrupt)           ? DEBUG_INTERRUPT
                                                        : DEBUG_RUNS;
    else if (why == DEBUG_UNTIL)
        why = DEBUG_RUNS;
    if (wanted_now == DEBUG_STEP || wanted_now == DEBUG_BREAK) {
        if (is_point(program_counter(cpu)))
            why = DEBUG_BREAK; /* also where a step ends */
        else if (why == DEBUG_BREAK)
            why = DEBUG_RUNS;
    }
    if (due && why == DEBUG_RUNS)
        why = DEBUG_UNTIL;
    bool changed = atomic_load(&ours->points_serial) != points_serial;
    if (why == DEBUG_RUNS && !changed) {
        if (considered) { /* nothing was here after all */
            skip_cpu = vcpu;
            follow_orders();
        }
        return;
    }
    qemu_debug.cpu_restore_state(
        cpu, here); /* the block's instructions are given back to the clock, as when it is left */
    if (why != DEBUG_RUNS) {
        wait_here(why, why == DEBUG_WATCH ? wanted_cpu : vcpu, now_ns);
        begin_cpus = atomic_load(&ours->step_cpus);
        if (why != DEBUG_UNTIL) /* which is no reason not to stop at a point here */
            skip_cpu = vcpu;
        until_left = LONG_MAX;
        follow_orders();
    }
    if (atomic_load(&ours->points_serial) != points_serial) {
        take_points();
        qemu_debug.tb_flush(cpu);
    }
    gate_recheck();
    qemu_debug.cpu_loop_exit(cpu);
    __builtin_unreachable();
}

void debug_meeting(bool on)
{
    if (!ours)
        return;
    atomic_store(&ours->meeting, on);
    if (on)
        ring();
}

/* ---- questions ---- */

/* No device may be read: that would change it. */
static int memory(void *cpu, bool write)
{
    for (uint64_t done = 0; done < ours->len;) {
        uint64_t at = ours->addr + done, n = PAGE - at % PAGE;
        if (n > ours->len - done)
            n = ours->len - done;
        uint64_t phys = qemu_debug.cpu_get_phys_page_debug(cpu, at & ~(uint64_t)(PAGE - 1));
        if (phys == UINT64_MAX || qemu_debug.cpu_physical_memory_is_io(phys) ||
            qemu_debug.cpu_memory_rw_debug(cpu, at, ours->data + done, n, write) < 0) {
            if (done == 0 || write)
                return EFAULT;
            ours->len = (uint32_t)done; /* up to the hole */
            return 0;
        }
        done += n;
    }
    return 0;
}

static int registers(void *cpu)
{
    static struct glib_array *buffer;
    uint32_t len = 0;

    if (!buffer)
        buffer = g_byte_array_new();
    for (uint32_t i = ours->first; i - ours->first < ours->count; i++) {
        g_byte_array_set_size(buffer, 0);
        int n = qemu_debug.gdb_read_register(cpu, buffer, (int)i);
        if (n <= 0 || len + (uint32_t)n > DEBUG_DATA_BYTES)
            break;
        memcpy(ours->data + len, buffer->data, (size_t)n);
        len += (uint32_t)n;
    }
    ours->len = len;
    return len ? 0 : ENOENT;
}

static int answer(void)
{
    void *cpu = ours->cpu < half.cpus ? qemu.qemu_get_cpu((int)ours->cpu) : NULL;
    bool rest = atomic_load(&ours->stopped) || atomic_load(&ours->meeting);

    if (ours->op == DEBUG_LOOK) {
        /* Who waits at a gate stands in front of an instruction; a step is to execute it. */
        if (atomic_load(&ours->meeting) && atomic_load(&half.node->state) == PORT_BLOCKED) {
            begin_cpus = atomic_load(&ours->step_cpus);
            if (begin_cpus >> half_current_index() & 1)
                skip_cpu = half_current_index();
        }
        /* Only raised here: taken down by the vCPU thread, which else could miss the moment in which it
         * counts. */
        if (any_orders())
            set_trap(true);
        return 0;
    }
    if (!cpu || ours->len > DEBUG_DATA_BYTES)
        return EINVAL;
    if (!rest)
        return EBUSY;
    switch (ours->op) {
    case DEBUG_READ_REGISTERS:
        return registers(cpu);
    case DEBUG_WRITE_REGISTER:
        if (!atomic_load(&ours->stopped))
            return EBUSY; /* the block to be entered has begun: a new program counter would be overlooked */
        return qemu_debug.write_register(cpu, ours->data, (int)ours->first) > 0 ? 0 : ENOENT;
    case DEBUG_READ_MEMORY:
        return memory(cpu, false);
    case DEBUG_WRITE_MEMORY:
        return memory(cpu, true);
    default:
        return EINVAL;
    }
}

static void *serve(void *arg)
{
    uint32_t seen = 0;

    (void)arg;
    qemu_debug.rcu_register_thread();
    for (;;) {
        port_futex_wait(&ours->ask, seen, -1);
        uint32_t now = atomic_load(&ours->ask);
        if (now == seen)
            continue;
        seen = now;
        ours->error = answer();
        atomic_store(&ours->answered, now); /* partner: rack_ask() in sim/debug_mailbox.c */
        port_futex_wake(&ours->answered, 1);
    }
    return NULL;
}

/* ---- start ---- */

static void *map(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *m = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(struct debug_shared))
        m = mmap(NULL, sizeof(struct debug_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    return m == MAP_FAILED ? NULL : m;
}

int debug_install(const char *path)
{
    pthread_t t;

    shared = map(path);
    if (!shared || shared->magic != DEBUG_MAGIC || shared->version != DEBUG_VERSION ||
        shared->size != sizeof *shared || shared->n_nodes <= half.index)
        return -1;
    bell = open(shared->bell_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (bell < 0)
        return -1;
    board = qemu_plugin_scoreboard_new(1);
    ours = &shared->node[half.index];
    take_points();
    return pthread_create(&t, NULL, serve, NULL) ? -1 : 0;
}

/* In the first vCPU's init callback. */
void debug_started(void)
{
    if (ours)
        follow_orders();
}
