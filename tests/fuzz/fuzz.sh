#!/usr/bin/env bash
# Fuzzes a room's target with clang, address and undefined behaviour sanitizers: fuzz.sh ROOM WORK_DIR [OPTION...]
# OPTIONs are libFuzzer's, such as -max_total_time=600. New inputs are kept in WORK_DIR; what breaks the target is
# written there as well, and belongs into corpus/ROOM with the fix.
set -euo pipefail

room=$1
work=$2/$1-fuzz
shift 2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$work/corpus"
others=("$root/proxy/core/close_code.cpp")
if [ "$room" = venue ]; then
    others=("$root"/proxy/core/*.cpp "$root"/proxy/config/*.cpp)
fi
clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -I"$root/proxy" -I"$root/tests/support" \
    "$root/tests/fuzz/${room}_fuzz.cpp" "$root/proxy/$room"/*.cpp "${others[@]}" \
    -DFAIRLEAD_VENUES_INSTALLED='""' -DFAIRLEAD_VENUES_SOURCE="\"$root/deploy/venues\"" \
    -lz -lsimdjson -lcrypto -lfmt -o "$work/target"
cd "$work"
exec ./target -artifact_prefix="$work/found-" "$@" corpus "$root/tests/fuzz/corpus/$room"
