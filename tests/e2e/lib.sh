# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - the words in which the cases are written. A case's test.sh begins with
#
#   . "$E2E/lib.sh"
#
# and ends with `finish`; tests/e2e/run starts it in $WORK, a scratch directory, with
#
#   COB      the program              GUESTS   the bare guests (tests/guests)      COB_IMAGES  the guest images
#   CASE     the case's directory     WORK     the scratch directory               RESULTS     file for results
#
# A case goes on after an assertion that failed. Whatever it prints is shown only if something failed.

COB_RUNS=$WORK/runs
export COB_RUNS

trap 'unload; kill_started' EXIT
trap 'exit 143' INT TERM HUP

# ---- results

pass() {
    echo "ok $*" >>"$RESULTS"
    echo "ok $*"
}

fail() {
    echo "not ok $*" >>"$RESULTS"
    echo "not ok $*"
}

# skip WHY: for what this machine really cannot do
skip() {
    echo "skip $*" >>"$RESULTS"
}

finish() {
    echo 'done' >>"$RESULTS"
    exit 0
}

# check TEXT COMMAND...: the command succeeds
check() {
    check_text=$1
    shift
    if "$@"; then
        pass "$check_text"
    else
        fail "$check_text"
    fi
}

# equal TEXT GOT WANT
equal() {
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1: '$2', expected '$3'"
    fi
}

# contains TEXT FILE REGEX: some line of the file matches the extended regular expression
contains() {
    if grep -E -q -e "$3" -- "$2"; then
        pass "$1"
    else
        fail "$1: nothing in ${2#"$WORK/"} matches '$3'"
        tail -n 20 "$2"
    fi
}

# ---- runs

# run NAME STATUS SCENARIO [OPTION]...: `cob run` (behind the words in $PREFIX, if set), which must end with this exit
# status. Sets
#   status   the exit status        out   file with what it printed, error messages included
#   dir      the run directory, one that is not there if its last line names none
run() {
    out=$WORK/$1.out want=$2 scenario=$3
    shift 3
    # shellcheck disable=SC2086
    ${PREFIX-} "$COB" run --quiet "$@" "$scenario" >"$out" 2>&1
    status=$?
    dir=$(sed -n '$s/.*, \(\/[^,]*\)$/\1/p' "$out")
    dir=${dir:-$WORK/no-run-directory}
    echo "--- cob run $* ${scenario##*/}: exit status $status"
    cat "$out"
    equal "${out##*/} exit status" "$status" "$want"
}

# start NAME SCENARIO [OPTION]...: `cob run` in the background; sets out and pid
start() {
    out=$WORK/$1.out started_scenario=$2
    shift 2
    "$COB" run --quiet "$@" "$started_scenario" >"$out" 2>&1 &
    pid=$!
    started="${started-} $pid"
}

# kill_started: what `start` began and is still there
kill_started() {
    for kill_pid in ${started-}; do
        kill -9 "$kill_pid" 2>/dev/null
    done
}

# same TEXT A B: cob diff finds no difference
same() {
    "$COB" diff "$2" "$3" >"$WORK/diff.out" 2>&1
    same_status=$?
    cat "$WORK/diff.out"
    if [ $same_status -eq 0 ] && grep -q '^identical: ' "$WORK/diff.out"; then
        pass "$1"
    else
        fail "$1: cob diff ended with $same_status: $(head -n 1 "$WORK/diff.out")"
    fi
}

# sentence TEXT NAME OUTCOME: the last line of $out says it in one sentence, with a directory that is there
sentence() {
    if tail -n 1 "$out" | grep -E -q \
        "^$2 $3: [0-9.]+ [mnup]?s virtual in [0-9.]+ s \(slowdown [0-9.]+\), [0-9]+ frames, hash [0-9a-f]{16}, /" &&
        [ -d "$dir" ]; then
        pass "$1"
    else
        fail "$1: the last line is '$(tail -n 1 "$out")'"
    fi
}

# complete TEXT DIR NODE...: the run directory has all that it must have, and nothing that is only for the run
complete() {
    complete_text=$1 complete_dir=$2
    shift 2
    for complete_node in "$@"; do
        for complete_file in "trace/node-$complete_node" "console/$complete_node.log" "console/$complete_node.raw" \
            "qemu/$complete_node.args" "qemu/$complete_node.log"; do
            if [ ! -f "$complete_dir/$complete_file" ]; then
                fail "$complete_text: no $complete_file"
                return
            fi
        done
        for complete_file in "qemu/$complete_node.pid" "qemu/$complete_node.serial" tmp; do
            if [ -e "$complete_dir/$complete_file" ]; then
                fail "$complete_text: $complete_file is left behind"
                return
            fi
        done
    done
    for complete_file in result.json scenario.scn.yml trace/metadata trace/fabric; do
        if [ ! -f "$complete_dir/$complete_file" ]; then
            fail "$complete_text: no $complete_file"
            return
        fi
    done
    if "$COB" trace "$complete_dir" >"$WORK/complete.trace" && "$COB" inspect "$complete_dir" >/dev/null; then
        pass "$complete_text"
    else
        fail "$complete_text: cob trace or cob inspect cannot read it"
    fi
}

# ---- result.json, which has one key a line

# top DIR KEY: of the run
top() {
    awk -v f="\"$2\":" '/^  "/ && $1 == f { sub(/^[^:]*: /, ""); sub(/,$/, ""); gsub(/^"|"$/, ""); print; exit }' \
        "$1/result.json"
}

# fabric DIR KEY: of the whole model: injected, copied, delivered, dropped, in_flight
fabric() {
    awk -v f="\"$2\":" '/^  "fabric":/ { inside = 1 } inside && $1 == f { sub(/,$/, "", $2); print $2; exit }' \
        "$1/result.json"
}

# node DIR NODE KEY: how a node ended: end, exit, end_ps, ram_xxh3, tx_frames, rx_frames, verdict
node() {
    awk -v n="\"$2\"," -v f="\"$3\":" '
        /^  "nodes":/ { inside = 1 }
        /^  "links":/ { exit }
        inside && $1 == "\"name\":" { ours = $2 == n }
        ours && $1 == f { sub(/^[^:]*: /, ""); sub(/,$/, ""); gsub(/^"|"$/, ""); print; exit }' "$1/result.json"
}

# link DIR LINK END KEY: statistics of a link's end 0 or 1
link() {
    awk -v n="\"$2\"," -v f="\"$4\":" -v k="$3" '
        /^  "links":/ { inside = 1 }
        inside && $1 == "\"name\":" { ours = $2 == n; k0 = 0 }
        ours && $1 == f && k0++ == k { sub(/,$/, "", $2); print $2; exit }' "$1/result.json"
}

# ---- scenarios

# scenario FILE: the scenario text on the standard input, with @GUESTS@ and @IMAGES@ replaced; the file's name is
# its name
scenario() {
    sed -e "s|@GUESTS@|$GUESTS|g" -e "s|@IMAGES@|$COB_IMAGES|g" >"$1"
}

# ---- the host

# load: four busy processes until `unload` (or for half an hour, should this script be killed)
load() {
    loops=
    for _ in 1 2 3 4; do
        timeout 1800 sh -c 'while :; do :; done' &
        loops="$loops $!"
    done
}

unload() {
    for unload_pid in ${loops-}; do
        kill "$unload_pid" 2>/dev/null
        wait "$unload_pid" 2>/dev/null
    done
    loops=
}

# within SECONDS COMMAND...: succeeds at the latest after so many seconds
within() {
    within_end=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -le "$within_end" ] || return 1
        sleep 0.05
    done
}

# says FILE REGEX: waits until a line of the file matches; fails when $pid has ended before
says() {
    until grep -E -q -s -e "$2" -- "$1"; do
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.05
    done
}

# guests_of RUNS: process ids of the QEMUs whose command line names a file below the directory RUNS
guests_of() {
    for guests_proc in /proc/[0-9]*; do
        if tr '\0' ' ' 2>/dev/null <"$guests_proc/cmdline" | grep -E -q "^[^ ]*qemu-system-[^ ]* .*$1/"; then
            echo "${guests_proc#/proc/}"
        fi
    done
}

# no_guests RUNS
no_guests() {
    [ -z "$(guests_of "$1")" ]
}

# ---- the trace

# wire_times TRACE DELAY_PS RATE_BPS: judges the output of `cob trace`: each frame's last bit arrives exactly delay +
# serialisation after its first bit was sent (24 bytes of preamble, check sequence and gap go with it), and is handed
# to the guest when it has arrived. Prints "<frames> <of them wrong>". For wires between two nodes.
wire_times() {
    awk -v delay="$2" -v rate="$3" '
        function ps(t, p) { split(t, p, "."); return p[1] * 1000000000000 + substr(p[2] "000000000000", 1, 12) }
        $3 == "fabric" && $4 == "sent" { sent[$6] = ps($1) }
        $3 == "fabric" && $4 == "arrived" {
            n++
            arrived[$6] = ps($1)
            if (!($6 in sent) || arrived[$6] - sent[$6] != delay + ($7 + 24) * 8 * 1000000000000 / rate) wrong++
        }
        $4 == "frame" && $5 == "rx" { rx[$6] = ps($1) }
        END {
            for (f in rx) if (rx[f] != arrived[f]) wrong++
            print n + 0, wrong + 0
        }' "$1"
}

# one_core: sets PREFIX so that `run` may use one core only
one_core() {
    PREFIX="taskset -c $(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)"
}
