# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# load - a fabric without guests: cob run prints its table, twice the same, and another one for another seed.
. "$E2E/lib.sh"

scenario torus.scn.yml <<'S'
nodes: { n: { count: 16, arch: none } }
topology: { kind: torus, size: 4x4, link: { buffer: 8KiB } }
load: { rates: [10, 50, 100], size: 1KiB, measure: 50us }
S
run one 0 torus.scn.yml
one=$dir
contains "a line for each rate" "$out" '^ +10 +[0-9.]+ +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +0\.[0-9]+$'
contains "the last one too" "$out" '^ +100 '
contains "one sentence at the end" "$out" '^torus passed: 3 rates, [0-9.]+ [mu]s virtual in [0-9.]+ s, hash [0-9a-f]{16}, /'
run two 0 torus.scn.yml
same "two runs are identical" "$one" "$dir"
equal "and so are their hashes" "$(top "$dir" hash)" "$(top "$one" hash)"
run other 0 torus.scn.yml --seed 2
check "another seed, another traffic" [ "$(top "$dir" hash)" != "$(top "$one" hash)" ]
"$COB" diff "$one" "$dir" >diff.out
equal "cob diff sees it" $? 4
"$COB" inspect "$one" >inspect.out
contains "cob inspect shows the table" inspect.out '^ +100 '
"$COB" list >list.out
contains "cob list knows the run" list.out '^torus-001 +passed'
"$COB" run --json "$CASE/../../../scenarios/adapter-torus.scn.yml" >json.out 2>/dev/null
equal "the torus of the scenarios" $? 0
contains "as JSON" json.out '"pattern":"uniform"'
"$COB" run --quiet one.scn.yml >/dev/null 2>&1
equal "no such file" $? 2
finish
