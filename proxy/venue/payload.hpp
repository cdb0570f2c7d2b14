// What binary messages hold, where the venue compresses them itself, one by one, rather than by the WebSocket's own
// compression. What is published is the result.
#pragma once

#include "config/profile.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::venue {

enum class DecodeProblem {
    None,
    TooLarge,  // decoded, it is above the limit
    Broken,    // it is not what the profile says, or not all of it
};

struct Decoded {
    std::string_view bytes{};  // valid until the next decode(), and as long as the message
    bool is_text = false;      // it was decoded, and is UTF-8
    DecodeProblem problem = DecodeProblem::None;
};

// Not for several threads at once.
class Payload {
public:
    // A message is at most `max_bytes` long once it is decoded; memory grows up to that.
    Payload(config::Decode decode, std::uint64_t max_bytes);
    ~Payload();
    Payload(Payload&&) noexcept;
    Payload& operator=(Payload&&) noexcept;

    // Nothing is ever decoded.
    bool is_plain() const { return decode_ == config::Decode::None; }
    // Of a binary message. `deflate` is taken with the frame of zlib or without. Each message is compressed for itself;
    // one that ends with a sync flush instead of an end is complete.
    Decoded decode(std::string_view message);

private:
    struct Inflater;
    enum class Frame { Gzip, Zlib, Raw };

    Decoded inflate(std::string_view message, Frame frame);
    Decoded inflate_any_deflate(std::string_view message);

    config::Decode decode_;
    std::uint64_t max_bytes_;
    std::vector<char> buffer_;
    std::unique_ptr<Inflater> inflater_;  // made for the first message
};

}  // namespace fairlead::venue
