/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic.c - the stock NIC port: network clients of QEMU made by the plugin, named cob0, cob1, ..., to which any
 * NIC model is attached by -device MODEL,netdev=cobN, so that a guest needs no driver of ours.
 *
 * Out: QEMU calls receive() inside the guest's own MMIO write (e1000) or in a virtual timer (virtio-net with
 * tx=timer), so the clock read there is the frame's exact time. In: deliver.c calls nic_receive() in a
 * virtual timer. A frame that the model cannot take yet is queued by QEMU and handed over when the guest adds
 * buffers.
 */
#include "devices/qemu/half.h"
#include <string.h>

static void *client[PORT_MAX_NICS];
static unsigned n_clients;

static long receive(void *nc, const uint8_t *buf, size_t size)
{
    unsigned k = 0;
    while (k < n_clients && client[k] != nc)
        k++;
    if (k == n_clients || size == 0)
        return size ? (long)size : 1; /* no link there: the frame goes nowhere, as with a loose plug; 0 would
                                         mean "later" */
    deliver_send(k, buf, (uint32_t)(size < PORT_MAX_FRAME ? size : PORT_MAX_FRAME));
    return (long)size;
}

void nic_receive(unsigned nic, const uint8_t *data, uint32_t len)
{
    if (nic < n_clients)
        qemu.qemu_send_packet(client[nic], data, (int)len);
}

void nic_install(unsigned n_nics)
{
    static const struct qemu_net_info info = {
        .type = QEMU_NET_TYPE, .size = QEMU_NET_SIZE, .receive = receive};
    static char names[PORT_MAX_NICS][8];

    for (n_clients = 0; n_clients < n_nics; n_clients++) {
        memcpy(names[n_clients], "cob0", 5);
        names[n_clients][3] = (char)('0' + n_clients);
        client[n_clients] = qemu.qemu_new_net_client(&info, NULL, "cob", names[n_clients]);
    }
}
