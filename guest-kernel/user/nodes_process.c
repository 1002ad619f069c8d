/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nodes_process.c - fork by threads elsewhere than at their process's origin; see nodes.h. */
#include "guest-kernel/user/nodes.h"

enum { PAGES = 20, MOST_CHILDREN = 100 };

static uint64_t data = 3; /* a page that the origin has written, one that the node has, one that nobody has */
static struct {
    _Alignas(PAGE_BYTES) volatile uint64_t word;
} mine, nobodys = {11};
static volatile uint64_t *area;
static _Thread_local uint64_t local;
static long child_of[MOST];
static unsigned bad;

static void wrong_if(bool is, const char *what)
{
    if (!is)
        return;
    print("fork: %s\n", what);
    __atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST);
}

static double third(double x)
{
    return x / 3;
}

/* What a child finds; its status: a bit for each thing that is wrong. */
static int child(unsigned node, long parent, int end, int keep, double number)
{
    unsigned here, status = 0;
    uint64_t *own = map(PAGE_BYTES, PROT_READ | PROT_WRITE);
    char byte = (char)node;

    node_count(&here);
    status |= here != node || (getpid() - 1) % nodes != node || getpid() == parent || getppid() != parent;
    status |=
        2u * (data != 100 + node || mine.word != 200 + node || nobodys.word != 11 || local != 300 + node);
    for (unsigned i = 0; i < PAGES; i++)
        status |= 4u * (area[i * 512] != (i % 3 ? i + node : 0));
    status |= 8u * (number != third(node + 1));
    data = mine.word = nobodys.word = own[0] = 1; /* its own */
    status |= 16u * (write(end, &byte, 1) != 1);
    /* it is a process as others: threads elsewhere, children, memory */
    long grandchild = fork();
    if (grandchild == 0)
        exit(data == 1 && own[0] == 1 ? 7 : 8);
    int of_it = 0;
    status |= 32u * (wait4(grandchild, &of_it, 0) != grandchild || of_it != 7 << 8);
    long top = brk(0);
    status |= 64u * (brk((uintptr_t)top + PAGE_BYTES) != top + PAGE_BYTES || *(volatile char *)top != 0);
    status |= 128u * (close(keep) != 0);
    return (int)status;
}

static int ends[2], kept;

/* On that node: changes data, forks, and changes them again. */
static void fork_there(void *argument)
{
    unsigned node = (unsigned)(uintptr_t)argument;
    long parent = getpid();
    double number = third(node + 1);

    data = 100 + node;
    mine.word = 200 + node;
    local = 300 + node;
    for (unsigned i = 0; i < PAGES; i++)
        if (i % 3)
            area[i * 512] = i + node;
    long id = fork();
    if (id == 0)
        exit(child(node, parent, ends[1], kept, number));
    child_of[node] = id;
    wrong_if(id < 0, "refused");
    data = mine.word = 5;
    wrong_if(number != third(node + 1) || local != 300 + node, "the parent has changed");
}

unsigned test_fork(void)
{
    int status;
    char byte;

    wrong_if(pipe2(ends, CLOSE_ON_EXEC) != 0, "no pipe"); /* fork passes it on */
    kept = (int)open("/motd", 0);
    for (unsigned i = 0; i < nodes; i++) {
        area = map(PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE);
        wrong_if(on(i, fork_there) != 0, "no thread");
        wrong_if(wait4(child_of[i], &status, 0) != child_of[i], "no child");
        if (status)
            print("fork: node %u: status %x\n", i, (unsigned)status);
        wrong_if(status != 0, "the child has found something wrong");
        wrong_if(read(ends[0], &byte, 1) != 1 || byte != (char)i, "nothing written");
        wrong_if(data != 5 || mine.word != 5 || nobodys.word != 11, "the child's writes are seen");
        unmap((void *)(uintptr_t)area, PAGES * PAGE_BYTES);
    }
    close(ends[0]);
    close(ends[1]);
    close(kept);
    return bad;
}

/* ---- children until there is no room; others meanwhile write ---- */

static unsigned many;
static long error;
static volatile uint32_t stop;

static void bomb(void *argument)
{
    static long id[MOST_CHILDREN];
    int status;

    (void)argument;
    for (many = 0; many < MOST_CHILDREN; many++) {
        id[many] = fork();
        if (id[many] == 0)
            for (;;)
                sleep_ns(1000000000);
        if (id[many] < 0)
            break;
    }
    error = many < MOST_CHILDREN ? id[many] : 0;
    for (unsigned i = 0; i < many; i++)
        wrong_if(kill(id[i], 9) != 0 || wait4(id[i], &status, 0) != id[i] || status != 9, "a child stays");
    long again = fork();
    if (again == 0)
        exit(3);
    wrong_if(again < 0 || wait4(again, &status, 0) != again || status != 3 << 8, "no more children");
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
}

static void write_on(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        mine.word++;
        sleep_ns(20000);
    }
}

unsigned test_bomb(void)
{
    struct thread writer;
    unsigned before = bad;

    wrong_if(thread_create_on(&writer, 0, write_on, NULL) != 0, "no writer");
    wrong_if(on(nodes - 1, bomb) != 0, "no thread");
    wrong_if(thread_join(&writer) != 0, "no writer");
    print("bomb: %u children, then %ld\n", many, error);
    wrong_if(many < 20 || error != -EAGAIN, "no limit");
    return bad - before;
}

/* ---- a program in the child ---- */

static void fork_and_exec(void *argument)
{
    static char *const argv[] = {"count", "here", "and", "there", NULL};
    unsigned node = (unsigned)(uintptr_t)argument;
    long id = fork();

    if (id == 0)
        exit(execve("/nothing", argv) == -ENOENT ? (int)execve("/count", argv) : 99);
    child_of[node] = id;
}

unsigned test_fork_exec(void)
{
    unsigned before = bad;
    int status;

    for (unsigned i = 0; i < nodes; i++) {
        wrong_if(on(i, fork_and_exec) != 0, "no thread");
        wrong_if(wait4(child_of[i], &status, 0) != child_of[i] || status != 3 << 8, "the program says else");
    }
    return bad - before;
}

/* ---- too much for the node's memory, perhaps: then there is no child ---- */

enum { MUCH = 14 << 20, PARTS = MUCH / PAGE_BYTES };

static volatile uint64_t *much;

static void fork_much(void *argument)
{
    int status;
    long id = fork();

    (void)argument;
    if (id == 0)
        exit(much[0] == 1 && much[(PARTS - 1) * 512ul] == PARTS ? 4 : 5);
    error = id;
    if (id > 0)
        wrong_if(wait4(id, &status, 0) != id || status != 4 << 8, "a big child has seen something wrong");
    else
        wrong_if(wait4(-1, &status, 0) != -ECHILD, "a child that did not come to be");
}

unsigned test_much(void)
{
    unsigned before = bad;
    int status;

    much = map(MUCH, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < PARTS; i++)
        much[i * 512ul] = i + 1;
    wrong_if(on(nodes - 1, fork_much) != 0, "no thread");
    print("much: %ld\n", error < 0 ? error : 0);
    wrong_if(error < 0 && error != -ENOMEM, "another error");
    unmap((void *)(uintptr_t)much, MUCH);
    wrong_if(on(nodes - 1, fork_and_exec) != 0, "no thread");
    long id = child_of[nodes - 1];
    wrong_if(wait4(id, &status, 0) != id || status != 3 << 8, "no child afterwards");
    return bad - before;
}

/* ---- for ever, until the origin dies: widow.c ---- */

static void fork_on(void *argument)
{
    (void)argument;
    for (;;) {
        long id = fork();
        if (id == 0)
            exit(0);
        if (id > 0)
            wait4(id, NULL, 0);
    }
}

int fork_for_ever(void)
{
    wrong_if(on(0, fork_on) != 0, "no thread");
    return 1;
}
