# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# report - report.html, result.xml and --json of real runs. The page is loaded in headless Chromium, where it compares
# its parts with each other (#selftest, sim/report/selftest.js): the timeline with the tables, a search with an index
# with one without, what a guest wrote with what became of it. Here its numbers are compared with `cob trace`, with
# result.json and with what the guests counted themselves. A run that was killed has a page too, two equal runs have
# equal pages, and a console line that is HTML stays text.
. "$E2E/lib.sh"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)

# page DIR: loads the page's self-test; sets dom, a file with the page as the browser has it then. The time that passes
# meanwhile is the browser's own virtual time, so a slow machine changes nothing.
page() {
    dom=$WORK/page.dom
    if [ -z "$browser" ]; then
        return 1
    fi
    timeout 300 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --user-data-dir="$WORK/browser" --window-size=1300,1000 --virtual-time-budget=60000 \
        --dump-dom "file://$1/report.html#selftest" >"$dom" 2>"$WORK/browser.log"
    sed 's/^.*<pre id="selftest-result">//' "$dom" | grep -E '^(ok|not ok|info) ' >"$WORK/selftest.lines"
}

# self_test TEXT DIR LEAST: the page's self-test has no failure, and so many lines at least
self_test() {
    if [ -z "$browser" ]; then
        skip "$1: no chromium here; \`cob test\` installs it"
        return
    fi
    page "$2"
    good=$(grep -c '^ok ' "$WORK/selftest.lines")
    if [ "$good" -ge "$3" ] && ! grep '^not ok ' "$WORK/selftest.lines"; then
        pass "$1 ($good checks in the page)"
    else
        fail "$1: $good checks went well, $3 are needed"
        grep -v '^ok ' "$WORK/selftest.lines"
        tail -n 5 "$WORK/browser.log"
    fi
}

# text FILE: a page without its tags, a row of a table a line, cells parted by blanks
text() {
    sed -e 's|<i>||g; s|</i>||g; s|<[^>]*>| |g; s/  */ /g; s/^ //; s/ $//' "$1"
}

# latencies TRACE: "from to count min max" in ps from the output of `cob trace`, one line for each pair
latencies() {
    awk '
        function ps(t, p) { split(t, p, "."); return p[1] * 1000000000000 + substr(p[2] "000000000000", 1, 12) }
        ($4 == "frame" || $4 == "packet") && $5 == "tx" { from[$6] = $3; at[$6] = ps($1) }
        ($4 == "frame" || $4 == "packet") && $5 == "rx" && ($6 in at) { # a stream that was cut may lack the other half
            key = from[$6] " " $3; l = ps($1) - at[$6]; n[key]++
            if (n[key] == 1 || l < min[key]) min[key] = l
            if (n[key] == 1 || l > max[key]) max[key] = l
        }
        END { for (key in n) printf "%s %d %.0f %.0f\n", key, n[key], min[key], max[key] }' "$1" | sort
}

# table_latencies PAGE: the same from the page, its kinds taken together
table_latencies() {
    sed -n '/<table id="latencies">/,/<\/table>/p' "$1" >table.html
    text table.html | awk '
        NF == 8 && $4 + 0 > 0 {
            key = $1 " " $2; n[key] += $4
            if (!(key in min) || $5 + 0 < min[key]) min[key] = $5
            if ($8 + 0 > max[key] + 0) max[key] = $8
        }
        END { for (key in n) printf "%s %d %.0f %.0f\n", key, n[key], min[key], max[key] }' | sort
}

# agrees TEXT DIR: the page's latencies are those of the trace
agrees() {
    "$COB" trace "$2" >trace.txt
    latencies trace.txt >want.txt
    table_latencies "$2/report.html" >got.txt
    check "$1: latencies as in the trace" cmp want.txt got.txt
    check "$1: there are some" [ -s want.txt ]
}

# ---- bare guests with adapters: the guests' own counters

scenario storm.scn.yml <<'S'
stop: 2s
defaults: { node: { memory: 32MiB, append: "storm count=150 seed=1 begin=30", expect: { exit: 0, console: "^storm: messages" } } }
nodes:
  x: { arch: x86_64, kernel: "@GUESTS@/fabric-x86_64" }
  a: { arch: aarch64, kernel: "@GUESTS@/fabric-aarch64" }
  r: { arch: riscv64, count: 2, kernel: "@GUESTS@/fabric-riscv64" }
switches:
  one: { kind: fabric, mode: cut-through, latency: 200ns }
links:
  - { endpoints: ["*:fab0", "one"], profile: infiniband-fdr }
S
run first 0 storm.scn.yml --backend direct
first=$dir
agrees "adapters" "$first"
self_test "adapters: the page agrees with itself" "$first" 40
# packets S/R of each guest, and the columns "sent" and "received" of each node
for node in x a r0 r1; do
    want=$(tr -d '\r' <"$first/console/$node.raw" | sed -n 's/^storm: .*packets \([0-9]*\)\/\([0-9]*\) .*/\1 \2/p')
    got=$(sed -n '/<table id="nodes">/,/<\/table>/p' "$first/report.html" >table.html
        text table.html | awk -v n="$node" '$1 == n { print $6, $7 }')
    equal "$node: packets by the guest's counters" "$got" "$want"
done
check "result.xml is well-formed" xmllint --noout "$first/result.xml"
equal "result.xml: tests" "$(xmllint --xpath 'string(/testsuites/testsuite/@tests)' "$first/result.xml")" 10
equal "result.xml: failures" "$(xmllint --xpath 'count(//failure)' "$first/result.xml")" 0
equal "result.xml: expectations of x" \
    "$(xmllint --xpath 'count(//testcase[@classname="storm.x"])' "$first/result.xml")" 2

run second 0 storm.scn.yml --backend libvirt
# the run's name, and what belongs to the host
timeless() {
    sed -e 's|storm-[0-9]*|storm|g; s|<dd id="wall">[^<]*</dd>||' "$1/report.html"
}
timeless "$first" >a.html
timeless "$dir" >b.html
check "two runs: the pages are identical but for name and wall-clock time" cmp a.html b.html
timeless "$first" >a.html
"$COB" report "$first" >/dev/null
timeless "$first" >b.html
check "cob report makes the same page anew" cmp a.html b.html

# ---- killed in mid-run: what the files hold

sed 's/count=150/count=100000/' storm.scn.yml >long.scn.yml
start long long.scn.yml --backend direct
dir=$WORK/runs/long-001
# a whole packet of each stream is on the disk
begun() {
    for begun_stream in node-x node-a node-r0 node-r1 fabric; do
        [ -s "$dir/trace/$begun_stream" ] || return 1
    done
}
check "a trace has begun" within 120 begun
# shellcheck disable=SC2154 # start() sets it
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "killed: the guests are gone" within 20 no_guests "$dir"
"$COB" report "$dir" >report.out 2>&1
equal "killed: cob report" "$?" 0
contains "killed: the page says so" "$dir/report.html" 'The run has no result'
agrees "killed" "$dir"
self_test "killed: the page agrees with itself" "$dir" 15
equal "killed: result.xml has an error" "$(xmllint --xpath 'count(//error)' "$dir/result.xml")" 1

# ---- Linux: consoles that mean no good, an expectation that fails, --json

scenario evil.scn.yml <<'S'
stop: 60s
defaults: { node: { arch: aarch64, memory: 128MiB, nic: virtio-net } }
nodes:
  alpha:
    run: |
      echo '</pre></details><script>window.hostile = 1</script><img src=x onerror="window.hostile = 1">'
      cob-wait-for beta && ping -c 2 beta
    expect: { exit: 0, console: ["onerror", "<this> is \"never\" & said"] }
  beta: { run: cob-wait-for alpha && sleep 3 }
links:
  - { endpoints: ["alpha:eth0", "beta:eth0"], delay: 1us, rate: 10Gbit }
S
"$COB" run --quiet --json evil.scn.yml >events.txt 2>evil.err
equal "an expectation is not met" "$?" 1
dir=$WORK/runs/evil-001
agrees "Linux" "$dir"
self_test "hostile: the page is still its own" "$dir" 15
contains "hostile: the line is there as text" "$dir/report.html" '&lt;/pre&gt;&lt;/details&gt;&lt;script&gt;window.hostile = 1'
equal "hostile: no element came of it" "$(grep -c '<img' "$dir/report.html")" 0
check "result.xml is well-formed" xmllint --noout "$dir/result.xml"
equal "result.xml: the failure" "$(xmllint --xpath 'string(//failure/../@name)' "$dir/result.xml")" 'console: <this> is "never" & said'
contains "the page names it" "$dir/report.html" 'console: &lt;this&gt; is &quot;never&quot; &amp; said'
contains "--json: it starts" events.txt '^\{"event":"started","format":1,"name":"evil",'
contains "--json: a node has ended" events.txt '^\{"event":"node","node":"beta","state":"result","exit":0,"at_ps":[0-9]+\}$'
contains "--json: the end" events.txt '^\{.*"outcome":"failed".*"event":"end"'

# ---- options

run quiet 0 storm.scn.yml --backend direct --no-report --no-trace
check "--no-report: no page" [ ! -e "$dir/report.html" ]
check "--no-report: result.xml all the same" [ -s "$dir/result.xml" ]
"$COB" report "$dir" >/dev/null
contains "without a trace the page says so" "$dir/report.html" 'There is no trace to show'
"$COB" report --limit 10 -o window.html "$first" >/dev/null
contains "a window is said to be one" window.html 'the timeline has 10 of [0-9]+ messages'
"$COB" report --from tomorrow "$first" >/dev/null 2>&1
equal "a time that is none" "$?" 2
finish
