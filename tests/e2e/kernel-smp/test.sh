# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-smp - the replicated kernel on four CPUs of each instruction set: all run threads, usertests pass, two runs are identical,
# one of them under load on one core; so it is with memory that two nodes share; a panic on one CPU stops the node; the same
# images do as well on plain QEMU, where the CPUs run at the same time.
. "$E2E/lib.sh"

# trio FILE APPEND EXIT
trio() {
    scenario "$1" <<S
stop: 3s
defaults: { node: { memory: 32MiB, cpus: 4, append: "$2", expect: { exit: $3 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64", initrd: "@GUESTS@/kernel.cpio" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
}

# passed NAME CONSOLE
passed() {
    contains "$1: four CPUs run" "$2" '^cpus: 4 run'
    contains "$1: each has run a thread" "$2" '^cpus: 4, those that ran threads: f'
    contains "$1: all usertests pass" "$2" '^usertests: ([0-9]+) of \1 passed'
}

trio usertests.scn.yml init=/usertests 0
run usertests-a 0 usertests.scn.yml --backend libvirt
first=$dir
load
one_core
run usertests-b 0 usertests.scn.yml --backend direct
unload
PREFIX=
same "libvirt on all cores, direct on one core under load: identical" "$first" "$dir"
for node in alpha beta gamma; do
    passed "$node" "$first/console/$node.raw"
done

scenario shared.scn.yml <<'S'
stop: 2s
check: { coherence: true }
defaults: { node: { memory: 32MiB, cpus: 4, append: "init=/shared cluster=on", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio" }
  beta: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio" }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr }
S
run shared-a 0 shared.scn.yml --backend direct
first=$dir
load
one_core
run shared-b 0 shared.scn.yml --backend direct
unload
PREFIX=
same "shared memory: on all cores, on one core under load: identical" "$first" "$dir"
contains "shared memory: page states are never contradictory" "$first/result.json" '^    "verdict": "ok"'
for node in alpha beta; do
    contains "$node: four CPUs run" "$first/console/$node.raw" '^cpus: 4 run'
    contains "$node: shared memory is right" "$first/console/$node.raw" '^shared: 0 wrong'
    contains "$node: counters" "$first/console/$node.raw" '^counter: 300 under a lock, 300 atomic, of 300'
done

trio panic.scn.yml "init=/usertests panic=second" 255
run panic 0 panic.scn.yml --backend direct
for node in alpha beta gamma; do
    contains "$node: the second CPU panics" "$dir/console/$node.raw" '^panic: asked for, on cpu 1'
    equal "$node: and stops the first" "$(grep -c '^PASS' "$dir/console/$node.raw")" 0
done

# plain ARCH MACHINE CPU: without cob
plain() {
    timeout 120 "qemu-system-$1" -M "$2" -cpu "$3" -smp 4 -m 32 -display none -nodefaults -serial "file:plain-$1.txt" \
        -monitor none -no-reboot -kernel "$GUESTS/kernel-$1" -initrd "$GUESTS/kernel.cpio" -append init=/usertests
    equal "plain QEMU, $1: powers off" $? 0
    passed "plain QEMU, $1" "plain-$1.txt"
    contains "plain QEMU, $1: result" "plain-$1.txt" '^cob: result 0'
}
plain x86_64 q35 qemu64
plain aarch64 virt cortex-a57
plain riscv64 virt rv64
finish
