# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-nodes - one process over kernels of three instruction sets: threads on all of them, one address space, system calls
# of a thread elsewhere, processes of other origins, kill; page states that never contradict each other; two runs identical,
# the second under load on one core. A node that crashes: who waits for its threads is told, in bounded time, the others go on.
. "$E2E/lib.sh"

# trio FILE PROGRAM STOP GAMMA: GAMMA is added to that node; what follows the links is read from the standard input
trio() {
    { cat <<S
stop: $3
check: { coherence: true }
defaults: { node: { memory: 32MiB, append: "init=- cluster=on", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio", append: "init=/$2 cluster=on" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64", initrd: "@GUESTS@/kernel.cpio" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio"$4 }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
    cat; } | scenario "$1"
}

trio nodes.scn.yml nodes 3s "" </dev/null
run nodes-a 0 nodes.scn.yml --backend libvirt
first=$dir
one_core
load
run nodes-b 0 nodes.scn.yml --backend direct
unload
PREFIX=
same "libvirt on all cores, direct on one core under load: identical" "$first" "$dir"
console=$first/console/alpha.raw
contains "nothing is wrong" "$console" '^nodes: 0 wrong'
equal "tests that passed" "$(grep -c '^PASS' "$console")" 11
contains "counters" "$console" '^mutex: 120 and 120 of 120'
for i in 0 1 2; do
    contains "a thread on node $i prints to the console of the process" "$console" "^nodes: thread on node $i, process 1"
done
"$COB" trace "$first" >trace.txt
for node in alpha beta gamma; do
    boot=$(grep -a -F "$node" trace.txt | grep -a -F ' event 1 arg 0' | head -n 1 | awk '{ print $1 }')
    equal "$node: booted within 50 ms" "$(echo "$boot" | awk '{ gsub(/[^0-9.]/, ""); print ($1 > 0 && $1 < 0.05) }')" 1
done

trio widow.scn.yml widow 1s ", expect: { end: crashed }" <<'S'
faults: [ { name: gone, node: gamma, at: 60ms, crash: true } ]
S
run widow 0 widow.scn.yml --backend direct
console=$dir/console/alpha.raw
contains "the dead node's thread is joined, with an error" "$console" '^widow: joined the last at [0-9]+ us: -130'
contains "nothing begins there" "$console" '^widow: a thread there -112, a process there -112'
contains "the others count on" "$console" '^widow: thread 1 counted to 100'
contains "nothing is wrong" "$console" '^widow: 0 wrong'
finish
