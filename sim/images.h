/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images.h - which kernel, initial ram disk and kernel command line a node starts with.
 *
 * `image: linux`, `linux-6.12`: the distribution's kernel and our small initramfs (docs/images.md) in the
 * images directory ($COB_IMAGES, else the user's cache), to which the node's own files are added. Own kernels
 * are taken as they are.
 */
#ifndef COB_IMAGES_H
#define COB_IMAGES_H

#include "sim/rundir.h"
#include "sim/scenario.h"

struct image {
    char kernel[PATH_MAX];
    char initrd[PATH_MAX]; /* "": none */
    char append[2048];
};

/*
 * Prepares node `index`: writes its initial ram disk into the run's tmp/. 0, or -1 with path and reason in
 * why[size]. Blocks on the disk. IP address of ethN of node i: 10.N.0.(i + 1)/16.
 */
int image_prepare(const struct scenario *s, unsigned index, const struct rundir *run, struct image *out,
                  char *why, size_t size);

/* The stock kernel of a node that has no `kernel:`, whether it is there or not. 0, or -1 if its name is too
 * long. */
int image_kernel(const struct scn_node *n, char buf[PATH_MAX]);

#endif
