// From the frames of a stream message to its fields. Pure: no socket, no allocation but what protobuf needs.
#pragma once

#include "fairlead/v1/stream.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::client {

// One stream message. The views last as long as the frames that were decoded.
struct Envelope {
    std::string_view topic{};              // ends in '/'
    v1::Kind kind = v1::KIND_UNSPECIFIED;  // may hold a number that this version has no name for
    std::uint32_t flags = 0;               // bits of v1::Flag; unknown bits may be set
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;         // 0 = takes no number
    std::uint64_t receive_time_ns = 0;  // since the Unix epoch
    std::uint32_t session = 0;
    std::uint32_t leg = 0;
    std::uint64_t request_id = 0;  // of the replay or snapshot that it answers; 0 on the stream socket
    std::string_view payload{};    // DATA: the venue's bytes; otherwise the protobuf message of the kind

    bool binary() const { return (flags & v1::FLAG_BINARY) != 0; }
    bool replayed() const { return (flags & v1::FLAG_REPLAYED) != 0; }
};

// Empty when frame 0 is not a topic that ends in '/', a NUL byte and a Header. The payload is not looked at.
std::optional<Envelope> decode(std::string_view frame0, std::string_view frame1);

// The single frame that a new subscriber of "welcome/" gets. Empty when it is anything else.
std::optional<v1::Welcome> decode_welcome(std::string_view frame);

// The parts of data/<connection>/<channel>/ and state/<connection>/. They own nothing; `channel` is still
// percent-encoded, and empty where there is none.
struct TopicParts {
    std::string_view kind{};  // "data", "state", ...
    std::string_view connection{};
    std::string_view channel{};
};
TopicParts split_topic(std::string_view topic);

// "a%2Fb" -> "a/b". A percent sign that two hexadecimal digits do not follow stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace fairlead::client
