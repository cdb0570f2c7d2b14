#pragma once

#include "config/load.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace fairlead::app {

// One line each, to stderr.
inline void print_problems(const config::Problems& problems) {
    for (const auto& problem : problems)
        fmt::print(stderr, "{}\n", problem.to_string());
}

}  // namespace fairlead::app
