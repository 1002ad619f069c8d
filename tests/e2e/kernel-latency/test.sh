# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-latency - what a page fault, a call or a wake-up costs between nodes: the messages of each case, and that its time grows
# by as many ways over the links as the protocol says. The bench itself asserts both; here it runs with two
# delays. Of three rounds the least counts: in one a hello may come in between.
. "$E2E/lib.sh"

top=${E2E%/tests/e2e}
"$top/tests/bench/kernel-latency" -t latency -d '500 4000' -r 3 >table.md 2>err.txt
status=$?
cat err.txt
check "messages and slopes are as expected: exit status $status" [ $status -eq 0 ]

# line CASE: its messages and its slope
line() {
    awk -F'|' -v want="$1" '{ gsub(/^ +| +$/, "", $2); gsub(/^ +| +$/, "", $3); gsub(/ /, "", $6) }
        $2 == want { print $3 " ways " $6 }' table.md
}
equal "read miss, the home has it" "$(line 'read miss, the home has it')" "2: GET DATA ways 2.00"
equal "read miss, another has it" "$(line 'read miss, another has it')" "3: GET FWD DATA ways 3.00"
equal "write with a copy, two other readers" "$(line 'write with a copy, 2 other readers')" "6: GET INV INV ACK ACK GRANT ways 4.00"
equal "a futex wake" "$(line 'futex wake, origin to another')" "1 ways 1.00"
equal "munmap, three replicas" "$(line 'munmap, three replicas')" "12 ways 4.00"
finish
