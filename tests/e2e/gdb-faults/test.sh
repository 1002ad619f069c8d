# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gdb-faults - faults under gdb: stops at the virtual time at which one begins, hits or ends, in order of time whatever its
# kind; lists them; runs to one, or to a message, first; nothing of it changes the run.
. "$E2E/lib.sh"
. "$E2E/gdb.sh"

scenario faults.scn.yml <<'S'
stop: 10ms
defaults: { node: { memory: 32MiB, arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "ping" } }
nodes: { alpha: {}, beta: {} }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr, rate: 50Gbit, delay: 1us }
faults:
  - { name: slowly, link: "*", delay: 1us, at: 1ms, for: 1ms }
  - { name: nap, node: beta, pause: 30us, at: 400us }
  - { name: end, node: alpha, crash: true, at: 2500us }
S
run undisturbed 0 faults.scn.yml --backend direct
undisturbed=$dir

# stands TIME: part has a line for each node, and each stands exactly there
stands() {
    equal "$1: both nodes stand there" "$(awk '/ at 0/ && $1 ~ /^[12]$/ { print $6 }' part | sort | uniq -c | awk '{ print $1, $2 }')" "2 $1"
}

cat >breaks.gdb <<'GDB'
monitor break fault
monitor break
continue
echo @ first\n
monitor nodes
monitor faults
monitor break fault hits nth 2
continue
echo @ second hit\n
monitor nodes
monitor break fault s* ends
continue
echo @ over\n
monitor nodes
monitor break fault
monitor break message received
monitor delete
monitor break
monitor break fault end
continue
echo @ crash\n
monitor nodes
monitor faults
monitor break fault gone
monitor break fault end fast
echo @ end\n
GDB
debug breaks breaks.gdb faults.scn.yml
contains "what is waited for" "$out" '^fault begins or hits: 0 so far$'
contains "a fault of a node begins" "$out" '^cob: fault nap begins at 400 us'
part first
stands 0.000400000000
contains "planned" part '^slowly +delay +\* +planned, at 0\.001000000000 s'
contains "the second hit, of either direction" "$out" '^cob: fault slowly hits at 1\.044643 ms'
part 'second hit'
stands 0.001044643000
contains "the end of a fault of links" "$out" '^cob: fault slowly ends at 2 ms'
part over
stands 0.002000000000
contains "one at a time" part 'message, instead of what was waited for;'
contains "deleted" part '^no message and no fault is waited for$'
contains "a crash" "$out" '^cob: fault end hits at 2\.5 ms'
part crash
stands 0.002500000000
contains "over, with its hits" part '^slowly .* over since 0\.002000000000 s, began at 0\.001000000000 s, acted [0-9]+ times$'
contains "no such fault" part "the scenario has no fault 'gone'"
contains "no such word" part "'fast' is not understood"
same "breaking on faults changes nothing" "$undisturbed" "$dir"
rm -rf "$dir"

printf 'echo @ at\\n\nmonitor nodes\necho @ end\\n\n' >at.gdb
debug at-fault at.gdb faults.scn.yml --at-fault "slowly begins"
part at
stands 0.001000000000
same "--at-fault changes nothing" "$undisturbed" "$dir"
rm -rf "$dir"
cat >more.yml <<'S'
faults: [ { name: more, node: alpha, pause: 30us, at: 600us } ]
S
run more 0 faults.scn.yml --backend direct --faults more.yml
more=$dir
debug more at.gdb faults.scn.yml --faults more.yml --at-fault "more begins"
part at
stands 0.000600000000
same "--faults is as for cob run" "$more" "$dir"
rm -rf "$dir" "$more"
debug at-message at.gdb faults.scn.yml --at-message "received from alpha to beta nth 3"
"$COB" trace "$undisturbed" >trace.txt
time=$(awk '$3 == "beta" && $5 == "rx" && ++n == 3 { printf "%.9f000\n", substr($1, 1, 11) + 1e-9 }' trace.txt)
part at
stands "$time"
same "--at-message changes nothing" "$undisturbed" "$dir"
rm -rf "$dir"

# ---- faults given to the run: a message late, from now on; a node that stands still, soon. Once more by going back.

cat >given.gdb <<'GDB'
monitor break message received from alpha to beta nth 3
continue
monitor fault { link: "*", delay: 5us, at: 1us }
monitor fault { link: "*", los: 1% }
monitor fault name: late, link: "*", from: alpha, delay: 1us, at: now, for: 100us
monitor until +1us
echo @ given\n
monitor vtime
continue
monitor vtime
monitor fault { name: doze, node: beta, pause: 30us, at: 50us }
monitor fault { name: doze, node: beta, pause: 30us, at: 1100us }
continue
monitor faults
monitor break fault doze
continue
echo @ dozes\n
monitor nodes
cob-until +10us
monitor faults
cob-goto -15us
echo @ before\n
monitor nodes
monitor faults
echo @ end\n
GDB
debug given given.gdb faults.scn.yml
contains "a fault in the past is refused, with its place" "$out" '^fault:1:30: error: at: the run has come to .* already'
contains "and one that is none" "$out" '^fault:1:14: error: unknown key "los" in fault \(did you mean "loss"\?\)'
contains "no way round the run's new start" "$out" '^.continue. first: the run is started again, with the fault$'
part given
equal "the run stands where it stood" "$(grep -c '^0\.0' part)" 2
equal "at the same time" "$(grep '^0\.0' part | sort -u | wc -l)" 1
contains "both faults are the run's" part '^late +delay +\* +active'
part dozes
contains "the one that was to come begins" "$out" '^cob: fault doze begins at '
contains "the late message was late once or more" part '^late +delay .* acted [1-9]'
part before
contains "going back runs again with them" part '^doze +pause +beta +planned'
contains "with both" part '^late +delay +\* +(active|over)'
check "the run's directory has them" cp "$dir/faults.yml" given.yml
given=$dir
run given 0 faults.scn.yml --backend direct --faults given.yml
same "a run with that file is the same" "$given" "$dir"
"$COB" diff "$undisturbed" "$dir" >diff.out 2>&1
equal "and another one than without" $? 4
rm -rf "$given" "$dir"

"$COB" debug --at-message "to nobody" faults.scn.yml >bad.out 2>&1
equal "a predicate that is none: exit status" $? 2
contains "and why" bad.out "--at-message to nobody: there is no node 'nobody'"
finish
