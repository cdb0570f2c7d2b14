// A look at a TOML text before the parser gets it, for what toml++ 3.3 meets with undefined behaviour instead of an
// error: keys of unbounded depth (it recurses along a.b.c.d), and characters beyond ASCII where it tests for white
// space (outside strings, and behind a backslash in """…"""). None of these is valid in a configuration anyway.
#pragma once

#include "config/document.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::config {

struct Fault {
    Position at;
    std::string message;
};

// The first such place.
std::optional<Fault> prescan(std::string_view toml);

}  // namespace fairlead::config
