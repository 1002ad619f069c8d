/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_profiles.c - numbers of known technologies for links between adapters, each with its source.
 *
 * A profile gives values to the keys of a link as if they were written in the file; whatever the link gives
 * itself goes before. The generated reference (docs/scenario.md) shows these tables. "Estimate" means that no
 * public document gives the number in this form; it is then chosen so that the sum fits what is published.
 */
#include "sim/scenario_internal.h"
#include <string.h>

static const struct scn_profile_value infiniband_fdr[] = {
    {"rate", "54.5Gbit", "FDR, four lanes of 14.0625 Gbit/s, 64b/66b coding (InfiniBand architecture)"},
    {"mtu", "4096", "largest MTU of the InfiniBand architecture"},
    {"framing", "14",
     "LRH 8, ICRC 4, VCRC 2 bytes (InfiniBand architecture); our header is in the place of BTH"},
    {"delay", "15ns", "3 m of copper at 5 ns/m"},
    {"tx", "300ns",
     "estimate: half of what is left of the \"sub-microsecond\" one-way latency of ConnectX-3 over FDR (The "
     "Register, 6 June 2011), software taken off"},
    {"rx", "300ns", "the other half"},
    {"buffer", "64KiB", "estimate"},
    {"switch latency", "170ns", "estimate, in the class of the vendor's 36-port FDR switches"},
    {0},
};

static const struct scn_profile_value pcie_ntb[] = {
    {"rate", "63Gbit", "PCI Express 3.0, eight lanes of 8 GT/s, 128b/130b coding"},
    {"mtu", "256", "estimate: usual Max_Payload_Size of hosts (switches take more: PEX 8747, 2048)"},
    {"framing", "24",
     "PCI Express 3.0: TLP header of four words 16, framing token and sequence 4, LCRC 4 bytes"},
    {"delay", "10ns", "2 m of copper at 5 ns/m"},
    {"tx", "130ns",
     "estimate: half of what is left of \"below 300 ns\" one way for 4 bytes, application to application, "
     "through Intel's bridge (Dolphin, \"PCIe Intel NTB Networking\")"},
    {"rx", "130ns", "the other half"},
    {"buffer", "16KiB", "estimate"},
    {"switch latency", "100ns", "PLX PEX 8747 product brief, 2010: cut-through, at most 100 ns (x16 to x16)"},
    {0},
};

static const struct scn_profile_value ethernet_10g[] = {
    {"rate", "10Gbit", "IEEE 802.3, 10GBASE-R"},
    {"mtu", "1024", "largest power of two in a frame of 1500 bytes, as RoCE uses it"},
    {"framing", "38", "preamble 8, Ethernet header 14, check sequence 4, gap 12 bytes"},
    {"delay", "15ns", "3 m of copper at 5 ns/m"},
    {"tx", "500ns",
     "estimate: half of what is left of \"around 1.3 microseconds\" for RoCE on 10GE ports of ConnectX-2 "
     "(The "
     "Register, 6 June 2011)"},
    {"rx", "500ns", "the other half"},
    {"buffer", "64KiB", "estimate"},
    {"switch latency", "380ns",
     "Arista 7150, \"~380 nanoseconds\" (I. Pepelnjak, blog.ioshints.info, September 2012)"},
    {0},
};

static const struct scn_profile_value cxl_like[] = {
    {"rate", "252Gbit", "PCI Express 5.0, eight lanes of 32 GT/s, 128b/130b coding"},
    {"mtu", "256", "estimate: the payload of four flits"},
    {"framing", "16", "estimate: 4 bytes of CRC and protocol for each of four 68-byte flits (CXL 2.0)"},
    {"delay", "10ns", "2 m at 5 ns/m"},
    {"tx", "50ns", "estimate"},
    {"rx", "50ns", "estimate"},
    {"buffer", "16KiB", "estimate"},
    {"switch latency", "100ns",
     "estimate: what PCI Express 5.0 switches are said to take (The Next Platform, 3 February 2021, "
     "comments: "
     "100 to 120 ns)"},
    {0},
};

static const struct scn_profile_value shared_memory[] = {
    {"rate", "80Gbit", "estimate: 10 GB/s"},
    {"mtu", "4096", "a page"},
    {"framing", "0", "nothing is framed"},
    {"delay", "60ns", "estimate"},
    {"tx", "20ns", "estimate"},
    {"rx", "20ns", "estimate"},
    {"buffer", "64KiB", "estimate"},
    {"switch latency", "50ns", "estimate"},
    {0},
};

const struct scn_profile scn_profiles[] = {
    {"infiniband-fdr", "InfiniBand FDR, four lanes, host channel adapters and a switch.", infiniband_fdr},
    {"pcie-ntb", "PCI Express 3.0 x8 through non-transparent bridges.", pcie_ntb},
    {"ethernet-10g", "Adapters over 10 Gbit/s Ethernet, lossless by flow control.", ethernet_10g},
    {"cxl-like", "Messages over a CXL-class link (PCI Express 5.0 x8).", cxl_like},
    {"shared-memory", "Sockets of one machine that pass messages through coherent memory.", shared_memory},
    {0},
};

const char *const scn_profile_names[] = {"infiniband-fdr", "pcie-ntb",      "ethernet-10g",
                                         "cxl-like",       "shared-memory", NULL};

const char *scn_profile_value(const char *profile, const char *key)
{
    for (const struct scn_profile *p = scn_profiles; p->name; p++)
        if (profile && strcmp(p->name, profile) == 0)
            for (const struct scn_profile_value *v = p->values; v->key; v++)
                if (strcmp(v->key, key) == 0)
                    return v->value;
    return NULL;
}
