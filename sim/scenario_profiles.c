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
    {"rate", "54.5Gbit", "4x FDR: 4 lanes of 14.0625 Gbit/s, 64b/66b coding (IBTA roadmap)"},
    {"mtu", "4096", "largest MTU of the InfiniBand architecture"},
    {"framing", "14", "LRH 8, ICRC 4, VCRC 2 bytes; our header stands for BTH and its extensions"},
    {"delay", "15ns", "3 m of copper at 5 ns/m"},
    {"tx", "300ns", "estimate"},
    {"rx", "300ns", "estimate"},
    {"buffer", "64KiB", "estimate"},
    {"switch latency", "170ns", "estimate"},
    {0},
};

static const struct scn_profile_value pcie_ntb[] = {
    {"rate", "63Gbit", "PCI Express 3.0 x8: 8 lanes of 8 GT/s, 128b/130b coding"},
    {"mtu", "256", "usual Max_Payload_Size"},
    {"framing", "24", "TLP header of 4 DW 16, sequence and framing token 4, LCRC 4 bytes"},
    {"delay", "10ns", "2 m of copper at 5 ns/m"},
    {"tx", "200ns", "estimate"},
    {"rx", "200ns", "estimate"},
    {"buffer", "16KiB", "estimate"},
    {"switch latency", "150ns", "estimate"},
    {0},
};

static const struct scn_profile_value ethernet_10g[] = {
    {"rate", "10Gbit", "IEEE 802.3, 10GBASE-R"},
    {"mtu", "1024", "largest power of two in a frame of 1500 bytes, as RoCE uses it"},
    {"framing", "38", "preamble 8, Ethernet header 14, check sequence 4, gap 12 bytes"},
    {"delay", "15ns", "3 m of copper at 5 ns/m"},
    {"tx", "500ns", "estimate"},
    {"rx", "500ns", "estimate"},
    {"buffer", "64KiB", "estimate"},
    {"switch latency", "300ns", "estimate"},
    {0},
};

static const struct scn_profile_value cxl_like[] = {
    {"rate", "252Gbit", "PCI Express 5.0 x8: 8 lanes of 32 GT/s, 128b/130b coding"},
    {"mtu", "256", "estimate: four flits of 64 bytes"},
    {"framing", "16", "estimate: 4 bytes of each of four 68-byte flits"},
    {"delay", "10ns", "2 m at 5 ns/m"},
    {"tx", "50ns", "estimate"},
    {"rx", "50ns", "estimate"},
    {"buffer", "16KiB", "estimate"},
    {"switch latency", "70ns", "estimate"},
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
