# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# coherence - `check: { coherence: true }`: bare guests (tests/guests/fabric_pages.c) that tell of pages through their
# event ports. What can be true passes; what cannot fails the run, with the same sentence on the terminal, in
# result.json, result.xml, report.html and --json, in every run, with and without a trace; `cob trace --coherence`
# finds it afterwards. A node that crashes or is restarted has lost its pages.
. "$E2E/lib.sh"

# pages NAME CHECK ALPHA BETA: what follows the links is read from the standard input
pages() {
    { cat <<S
stop: 100ms
defaults: { node: { memory: 32MiB, expect: { exit: 0 } } }
$2
nodes:
  alpha: { arch: x86_64, kernel: "@GUESTS@/fabric-x86_64", append: "pages $3" }
  beta: { arch: riscv64, kernel: "@GUESTS@/fabric-riscv64", append: "pages $4" }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr }
S
    cat; } | scenario "$1.scn.yml"
}

on='check: { coherence: true }'

# ---- what can be true

pages right "$on" "t1=50000000 s1=2 v1=1 t2=51000000 s2=1 v2=1 t3=53000000 s3=0 v3=1 until=60000000" \
    "t1=52000000 s1=1 v1=1 t2=54000000 s2=2 v2=2 until=60000000" </dev/null
run right 0 right.scn.yml --backend direct
contains "it says what was checked" "$dir/result.json" '"changes": 5'
"$COB" inspect "$dir" >inspect.txt
contains "cob inspect does" inspect.txt '^page states: 5 changes of 1 pages \(ok\)$'
contains "the page does" "$dir/report.html" '5 changes of 1 pages: coherent'
"$COB" trace "$dir" --coherence >check.txt
equal "cob trace --coherence: status" "$?" 0
contains "cob trace --coherence: coherent" check.txt '^page states: 5 changes of 1 pages, coherent$'

# ---- what cannot

wrong_beta="t1=52000000 s1=2 v1=2 until=60000000"
pages wrong "$on" "t1=50000000 s1=2 v1=1 until=60000000" "$wrong_beta" </dev/null
run wrong-a 1 wrong.scn.yml --backend direct
first=$dir
said='at 0\.0520[0-9]* s: page 12: beta \(has no copy\) becomes writer of version 2 while alpha is writer of version 1'
contains "two writers: it says so" "$out" "^what the nodes say is contradictory: $said\$"
contains "result.json" "$dir/result.json" "\"verdict\": \"$said\""
contains "report.html" "$dir/report.html" "$said"
equal "result.xml: the failure" "$(xmllint --xpath 'string(//failure/../@name)' "$dir/result.xml")" \
    "what the nodes say is coherent"
xmllint --xpath 'string(//failure/@message)' "$dir/result.xml" >failure.txt
contains "result.xml: the sentence" failure.txt "^$said"
"$COB" trace "$dir" --coherence >check.txt
equal "cob trace --coherence: status" "$?" 1
contains "cob trace --coherence: the sentence" check.txt "contradictory: $said\$"
one_core
run wrong-b 1 wrong.scn.yml --backend libvirt --no-trace --no-replay --no-capture --json
PREFIX=
contains "without a trace: --json says it once" "$out" "^\{\"event\":\"incoherent\",\"text\":\"$said\"\}\$"
# shellcheck disable=SC2154 # run() sets it
equal "without a trace, on one core: the same" "$(grep -h -o "\"verdict\": \"$said" "$first/result.json")" \
    "$(grep -h -o "\"verdict\": \"$said" "$WORK/runs/wrong-002/result.json")"

pages off "" "t1=50000000 s1=2 v1=1 until=60000000" "$wrong_beta" </dev/null
run off 0 off.scn.yml --backend direct --no-report
equal "not asked for: nothing about it" "$(grep -c coherence "$dir/result.json")" 0
"$COB" trace "$dir" --coherence >check.txt
equal "afterwards it is found all the same" "$?" 1

pages stale "$on" "t1=50000000 s1=2 v1=7 t2=51000000 s2=0 v2=7 until=60000000" "t1=52000000 s1=1 v1=6 until=60000000" \
    </dev/null
run stale 1 stale.scn.yml --backend direct --no-report
contains "an old version" "$out" 'beta \(has no copy\) becomes reader of version 6, but the last one granted is 7'

pages short "$on" "t1=50000000 s1=1 bytes=12 until=60000000" "until=60000000" </dev/null
run short 1 short.scn.yml --backend direct --no-report
contains "a record that is none" "$out" 'alpha: a record of a page.s state has 12 bytes of data instead of 16$'

# ---- deaths

pages crashed "$on" "t1=50000000 s1=2 v1=1 until=60000000" "$wrong_beta" <<'S'
faults: [ { node: alpha, at: 51ms, crash: true } ]
S
sed -i 's/\(append: "pages t1=50.*\)" }/\1", expect: { end: crashed } }/' crashed.scn.yml
run crashed 0 crashed.scn.yml --backend direct --no-report
"$COB" trace "$dir" --coherence >check.txt
equal "afterwards it is the same" "$?" 0

pages restarted "$on" "t1=20000000 s1=2 v1=1 until=30000000" "t1=30000000 s1=2 v1=2 until=35000000" <<'S'
faults: [ { node: alpha, at: 25ms, restart: 10ms } ]
S
run restarted 0 restarted.scn.yml --backend direct --no-report
"$COB" trace "$dir" --coherence >check.txt
equal "a restart: afterwards it is the same" "$?" 0

# ---- the scenario

cat >none.scn.yml <<'S'
nodes: { alpha: { arch: x86_64, run: "true" } }
check: { coherence: true }
S
"$COB" validate none.scn.yml >validate.txt 2>&1
contains "nobody has an adapter" validate.txt '^none.scn.yml:2:[0-9]+: error: coherence: no node has a fabric adapter'
finish
