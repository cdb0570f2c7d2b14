#pragma once

#include "core/time.hpp"

#include <optional>
#include <string_view>

namespace fairlead::seam {

// Attempts to connect, limited per host, perhaps together with other processes. Relay thread only; no call blocks.
class Budget {
public:
    virtual ~Budget() = default;
    // Empty = granted, and counted: the attempt is to be made now. Else not: ask again after that time, above 0.
    // `count` in any span of `per`; 0 = no limit, granted without being counted. `host` as in the URL, in lower case
    // and without its port.
    virtual std::optional<core::Duration> take(std::string_view host, unsigned count, core::Duration per) = 0;
};

}  // namespace fairlead::seam
