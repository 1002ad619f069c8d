/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faulty_end.cpp - how a sending end transmits if faults are about it; see link.hpp, faults.hpp. */
#include "interconnect-model/faults.hpp"

namespace icm
{

/* One packet, or copy, meets its fate. Returns when its last bit has left. */
vtime_t LinkEnd::fly_by_fate(Fate fate, uint32_t vc, vtime_t start_ps)
{
    const ic_link_cfg &cfg = link_.cfg;
    const uint32_t len = fate.frame->len, header = header_bytes_of(cfg);
    const vtime_t duration = serialisation_ps(cfg, fate.rate_bps, len);

    busy_until_ps_ = vtime_add(start_ps, duration);
    if (fate.lost == IC_DROP_NONE) {
        Transfer transfer = {std::move(fate.frame), 0, 0,
                             vtime_add(vtime_add(start_ps, cfg.delay_ps), fate.late_ps), vc};
        transfer.header_ps =
            vtime_add(transfer.first_ps, serialisation_ps(cfg, fate.rate_bps, len < header ? len : header));
        transfer.last_ps = vtime_add(transfer.first_ps, duration);
        fly(transfer);
    } else {
        refuse(fate.frame, fate.lost_ps, fate.lost);
        departed(vc, len, vtime_add(vtime_add(busy_until_ps_, cfg.delay_ps), fate.late_ps), true);
    }
    return busy_until_ps_;
}

void LinkEnd::suffer_and_fly(const FrameRef &frame, uint32_t vc)
{
    const vtime_t start = local();

    faults_->count(*frame, start);
    Fate fate = faults_->decide(frame, start, false);
    const std::vector<Fault *> copiers = faults_->copiers();
    vtime_t next = fly_by_fate(std::move(fate), vc, start);
    for (Fault *copier : copiers) {
        if (!take_room(vc, frame->len))
            continue;
        stats_.duplicated_frames++;
        copier->hit(index(), Hit{start, static_cast<uint64_t>(next - start), &*frame});
        next = fly_by_fate(faults_->decide(frame, next, true), vc, next);
    }
}

} // namespace icm
