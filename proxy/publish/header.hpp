// fairlead.v1.Header written by hand into a buffer that is already there: one is made for every message, and the
// general encoder costs more than all the rest of publishing. A unit test holds it to the byte vectors of proto/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::publish {

struct HeaderFields {
    std::uint32_t kind = 0;  // fairlead.v1.Kind
    std::uint32_t flags = 0;
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    std::uint64_t receive_time_ns = 0;
    std::uint32_t session = 0;
    std::uint32_t leg = 0;
    std::uint64_t request_id = 0;
};

// Four varints of 32 bits, one of 64, three fixed64, a tag byte each.
inline constexpr std::size_t kMaxHeaderBytes = 4 * 6 + 11 + 3 * 9;

// Writes at most kMaxHeaderBytes to `out`; returns how many.
std::size_t encode_header(const HeaderFields& fields, char* out);

// Frame 0: topic, NUL, header. Replaces what is in `head`.
void make_head(std::string_view topic, const HeaderFields& fields, std::string& head);

}  // namespace fairlead::publish
