#!/usr/bin/env bash
# From a fresh Debian 12 or 13 to a running fairlead: installs the packages that are missing, builds, and runs the demo,
# which needs no network. tests/run.sh uses the same steps, so that they stand here once.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: deploy/quickstart.sh [--no-run] [--with-tests] [--build-dir DIR] [-- MESON_OPTION...]
  --no-run         stop after the build
  --with-tests     install the packages of the test suites as well
  --build-dir DIR  build there instead of in build/; relative to the checkout
  MESON_OPTION     handed to `meson setup` when DIR is new, such as -Dwerror=true
TEXT
}

fail() {
    printf 'quickstart: %s\n' "$1" >&2
    exit 1
}

run_demo=yes
sections="build"
build_dir=build
while [ $# -gt 0 ]; do
    case "$1" in
        --no-run) run_demo=no ;;
        --with-tests) sections="build test" ;;
        --build-dir)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            build_dir=$2
            shift
            ;;
        --help | -h) usage; exit 0 ;;
        --) shift; break ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The packages of the sections named in $1 that are missing, one per line.
missing_packages() {
    local section="" package command
    while read -r package command; do
        case "$package" in
            "" | "#"*) continue ;;
            "["*) section=${package//[\[\]]/}; continue ;;
        esac
        case " $1 " in *" $section "*) ;; *) continue ;; esac
        if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
        installed "$package" || printf '%s\n' "$package"
    done <deploy/packages.txt
}

install_packages() {
    local as_root=()
    if ! command -v apt-get >/dev/null; then
        fail "this system has no apt; install what deploy/packages.txt lists, then: meson setup build && meson compile -C build"
    fi
    local packages
    mapfile -t packages < <(missing_packages "$sections")
    [ ${#packages[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "these packages are missing, and installing them needs root or sudo: ${packages[*]}"
        as_root=(sudo)
    fi
    printf 'quickstart: installing %s\n' "${packages[*]}"
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
}

install_packages
[ -f "$build_dir/build.ninja" ] || meson setup "$build_dir" "$@"
meson compile -C "$build_dir"

[ "$run_demo" = yes ] || exit 0
exec "$build_dir/proxy/fairlead" demo
