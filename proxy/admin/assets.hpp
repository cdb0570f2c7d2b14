// The files that are part of the program: the page, and the description of the interface.
#pragma once

#include <span>
#include <string_view>

namespace fairlead::admin {

struct Asset {
    std::string_view name;  // without a folder: "index.html"
    std::string_view bytes;
};

// In the order of meson.build.
std::span<const Asset> assets();

}  // namespace fairlead::admin
