// What a profile means. The generic profile: a subscription is a text that is sent as it is; the channel of a message
// is `all`, or what the configured JSON pointers find in it; the same way lead to what makes two messages the same, to
// the venue's own number, and to the announcement that the venue will end the connection.
#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::venue {

// What one message says.
struct Facts {
    std::optional<std::string_view> channel{};  // empty = it cannot be told; lasts until the next read
    std::optional<std::uint64_t> sequence{};    // the venue's own number
    std::optional<std::uint64_t> previous{};    // that of the message before, where the venue tells it
    bool drain = false;                         // the venue announces the end of the connection
};

// Relay thread only.
class Venue {
public:
    explicit Venue(const config::ConnectionConfig& config);
    ~Venue();
    Venue(Venue&&) noexcept;
    Venue& operator=(Venue&&) noexcept;

    // With several pointers to the channel the values found are joined by ':' and missing ones left out.
    Facts read(std::string_view message, bool binary);
    // Equal for messages that are the same on every socket: a hash of the configured fields, or of the bytes where
    // there are none, or where the message has none of them.
    std::uint64_t key_of(std::string_view message, bool binary);

    // There is nothing to read in a message: every one belongs to kSingleChannel.
    bool reads_nothing() const { return channel_.empty() && sequence_.empty() && drain_field_.empty(); }
    bool has_single_channel() const { return channel_.empty(); }
    bool has_sequence() const { return !sequence_.empty(); }

    static constexpr std::string_view kSingleChannel = "all";

private:
    struct Parser;

    std::vector<std::string> channel_;
    std::vector<std::string> dedupe_;
    std::string sequence_;
    std::string previous_;
    std::string drain_field_;
    std::string drain_value_;
    std::unique_ptr<Parser> parser_;
    std::string joined_;  // what the channel's pointers found
};

}  // namespace fairlead::venue
