# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gdb-replay - one node of a run alone under gdb, fed from its replay log: the state at a time is the one that it had in the
# whole rack; forwards and back; at the end it has emitted what the log says. What is written into it is found as a difference.
. "$E2E/lib.sh"
. "$E2E/gdb.sh"

scenario messages.scn.yml <<'S'
stop: 10ms
defaults: { node: { memory: 32MiB, arch: aarch64, kernel: "@GUESTS@/fabric-aarch64", append: "ping" } }
nodes: { alpha: {}, beta: {} }
links:
  - { endpoints: ["alpha:fab0", "beta:fab0"], profile: infiniband-fdr, rate: 50Gbit, delay: 1us }
S
run messages 0 messages.scn.yml --backend direct
first=$dir

# The run itself, again, by its name: beta at 1.2 ms.
cat >look.gdb <<'GDB'
echo @ state\n
info registers
x/64gx $sp
monitor vtime
echo @ end\n
GDB
printf 'inferior 2\n' | cat - look.gdb >rack.gdb
debug rack rack.gdb messages-001 --at 1200us
part state
cp part rack.state
same "a run by its name is the same run" "$first" "$dir"
rm -rf "$dir"

cat look.gdb - >node.gdb <<'GDB'
info inferiors
echo @ forward\n
cob-until +100us
monitor vtime
monitor nodes
monitor messages
set $there = $pc
stepi
reverse-stepi
p $pc == $there
cob-goto 1200us
GDB
sed 's/@ state/@ again/' look.gdb >>node.gdb
debug node node.gdb messages-001 --node beta --at 1200us
part state
check "what is seen at 1.2 ms is something" [ "$(wc -l <part)" -gt 60 ]
check "the node alone stands where it stood in the rack" cmp part rack.state
part again
sed 's/@ again/@ state/' part >again.state
check "there and back: the same" cmp again.state rack.state
part forward
contains "until" part '^0\.001300000000 s$'
equal "one node" "$(grep -c ' at 0\.0013' part)" 1
contains "one step, one back" part '^\$[0-9]+ = 1$'
contains "there is no rack" part 'this is the replay of one node'
contains "at the end it has emitted what the log has" "$out" "^beta same: .* frames and .* as recorded, memory $(node "$first" beta ram_xxh3),"
equal "replays that were left are gone" "$(find "$COB_RUNS" -maxdepth 1 -name '*-replay-*' | wc -l)" 1

printf 'monitor until 1100us\ncontinue\nstepi\nset $pc = 0\ncontinue\n' >write.gdb
"$COB" debug --gdb "$COB_GDB" --backend direct messages-001 --node beta -- -batch -x write.gdb >write.out 2>&1 </dev/null
status=$?
cat write.out
equal "led astray: the replay differs" "$status" 4
contains "and says where" write.out '^beta: first difference at 0\.001'
"$COB" debug messages-001 --node gamma >none.out 2>&1
equal "no such node" $? 2
contains "and says so" none.out "has no node 'gamma'"
finish
