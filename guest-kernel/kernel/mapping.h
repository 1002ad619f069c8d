/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mapping.h - which file a mapping is of. */
#ifndef KERNEL_MAPPING_H
#define KERNEL_MAPPING_H

#include <stddef.h>
#include <stdint.h>

struct file;

/* The open file's number in the initial ram disk (initrd_file()), for vma_area.file. Negative errno: EACCES
 * (cannot be read), ENODEV (no file of the initial ram disk), EXDEV (another node's, whose ram disk is
 * another one), EHOSTDOWN (that node is dead). Waits if the file is another node's; f is the caller's. */
int64_t mapping_file(struct file *f);
/* Another node asks: REMOTE_FILE_NAME. */
void mapping_message(unsigned from, uint32_t request, const void *data, size_t bytes);

#endif
