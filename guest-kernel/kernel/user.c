/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user.c - copying from and to user memory, page by page; each may have to come from elsewhere (process.h).
 */
#include "guest-kernel/kernel/process.h"

/* Calls for every piece of a page; copies from user (to == NULL: from the kernel). */
static int copy(struct process *p, uintptr_t user, void *to, const void *from, size_t n)
{
    while (n) {
        size_t offset = user % PAGE, piece = PAGE - offset < n ? PAGE - offset : n;
        struct page_ref ref;
        char *page = user_page(p, user, to ? PROT_READ : PROT_WRITE, &ref);
        if (!page)
            return -1;
        if (to) {
            memcpy(to, page + offset, piece);
            to = (char *)to + piece;
        } else {
            memcpy(page + offset, from, piece);
            from = (const char *)from + piece;
        }
        user_page_put(&ref);
        user += piece;
        n -= piece;
    }
    return 0;
}

int copy_in(void *to, uintptr_t from, size_t n)
{
    return copy(current()->process, from, to, NULL, n);
}

int copy_out(uintptr_t to, const void *from, size_t n)
{
    return copy(current()->process, to, NULL, from, n);
}

int copy_to(struct process *p, uintptr_t to, const void *from, size_t n)
{
    return copy(p, to, NULL, from, n);
}

int copy_string(char *to, uintptr_t from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (copy_in(to + i, from + i, 1) < 0)
            return -1;
        else if (!to[i])
            return 0;
    return -1;
}
