# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# pair - scenarios/pair.scn.yml, as the README has it: passes, and gives the same bits with the other back end, on one
# core, beside four busy processes. Another seed gives another run.
. "$E2E/lib.sh"

pair=${E2E%/tests/e2e}/scenarios/pair.scn.yml

run first 0 "$pair" --backend libvirt
sentence "the last line says it in one sentence" pair passed
complete "the run directory is complete" "$dir" alpha beta
first=$dir
for node in alpha beta; do
    equal "$node: exit" "$(node "$dir" $node exit)" 0
    equal "$node: verdict" "$(node "$dir" $node verdict)" ok
    contains "$node: no ping was lost" "$dir/console/$node.log" '3 packets transmitted, 3 packets received, 0% packet loss'
done
# what each of them says it sent, and what the other one says it got
for direction in alpha:beta beta:alpha; do
    sent=$(sed -n 's/.*cob-send: 4194304 bytes to .* sha256 //p' "$dir/console/${direction%:*}.log")
    got=$(sed -n 's/.*cob-recv: 4194304 bytes sha256 //p' "$dir/console/${direction#*:}.log")
    equal "$direction: checksum has 64 digits" "${#sent}" 64
    equal "$direction: 4 MiB arrived as they were sent" "$got" "$sent"
done
"$COB" trace "$dir" >trace.txt
# shellcheck disable=SC2046
set -- $(wire_times trace.txt 1000000 10000000000)
check "more than 6000 frames" [ "$1" -gt 6000 ]
equal "wrong wire times among $1 frames" "$2" 0
equal "cob run says the hash that result.json has" "$(tail -n 1 "$out" | sed 's/.*hash \([0-9a-f]*\).*/\1/')" "$(top "$dir" hash)"
equal "runs/latest" "$(readlink -f "$COB_RUNS/latest")" "$dir"
"$COB" list >list.out
contains "cob list has it" list.out 'pair-001 .*passed'

load
one_core
run second 0 "$pair" --backend direct
unload
PREFIX=
same "libvirt on all cores, direct on one core under load: identical" "$first" "$dir"

run third 0 "$pair" --backend direct --seed 2
"$COB" diff "$first" "$dir" >seed.out
equal "another seed: exit status of cob diff" $? 4
contains "another seed: cob diff names the first difference" seed.out \
    '^first difference at [0-9.]+ s: (node|link|console|capture) .*: .* \| B: '
cat seed.out
finish
