#!/usr/bin/env bash
# Every test suite, from nothing but the checkout: installs what is missing, builds with g++ and with clang++ and the
# sanitizers, runs lint, unit, integration and e2e. The last line is the total: `N passed, M failed, K skipped`.
#   --quick   only lint and the g++ build with its suites
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

quick=no
case "${1-}" in
    "") ;;
    --quick) quick=yes ;;
    *) printf 'usage: tests/run.sh [--quick]\n' >&2; exit 2 ;;
esac

# Clones share what ccache has compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

logs=()
broken=()

step() {
    printf '\n== %s\n' "$1"
}

# build DIR MESON_OPTION...: through quickstart.sh, so that its steps are what is tested.
build() {
    local dir=$1
    shift
    if ! deploy/quickstart.sh --no-run --with-tests --build-dir "$dir" -- -Dwerror=true "$@"; then
        broken+=("$dir does not build")
        return 1
    fi
}

# suites DIR NAME MESON_TEST_OPTION...: the log of an earlier run never counts for this one.
suites() {
    local dir=$1 name=$2
    shift 2
    rm -f "$dir/meson-logs/$name.json"
    meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "$name" "$@"
    local status=$?
    if [ -s "$dir/meson-logs/$name.json" ]; then
        logs+=("$dir/meson-logs/$name.json")
    elif [ $status -ne 0 ]; then
        broken+=("$name in $dir ended without a log")
    fi
}

step "g++: all suites"
if build build-gcc; then
    for folder in tests/e2e tests/deploy; do
        (cd "$folder" && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }) ||
            broken+=("npm ci in $folder failed")
    done
    suites build-gcc lint --suite lint
    suites build-gcc all --no-suite lint
fi

if [ "$quick" = no ]; then
    export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    # libzmq and libwebsockets are not instrumented: what they do among themselves cannot be judged.
    export TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1:suppressions=$PWD/tests/tsan.supp
    # Lines are enough for a report, and cost less than all there is to know.
    sanitizer=(-Db_lundef=false -Doptimization=1 -Ddebug=false -Dcpp_args=-gline-tables-only)
    step "clang++, address and undefined behaviour sanitizers: unit, integration and e2e where memory is at stake"
    CXX='ccache clang++' build build-asan -Db_sanitize=address,undefined "${sanitizer[@]}" &&
        suites build-asan all --suite unit --suite integration --suite memory
    step "clang++, thread sanitizer: integration, the main job and the soak"
    CXX='ccache clang++' build build-tsan -Db_sanitize=thread -Dunit_tests=false "${sanitizer[@]}" &&
        suites build-tsan threads --suite integration --suite threads
fi

step "result"
for message in "${broken[@]}"; do
    printf 'broken: %s\n' "$message"
done
/usr/bin/python3 tests/totals.py --broken "${#broken[@]}" "${logs[@]}"
