# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cleanup - however a run ends, no QEMU of ours survives, and what was recorded is kept.
. "$E2E/lib.sh"

scenario long.scn.yml <<'S'
stop: 10h
timeout: 5min
nodes:
  a: { arch: aarch64, kernel: "@GUESTS@/misbehave-aarch64", append: hang }
  b: { arch: x86_64, kernel: "@GUESTS@/misbehave-x86_64", append: hang }
  done: { arch: aarch64, kernel: "@GUESTS@/misbehave-aarch64", append: x }
S

# ended WHY STATUS: waits for $pid, which must end with this status, without guests left
ended() {
    wait "$pid"
    equal "$1: exit status" $? "$2"
    check "$1: no guest is left" within 2 no_guests "$COB_RUNS"
}

for backend in libvirt direct; do
    COB_RUNS=$WORK/$backend
    start interrupted long.scn.yml --backend $backend
    check "$backend: guests run" within 20 [ "$(guests_of "$COB_RUNS" | wc -l)" -ge 0 ]
    within 20 grep -q 'misbehave: hang' "$COB_RUNS/latest/console/a.log" 2>/dev/null || :
    sleep 1
    kill -INT "$pid"
    ended "$backend, Ctrl-C" 130
    contains "$backend, Ctrl-C: one sentence" "$out" '^long interrupted: '
    dir=$COB_RUNS/latest
    equal "$backend, Ctrl-C: the finished node's result is kept" "$(node "$dir" done exit)" 3

    start killed long.scn.yml --backend $backend
    within 20 sh -c "[ \$(ls $COB_RUNS/latest/qemu/*.pid 2>/dev/null | wc -l) -eq 3 ]"
    sleep 1
    check "$backend: three guests run" [ "$(guests_of "$COB_RUNS" | wc -l)" -eq 3 ]
    kill -9 "$pid"
    wait "$pid" 2>/dev/null
    check "$backend, kill -9: no guest is left after 2 s" within 2 no_guests "$COB_RUNS"
done

COB_RUNS=$WORK/limit
sed -i 's/timeout: 5min/timeout: 3s/' long.scn.yml
run limit 124 long.scn.yml
contains "wall-clock limit: one sentence" "$out" '^long timeout: '
equal "wall-clock limit: the finished node's result is kept" "$(node "$dir" done exit)" 3
check "wall-clock limit: no guest is left" within 2 no_guests "$COB_RUNS"
finish
