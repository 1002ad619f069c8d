#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_aligned.sh - layout and aligned (guest-kernel/user) find what is not the same on all instruction sets: a small
# program is good; then one thing is wrong on riscv64 at a time, and must be named. Ends with 1 if something is not found.
set -eu
work=build/tests/aligned
bad=0

cat_source() {
    cat <<'S'
long counter = 5, zero;
const char *name = "one";
_Thread_local long own = 3;
static long add(long a) { return a + counter + own; }
long (*function)(long) = add;
long other(long a) { return a * 3 + zero; }
void _start(void) { zero = function(1) + other(2) + *name; }
S
}

compile() { # ISA FLAGS..
    isa=$1
    shift
    mkdir -p "$work/$isa"
    clang -O2 -ffreestanding -fpie -ftls-model=local-exec -ffunction-sections -fdata-sections -Werror -c "$@" \
        "$work/program.c" -o "$work/$isa/program.o"
}

link_as() { # ISA SCRIPT
    ld.lld -O0 -static --build-id=none --no-relax -T "$2" -o "$work/$1/program.elf" "$work/$1/program.o"
}

programs() {
    build/user/aligned "$work/x86_64/program.elf" "$work/aarch64/program.elf" "$work/riscv64/program.elf"
}

expect() { # TEXT REGEX COMMAND: fails and says so
    text=$1 regex=$2
    shift 2
    if "$@" >"$work/out" 2>&1; then
        echo "not ok $text: nothing is found"
        bad=1
    elif ! grep -q -E -e "$regex" "$work/out"; then
        echo "not ok $text: '$regex' is not said, but:"
        cat "$work/out"
        bad=1
    else
        echo "ok $text"
    fi
}

compile_riscv() {
    compile riscv64 --target=riscv64-linux-gnu -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax -msmall-data-limit=0
}

riscv() { # compiles, and links with $script, or the good one
    compile_riscv
    link_as riscv64 "${script:-$work/good.ld}"
}

rm -rf "$work"
mkdir -p "$work"
cat_source >"$work/program.c"
compile x86_64 --target=x86_64-linux-gnu
compile aarch64 --target=aarch64-linux-gnu
compile_riscv
build/user/layout "$work" program >"$work/good.ld"
for isa in x86_64 aarch64 riscv64; do
    link_as $isa "$work/good.ld"
done
programs
echo "ok a good program is good"

# a script for riscv64 alone, in which two functions have changed places
sed 's/text\.other/text.X/; s/text\.add/text.other/; s/text\.X/text.add/' "$work/good.ld" >"$work/moved.ld"
script=$work/moved.ld riscv
expect "a function elsewhere" '^not aligned: other.* riscv64 0x' programs
sed '/(\.bss\.zero)/s/;/ + 8;/' "$work/good.ld" >"$work/moved.ld"
script=$work/moved.ld riscv
expect "a datum elsewhere" '^not aligned: zero' programs

sed -i 's/counter = 5/counter = 6/' "$work/program.c"
riscv
expect "another initial value" 'riscv64/program.elf: \.data differs .* at 0x' programs
cat_source | sed 's/own = 3/own = 4/' >"$work/program.c"
riscv
expect "another thread-local value" 'riscv64/program.elf: \.tdata differs' programs
cat_source | sed 's/"one"/"two"/' >"$work/program.c"
riscv
expect "another text" 'riscv64/program.elf: \.rodata differs' programs

cat_source | sed 's/, zero;/, zero, more = 1;/' >"$work/program.c"
compile_riscv
expect "a datum on one only" '^layout: program\(\.data\.more\): 8 bytes on riscv64, 0 on' build/user/layout "$work" program
cat_source | sed 's/^long other/long extra(void) { return zero; } &/' >"$work/program.c"
compile_riscv
expect "a function on one only" '^layout: program\(\.text\.extra\): on riscv64, but not on' build/user/layout "$work" program
exit $bad
