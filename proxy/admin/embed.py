"""Files as a C++ source, so that the program needs none of them beside it: embed.py OUTPUT INPUT..."""

import os
import sys

_HEAD = """// Made by proxy/admin/embed.py.
#include "admin/assets.hpp"

#include <array>

namespace fairlead::admin {
namespace {

"""


def literal(data):
    lines = [data[start:start + 24] for start in range(0, len(data), 24)]
    return ",\n    ".join(",".join(str(byte) for byte in line) for line in lines)


def main():
    output, inputs = sys.argv[1], sys.argv[2:]
    parts = [_HEAD]
    entries = []
    for number, path in enumerate(inputs):
        with open(path, "rb") as file:
            data = file.read()
        parts.append(f"constexpr unsigned char kFile{number}[] = {{\n    {literal(data + bytes(1))}}};\n\n")
        entries.append(f'    {{"{os.path.basename(path)}", {{reinterpret_cast<const char*>(kFile{number}), {len(data)}}}}},\n')
    parts.append("}  // namespace\n\nstd::span<const Asset> assets() {\n")
    parts.append("    static const std::array<Asset, %d> kAssets = {{\n%s    }};\n" % (len(entries), "".join(entries)))
    parts.append("    return kAssets;\n}\n\n}  // namespace fairlead::admin\n")
    with open(output, "w", encoding="utf-8") as file:
        file.write("".join(parts))


main()
