# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-rack - the replicated kernel on two nodes (twice, identical) and on sixteen, of three instruction sets on a leaf-spine
# fabric (once: it takes a minute or two): shared memory is right, and every node begins its first program within 50 ms.
. "$E2E/lib.sh"

top=${E2E%/tests/e2e}

# boots DIR: "<nodes that began their first program> <of them after more than 50 ms>"
boots() {
    "$COB" trace "$1" | grep -a ' event 1 arg 0 ' | awk '{ n++; late += $1 > 0.05 } END { print n + 0, late + 0 }'
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

run rack 0 rack.scn.yml --backend direct --no-capture
equal "sixteen nodes: boot within 50 ms" "$(boots "$dir")" "16 0"
equal "sixteen nodes: nothing is wrong" "$(cat "$dir"/console/*.raw | grep -c '^shared: 0 wrong')" 16
equal "sixteen nodes: counters" "$(cat "$dir"/console/*.raw | grep -c '^counter: 288 under a lock, 288 atomic, of 288')" 16
finish
