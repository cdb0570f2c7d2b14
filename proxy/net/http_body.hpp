// What a venue writes under a refused upgrade, as far as it helps people: `{"code":-2015,"msg":"Invalid API-key"}`.
#pragma once

#include "seam/transport.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::net {

inline constexpr std::size_t kMaxBodyBytes = 512;  // more of it is not looked at
inline constexpr std::size_t kMaxBodyLine = 120;

// One line of UTF-8 out of anything that a venue or a library said, at most 200 bytes.
std::string one_line(std::string_view text);

// The first line of `body` that is not empty; empty if it is long, markup, not printable, or if anything in it was in
// the request and may be a secret: a part of the path, the query, or a header field.
std::string shown_body(std::string_view body, const seam::ConnectRequest& request);

}  // namespace fairlead::net
