# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-nodes - one process over kernels of three instruction sets: threads on all of them, one address space, system calls
# of a thread elsewhere, processes of other origins, kill; page states that never contradict each other; two runs identical,
# the second under load on one core. A node that crashes: who waits for its threads is told within 22 ms, the others go on.
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

# bounded TEXT US: in the run's microseconds, after the crash at 60 ms and at most 22 ms later (20 ms of silence, one beat)
bounded() {
    check "$1: at ${2:-no time}" [ "${2:-0}" -ge 60000 -a "${2:-0}" -le 82000 ]
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
equal "tests that passed" "$(grep -c '^PASS' "$console")" 16
contains "counters" "$console" '^mutex: 120 and 120 of 120'
for i in 0 1 2; do
    contains "a thread on node $i prints to the console of the process" "$console" "^nodes: thread on node $i, process 1"
done
"$COB" trace "$first" >trace.txt
for node in alpha beta gamma; do
    boot=$(grep -a -F "$node" trace.txt | grep -a -F ' event 1 arg 0' | head -n 1 | awk '{ print $1 }')
    equal "$node: booted within 50 ms" "$(echo "$boot" | awk '{ gsub(/[^0-9.]/, ""); print ($1 > 0 && $1 < 0.05) }')" 1
done

# Four CPUs on each node, and each of them again, alone, on a core with other work: when QEMU jumps over idle time must not
# depend on it (devices/qemu/idle.c).
trio four.scn.yml nodes 3s "" </dev/null
sed "s/memory: 32MiB/memory: 64MiB, cpus: 4/" four.scn.yml >cpus.scn.yml
run cpus 0 cpus.scn.yml --backend direct --no-capture
contains "four CPUs: nothing is wrong" "$dir/console/alpha.raw" "^nodes: 0 wrong"
equal "four CPUs: tests that passed" "$(grep -c "^PASS" "$dir/console/alpha.raw")" 16
one_core
load
for node in alpha beta gamma; do
    # shellcheck disable=SC2086 # PREFIX is words
    $PREFIX "$COB" replay "$dir" --node $node >replay.txt 2>&1
    contains "four CPUs: $node is the same again" replay.txt "^$node same"
done
unload
PREFIX=

# Nodes that are ready in another order than that of their numbers.
trio order.scn.yml nodes,1,1,3 3s "" <<'S'
faults:
  - { name: alpha, node: alpha, at: 5us, pause: 50ms }
  - { name: beta, node: beta, at: 5us, pause: 20ms }
S
run order 0 order.scn.yml --backend direct --no-trace --no-capture
contains "gamma, beta, alpha: nothing is wrong" "$dir/console/alpha.raw" "^nodes: 0 wrong"

# Two nodes that are equal, and so do everything at the same time; nothing between them but a link.
for isa in x86_64 aarch64 riscv64; do
    scenario two.scn.yml <<S
stop: 3s
check: { coherence: true }
defaults: { node: { memory: 32MiB, arch: $isa, kernel: "@GUESTS@/kernel-$isa", initrd: "@GUESTS@/kernel.cpio", expect: { exit: 0 } } }
nodes: { alpha: { append: "init=/nodes,1,1,2 cluster=on" }, beta: { append: "init=- cluster=on" } }
links: [ { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr } ]
S
    run two 0 two.scn.yml --backend direct --no-trace --no-capture
    contains "two of $isa: nothing is wrong" "$dir/console/alpha.raw" "^nodes: 0 wrong"
done

trio widow.scn.yml widow 1s ", expect: { end: crashed }" <<'S'
faults: [ { name: gone, node: gamma, at: 60ms, crash: true } ]
S
run widow 0 widow.scn.yml --backend direct
console=$dir/console/alpha.raw
bounded "the dead node's thread is joined, with an error, within 22 ms" \
    "$(sed -n 's/^widow: joined the last at \([0-9]*\) us of the rack: -130.*/\1/p' "$console")"
contains "nothing begins there, at once" "$console" '^widow: a thread there -112, a process there -112, within [0-9]{1,3} us'
contains "the others count on" "$console" '^widow: thread 1 counted to 100'
contains "who forked here for a dead origin has ended" "$console" '^widow: who forked has ended with 9, 0 of it left'
forks=$("$COB" trace "$dir" | grep -c ' alpha .*event 37 arg 220 ')
check "it had forked: $forks times" [ "$forks" -gt 50 ]
contains "nothing is wrong" "$console" '^widow: 0 wrong'

# Parallel workers of which one is no longer: the others' meeting ends, and the program says so; or a page that only that node had is lost.
trio par.scn.yml par,cg,S 1s ", expect: { end: crashed }" <<'S'
faults: [ { name: gone, node: gamma, at: 60ms, crash: true } ]
S
run par 1 par.scn.yml --backend direct --no-trace --no-capture
contains "a meeting with a dead node's worker ends" "$dir/console/alpha.raw" '^par: the node of worker 2 has died|^process 1: the page at [0-9a-f]+ is lost'
check "with an error, not with the stop: $(node "$dir" alpha exit) at $(node "$dir" alpha end_ps) ps" \
    [ "$(node "$dir" alpha exit)" -gt 0 -a "$(node "$dir" alpha end_ps)" -le 150000000000 ]
finish
