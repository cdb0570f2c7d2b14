// What a profile means. The generic profile: a subscription is a text that is sent as it is; the channel of a message
// is `all`, or what the configured JSON pointers find in it.
#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::venue {

// Relay thread only.
class Venue {
public:
    explicit Venue(const config::ConnectionConfig& config);
    ~Venue();
    Venue(Venue&&) noexcept;

    // The channel of a message; empty optional = it cannot be told. With several pointers the values found are joined
    // by
    // ':' and missing ones left out. The view lasts until the next call.
    std::optional<std::string_view> channel_of(std::string_view message, bool binary);

    // Every message belongs to one channel that is known beforehand.
    bool has_single_channel() const { return pointers_.empty(); }

    static constexpr std::string_view kSingleChannel = "all";

private:
    struct Parser;

    std::vector<std::string> pointers_;
    std::unique_ptr<Parser> parser_;
    std::string channel_;
};

}  // namespace fairlead::venue
