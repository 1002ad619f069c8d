/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adapter_queue.h - between adapter.c and adapter_queue.c; only with an adapter. */
#ifndef KERNEL_ADAPTER_QUEUE_H
#define KERNEL_ADAPTER_QUEUE_H

#include "devices/fabric/fabric_abi.h"
#include "guest-kernel/kernel/pci.h"

void adapter_doorbell(enum fab_db kind, unsigned q, uint16_t index);
/* enum fab_error */
unsigned adapter_admin(const struct fab_admin *command);
/* The message of MSI-X vector v. */
void adapter_vector(unsigned v, uint64_t address, uint32_t data);

#endif
