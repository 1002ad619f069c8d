# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# functions.sh - what fetch-images and fetch-adapter share; both read it with `.`. They set $here, $image, $arch, $work,
# $cache.
# shellcheck disable=SC2034,SC2154 # variables that are set or used there

say() {
    echo "cob: $*" >&2
}

die() {
    say "$*"
    exit 3
}

# ---- the architectures

# Kernel and busybox come from the first of these suites that the mirror can deliver: named suites, so that the
# guests are the same on every host; "stable" is a second name for the same index while a mirror is being updated.
# describe ARCH: sets what belongs to $image of this architecture. $slot is its directory in the cache, $release the
# kernel's release where the image's name promises one. The riscv64 kernel of `linux` is the one of `linux-6.12`.
describe() {
    slot=$1 release=
    case $1 in
    x86_64) debarch=amd64 suites="bookworm stable" metapackage=linux-image-amd64 ;;
    aarch64) debarch=arm64 suites="bookworm stable" metapackage=linux-image-arm64 ;;
    riscv64) debarch=riscv64 suites="trixie stable" metapackage=linux-image-riscv64 ;;
    *) usage ;;
    esac
    if [ "$image" = linux-6.12 ]; then
        suites="trixie stable" release=6.12
        [ "$1" = riscv64 ] || slot=$1-6.12
    fi
}

# image_of WORD: sets $image
image_of() {
    case $1 in
    linux | linux-6.12) image=$1 ;;
    *) usage ;;
    esac
}

# ---- apt with state of its own

# apt_open DIR DEBARCH: writes DIR/apt.conf; the machine's own Acquire settings (proxies) stay in force.
apt_open() {
    mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial" "$1/sources" "$1/empty"
    : >"$1/state/status"
    {
        apt-config dump | grep '^Acquire::'
        cat <<CONF
Dir::State "$1/state";
Dir::State::lists "$1/state/lists";
Dir::State::status "$1/state/status";
Dir::Cache "$1/cache";
Dir::Cache::archives "$1/cache/archives";
Dir::Etc::Parts "$1/empty";
Dir::Etc::Main "/dev/null";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$1/sources";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$1/empty";
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
    } >"$1/apt.conf"
}

# apt_get DIR ARGS...: output is kept in DIR/log and shown when it fails
apt_get() {
    apt_dir=$1
    shift
    APT_CONFIG=$apt_dir/apt.conf apt-get -q -y "$@" >"$apt_dir/log" 2>&1 </dev/null
}

# apt_update DIR: takes the first of $suites that can be had, into $suite
apt_update() {
    for suite in $suites; do
        "$here/archive-stanza" "$suite" >"$1/sources/cob.sources" || exit 3
        if apt_get "$1" update --error-on=any; then
            return
        fi
        cat "$1/log" >>"$1/failures"
        rm -rf "$1/state/lists"
        mkdir -p "$1/state/lists/partial"
    done
    cat "$1/failures" >&2
    die "cannot read the index of the Debian archive for $debarch (tried: $suites); apt's messages are above." \
        "The guest image of $arch must be fetched once with network; see docs/images.md"
}

# download DIR PACKAGE: into DIR/debs; sets $version and $deb
download() {
    version=$(APT_CONFIG=$1/apt.conf apt-cache policy "$2" | sed -n 's/^ *Candidate: //p')
    case $version in
    '' | '(none)') die "the suite $suite has no package $2 for $debarch" ;;
    esac
    rm -rf "$1/debs"
    mkdir -p "$1/debs"
    say "fetching $2 $version ($debarch)"
    if ! (cd "$1/debs" && apt_get "$1" download "$2=$version"); then
        cat "$1/log" >&2
        die "cannot fetch the package $2 for $debarch; apt's messages are above"
    fi
    deb=$(echo "$1/debs"/*.deb)
    if ! [ -f "$deb" ]; then
        die "apt-get download left no package $2"
    fi
}

# take DEB DIR PATTERN...: unpacks the files that match (some pattern may match nothing)
take() {
    take_deb=$1 take_dir=$2
    shift 2
    mkdir -p "$take_dir"
    dpkg-deb --fsys-tarfile "$take_deb" >"$take_dir.tar" || die "cannot unpack $take_deb (is the disk full?)"
    tar -x -C "$take_dir" --no-same-owner --wildcards -f "$take_dir.tar" "$@" 2>"$take_dir.err" ||
        grep -v -e 'Not found in archive' -e 'Exiting with failure status' "$take_dir.err" >&2 || :
    rm -f "$take_dir.tar" "$take_dir.err"
}

# ---- files

# number_at FILE OFFSET BYTES: the unsigned little-endian number there
number_at() {
    od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' \n'
}

# expand FILE: the standard output gets its contents uncompressed, by its magic number; fails if it is not compressed
expand() {
    case $(od -A n -t x1 -N 6 "$1" | tr -d ' \n') in
    1f8b*) gzip -dc "$1" ;;
    fd377a585a00) xz -dc "$1" ;;
    28b52ffd*) zstd -dcq "$1" ;;
    02214c18* | 04224d18*) lz4 -dc "$1" ;;
    *) return 1 ;;
    esac
}

enough_space() {
    free_kib=$(df -Pk "$work" | awk 'NR == 2 { print $4 }')
    if [ "$free_kib" -lt 1048576 ]; then
        die "$cache: fetching a guest image needs 1 GiB of free space there, $((free_kib / 1024)) MiB are free"
    fi
}

# ---- cpio: newc archives, written here so that the same parts give the same bytes

inode=0

zeros() { # 0 to 3 of them: padding to a multiple of 4
    case $(($1 % 4)) in
    1) printf '\0\0\0' ;;
    2) printf '\0\0' ;;
    3) printf '\0' ;;
    esac
}

header() { # NAME MODE SIZE
    inode=$((inode + 1))
    printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
        $inode "$2" 0 0 1 0 "$3" 0 0 0 0 $((${#1} + 1)) 0
    printf '%s\0' "$1"
    zeros $((110 + ${#1} + 1))
}

add_dir() { # NAME [MODE]
    header "$1" "${2:-0040755}" 0
}

add_link() { # NAME TARGET
    header "$1" 0120777 ${#2}
    printf '%s' "$2"
    zeros ${#2}
}

add_file() { # NAME MODE FILE
    add_size=$(wc -c <"$3")
    header "$1" "$2" "$add_size"
    cat "$3"
    zeros "$add_size"
}

