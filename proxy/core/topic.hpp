// The names under which messages leave: data/<connection>/<channel>/, state/<connection>/, alert/<connection>/,
// system/. A topic is always UTF-8 without NUL and ends in '/', so that a prefix subscription to .../BTCUSD/ does not
// match
// .../BTCUSDT/. Different channels have different topics.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::core {

// Of a channel after encoding, in bytes: what a venue sends must not make topics of any length.
inline constexpr std::size_t kMaxChannelBytes = 255;

// Where messages go whose channel is not to be found, is empty or is too long.
inline constexpr std::string_view kUnroutedChannel = "unrouted";
// Where messages go that are no data: what answers a subscription, a venue's sign of life.
inline constexpr std::string_view kAnswersChannel = "control";

// The channel as it stands in a topic: '/', '%', space, control characters (0x00 to 0x1f, 0x7f) and every byte that is
// not part of valid UTF-8 become %XX with upper-case digits; all else stays. Empty when the channel is empty, which
// names nothing, or when the result would be longer than kMaxChannelBytes.
std::optional<std::string> encode_channel(std::string_view channel);

// The channel that encode_channel() made `encoded` of. A percent sign that two hexadecimal digits do not follow stays.
std::string decode_channel(std::string_view encoded);

// `connection` is a connection id ([A-Za-z0-9_.-]), as the configuration has checked it. Empty as encode_channel():
// the message belongs to kUnroutedChannel then.
std::optional<std::string> data_topic(std::string_view connection, std::string_view channel);

std::string state_topic(std::string_view connection);
std::string alert_topic(std::string_view connection);
std::string system_topic();

}  // namespace fairlead::core
