/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * initramfs.h - makes a node's initrd: the image's base.cpio, perhaps more of the image, and an archive with
 * the node's own files.
 *
 * Linux unpacks concatenated archives one after the other. The archive is "newc" and depends on its contents
 * only (times 0, owner root, inode numbers counted), so the same node gets the same bytes in every run.
 */
#ifndef COB_INITRAMFS_H
#define COB_INITRAMFS_H

#include <stddef.h>

/* One file to add. path has no leading slash ("etc/cob/run"); its directory must exist in the base archive.
 */
struct initramfs_file {
    const char *path;
    const void *data; /* may be NULL if size is 0 */
    size_t size;      /* below 4 GiB, newc's limit */
    unsigned mode;    /* permissions: 0644, 0755; it is always a regular file owned by root */
};

/*
 * Writes `out` anew: a copy of the file `base`, of the file `more` if it is not NULL, then the n files in
 * their order. Returns 0, or -1 with errno
 * and a sentence naming the path in why[size]; then nothing is left at `out` that was not there before (it is
 * written beside and renamed). EINVAL if base or more is no newc archive.
 */
int initramfs_write(const char *base, const char *more, const char *out, const struct initramfs_file *files,
                    unsigned n, char *why, size_t size);

#endif
