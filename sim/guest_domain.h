/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_domain.h - a node's machine in libvirt's words.
 */
#ifndef COB_GUEST_DOMAIN_H
#define COB_GUEST_DOMAIN_H

#include "sim/guest.h"

/* The domain's XML, malloc'd; NULL with errno ENOMEM. The domain is called like the node. */
char *guest_domain_xml(const struct guest_spec *spec);

#endif
