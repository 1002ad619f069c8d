/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api.cpp - the C interface (interconnect.h): checks arguments, catches every exception, turns it into an
 * errno.
 *
 * SystemC would print a banner and its reports, and abort on the worst of them. The banner is switched off,
 * and any report from a warning upwards is thrown: it fails the call in which it happened and all later
 * ic_advance.
 */
#include "interconnect-model/fabric.hpp"
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

/* Never runs: libsystemc's own main() refers to it, but the program has a main() of its own. */
int sc_main(int, char **)
{
    return 1;
}

namespace
{
bool used; /* SystemC elaborates once per process */

void throw_report(const sc_core::sc_report &report, const sc_core::sc_actions &)
{
    if (report.get_severity() != sc_core::SC_INFO)
        throw report;
}

/* For a catch block: the errno of the exception being handled. */
int errno_of_exception()
{
    try {
        throw;
    } catch (const std::bad_alloc &) {
        return ENOMEM;
    } catch (const icm::RoutesDeadlock &) {
        return EDEADLK;
    } catch (...) {
        return EFAULT;
    }
}

int fail(int error)
{
    errno = error;
    return -1;
}

void prepare_systemc()
{
    if (setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 1) != 0)
        throw std::bad_alloc();
    sc_core::sc_report_handler::set_handler(throw_report);
    sc_core::sc_set_time_resolution(1, sc_core::SC_PS);
}
} // namespace

struct ic *ic_create(const struct ic_config *cfg)
{
    try {
        if (!cfg || !icm::is_valid(*cfg)) {
            errno = EINVAL;
            return nullptr;
        }
        if (used) {
            errno = EBUSY;
            return nullptr;
        }
        icm::Routes routes(*cfg);
        used = true;
        prepare_systemc();
        return new ic(*cfg, std::move(routes));
    } catch (...) {
        errno = errno_of_exception();
        return nullptr;
    }
}

void ic_destroy(struct ic *ic)
{
    delete ic;
}

int ic_inject(struct ic *ic, unsigned port, vtime_t time_ps, uint64_t frame_id, const uint8_t *data,
              uint32_t len)
{
    assert(!ic->inside);
    if (port >= ic->ports.size() || !data || len == 0 || time_ps < 0 || time_ps >= VTIME_NEVER)
        return fail(EINVAL);
    if (vtime_add(time_ps, ic->ports[port]->ingress_ps()) < ic->now_ps)
        return fail(EINVAL);
    try {
        ic->ports[port]->inject(time_ps, icm::FrameRef(frame_id, port, data, len));
        return 0;
    } catch (...) {
        return fail(errno_of_exception());
    }
}

int ic_train(struct ic *ic, unsigned port, vtime_t time_ps)
{
    assert(!ic->inside);
    if (port >= ic->ports.size() || time_ps < 0 || time_ps >= VTIME_NEVER ||
        vtime_add(time_ps, ic->ports[port]->ingress_ps()) < ic->now_ps)
        return fail(EINVAL);
    try {
        ic->ports[port]->train(time_ps);
        return 0;
    } catch (...) {
        return fail(errno_of_exception());
    }
}

int ic_advance(struct ic *ic, vtime_t until_ps)
{
    assert(!ic->inside);
    if (until_ps < ic->now_ps || until_ps > VTIME_NEVER)
        return fail(EINVAL);
    if (ic->failed)
        return fail(EFAULT);
    ic->inside = true;
    try {
        ic->agenda.run_until(until_ps);
    } catch (...) {
        ic->failed = true;
    }
    ic->inside = false;
    if (ic->failed)
        return fail(EFAULT);
    ic->now_ps = until_ps;
    return 0;
}

vtime_t ic_next_event_ps(const struct ic *ic)
{
    return ic->agenda.next();
}

vtime_t ic_now_ps(const struct ic *ic)
{
    return ic->now_ps;
}

vtime_t ic_ingress_ps(const struct ic *ic, unsigned port)
{
    assert(port < ic->ports.size());
    return ic->ports[port]->ingress_ps();
}

vtime_t ic_egress_ps(const struct ic *ic, unsigned port)
{
    assert(port < ic->ports.size());
    return ic->ports[port]->egress_ps();
}

vtime_t ic_link_up_ps(const struct ic *ic, unsigned port)
{
    assert(port < ic->ports.size());
    return ic->ports[port]->link().foreseen_up_ps();
}

vtime_t ic_training_ps(const struct ic *ic, unsigned port)
{
    assert(port < ic->ports.size());
    return ic->ports[port]->link().cfg.training_ps;
}

void ic_totals(const struct ic *ic, struct ic_totals *out)
{
    *out = ic->totals();
}

int ic_end_stats(const struct ic *ic, unsigned link, unsigned end, struct ic_end_stats *out)
{
    if (link >= ic->links.size() || end > 1)
        return fail(EINVAL);
    *out = ic->links[link]->end(end).stats(ic->now_ps);
    return 0;
}

unsigned ic_n_vcs(const struct ic *ic, unsigned link)
{
    bool fabric = link < ic->links.size() && ic->links[link]->cfg.fabric;
    return fabric ? icm::classes * ic->routes.layers() : 0;
}

int ic_vc_stats(const struct ic *ic, unsigned link, unsigned end, unsigned vc, struct ic_vc_stats *out)
{
    if (end > 1 || vc >= ic_n_vcs(ic, link))
        return fail(EINVAL);
    try {
        *out = static_cast<const icm::CreditEnd &>(ic->links[link]->end(end)).vc_stats(vc, ic->now_ps);
        return 0;
    } catch (...) {
        return fail(errno_of_exception());
    }
}

int ic_check(const struct ic *ic, char *why, size_t size)
{
    try {
        const std::string wrong = ic->imbalance();
        if (wrong.empty())
            return 0;
        snprintf(why, size, "%s", wrong.c_str());
        return -1;
    } catch (...) {
        snprintf(why, size, "out of memory while counting frames");
        return fail(errno_of_exception());
    }
}

uint64_t ic_fault_hits(const struct ic *ic, unsigned fault)
{
    return ic->faults ? ic->faults->hits(fault) : 0;
}

const char *ic_drop_name(enum ic_drop drop)
{
    static const char *const names[IC_DROP_COUNT] = {"none",     "queue-full", "too-long", "runt",
                                                     "no-route", "fault",      "link-down"};
    return drop < IC_DROP_COUNT ? names[drop] : "unknown";
}
