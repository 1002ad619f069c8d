/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.cpp - the fixed parts of the wire protocol (see wire.hpp): every transfer completes in the call that
 * hands it over, nothing travels backward, and there is no memory to look into.
 */
#include "interconnect-model/wire.hpp"

namespace icm
{

uint64_t Frame::live;

tlm::tlm_sync_enum Receiver::nb_transport_fw(Transfer &transfer, tlm::tlm_phase &, sc_core::sc_time &)
{
    take(transfer);
    return tlm::TLM_COMPLETED;
}

void Receiver::b_transport(Transfer &transfer, sc_core::sc_time &)
{
    take(transfer);
}

bool Receiver::get_direct_mem_ptr(Transfer &, tlm::tlm_dmi &)
{
    return false;
}

unsigned int Receiver::transport_dbg(Transfer &)
{
    return 0;
}

tlm::tlm_sync_enum Sender::nb_transport_bw(Transfer &, tlm::tlm_phase &, sc_core::sc_time &)
{
    return tlm::TLM_COMPLETED;
}

void Sender::invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64)
{
}

void send(tx_socket &socket, Transfer &transfer)
{
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time none = sc_core::SC_ZERO_TIME;
    socket->nb_transport_fw(transfer, phase, none);
}

} // namespace icm
