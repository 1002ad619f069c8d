/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agenda.hpp - the order of events. The one SystemC process of the fabric.
 *
 * Whatever any module wants to happen at a time is an entry here, and one SC_METHOD executes the entries that
 * are due in the order of
 *
 *      (time, rank, index, seq)
 *
 * rank: the kind of event, in the order of enum Rank; index: the port (Inject), the fault, or 2 * link + end
 * (all others); seq: the order in which entries were added. No pointer, and no order in which SystemC would
 * run processes, decides anything. An entry may add entries for the present time; they take their place in
 * the same order.
 *
 * SystemC's clock runs only while something is due (run_until) and otherwise lags behind the fabric's.
 */
#ifndef COB_INTERCONNECT_AGENDA_HPP
#define COB_INTERCONNECT_AGENDA_HPP

#include "interconnect-model/wire.hpp"
#include <vector>

namespace icm
{

enum class Rank : uint32_t {
    Fault,   /* a fault begins or ends by time; index: the fault */
    Up,      /* a link is trained */
    Pump,    /* a link end may start to transmit its next frame */
    Inject,  /* a frame from outside enters a port's queue (without a frame: training is asked for) */
    Train,   /* a link's training starts because of a switch */
    Emit,    /* an adapter's end may start to transmit (fabric) */
    Arrive,  /* a frame's last bit reaches a switch */
    Forward, /* a switch looks up where a frame goes */
    Release, /* a virtual channel of an input has sent its first packet: the next may go (fabric) */
    Grant,   /* a fabric switch's end chooses what to transmit; sees all that happened up to now */
};

struct Due;

/* A module that puts entries on the agenda. */
class Actor
{
  public:
    virtual void act(Due &due) = 0;

  protected:
    ~Actor() = default;
};

struct Due {
    vtime_t at;
    Rank rank;
    uint32_t index;
    uint64_t seq;
    Actor *actor;
    FrameRef frame;
    vtime_t own_ps; /* the actor's: a time that belongs to the event */
};

class Agenda : public sc_core::sc_module
{
  public:
    SC_HAS_PROCESS(Agenda);
    explicit Agenda(sc_core::sc_module_name name);

    void add(vtime_t at, Rank rank, uint32_t index, Actor *actor, FrameRef frame, vtime_t own_ps);

    /* The time of the entry being executed. */
    vtime_t now() const
    {
        return now_;
    }
    /* The earliest entry's time, VTIME_NEVER if there is none. */
    vtime_t next() const
    {
        return heap_.empty() ? VTIME_NEVER : heap_.front().at;
    }
    /* Executes all entries with time < until. Throws what SystemC reports. */
    void run_until(vtime_t until);
    /* All entries in no particular order, for counting. */
    const std::vector<Due> &entries() const
    {
        return heap_;
    }

  private:
    void execute();

    std::vector<Due> heap_;
    sc_core::sc_event wake_;
    vtime_t now_ = 0;
    uint64_t seq_ = 0;
};

} // namespace icm
#endif
