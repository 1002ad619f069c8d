/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.hpp - what a learning switch knows: behind which of its ends an Ethernet address was last heard.
 *
 * An entry is refreshed by hearing its address as a source, by nothing else, so "least recently used" means
 * least recently heard, and the oldest entries, the first to be forgotten, are at the end of one list. An
 * entry heard at t is known up to, not including, t + ageing.
 */
#ifndef COB_INTERCONNECT_TABLE_HPP
#define COB_INTERCONNECT_TABLE_HPP

#include "devices/port/vtime.h"
#include <list>
#include <unordered_map>

namespace icm
{

class Table
{
  public:
    Table(uint32_t size, vtime_t ageing_ps);

    /* `mac`: the six bytes as a number. Replaces the oldest entry when full. Times must not run backwards. */
    void hear(uint64_t mac, unsigned at, vtime_t now_ps);
    /* The end, or -1 if the address is not known. */
    int find(uint64_t mac, vtime_t now_ps) const;

  private:
    struct Entry {
        uint64_t mac;
        unsigned at;
        vtime_t heard_ps;
    };
    bool forgotten(const Entry &entry, vtime_t now_ps) const;

    const uint32_t size_;
    const vtime_t ageing_ps_;
    std::list<Entry> entries_;                                        /* the last heard first */
    std::unordered_map<uint64_t, std::list<Entry>::iterator> by_mac_; /* only looked up, never iterated */
};

} // namespace icm
#endif
