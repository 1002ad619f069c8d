#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cob - the front: sees to what is needed, builds, then runs the built program with the same words.
#
#   cob images [--image IMAGE] [--arch ARCH]... [--check] [--adapter]
#                                           fetches (or only checks) the guest images; with --adapter also builds the
#                                           fabric adapter's driver and tools for them
#   cob test                                builds and runs all tests; the last line has the totals
#   cob VERB ...                            everything else is the built program's: run, validate, diff, ...
#
# 1. Environment. Compilers, libraries, QEMU >= 10.0 and libvirt >= 11 are looked for. What is missing is installed
#    by package name if we are root or may use sudo (saying what and why), else it is named. On Debian 12, QEMU and
#    libvirt come from its backports suite, through apt state of our own: the machine's apt configuration stays as it
#    is. With everything in place nothing is installed and the network is not touched.
# 2. Images. `cob run` makes sure of the images of the architectures in the scenarios it is given, and, if a scenario has
#    a fabric adapter, of its driver and tools; only then compilers for those architectures are needed.
# 3. Build. ninja, shown only when it fails; the replicated kernel, too, if a scenario names it (../build/guests/kernel*).
#
# Environment: COB_IMAGES (image cache), COB_BUILD (where to build, for a checkout that is read-only; the default is
# the checkout itself, or a directory in the user's cache if its path has characters that ld.so or QEMU cannot take),
# COB_INSTALL=no (never install, only name what is missing), COB_QEMU_<ARCH> (an emulator of your own).
# Exit status: the program's; 2 wrong usage, 3 the environment lacks something or the build failed.

set -eu

home=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
caller=$(pwd)

say() {
    echo "cob: $*" >&2
}

die() {
    say "$*"
    exit 3
}

# ---- 1. the environment

# missing_packages: prints "PACKAGE why" for everything that is needed and not there
missing_packages() {
    command -v cc >/dev/null && command -v gcc >/dev/null || echo "gcc the C compiler"
    command -v c++ >/dev/null && command -v g++ >/dev/null || echo "g++ the C++ compiler (for SystemC)"
    [ -e /usr/include/stdio.h ] || echo "libc6-dev the C library's headers"
    command -v ninja >/dev/null || echo "ninja-build the build tool"
    if command -v pkg-config >/dev/null; then
        library 'libfyaml' libfyaml-dev "reads scenario files"
        library 'jansson' libjansson-dev "writes JSON"
        library 'libxml-2.0' libxml2-dev "writes libvirt's domain descriptions and result.xml"
        library 'zlib' zlib1g-dev "packs the report's data"
        library 'libxxhash' libxxhash-dev "hashes traces and guest memory"
        library 'systemc' libsystemc-dev "the interconnect model"
        library 'check' check "unit tests"
        library 'libvirt >= 11' libvirt-dev "starts guests (11 or later)"
    else
        echo "pkgconf finds libraries"
        for package in libfyaml-dev libjansson-dev libxml2-dev zlib1g-dev libxxhash-dev libsystemc-dev check libvirt-dev; do
            echo "$package library"
        done
    fi
    set -- /usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so
    [ -e "$1" ] || echo "libvirt-daemon-driver-qemu libvirt's QEMU driver"
    getent passwd libvirt-qemu >/dev/null || echo "libvirt-daemon-system libvirt's user"
    emulator qemu-system-x86_64 "${COB_QEMU_X86_64:-}" qemu-system-x86
    emulator qemu-system-aarch64 "${COB_QEMU_AARCH64:-}" qemu-system-arm
    emulator qemu-system-riscv64 "${COB_QEMU_RISCV64:-}" qemu-system-riscv
    [ -e /usr/share/seabios/bios-256k.bin ] || echo "seabios firmware of x86_64 guests"
    set -- /usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin
    [ -e "$1" ] || echo "opensbi firmware of riscv64 guests"
    command -v xz >/dev/null || echo "xz-utils unpacks kernels"
    command -v zstd >/dev/null || echo "zstd unpacks kernels"
    if [ "$tests" = yes ]; then
        missing_for_tests
    fi
    if [ "$debug" = yes ]; then
        missing_for_debug
    fi
    if [ "$kernel" = yes ]; then
        command -v clang >/dev/null || echo "clang compiles the replicated kernel"
        command -v ld.lld >/dev/null || echo "lld links the replicated kernel"
    fi
}

missing_for_tests() {
    missing_for_debug
    command -v clang >/dev/null || echo "clang builds the fuzzers (tests)"
    command -v clang-format >/dev/null || echo "clang-format checks the formatting (tests)"
    command -v cppcheck >/dev/null || echo "cppcheck checks the sources (tests)"
    command -v git >/dev/null || echo "git lists the sources to check (tests)"
    command -v ld.lld >/dev/null || echo "lld links the bare guests (tests)"
    [ -e /usr/include/valijson/validator.hpp ] || echo "libvalijson-dev checks the JSON Schema (tests)"
    [ -e /usr/include/nlohmann/json.hpp ] || echo "nlohmann-json3-dev JSON for that check (tests)"
    command -v tshark >/dev/null || echo "tshark reads captures (tests)"
    command -v xmllint >/dev/null || echo "libxml2-utils checks result.xml (tests)"
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
        echo "chromium loads the report (tests)"
    command -v protoc >/dev/null || echo "protobuf-compiler decodes exported traces (tests)"
    command -v babeltrace2 >/dev/null || echo "babeltrace2 reads traces (tests)"
    set -- /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
    [ -e "$1" ] || echo "libclang-rt-dev the fuzzers' run-time library (tests)"
}

# missing_for_adapter ARCH...: what it takes to build the adapter's driver and tools for these guests
missing_for_adapter() {
    command -v make >/dev/null || echo "make builds the guests' kernel module"
    for arch in "$@"; do
        case $arch in
        x86_64) debarch=amd64 ;;
        aarch64) debarch=arm64 ;;
        *) debarch=$arch ;;
        esac
        triplet=$arch-linux-gnu
        command -v "$triplet-gcc" >/dev/null || echo "gcc-$(echo "$triplet" | tr _ -) compiles the adapter's driver for $arch guests"
        [ -e "/usr/lib/$triplet/libc.a" ] || [ -e "/usr/$triplet/lib/libc.a" ] ||
            echo "libc6-dev-$debarch-cross the C library for $arch guests' tools"
    done
}

missing_for_debug() {
    command -v gdb-multiarch >/dev/null || echo "gdb-multiarch the debugger (cob debug)"
}

library() { # PKG-CONFIG-MODULE PACKAGE WHY
    pkg-config --exists "$1" 2>/dev/null || echo "$2 $3"
}

emulator() { # COMMAND OVERRIDE PACKAGE: at least version 10; an override is the user's business and checked at start
    if [ -z "$2" ]; then
        case $("$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p') in
        '' | [0-9]) echo "$3 the emulator $1, 10.0 or later" ;;
        esac
    fi
}

# Packages that Debian 12 has too old or not at all; there they come from its backports suite.
is_backport() {
    case $1 in
    qemu-system-* | libvirt-* | opensbi | seabios) return 0 ;;
    *) return 1 ;;
    esac
}

# environment: makes sure that nothing is missing; remembers in $build/.environment-$tests-$debug-$kernel that it was so
environment() {
    stamp=$build/.environment-$tests-$debug-$kernel
    state="$PATH ${COB_QEMU_X86_64:-} ${COB_QEMU_AARCH64:-} ${COB_QEMU_RISCV64:-}"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] &&
        [ -n "$(find "$stamp" -newer /var/lib/dpkg/status -newer "$home/cob" 2>/dev/null)" ]; then
        return 0
    fi
    supply missing_packages
    echo "$state" >"$stamp"
}

# supply FUNCTION [ARG]...: installs the packages that the function names, or ends with a list of them
supply() {
    missing=$("$@")
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2046 # package names have no blanks
        install_packages $(echo "$missing" | sed 's/ .*//' | sort -u)
        still=$("$@")
        if [ -n "$still" ]; then
            say "these packages were installed and yet something is missing (another version first in PATH?):"
            list_missing "$still"
            exit 3
        fi
    fi
}

list_missing() {
    echo "$1" | sed 's/^\([^ ]*\) \(.*\)/  \1 (\2)/' >&2
}

install_packages() {
    as_root=none
    if ! command -v apt-get >/dev/null; then
        :
    elif [ "${COB_INSTALL:-yes}" = no ]; then
        :
    elif [ "$(id -u)" -eq 0 ]; then
        as_root=''
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=sudo
    fi
    if [ "$as_root" = none ]; then
        say "these packages are missing (names as in Debian 12 and later):"
        list_missing "$missing"
        say "install them (on Debian 12 QEMU and libvirt come from bookworm-backports), or run cob as root"
        exit 3
    fi
    say "installing these packages, which are missing:"
    list_missing "$missing"

    apt=$(mktemp -d) || die "cannot make a temporary directory"
    trap '$as_root rm -rf "$apt"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    chmod 755 "$apt"
    mkdir -p "$apt/lists/partial" "$apt/sources"
    eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
    for f in "${list:-}" "${parts:-}"*.list "${parts:-}"*.sources; do
        [ ! -f "$f" ] || cp "$f" "$apt/sources/"
    done
    own='' backports='' suite=''
    # shellcheck source=/dev/null
    debian=$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-}")
    case $debian in
    'debian 12')
        suite=bookworm-backports
        "$home/guest-kernel/linux/archive-stanza" $suite >"$apt/sources/zz-cob-backports.sources" || exit 3
        ;;
    'debian 1' | 'debian '[2-9] | 'debian 1'[01]) die "Debian 12 or later is needed, this is $debian" ;;
    esac
    for package in "$@"; do
        if [ -n "$suite" ] && is_backport "$package"; then
            backports="$backports $package"
        else
            own="$own $package"
        fi
    done
    say "reading the package index"
    # A source that cannot be reached is no failure yet: what is needed may come from another one.
    apt_root update || :
    say "installing; this takes minutes"
    # shellcheck disable=SC2086
    if [ -n "$own" ]; then
        apt_root install $own || apt_failed
    fi
    # shellcheck disable=SC2086
    if [ -n "$backports" ]; then
        apt_root install -t "$suite" $backports || apt_failed
    fi
    $as_root rm -rf "$apt"
    trap - EXIT INT TERM HUP
}

# apt_root ARGS..: apt-get with package lists and sources of our own, quietly into $apt/log
apt_root() {
    # sudo does not keep the environment, so env sets it.
    $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -q -y --no-install-recommends --no-remove \
        -o "Dir::State::Lists=$apt/lists" -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/sources" \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        "$@" >>"$apt/log" 2>&1 </dev/null
}

apt_failed() {
    tail -n 40 "$apt/log" >&2
    die "the packages could not be installed; apt's messages are above. Wanted:$own$backports"
}

# ---- 2. the images

# images ARG...: the arguments of `cob images`
images() {
    images_check='' images_adapter=no images_archs='' images_image=linux images_n=$#
    while [ "$images_n" -gt 0 ]; do
        case $1 in
        --adapter) images_adapter=yes ;;
        --check)
            images_check=--check
            set -- "$@" "$1"
            ;;
        --arch)
            images_archs="$images_archs ${2:-}"
            set -- "$@" "$1"
            ;;
        --image)
            images_image=${2:-}
            set -- "$@" "$1"
            ;;
        *) set -- "$@" "$1" ;;
        esac
        shift
        images_n=$((images_n - 1))
    done
    "$home/guest-kernel/linux/fetch-images" "$@" "$COB_IMAGES" || exit
    if [ $images_adapter = no ]; then
        return 0
    fi
    # shellcheck disable=SC2086 # names of architectures
    set -- ${images_archs:-x86_64 aarch64 riscv64}
    if [ -z "$images_check" ]; then
        supply missing_for_adapter "$@"
    fi
    set -- "$(printf ' --arch %s' "$@")"
    # shellcheck disable=SC2086
    "$home/guest-kernel/linux/fetch-adapter" --image "$images_image" $1 $images_check "$COB_IMAGES" || exit
}

# images_for ARGS..: what the scenario files among the arguments of `cob run` need. A file that is not right is left
# to the program, which says what is wrong with it.
images_for() {
    images_wanted=$(for arg in "$@"; do
        case $arg in
        *.yml | *.yaml) [ ! -f "$arg" ] || "$build/cob" validate --resolved "$arg" 2>/dev/null || : ;;
        esac
    done | awk '
        $1 == "arch:" { arch = $2 }
        $1 == "image:" { gsub(/"/, "", $2) }
        $1 == "image:" && !seen[arch, $2]++ { archs[$2] = archs[$2] " --arch " arch }
        /endpoints:.*:fab0/ { adapter = " --adapter" }
        END { for (image in archs) print "--image " image archs[image] adapter }')
    while read -r words; do
        # shellcheck disable=SC2086 # options and words without blanks
        [ -z "$words" ] || images $words </dev/null
    done <<LIST
$images_wanted
LIST
}

# ---- 3. the build

# find_build: sets $build (where the program will be) and $top (where ninja runs). With COB_BUILD, $top is a directory
# of links to the checkout, so that the same build.ninja works and writes only below COB_BUILD.
find_build() {
    case ${COB_BUILD:-$home} in
    *[[:space:],:]*) # LD_PRELOAD is split at blanks and colons, QEMU's options at commas
        COB_BUILD=${XDG_CACHE_HOME:-$HOME/.cache}/cob/build-$(printf '%s' "$home" | cksum | cut -d ' ' -f 1)
        case $COB_BUILD in
        *[[:space:],:]*) die "cannot build in a path with blanks, commas or colons: set COB_BUILD to another" ;;
        esac
        ;;
    esac
    if [ -n "${COB_BUILD:-}" ]; then
        mkdir -p "$COB_BUILD" 2>/dev/null || die "cannot create the build directory COB_BUILD=$COB_BUILD"
        top=$(CDPATH='' cd -- "$COB_BUILD" && pwd)
        for f in "$home"/* "$home"/.clang-format "$home"/.git; do
            name=${f##*/}
            case $name in
            build | runs | '*') ;;
            *) [ -L "$top/$name" ] || ln -s "$f" "$top/$name" || die "cannot write to COB_BUILD=$COB_BUILD" ;;
            esac
        done
    else
        top=$home
    fi
    build=$top/build
    if ! mkdir -p "$build" 2>/dev/null || ! { : >"$build/.writable"; } 2>/dev/null; then
        die "cannot write to $build; set COB_BUILD to a directory where cob may build"
    fi
}

# compile: one at a time (two ninjas in one directory would fight)
compile() {
    [ -x "$build/cob" ] || say "building; the first time takes a minute"
    set --
    [ "$kernel" = no ] || set -- all kernel
    if ! flock "$build/.lock" ninja -C "$top" "$@" >"$build/.log" 2>&1 </dev/null; then
        cat "$build/.log" >&2
        die "the build failed; its messages are above"
    fi
}

# ---- cob test

# totals FILE: adds Check's "100%: Checks: 12, Failures: 0, Errors: 0" lines of a log to $passed and $failed
totals() {
    # shellcheck disable=SC2046 # two numbers
    set -- $(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$1" |
        awk '{ p += $1 - $2 - $3; f += $2 + $3 } END { print p + 0, f + 0 }')
    passed=$((passed + $1))
    failed=$((failed + $2))
    found=$2
}

# unit TARGET: Check programs; all of them run, also those that have passed before
unit() {
    say "tests: ninja $1"
    find "$build/tests" "$build/asan/tests" -name '*.log' -exec rm -f {} + 2>/dev/null || :
    status=0
    flock "$build/.lock" ninja -k 0 -C "$top" "$1" >"$build/.log" 2>&1 </dev/null || status=$?
    totals "$build/.log"
    if [ $status -ne 0 ]; then
        cat "$build/.log" >&2
        if [ "$found" -eq 0 ]; then # it did not even get as far as counting
            failed=$((failed + 1))
        fi
    fi
}

test_all() {
    passed=0 failed=0 skipped=0
    unit check
    unit asan-check
    say "tests: ninja lint"
    if flock "$build/.lock" ninja -C "$top" lint >"$build/.log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        cat "$build/.log" >&2
        failed=$((failed + 1))
    fi
    say "tests: guest images"
    if (images --adapter && images --image linux-6.12 --adapter); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    say "tests: tests/e2e/run"
    status=0
    { "$home/tests/e2e/run" 2>&1 </dev/null || echo "cob-test-status $?"; } | tee "$build/.e2e.log" |
        sed '/^cob-test-status /d' >&2
    if grep -q '^cob-test-status ' "$build/.e2e.log"; then
        status=1
    fi
    # shellcheck disable=SC2046 # three numbers
    set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$build/.e2e.log" | tail -n 1)
    if [ $# -eq 3 ]; then
        passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
        [ "$2" -ne 0 ] || failed=$((failed + status))
    else
        say "tests/e2e/run printed no totals"
        failed=$((failed + 1))
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

# ---- what was asked for

usage() {
    cat <<'TEXT'
usage: cob VERB [options] ...

  run       run a scenario                     cob run scenarios/pair.scn.yml
  debug     run a scenario under one gdb
  explore   look for faults under which a scenario fails
  validate  check scenario files
  diff, inspect, list, trace, report           look at runs
  replay    run one node of a run again, alone  cob replay latest --node alpha
  images    fetch the guest images into the cache (--adapter: and build the fabric adapter's driver for them)
  test      build and run all tests

Not built yet: the first verb installs what is missing (as root or with sudo), builds, and then knows more.
TEXT
}

if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
    export HOME
fi
: "${COB_IMAGES:=${XDG_CACHE_HOME:-$HOME/.cache}/cob/images}"
case $COB_IMAGES in
/*) ;;
*) COB_IMAGES=$caller/$COB_IMAGES ;;
esac
COB_HOME=$home
export COB_IMAGES COB_HOME

tests=no debug=no kernel=no
case ${1:-} in
'' | help | -h | --help)
    program=${COB_BUILD:-$home}/build/cob
    if [ -x "$program" ] && "$program" --help 2>/dev/null; then
        :
    else
        usage
    fi
    [ -n "${1:-}" ] || exit 2
    exit 0
    ;;
images)
    shift
    images "$@"
    exit
    ;;
test)
    [ $# -eq 1 ] || { say "usage: cob test"; exit 2; }
    tests=yes
    ;;
debug)
    case " $* " in
    *' --no-gdb '* | *' --gdb'* | *' --help '* | *' -h '*) ;;
    *) debug=yes ;;
    esac
    ;;
esac

# The replicated kernel is built when a scenario wants it.
for arg in "$@"; do
    case $arg in
    *.yml | *.yaml)
        if [ -f "$arg" ] && grep -q '\.\./build/guests/kernel' "$arg"; then
            kernel=yes
        fi
        ;;
    esac
done

find_build
environment
compile
case $1 in
test)
    test_all
    exit
    ;;
run | debug | explore) images_for "$@" ;;
esac
exec "$build/cob" "$@"
