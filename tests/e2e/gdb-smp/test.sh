# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gdb-smp - guests with several virtual CPUs: each is a thread, and neither stops at breakpoints nor stops at a time move
# the end of any CPU's turn.
. "$E2E/lib.sh"
. "$E2E/gdb.sh"

scenario turns.scn.yml <"$CASE/turns.scn.yml.in"
run turns 0 turns.scn.yml --backend direct
undisturbed=$dir

debug smp "$CASE/smp.gdb" turns.scn.yml
part break
contains "a CPU is a thread with its node and time" part 'Thread 2\.1 "arm cpu0" \(node arm, cpu 0, running at 0\.0000[0-9]* s\)'
contains "so is the other" part 'Thread 2\.2 "arm cpu1" \(node arm, cpu 1, running at 0\.0000[0-9]* s\)'
contains "a breakpoint" part 'Thread 2\.[12] .* hit Breakpoint 1\.2, look '
part watch
equal "a watchpoint sees both writes" "$(grep -c '^New value = ' part)" 2
contains "they are the second CPU's" part '^Thread 2\.2 .* hit .*atchpoint 2'
part until
contains "the node of gdb's inferior stands exactly at the time" part ' intel .* at 0\.016000000000 s'
contains "a breakpoint in the other guest" part 'Thread 1\.[12] .* hit Breakpoint 3, .*look '
contains "who called" part '^#1 .* work \(i='
for n in first second; do
    part $n
    sed -n '/^\(x0\|cpsr\|pc\|sp\|0x[0-9a-f]* <side\)/p' part >$n.state
done
check "what is seen at 16.1 ms is something" [ "$(wc -l <first.state)" -ge 6 ]
check "going back shows what was seen before" cmp first.state second.state
same "a session changes nothing" "$undisturbed" "$dir"
rm -rf "$dir"

printf 'inferior 2\nbreak look\ndisable 1.1\ncontinue\n' >at.gdb
debug at at.gdb turns.scn.yml --at 15900us
contains "--at, then a breakpoint" at.out '^Thread 2\.[12] .* hit Breakpoint 1\.2, look '
same "--at and going on change nothing" "$undisturbed" "$dir"
finish
