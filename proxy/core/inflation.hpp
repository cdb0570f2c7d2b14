// What compressed messages of a venue became, and what that cost.
#pragma once

#include "core/time.hpp"

#include <cstdint>

namespace fairlead::core {

struct Inflation {
    std::uint64_t compressed_bytes = 0;
    std::uint64_t inflated_bytes = 0;  // of whole messages
    Duration took{};

    Inflation& operator+=(const Inflation& more) {
        compressed_bytes += more.compressed_bytes;
        inflated_bytes += more.inflated_bytes;
        took += more.took;
        return *this;
    }
};

}  // namespace fairlead::core
