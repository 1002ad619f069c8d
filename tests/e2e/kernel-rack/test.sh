# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-rack - the replicated kernel on two nodes (twice, identical) and on sixteen, of three instruction sets on a leaf-spine
# fabric: shared memory is right, and every node begins its first program within 50 ms; usertests pass on each of the sixteen;
# one process over all of them passes the tests of `nodes`, with 100 times 32 threads at random places. Page states are never
# contradictory. One to three minutes.
. "$E2E/lib.sh"

top=${E2E%/tests/e2e}
cp "$top/scenarios/kernel.names.yml" .

# boots DIR: "<nodes that began their first program> <of them after more than 50 ms>"
boots() {
    "$COB" trace "$1" | grep -a ' event booted ' | awk '{ n++; late += $1 > 0.05 } END { print n + 0, late + 0 }'
}

# sixteen NAME SED [OPTION]...: the scenario, changed, on sixteen nodes; its consoles are in all.txt
sixteen() {
    sixteen_name=$1
    sed "$2" rack.scn.yml >"$1.scn.yml"
    shift 2
    run "$sixteen_name" 0 "$sixteen_name.scn.yml" --backend direct --no-capture "$@"
    cat "$dir"/console/*.raw >all.txt
    contains "$sixteen_name: page states are never contradictory" "$dir/result.json" '^    "verdict": "ok"'
    check "$sixteen_name: they are many" [ "$(sed -n 's/^    "changes": \([0-9]*\),/\1/p' "$dir/result.json")" -ge 1000 ]
}

for name in pair rack; do
    sed "s|\.\./build/guests|$GUESTS|g" "$top/scenarios/kernel-$name.scn.yml" >$name.scn.yml
done
run pair-a 0 pair.scn.yml --backend direct
first=$dir
one_core
run pair-b 0 pair.scn.yml --backend direct
PREFIX=
same "two nodes: on all cores, on one core: identical" "$first" "$dir"
equal "two nodes: boot within 50 ms" "$(boots "$first")" "2 0"
for node in alpha beta; do
    contains "$node of two: nothing is wrong" "$first/console/$node.raw" '^shared: 0 wrong'
done

sixteen shared ''
equal "sixteen nodes: boot within 50 ms" "$(boots "$dir")" "16 0"
equal "sixteen nodes: nothing is wrong" "$(grep -a -c '^shared: 0 wrong' all.txt)" 16
equal "sixteen nodes: counters" "$(grep -a -c '^counter: 288 under a lock, 288 atomic, of 288' all.txt)" 16
equal "sixteen nodes: pairs for message passing" "$(grep -a -c '^message passing .* forbidden 0' all.txt)" 16
equal "sixteen nodes: pairs for store buffering" "$(grep -a -c '^store buffering .* forbidden 0' all.txt)" 16

sixteen usertests 's|init=/shared|init=/usertests|' --no-trace
equal "usertests: all pass on each of sixteen nodes" "$(grep -a -c -E '^usertests: ([0-9]+) of \1 passed' all.txt)" 16

sixteen nodes 's|init=/shared|init=-|; s|n0: { arch: x86_64,|& append: "init=/nodes,100,5,32 cluster=on",|' --no-trace
contains "nodes: nothing is wrong" all.txt '^nodes: 0 wrong'
equal "nodes: tests that passed" "$(grep -a -c '^PASS' all.txt)" 16
contains "nodes: 32 x 100 random places, each of the sixteen used" all.txt \
    '^random: 32 x 100 threads, places [0-9a-f]+, on each node:( [1-9][0-9]*){16}; additions 32000 of 32000'
finish
