/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate.c - blocks the guest before it passes its grant, and bounds QEMU's jumps while it idles.
 *
 * A counter is increased inline by every translated block; when it says that the block being entered would
 * pass the grant, gate() is called. The counter may run ahead of the clock (blocks that are left early are
 * counted whole) but never behind it: whatever moves the clock without instructions (idle jumps) makes it
 * stale, so that gate() is called at the next block. gate() reads the exact clock:
 *
 *   now = clock - n                  the clock counts the entered block of n instructions already
 *   now + n <= grant                 re-arm the counter and go on
 *   else                             publish now, meet the others (port_meet), take deliveries and the new
 * grant a delivery before now + n, or cut (see port_grant.c)           leave the block before its first
 * instruction (cpu_loop_exit_restore gives its instructions back); QEMU then stops exactly at the armed timer
 *
 * Halting: HLT, WFI and the like arm a virtual timer at the grant; when it fires with all vCPUs halted, the
 * node publishes its next timer's deadline and takes no part until then or until its next delivery.
 *
 * Leaps: when a vCPU of a PC is given an INIT, QEMU resets it in the middle of its turn, whereupon the clock
 * counts the whole of the turn as executed. A turn ends at the next timer at the latest, so for such guests
 * the timer at the grant is armed all the time. (A vCPU of the other machines is never reset in its turn.)
 *
 * Blocking here never changes what the guest sees; arming a timer does (it cuts blocks and, with several
 * vCPUs, turns). So timers are armed at moments and for times that depend on virtual time only.
 *
 * A timer that is armed here ends the running vCPU's turn at its next look at QEMU's flags: behind the
 * entered block, or wherever that is left before. With several vCPUs it is therefore left at once, so that no
 * debugger's leaving it in the middle (debug.c) moves the end of the turn.
 */
#include "devices/qemu/debug.h"
#include "devices/qemu/half.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT (1ull << 62)

/*
 * One counter for all vCPUs, which share the clock. QEMU only has counters per vCPU, and under -accel
 * tcg,thread=single (verified with 10.0) it takes the index of the vCPU that *translates* a block for a
 * constant, though all vCPUs run the block; worse, it multiplies that constant by the element size in place,
 * so any size but 1 spoils the block for index 1 and up. So: elements of one byte, and an offset that takes
 * the translator's index back off: address = base + index * 1 + (COUNTER_AT - index) gate() checks that the
 * index really is the translator's.
 */
enum { COUNTER_AT = 8 };
static struct qemu_plugin_scoreboard *board; /* 16 bytes, of which the last 8 are used */

static qemu_plugin_u64 counter_of(unsigned translator)
{
    return (qemu_plugin_u64){board, COUNTER_AT - translator};
}

void *half_current_cpu(void)
{
    static void **current; /* thread-local in QEMU; there is one vCPU thread */
    if (!current)
        current = binding_current_cpu();
    return *current;
}

unsigned half_current_index(void)
{
    void *cpu = half_current_cpu();
    unsigned i = 0;
    while (i + 1 < half.cpus && qemu.qemu_get_cpu((int)i) != cpu)
        i++;
    return i;
}

static struct qemu_timer idle_timer;
static bool idle_armed;
static int64_t idle_at_ns; /* what it is armed for */
static int shutdown_cause; /* that QEMU's main loop has taken already */
static int64_t jumped_ns;  /* what the clock is ahead of the instructions by: all idle jumps so far */

/* The next block asks. */
static void stale(void)
{
    qemu_plugin_u64_set(counter_of(0), 0, LIMIT);
}

/* Lets the guest run up to a time; of this the entered block of n instructions is counted already. */
static void arm(int64_t now_ns, int64_t n, int64_t to_ns)
{
    uint64_t room = (uint64_t)((to_ns - now_ns) >> half.shift);
    qemu_plugin_u64_set(counter_of(0), 0, LIMIT - room - 1 + (uint64_t)n);
}

/* The entered block fits into the grant. A debugger may want the guest to stop before: at the next blocks, or
 * in this one, which then counts its instructions (at the next one gate() must come by again). */
static void let_in(int64_t now_ns, int64_t n)
{
    int64_t limit = debug_limit_ns(), step = (int64_t)1 << half.shift;

    if (now_ns + n * step <= limit) {
        debug_entering(LONG_MAX);
        arm(now_ns, n, limit < half.grant_ns ? limit : half.grant_ns);
    } else {
        debug_entering((long)((limit - now_ns + step - 1) >> half.shift));
        stale();
    }
}

/* True if that is new. */
static bool arm_idle(void)
{
    if (idle_armed && idle_at_ns == half.grant_ns)
        return false;
    idle_armed = true;
    idle_at_ns = half.grant_ns;
    half_timer(&idle_timer, half.grant_ns);
    return true;
}

static void disarm_idle(void)
{
    if (idle_armed)
        qemu.timer_del(&idle_timer);
    idle_armed = false;
}

void gate_recheck(void)
{
    stale();
    if (idle_armed)
        arm_idle();
}

/* With several vCPUs the timers that are armed at the grants cut the vCPUs' turns, so grants are recorded
 * (and where they are traced). */
static void send_grant(const struct port_node *n)
{
    struct port_record rec = {
        .type = PORT_REC_GRANT, .arg = (uint16_t)n->cut, .time_ps = n->grant_ps, .id = (uint64_t)n->now_ps};
    if (half.cpus > 1 || n->trace & PORT_TRACE_GRANTS)
        half_send(&rec, NULL);
}

/* Publishes and waits; then the new grant is in half.grant_ns and new deliveries are armed. */
static int64_t meet(enum port_state state, int64_t now_ns, int64_t need_ns, int64_t deadline_ns)
{
    struct port_node *n = half.node;

    console_flush();
    n->instructions = (uint64_t)qemu.icount_get_raw();
    n->now_ps = vtime_from_ns(now_ns);
    n->need_ps = vtime_from_ns(need_ns);
    n->deadline_ps = deadline_ns == INT64_MAX ? VTIME_NEVER : vtime_from_ns(deadline_ns);
    debug_meeting(true);
    port_meet(half.port, half.index, state);
    debug_meeting(false);
    if (atomic_load(&half.port->quit))
        _exit(0);
    half.grant_ns = vtime_to_ns(n->grant_ps);
    send_grant(n);
    return deliver_fetch();
}

void gate_freeze(int64_t now_ns)
{
    struct port_node *n = half.node;
    struct port_record rec = {.type = PORT_REC_END,
                              .arg = (uint16_t)half.ending,
                              .time_ps = vtime_from_ns(now_ns),
                              .id = (uint64_t)(unsigned)half.exit_status};
    console_flush();
    half_send(&rec, NULL);
    n->now_ps = vtime_from_ns(now_ns);
    n->end = half.ending;
    n->exit_status = half.exit_status;
    atomic_store(&n->dirty, 1);
    debug_meeting(true); /* for ever */
    port_meet(half.port, half.index, PORT_ENDED);
    while (!atomic_load(&half.port->quit))
        port_futex_wait(&half.port->quit, 0, 1000);
    _exit(0);
}

void gate_restart(vtime_t at_ps)
{
    struct port_node *n = half.node;

    console_flush();
    n->base_ps = n->now_ps = at_ps;
    n->need_ps = at_ps + VTIME_NS;
    atomic_store(&n->dirty, 1);
    debug_meeting(true);
    port_meet(half.port, half.index, PORT_BLOCKED);
    if (!atomic_load(&half.port->quit))
        port_leave(half.port, half.index);
    _exit(0);
}

static enum port_end reset_end(void)
{
    return half.panicked ? PORT_END_PANIC : PORT_END_RESET;
}

/* Has the guest powered itself off or rebooted? */
static void check_shutdown(void)
{
    int cause = qemu.qemu_shutdown_requested_get();
    if (!cause)
        cause = shutdown_cause;
    if (!cause || half.ending != PORT_END_NONE)
        return;
    half.ending = cause == QEMU_CAUSE_GUEST_RESET   ? reset_end()
                  : cause == QEMU_CAUSE_GUEST_PANIC ? PORT_END_PANIC
                                                    : PORT_END_SHUTDOWN;
}

static void gate(unsigned vcpu, void *udata)
{
    int64_t n = (intptr_t)udata & 0xffff, len = n << half.shift;
    unsigned translator = (unsigned)((uintptr_t)udata >> 16);
    int64_t now = half_now_ns() - len;
    uintptr_t here = (uintptr_t)__builtin_return_address(0) - 2; /* inside the call, as QEMU's helpers do */
    bool leave = false;

    if (vcpu != translator) {
        fprintf(stderr,
                "cob: this QEMU counts per running vCPU; cob needs to be adapted to it for cpus > 1\n");
        _exit(1);
    }
    half.node->gates++;
    jumped_ns = now + len - (qemu.icount_get_raw() << half.shift);
    check_shutdown();
    if (half.ending != PORT_END_NONE)
        gate_freeze(now);
    debug_gate(now, here);
    if (!half.node->cut && !half.leaps)
        disarm_idle();
    while (now + len > half.grant_ns) {
        if (vtime_from_ns(now) >= half.port->stop_ps) {
            half.ending = PORT_END_STOPPED;
            gate_freeze(now);
        }
        int64_t first = meet(PORT_BLOCKED, now, now + len, 0);
        leave = half.cpus > 1;
        if (half.node->cut) {
            arm_idle();
            leave = true;
            break;
        }
        if (first < now + len || debug_pending()) {
            leave = true;
            break;
        }
    }
    if (half.leaps && arm_idle())
        leave = true;
    if (leave) {
        stale();
        qemu.cpu_loop_exit_restore(half_current_cpu(), here);
        __builtin_unreachable();
    }
    let_in(now, n);
}

static void idle_fired(void *opaque)
{
    int64_t now = half_now_ns();

    (void)opaque;
    idle_armed = false;
    check_shutdown();
    if (half.ending == PORT_END_NONE && vtime_from_ns(now) >= half.port->stop_ps)
        half.ending = PORT_END_STOPPED;
    if (half.ending != PORT_END_NONE)
        gate_freeze(now);
    half.node->idles++;
    while (now >= half.grant_ns) {
        if (idle_all()) {
            int64_t d = qemu.qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL, QEMU_TIMER_NOT_EXTERNAL);
            meet(PORT_IDLE, now, 0, d < 0 ? INT64_MAX : now + d);
        } else {
            meet(PORT_BLOCKED, now, now + 1, 0);
        }
    }
    stale();
    /* (A vCPU may be reset before any block is entered, so leaps do not wait for gate().) */
    if (idle_all() || half.node->cut || half.leaps)
        arm_idle();
}

void gate_idling(void)
{
    stale();
    arm_idle();
}

/* A vCPU is about to halt. */
static void halting(unsigned vcpu, void *udata)
{
    (void)vcpu;
    (void)udata;
    idle_halting();
    gate_idling();
}

/* x86 OUT, which may power the machine off: look at the next block, before anything else happens. */
static void may_end(unsigned vcpu, void *udata)
{
    (void)vcpu;
    (void)udata;
    stale();
}

/*
 * aarch64 HVC/SMC and riscv ECALL may power the machine off (PSCI, SBI) and, unlike x86, leave no next block
 * to look at. So the request is recognised by the call's number, and the guest is frozen in front of the
 * instruction.
 */
static int64_t call_block_ns; /* start of the block that the call is in */

static void call_block_entered(unsigned vcpu, void *udata)
{
    (void)vcpu;
    call_block_ns = half_now_ns() - ((int64_t)(intptr_t)udata << half.shift);
}

static void calling_firmware(unsigned vcpu, void *udata)
{
    int64_t n = (int64_t)(intptr_t)udata;

    (void)vcpu;
    switch (firmware_call()) {
    case FIRMWARE_OFF:
        half.ending = PORT_END_SHUTDOWN;
        break;
    case FIRMWARE_RESET:
        half.ending = reset_end();
        break;
    case FIRMWARE_OTHER:
        return;
    }
    gate_freeze(call_block_ns + ((n - 1) << half.shift));
}

struct pattern {
    uint8_t len;
    uint8_t bytes[4], mask[4];
};

/*
 * How the kernels we know halt. A halt in another form would leave the node running for ever in the others'
 * eyes: it could jump past its grant, which idle_fired() would not bound. Add it here.
 */
static const struct pattern halts[] = {
    {1, {0xf4}, {0xff}},                                     /* x86 HLT */
    {3, {0x0f, 0x01, 0xc9}, {0xff, 0xff, 0xff}},             /* x86 MWAIT */
    {4, {0x7f, 0x20, 0x03, 0xd5}, {0xff, 0xff, 0xff, 0xff}}, /* aarch64 WFI */
    {4, {0x00, 0x10, 0x20, 0xd5}, {0xe0, 0xff, 0xff, 0xff}}, /* aarch64 WFIT */
    {4, {0x73, 0x00, 0x50, 0x10}, {0xff, 0xff, 0xff, 0xff}}, /* riscv WFI */
};
static const struct pattern ends[] = {
    {1, {0xee}, {0xfe}},             /* x86 OUT DX */
    {2, {0xe6}, {0xfe, 0x00}},       /* x86 OUT imm8 */
    {2, {0x66, 0xef}, {0xff, 0xff}}, /* x86 OUT DX, AX */
};
static const struct pattern calls[] = {
    {4, {0x02, 0x00, 0x00, 0xd4}, {0x1f, 0x00, 0xe0, 0xff}}, /* aarch64 HVC */
    {4, {0x03, 0x00, 0x00, 0xd4}, {0x1f, 0x00, 0xe0, 0xff}}, /* aarch64 SMC */
    {4, {0x73, 0x00, 0x00, 0x00}, {0xff, 0xff, 0xff, 0xff}}, /* riscv ECALL */
};

static bool match(const struct pattern *p, size_t count, const uint8_t *b, size_t len)
{
    for (; count--; p++) {
        if (p->len != len)
            continue;
        size_t i = 0;
        while (i < len && (b[i] & p->mask[i]) == (p->bytes[i] & p->mask[i]))
            i++;
        if (i == len)
            return true;
    }
    return false;
}

static void translated(struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    unsigned translator = half_current_index();
    qemu_plugin_u64 counter = counter_of(translator);
    uint8_t b[16];

    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, n);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, gate, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GE, counter,
                                              LIMIT, (void *)(uintptr_t)(n | (size_t)translator << 16));
    debug_translated(tb);
    for (size_t i = 0; i < n; i++) { /* riscv's WFI does not end its block */
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        size_t len = qemu_plugin_insn_data(insn, b, sizeof b);
        if (match(halts, sizeof halts / sizeof halts[0], b, len))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, halting, QEMU_PLUGIN_CB_NO_REGS, NULL);
        else if (match(ends, sizeof ends / sizeof ends[0], b, len))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, may_end, QEMU_PLUGIN_CB_NO_REGS, NULL);
        else if (firmware_ready() && match(calls, sizeof calls / sizeof calls[0], b, len)) {
            qemu_plugin_register_vcpu_tb_exec_cb(tb, call_block_entered, QEMU_PLUGIN_CB_NO_REGS,
                                                 (void *)(intptr_t)n);
            qemu_plugin_register_vcpu_insn_exec_cb(insn, calling_firmware, QEMU_PLUGIN_CB_R_REGS,
                                                   (void *)(intptr_t)(i + 1));
        }
    }
}

/*
 * QEMU's RCU thread kicks the running vCPU when a grace period takes long in host time; with several vCPUs
 * that ends the turn of one of them, at a moment that host time decides. The kick is a notifier on a list of
 * the vCPU thread: put one of ours in front of it, and take off what stands behind. (The thread leaves its
 * read section at every timer, so grace periods end all the same.)
 */
static void no_kick(struct qemu_notifier *n, void *data)
{
    (void)n;
    (void)data;
}

static void steady_turns(void)
{
    static struct qemu_notifier ours = {.notify = no_kick};
    if (half.cpus == 1)
        return;
    qemu.rcu_add_force_rcu_notifier(&ours);
    while (ours.link[0])
        qemu.rcu_remove_force_rcu_notifier(ours.link[0]);
}

static void vcpu_started(unsigned vcpu)
{
    if (vcpu != 0)
        return;
    idle_started();
    stale();
    steady_turns();
    firmware_install();
    debug_started();
}

/* The two signatures of the plugin API, see qemu_api.h. */
static void vcpu_started_v4(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id;
    vcpu_started(vcpu);
}

static void vcpu_started_v7(unsigned vcpu, void *userdata)
{
    (void)userdata;
    vcpu_started(vcpu);
}

static void translated_v4(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    translated(tb);
}

static void translated_v7(struct qemu_plugin_tb *tb, void *userdata)
{
    (void)userdata;
    translated(tb);
}

/* QEMU's main loop has taken the request (and forgets it): remember it, the vCPU may not have come by since.
 */
static void on_shutdown(struct qemu_notifier *n, void *data)
{
    (void)n;
    shutdown_cause = *(const int *)data;
    stale();
}
static struct qemu_notifier shutdown_notifier = {.notify = on_shutdown};

/*
 * QEMU has stopped the machine because of that request, in its main loop: for a triple fault always, else if
 * it was faster than the vCPU's next block. The clock cannot be trusted any more: a stopped vCPU counts as
 * idle, so it may have jumped. Instructions do not: nothing has been executed since the request, and every
 * jump before it was followed by a gate.
 */
static void on_stop(void *opaque, bool running, int state)
{
    (void)opaque;
    (void)state;
    if (running)
        return;
    check_shutdown();
    if (half.ending != PORT_END_NONE)
        gate_freeze(jumped_ns + (qemu.icount_get_raw() << half.shift));
}

void gate_install(qemu_plugin_id_t id)
{
    board = qemu_plugin_scoreboard_new(1);
    bool v7 = qemu_plugin_version >= 7;
    qemu_plugin_register_vcpu_init_cb(
        id, v7 ? (void (*)(void))vcpu_started_v7 : (void (*)(void))vcpu_started_v4, NULL);
    qemu_plugin_register_vcpu_tb_trans_cb(
        id, v7 ? (void (*)(void))translated_v7 : (void (*)(void))translated_v4, NULL);
}

void gate_machine_ready(void)
{
    qemu.timer_init_full(&idle_timer, NULL, QEMU_CLOCK_VIRTUAL, QEMU_SCALE_NS, 0, idle_fired, NULL);
    qemu.qemu_register_shutdown_notifier(&shutdown_notifier);
    qemu.qemu_add_vm_change_state_handler(on_stop, NULL);
    half.started = true;
}
