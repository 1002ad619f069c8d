# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-par - the parallel programs (IS, EP, CG, sum, matrix product, sort, word count; small classes) on nodes of three
# instruction sets that share memory: all verified, the same bits of results as on one node alone, two runs identical. The same
# as one process with a thread on each of them. Locks and barriers of many kinds between the three keep their promise. A node that crashes: the others do not wait for its worker for ever.
. "$E2E/lib.sh"

jobs='is ep cg sum matrix sort words'

cat <<'S' | scenario par.scn.yml
stop: 2s
defaults: { node: { memory: 64MiB, append: "init=/parshared cluster=on", expect: { exit: 0 } } }
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/kernel-x86_64", initrd: "@GUESTS@/kernel.cpio" }
  beta: { arch: aarch64, kernel: "@GUESTS@/kernel-aarch64", initrd: "@GUESTS@/kernel.cpio" }
  gamma: { arch: riscv64, kernel: "@GUESTS@/kernel-riscv64", initrd: "@GUESTS@/kernel.cpio" }
switches: { sw: { kind: fabric, latency: 200ns } }
links:
  - { endpoints: ["*:fab0", "sw"], profile: infiniband-fdr }
S
run par-a 0 par.scn.yml --backend libvirt
first=$dir
one_core
run par-b 0 par.scn.yml --backend direct
PREFIX=
same "libvirt on all cores, direct on one core: identical" "$first" "$dir"

cat <<'S' | scenario alone.scn.yml
stop: 2s
nodes:
  alone:
    arch: riscv64
    memory: 64MiB
    kernel: "@GUESTS@/kernel-riscv64"
    initrd: "@GUESTS@/kernel.cpio"
    append: "init=/parshared cluster=on"
    expect: { exit: 0 }
S
run alone 0 alone.scn.yml --backend direct
grep -a '^bits:' "$dir/console/alone.raw" >alone.bits
equal "alone: jobs with results" "$(grep -c . alone.bits)" 7
for node in alpha beta gamma; do
    console=$first/console/$node.raw
    for job in $jobs; do
        contains "$node: $job is verified" "$console" "^PASS $job T"
        contains "$node: $job has three workers" "$console" "^$job T: 3 workers, [0-9]+ ns;"
    done
    grep -a '^bits:' "$console" >"$node.bits"
    check "$node: the same bits as on one node alone" cmp "$node.bits" alone.bits
done

# Slow links, short packets: the adapter still reads a page when its node has given it away, and used its frame again.
sed 's|profile: infiniband-fdr|&, rate: 500Mbit, mtu: 512|' par.scn.yml >slow.scn.yml
run slow 0 slow.scn.yml --backend direct --no-trace --no-capture
for node in alpha beta gamma; do
    grep -a '^bits:' "$dir/console/$node.raw" >"$node.slow"
    check "slow links: $node has the same bits" cmp "$node.slow" alone.bits
done

# One process: a worker on each node. The scenario as it is in the repository.
mkdir scenarios
cp "${E2E%/tests/e2e}"/scenarios/kernel.names.yml scenarios/
sed "s|\.\./build/guests|$GUESTS|" "${E2E%/tests/e2e}/scenarios/kernel-trio.scn.yml" >scenarios/kernel-trio.scn.yml
run threads-a 0 scenarios/kernel-trio.scn.yml --backend direct
first=$dir
one_core
run threads-b 0 scenarios/kernel-trio.scn.yml --backend libvirt
PREFIX=
same "threads: direct on all cores, libvirt on one core: identical" "$first" "$dir"
for job in $jobs; do
    contains "threads: $job is verified" "$dir/console/alpha.raw" "^PASS $job T"
    contains "threads: $job has three workers" "$dir/console/alpha.raw" "^$job T: 3 workers, [0-9]+ ns;"
done
grep -a '^bits:' "$dir/console/alpha.raw" >threads.bits
check "threads: the same bits as on one node alone" cmp threads.bits alone.bits
"$COB" trace "$first" >trace.txt
for node in alpha beta gamma; do
    boot=$(grep -a " $node .* booted " trace.txt | head -n 1 | awk '{ print $1 }')
    check "threads: $node has booted within 50 ms: at $boot s" \
        [ "$(echo "$boot" | awk '{ print ($1 > 0 && $1 < 0.05) }')" = 1 ]
done

# Locks and barriers, one thread on each node; twice the same. In the bench's table each has a time.
sed -e 's|init=/parshared|init=-|; s|\(alpha: {.*\) }|\1, append: "init=/locks,3,20 cluster=on" }|' \
    -e 's|^defaults|check: { coherence: true }\n&|' par.scn.yml >locks.scn.yml
run locks-a 0 locks.scn.yml --backend direct --no-capture
first=$dir
one_core
run locks-b 0 locks.scn.yml --backend direct --no-capture
PREFIX=
same "locks and barriers: identical on one core" "$first" "$dir"
contains "locks and barriers: nothing is wrong" "$first/console/alpha.raw" '^locks: 0 wrong'
for kind in ping-pong spin ticket mutex queue barrier spread; do
    contains "locks and barriers: $kind" "$first/console/alpha.raw" "^locks: $kind 3 threads, [1-9][0-9]* ns"
done

# The death is known after 22 ms, the next question comes at most 5 ms later, and may be to one that has ended because of it,
# which takes 22 ms, too. Or a page that only the dead node had is lost before.
sed 's|init=/parshared|init=/parshared,cg,S|; s|\(gamma: {.*\) }|\1, expect: { end: crashed } }|' par.scn.yml >crash.scn.yml
echo 'faults: [ { name: gone, node: gamma, at: 60ms, crash: true } ]' >>crash.scn.yml
run crash 1 crash.scn.yml --backend direct --no-trace --no-capture
for node in alpha beta; do
    contains "crash: $node says why" "$dir/console/$node.raw" \
        '^par: node 2 has died|^process [0-9]+: the page at [0-9a-f]+ is lost'
    check "crash: $node ends with an error, soon: $(node "$dir" "$node" exit) at $(node "$dir" "$node" end_ps) ps" \
        [ "$(node "$dir" "$node" exit)" -gt 0 -a "$(node "$dir" "$node" end_ps)" -le 110000000000 ]
done
finish
