# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adapter-storm - 25,000 messages among eight nodes of three instruction sets, on all queues of their fabric adapters,
# with one-sided operations, atomics and datagrams at the same time (tests/guests/fabric_storm.c, which verifies every
# byte and the order). What left is what came, by the guests' own counting, by the devices' and by the model's; nothing
# is under way at the end; two runs are identical. All begin at 30 ms, when the slowest has come up: nothing is lost then.
. "$E2E/lib.sh"

scenario storm.scn.yml <<'S'
stop: 2s
defaults: { node: { memory: 32MiB, append: "storm count=3125 seed=1 begin=30", expect: { exit: 0 } } }
nodes:
  x: { arch: x86_64, count: 2, kernel: "@GUESTS@/fabric-x86_64" }
  a: { arch: aarch64, count: 3, kernel: "@GUESTS@/fabric-aarch64" }
  r: { arch: riscv64, count: 3, kernel: "@GUESTS@/fabric-riscv64" }
switches:
  one: { kind: fabric, mode: cut-through, latency: 200ns }
  two: { kind: fabric, mode: cut-through, latency: 200ns }
links:
  - { endpoints: ["x*:fab0", "one"], profile: infiniband-fdr }
  - { endpoints: ["a*:fab0", "two"], profile: infiniband-fdr }
  - { endpoints: ["r*:fab0", "one"], profile: infiniband-fdr }
  - { endpoints: ["one", "two"], profile: infiniband-fdr }
S
run first 0 storm.scn.yml --backend libvirt
first=$dir
cat "$dir"/console/*.raw | tr -d '\r' | grep '^storm: ' >storm.txt
equal "nodes that have got all" "$(wc -l <storm.txt)" 8
# the sums of both sides of a pair, over all nodes
sums() {
    tr ' ' '\n' <storm.txt | awk -v what="$1" 'take { split($1, p, "/"); a += p[1]; b += p[2]; take = 0 }
        $1 == what { take = 1 } END { print a, b }'
}
for what in messages datagrams reads writes atomics packets bytes; do
    # shellcheck disable=SC2046
    set -- $(sums $what)
    equal "$what: as many have come as have left" "$2" "$1"
    check "$what: there were some ($1)" [ "$1" -gt 1000 ]
done
# 8 * 3125, and 8 * 7 * 8 at the end, and 7 to node 0 and back
# shellcheck disable=SC2046
set -- $(sums messages)
equal "messages" "$1" $((25000 + 448 + 14))
# shellcheck disable=SC2046
set -- $(sums packets)
equal "packets, as the model counts those that entered" "$(fabric "$dir" injected)" "$1"
equal "packets, as the model counts those that left" "$(fabric "$dir" delivered)" "$1"
equal "packets that were lost" "$(fabric "$dir" dropped)" 0
equal "packets in flight at the end" "$(fabric "$dir" in_flight)" 0

run second 0 storm.scn.yml --backend direct
same "two runs, libvirt and direct: identical" "$first" "$dir"
finish
