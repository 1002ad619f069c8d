# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# gdb.sh - words for the cases with a debugger, on top of lib.sh. The gdb is $COB_GDB, by default the machine's own
# (tests/debian-gdb fetches another release's).
: "${COB_GDB:=gdb-multiarch}"

# debug NAME SCRIPT SCENARIO [OPTION]...: `cob debug` with gdb in batch mode; sets out, status, dir
debug() {
    out=$WORK/$1.out script=$2 scenario=$3
    shift 3
    "$COB" debug --gdb "$COB_GDB" --backend direct "$@" "$scenario" -- -batch -x "$script" >"$out" 2>&1 </dev/null
    status=$?
    dir=$(sed -n '$s/.*, \(\/[^,]*\)$/\1/p' "$out")
    dir=${dir:-$WORK/no-run-directory}
    echo "--- cob debug $scenario: exit status $status"
    tail -n 150 "$out"
    equal "${out##*/} exit status" "$status" 0
}

# serve NAME SCENARIO [OPTION]...: `cob debug --no-gdb` in the background; sets out, pid, commands
serve() {
    out=$WORK/$1.out commands=$WORK/$1.commands served=$2
    shift 2
    "$COB" debug --no-gdb --backend direct --commands "$commands" "$@" "$served" >"$out" 2>&1 &
    pid=$!
    started="${started-} $pid"
    says "$out" 'gdb can connect'
}

# served TEXT: it has ended well; sets dir
served() {
    wait "$pid"
    equal "$1: exit status" $? 0
    cat "$out"
    dir=$(sed -n '$s/.*, \(\/[^,]*\)$/\1/p' "$out")
}

# part TEXT: the lines of $out behind the mark "@ TEXT", up to the next mark, into $WORK/part
part() {
    awk -v want="@ $1" '/^@ / { inside = $0 == want } inside' "$out" >part
}

# at LINE...: what a back-trace must have, innermost first
frames() {
    frames_text=$1
    shift
    frames_n=0
    for frame in "$@"; do
        contains "$frames_text: frame $frames_n" part "^#$frames_n .*$frame"
        frames_n=$((frames_n + 1))
    done
}
