/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.cpp - see table.hpp. */
#include "interconnect-model/table.hpp"

namespace icm
{

Table::Table(uint32_t size, vtime_t ageing_ps) : size_(size), ageing_ps_(ageing_ps)
{
}

bool Table::forgotten(const Entry &entry, vtime_t now_ps) const
{
    return now_ps >= vtime_add(entry.heard_ps, ageing_ps_);
}

void Table::hear(uint64_t mac, unsigned at, vtime_t now_ps)
{
    auto known = by_mac_.find(mac);
    if (known != by_mac_.end()) {
        entries_.splice(entries_.begin(), entries_, known->second);
        entries_.front().at = at;
        entries_.front().heard_ps = now_ps;
        return;
    }
    while (!entries_.empty() && (entries_.size() >= size_ || forgotten(entries_.back(), now_ps))) {
        by_mac_.erase(entries_.back().mac);
        entries_.pop_back();
    }
    entries_.push_front(Entry{mac, at, now_ps});
    by_mac_[mac] = entries_.begin();
}

int Table::find(uint64_t mac, vtime_t now_ps) const
{
    auto known = by_mac_.find(mac);
    if (known == by_mac_.end() || forgotten(*known->second, now_ps))
        return -1;
    return static_cast<int>(known->second->at);
}

} // namespace icm
