# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adapter-linux - scenarios/adapter-pair.scn.yml and adapter-rack.scn.yml: the tools verify what they send, two runs are
# identical, the latency is that of the wire, and what all nodes sent is what all nodes and the fabric received.
. "$E2E/lib.sh"

scenarios=${E2E%/tests/e2e}/scenarios

# value FILE REGEX NAME: of name=value in the first line that matches
value() {
    grep -E "$2" "$1" | head -n 1 | tr ' ' '\n' | sed -n "s/^$3=//p"
}

# between NUMBER LOW HIGH
between() {
    [ "${1:-0}" -ge "$2" ] && [ "${1:-0}" -le "$3" ]
}

# sum DIR NAME: over all nodes' lines of cob-all2all
sum() {
    grep -h ' all2all node=' "$1"/console/*.log | tr ' ' '\n' | sed -n "s/^$2=//p" | awk '{ n += $1 } END { print n + 0 }'
}

run pair 0 "$scenarios/adapter-pair.scn.yml"
pair=$dir
for node in alpha beta; do
    equal "$node: exit" "$(node "$dir" $node exit)" 0
    contains "$node: no ping was lost" "$dir/console/$node.log" '3 packets transmitted, 3 packets received, 0% packet loss'
done
# 300 + 15 + 300 ns, and (48 + 14 + n) bytes at 54.5 Gbit/s for each packet; at most 5 instructions before the doorbell
for expected in 64:633:639 4096:1225:1231 65536:10380:10386; do
    bytes=${expected%%:*} rest=${expected#*:}
    got=$(value "$dir/console/alpha.log" "pingpong send bytes=$bytes " wire)
    check "one way of $bytes bytes: $got ns" between "$got" "${rest%:*}" "${rest#*:}"
done
contains "the kernel API works" "$dir/console/alpha.log" 'kernel bytes=64 .*wire=[0-9]+'
one_core
run pair-again 0 "$scenarios/adapter-pair.scn.yml" --backend direct
PREFIX=
same "adapter-pair on one core: identical" "$pair" "$dir"

run rack 0 "$scenarios/adapter-rack.scn.yml"
rack=$dir
equal "nodes that verified all" "$(grep -h ' all2all node=' "$dir"/console/*.log | wc -l)" 8
equal "messages" "$(sum "$dir" messages)" 25000
equal "received as many as sent, one-sided operations aside" "$(sum "$dir" received)" \
    "$(($(sum "$dir" sent) - $(sum "$dir" writes) - $(sum "$dir" reads) - $(sum "$dir" atomics)))"
for operation in writes reads atomics; do
    equal "$operation served" "$(sum "$dir" served_$operation)" "$(sum "$dir" $operation)"
done
"$COB" inspect "$dir" >rack.inspect
contains "the fabric delivered what it was given, and dropped nothing" rack.inspect ' 0 dropped .*\(ok\)'
equal "buffers outstanding" "$(sum "$dir" outstanding)" 0
run rack-again 0 "$scenarios/adapter-rack.scn.yml"
same "adapter-rack: identical" "$rack" "$dir"
finish
