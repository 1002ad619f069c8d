/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - the order in which the kernel comes up. boot_<isa>.S calls kernel_early() on the boot stack,
 * memory mapped one to one or not at all, interrupts off.
 */
#include "guest-kernel/kernel/main.h"
#include "guest-kernel/kernel/adapter.h"
#include "guest-kernel/kernel/cluster.h"
#include "guest-kernel/kernel/console.h"
#include "guest-kernel/kernel/cpu.h"
#include "guest-kernel/kernel/irq.h"
#include "guest-kernel/kernel/kernel.h"
#include "guest-kernel/kernel/pci.h"
#include "guest-kernel/kernel/process.h"

struct boot_info boot_info;

void kernel_early(uintptr_t boot_data)
{
    arch_machine_init();
    arch_boot_info(boot_data, &boot_info);
    print("cob kernel: %s, %u cpu\n", arch_name, boot_info.n_cpus);
    pages_init(&boot_info);
    paging_init(&boot_info);
    cpu_first(kernel_main);
}

void kernel_main(void)
{
    arch_trap_init();
    panic_test();
    irq_init(&boot_info);
    pci_scan();
    adapter_init();
    console_init();
    cpus_start();
    panic_test_all();
    cluster_init();  /* the other nodes, if cluster=on */
    process_first(); /* the program named by init= */
    scheduler();     /* does not return */
}
