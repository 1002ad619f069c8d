/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.hpp - what travels between the modules of the fabric: frames, and the TLM-2.0 protocol that carries
 * them.
 *
 * "Frame" stands for the fabric's packets too. A Frame is immutable and reference-counted: flooding copies a
 * pointer, never bytes. The modules (ports, link ends, switches) are joined by TLM-2.0 sockets of the
 * protocol `wire_types`, whose payload is a Transfer; of the forward interface only nb_transport_fw is used,
 * and it always completes at once:
 *
 *      node --Transfer: "send this"--> link end --Transfer: "this is on the wire"--> node at the far end
 *
 * A Transfer carries exact picoseconds of its own, and the annotated sc_time is always zero: the sending end
 * of a node's link lives on a clock that lags behind SystemC's (see link.hpp), which an annotation could not
 * express.
 */
#ifndef COB_INTERCONNECT_WIRE_HPP
#define COB_INTERCONNECT_WIRE_HPP

#define _Static_assert static_assert /* the header is the guests' too, in C */
#include "devices/fabric/fabric_wire.h"
#undef _Static_assert
#include "interconnect-model/interconnect.h"
#include <cstring>
#include <new>
#include <systemc>
#include <tlm>
#include <utility>

namespace icm
{

/* In C++ the bare names are those of the C functions. */
typedef struct ::ic_totals Totals;
typedef struct ::ic_end_stats EndStats;
typedef struct ::ic_vc_stats VcStats;

/* Shortest frame with a complete Ethernet header. */
constexpr uint32_t header_bytes = 14;
/* What a fabric switch must have received before it can tell where a packet goes. */
constexpr uint32_t packet_header_bytes = FAB_HEADER_BYTES;

/* One block: this head, then len bytes. Only FrameRef creates and deletes it. */
struct Frame {
    uint64_t id;
    uint32_t len;
    uint32_t refs;
    uint32_t port;        /* where it was injected */
    static uint64_t live; /* frames in existence, for the conservation check */

    const uint8_t *bytes() const
    {
        return reinterpret_cast<const uint8_t *>(this + 1);
    }
};

class FrameRef
{
  public:
    FrameRef() = default;
    FrameRef(uint64_t id, uint32_t port, const uint8_t *data, uint32_t len)
    {
        frame_ = new (::operator new(sizeof(Frame) + len)) Frame{id, len, 1, port};
        std::memcpy(reinterpret_cast<uint8_t *>(frame_ + 1), data, len);
        Frame::live++;
    }
    // cppcheck-suppress copyCtorPointerCopying ; sharing the frame is the purpose
    FrameRef(const FrameRef &other) : frame_(other.frame_)
    {
        if (frame_)
            frame_->refs++;
    }
    FrameRef(FrameRef &&other) noexcept : frame_(std::exchange(other.frame_, nullptr))
    {
    }
    FrameRef &operator=(FrameRef other) noexcept
    {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~FrameRef()
    {
        if (frame_ && --frame_->refs == 0) {
            Frame::live--;
            ::operator delete(frame_);
        }
    }
    /* A frame of its own, alike but for one bit. */
    FrameRef with_bit_flipped(uint64_t bit) const
    {
        FrameRef changed(frame_->id, frame_->port, frame_->bytes(), frame_->len);
        reinterpret_cast<uint8_t *>(changed.frame_ + 1)[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        return changed;
    }
    explicit operator bool() const
    {
        return frame_ != nullptr;
    }
    const Frame *operator->() const
    {
        return frame_;
    }
    const Frame &operator*() const
    {
        return *frame_;
    }

  private:
    Frame *frame_ = nullptr;
};

struct Transfer {
    FrameRef frame;
    vtime_t header_ps; /* when its header (all, if it is shorter) is at the receiver */
    vtime_t last_ps;   /* when its last bit is at the receiver */
    vtime_t first_ps;  /* when its first bit is at the receiver */
    uint32_t vc;       /* virtual channel (fabric) */
};

struct wire_types {
    typedef Transfer tlm_payload_type;
    typedef tlm::tlm_phase tlm_phase_type;
};

typedef tlm::tlm_initiator_socket<32, wire_types> tx_socket;
typedef tlm::tlm_target_socket<32, wire_types> rx_socket;

/* Receives Transfers: implement take(). A wire has no memory behind it, so the rest of the interface
 * declines. */
class Receiver : public tlm::tlm_fw_transport_if<wire_types>
{
  public:
    virtual void take(Transfer &transfer) = 0;

    tlm::tlm_sync_enum nb_transport_fw(Transfer &transfer, tlm::tlm_phase &, sc_core::sc_time &) override;
    void b_transport(Transfer &transfer, sc_core::sc_time &) override;
    bool get_direct_mem_ptr(Transfer &, tlm::tlm_dmi &) override;
    unsigned int transport_dbg(Transfer &) override;
};

/* The backward half that an initiator socket must be bound to. Nothing ever comes back. */
class Sender : public tlm::tlm_bw_transport_if<wire_types>
{
  public:
    tlm::tlm_sync_enum nb_transport_bw(Transfer &, tlm::tlm_phase &, sc_core::sc_time &) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override;
};

/* Hands a transfer to whatever the socket is bound to. */
void send(tx_socket &socket, Transfer &transfer);

} // namespace icm
#endif
