# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gdb - one stock gdb-multiarch debugs a rack of three architectures: breakpoints, back-traces, variables, steps,
# watchpoints, interrupts; nothing of it changes the run; going back shows what was seen the first time; who speaks no
# protocol, or dies, does no harm.
. "$E2E/lib.sh"
. "$E2E/gdb.sh"

# three NAME STOP: the scenario NAME.scn.yml
three() {
    sed -e "s/@NAME@/$1/" -e "s/@STOP@/$2/" "$CASE/three.scn.yml.in" | scenario "$1.scn.yml"
}

three short 19ms
run short 0 short.scn.yml --backend direct
undisturbed=$dir

# ---- a session

debug look "$CASE/look.gdb" short.scn.yml
part start
for node in intel arm risc; do
    contains "start: thread of $node" part "Thread [123]\\.1 \"$node\" \\(node $node, cpu 0, running at 0\\.000000000 s\\)"
done
part 'break in each'
for n in 1 2 3; do
    contains "inferior $n stops at its breakpoint" part "^Thread $n\\.1 .* hit Breakpoint 1\\.$n, innermost \\(p=.*<table.*>, depth=.*[0-4]\\)"
done
frames "back-traces" 'innermost \(p=' 'middle \(round=' 'outer \(round=' 'guest_main \(command_line='
equal "back-traces go to the entry" "$(grep -c '^#[0-9]* .*guest_main' part)" 3
equal "arguments" "$(grep -c '^depth = [0-4]$' part)" 3
part variables
contains "a condition on a variable" part 'hit Breakpoint 2\.1, outer \(round=.*7\)'
contains "a variable of the caller's" part '^\$[0-9]+ = 20000$'
part step
contains "one instruction later" part '^\$[0-9]+ = 1$'
part watch
contains "the watchpoint sees the next write, ten rounds later" part '^\$[0-9]+ = 10$'
contains "where it was written" part 'outer \(round=.*[0-9]9\)'
part write
contains "registers can be written" part '^\$[0-9]+ = \(void \(\*\)\(\)\) 0x[0-9a-f]* <middle'
part together
for node in intel arm risc; do
    contains "until: $node stands exactly there" part " $node +[a-z0-9_]+ +running +at 0\\.017000000000 s"
done
equal "until: all three are under way" "$(grep -c '^\$[0-9]* = 1$' part)" 3
part unknown
contains "an unknown command" part "there is no such command; .monitor help. lists them"
contains "help" part '^monitor until '
contains "links" part 'intel:eth0 -- arm:eth0, delay 1 us, up from 0\.000000000000 s'
contains "messages" part '^0 in flight, 0 sent in all$'
same "a session changes nothing" "$undisturbed" "$dir"
equal "one directory a run" "$(find "$COB_RUNS" -maxdepth 1 -name 'short-*' | wc -l)" 2

# ---- back and forth

cat "$CASE/state.gdb" - >back.gdb <<'GDB'
cob-until 16500us
echo @ first\n
state
echo @ between\n
cob-until 17500us
monitor vtime
echo @ back\n
cob-goto -1ms
echo @ second\n
state
echo @ steps\n
inferior 2
set $there = $pc
stepi
stepi
reverse-stepi
reverse-stepi
p $pc == $there
monitor vtime
echo @ reverse\n
cob-goto 15840us
inferior 1
break outer
disable 1.2 1.3
continue
set $first = rounds_done
continue
continue
reverse-continue
p rounds_done - $first
delete
reverse-continue
GDB
debug back back.gdb short.scn.yml
for n in first second; do
    part $n
    sed -e 1d -e 's/^\$[0-9]* = //' part >$n.state
done
check "what is seen at 16.5 ms is something" [ "$(wc -l <first.state)" -gt 300 ]
check "going back 1 ms shows what was seen before" cmp first.state second.state
part steps
contains "two steps back" part '^\$[0-9]+ = 1$'
contains "the time of it" part '^0\.016500000000 s$'
part reverse
contains "reverse-continue finds the breakpoint before" part '^\$[0-9]+ = 1$'
contains "reverse-continue without breakpoints" part 'No more reverse-execution history|Reached end of recorded history' # gdb 13, 16
same "going back changes nothing" "$undisturbed" "$dir"
equal "runs that were left are gone" "$(find "$COB_RUNS" -maxdepth 1 -name 'short-*' | wc -l)" 3

cat "$CASE/state.gdb" - >at.gdb <<'GDB'
echo @ at\n
state
echo @ end\n
GDB
debug at at.gdb short.scn.yml --at 16500us
part at
sed -e 1d -e 's/^\$[0-9]* = //' part >at.state
check "--at shows the same" cmp first.state at.state
rm -rf "$dir"

cat >align.gdb <<'GDB'
break innermost
disable 1.1 1.2
inferior 3
continue
echo @ before\n
monitor nodes
cob-align
echo @ aligned\n
monitor nodes
bt 1
inferior 1
continue
GDB
debug align align.gdb short.scn.yml
part before
equal "at a breakpoint the others stand elsewhere" "$(awk '/ at 0/ { print $6 }' part | sort -u | wc -l | awk '{ print ($1 > 1) }')" 1
stop=$(awk '$2 == "risc" { print $6 }' part)
part aligned
equal "align: all stand where the breakpoint was hit" "$(awk '/ at 0/ { print $6 }' part | sort -u)" "$stop"
contains "align: the breakpoint's node stands at it" part '^#0 .*innermost'
same "align changes nothing" "$undisturbed" "$dir"
rm -rf "$dir"

# ---- messages: alpha's third is handed to beta at the first whole nanosecond behind the trace's time

scenario messages.scn.yml <"$CASE/pair.scn.yml.in"
run messages 0 messages.scn.yml --backend direct
plain=$dir
"$COB" trace "$plain" >messages.trace
time=$(awk '$3 == "beta" && $5 == "rx" && ++n == 3 { printf "%.9f\n", substr($1, 1, 11) + 1e-9 }' messages.trace)
debug messages-gdb "$CASE/message.gdb" messages.scn.yml
for n in first second; do
    part $n
    sed 1d part >$n.state
    equal "$n time: both nodes stand at one time" "$(awk '/ at 0/ && $1 ~ /^[12]$/ { print $6 }' part | sort -u | wc -l)" 1
done
contains "it is the message's" first.state "alpha .* at $time"
equal "both guests were looked at" "$(grep -c '^rip \|^pc ' first.state)" 2
check "1 ms later and 1 ms back: registers, memory and messages are the same" cmp first.state second.state
part sent
contains "a message that is being sent is in flight" part 'beta -> \.\.\., [0-9]* bytes, sent at'
same "breaking on messages changes nothing" "$plain" "$dir"

# ---- recording off between two messages; once more after going back, and in one that is told so from the start

cat >trace.gdb <<'GDB'
monitor break message received from alpha to beta nth 2
continue
monitor trace off
monitor break message received from alpha to beta nth 4
continue
monitor trace on
monitor vtime
echo @ gaps\n
monitor trace
echo @ end\n
GDB
(cat trace.gdb && printf 'cob-goto -1us\nmonitor trace\n') >trace-back.gdb
for n in trace trace-back; do
    debug $n $n.gdb messages.scn.yml
    check "$n: the run says what its trace does not hold" cp "$dir/trace-gaps" $n.gaps
    "$COB" trace "$dir" >$n.events 2>$n.said
    contains "$n: so does cob trace" $n.said 'not in the trace: from 0\.[0-9]* s to 0\.[0-9]* s'
    contains "$n: so does the report" "$dir/report.html" 'not in the trace: from'
    "$COB" diff "$plain" "$dir" >$n.diff 2>&1
    equal "$n: what both traces hold is the same" $? 0
    contains "$n: cob diff says what it did not compare" $n.diff '^not compared: in B not in the trace: from'
    rm -rf "$dir"
done
check "going back leaves out the same parts" cmp trace.gaps trace-back.gaps
check "and records the same events" cmp trace.events trace-back.events
awk 'FNR == NR { from = $1; to = $2; next } { t = int($1 * 1e12 + 0.5) } t < from || t >= to || / state /' \
    trace.gaps messages.trace >trace.wanted
check "what lies between is left out" cmp trace.wanted trace.events
check "that is something" [ "$(wc -l <trace.events)" -lt "$(wc -l <messages.trace)" ]

# ---- attach, look, go away

three long 60ms
run long 0 long.scn.yml --backend direct
undisturbed=$dir

cat >attach.gdb <<'GDB'
info threads
shell sleep 10
shell (sleep 0.5; kill -INT $PPID) &
continue
echo @ interrupted\n
info threads
bt 1
detach inferiors 1 2 3
GDB
serve attach long.scn.yml --running --socket "$WORK/s"
"$COB_GDB" -q -batch -x "$commands" -x attach.gdb >attach.log 2>&1 </dev/null
cat attach.log
contains "Ctrl-C stops the rack" attach.log 'received signal SIGINT'
served "attach"
same "attached, stopped ten seconds, gone on, interrupted, detached: nothing has changed" "$undisturbed" "$dir"
rm -rf "$dir"

serve killed long.scn.yml --socket "$WORK/s"
printf 'break innermost\ncontinue\nshell kill -9 $PPID\n' >killed.gdb
"$COB_GDB" -q -batch -x "$commands" -x killed.gdb >killed.log 2>&1 </dev/null
contains "gdb had stopped the rack" killed.log 'hit Breakpoint'
served "gdb's death"
same "gdb's death changes nothing" "$undisturbed" "$dir"
rm -rf "$dir"

# ---- who is no gdb

serve hostile long.scn.yml --running --port 0
port=$(sed -n 's/.*localhost:\([0-9]*\)$/\1/p' "$out")
# intruder NAME BYTES: opens a connection, sends, and waits until it is closed
intruder() {
    intruder_before=$(grep -c 'connection is closed' "$out")
    bash -c "exec 3<>/dev/tcp/localhost/$port && printf '$2' >&3 && cat <&3 >/dev/null" 2>/dev/null
    check "$1: the connection is closed with a message" \
        within 60 sh -c "[ \$(grep -c 'connection is closed' '$out') -gt $intruder_before ]"
}

intruder "a browser" 'GET / HTTP/1.0\r\n\r\n'
intruder "a packet in a packet" '$m10$'
intruder "a packet while the guests run" '$vCont;c#a8$g#67'
intruder "TLS" '\026\003\001'
bash -c "exec 3<>/dev/tcp/localhost/$port && printf '\$m1000,' >&3" # a packet cut off
served "hostile input"
same "hostile input changes nothing" "$undisturbed" "$dir"
finish
