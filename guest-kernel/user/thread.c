/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread.c - where the program's C begins; threads, on any node. See user.h.
 *
 * A thread's memory is one mapping. From its upper end down, the same on every instruction set:
 *
 *   struct block_end    what thread_main() needs; begins with its own address, as x86_64 wants it
 *   thread-local data   tls_info.bytes, a multiple of 16; its beginning is the thread's block
 *   16 bytes            aarch64's thread pointer is here
 *   stack
 *
 * So a thread-local variable is at the same distance from the block everywhere. The thread pointer is the
 * block's end on x86_64, the block less 16 on aarch64, the block on riscv64. A new thread gets the block as
 * its argument, and the block's end as thread pointer from whoever starts it, on whatever machine; its first
 * instructions (thread_begin) mend what is otherwise on theirs.
 */
#include "guest-kernel/user/user.h"

enum { TLS_GAP = 16, OWNER_DIED = 0x40000000, THREAD_ON = 513 };

struct block_end {
    struct block_end *self;
    void (*function)(void *argument);
    void *argument;
    uint64_t unused;
};
_Static_assert(sizeof(struct block_end) <= 64, "layout.c leaves 64 bytes");

/* From the linker script, which layout.c writes; main_block has 16 bytes in front of the first thread's
 * block. */
extern const struct tls_info {
    const char *initial;
    size_t initial_bytes, bytes;
} tls_info;
extern char main_block[];

/* start_<isa>.S */
void thread_pointer(void *block, void *end);
long thread_clone(void *block, void *sp, void *tp, uint32_t *clear_tid);
void thread_begin(void *block);
/* From there. */
void program_begin(long *stack) __attribute__((noreturn));
void thread_main(char *block) __attribute__((noreturn));

static struct block_end *fill(char *block)
{
    struct block_end *end = (struct block_end *)(void *)(block + tls_info.bytes);

    memcpy(block, tls_info.initial, tls_info.initial_bytes);
    end->self = end;
    return end;
}

void program_begin(long *stack)
{
    char *block = main_block + TLS_GAP;

    thread_pointer(block, fill(block));
    exit(main((int)stack[0], (char **)(stack + 1)));
}

void thread_main(char *block)
{
    struct block_end *end = (struct block_end *)(void *)(block + tls_info.bytes);

    end->function(end->argument);
    exit_thread();
}

/* Its memory, with what it will do; NULL: there is none, *error says why. */
static char *make(struct thread *t, void (*function)(void *argument), void *argument, long *error)
{
    t->stack = map(STACK_BYTES, PROT_READ | PROT_WRITE);
    if ((uintptr_t)t->stack > (uintptr_t)-4096) {
        *error = (long)t->stack;
        return NULL;
    }
    char *block = (char *)t->stack + STACK_BYTES - sizeof(struct block_end) - tls_info.bytes;
    struct block_end *end = fill(block);
    end->function = function;
    end->argument = argument;
    t->alive = 1; /* the kernel clears it and wakes whoever joins */
    return block;
}

static long begun(struct thread *t, long id)
{
    if (id < 0)
        unmap(t->stack, STACK_BYTES);
    return id < 0 ? id : 0;
}

long thread_create_on(struct thread *t, int node, void (*function)(void *argument), void *argument)
{
    long error;
    char *block = make(t, function, argument, &error);

    return !block ? error
                  : begun(t, syscall6(node, (long)thread_begin, (long)block, (long)(block - TLS_GAP),
                                      (long)(block + tls_info.bytes), (long)&t->alive, THREAD_ON));
}

long thread_create_here(struct thread *t, void (*function)(void *argument), void *argument)
{
    long error;
    char *block = make(t, function, argument, &error);

    return block ? begun(t, thread_clone(block, block - TLS_GAP, block + tls_info.bytes, &t->alive)) : error;
}

long thread_create(struct thread *t, void (*function)(void *argument), void *argument)
{
    return thread_create_on(t, ANY_NODE, function, argument);
}

bool thread_died(const struct thread *t)
{
    return __atomic_load_n(&t->alive, __ATOMIC_ACQUIRE) == OWNER_DIED;
}

long thread_join(struct thread *t)
{
    uint32_t word;

    while ((word = __atomic_load_n(&t->alive, __ATOMIC_ACQUIRE)) && word != OWNER_DIED)
        futex_wait(&t->alive, word, 0);
    unmap(t->stack, STACK_BYTES);
    return word ? -EOWNERDEAD : 0;
}
