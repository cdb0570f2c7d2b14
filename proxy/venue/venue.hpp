// What a message says, by the venue's profile: the channel of data is `all`, or what the configured JSON pointers find
// in it; the same way lead to what makes two messages the same, to the venue's own number, and to the announcement that
// the venue will end the connection. What is no data, an acknowledgement or a heartbeat, is told by the profile's
// rules.
#pragma once

#include "config/config.hpp"
#include "venue/channel_ids.hpp"
#include "venue/hints.hpp"
#include "venue/joined_name.hpp"
#include "venue/json_reader.hpp"
#include "venue/rules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::venue {

// What one message says. Views and the answer last until the next read.
struct Facts {
    std::optional<std::string_view> channel{};  // of data; empty = it cannot be told
    std::optional<std::uint64_t> sequence{};    // the venue's own number
    std::optional<std::uint64_t> previous{};    // that of the message before, where the venue tells it, or the first
    bool drain = false;                         // the venue announces the end of the connection
    const Answer* answer = nullptr;             // it is no data: there is no channel and no number
    std::uint64_t key = 0;                      // as key_of(), where it was asked for
};

// What read() is to tell besides.
struct Want {
    bool key = false;
    const ChannelIds* channel_ids = nullptr;  // of the socket that brought the message
};

// Relay thread only.
class Venue {
public:
    explicit Venue(const config::ConnectionConfig& config);

    // With several pointers to the channel the values found are joined by the profile's separator and missing ones left
    // out. A binary message is not looked into. One pass over the message, up to the last field that is wanted; a
    // second one for a message without a channel that its hints called data.
    Facts read(std::string_view message, bool binary, const Want& want = {});
    // Equal for messages that are the same on every socket: a hash of the configured fields, or of the bytes where
    // there are none, or where the message has none of them. Ends what the last read() told.
    std::uint64_t key_of(std::string_view message, bool binary);

    // There is nothing to read in a message: every one is data and belongs to kSingleChannel.
    bool reads_nothing() const {
        return has_single_channel() && !sequence_ && !previous_ && !drain_field_ && rules_.empty();
    }
    bool has_single_channel() const { return channel_.empty() && channel_id_.empty(); }
    bool has_sequence() const { return sequence_.has_value(); }

    static constexpr std::string_view kSingleChannel = "all";

private:
    using Slot = std::optional<std::size_t>;

    void tell_data(Facts& facts, const Want& want, std::string_view message);
    std::optional<std::string_view> channel_of(const ChannelIds* ids);
    static std::uint64_t key_in(std::string_view message, JoinedName& fields, const JsonReader& reader);

    // Each has what the one before has, at the same places.
    JsonPointers data_;
    JsonPointers keyed_;
    JsonPointers all_;
    JoinedName channel_;
    JoinedName channel_id_;
    JoinedName dedupe_;
    Slot sequence_;
    Slot previous_;
    Slot first_;
    Slot drain_field_;
    std::string drain_value_;
    Hints hints_;
    Rules rules_;
    JsonReader reader_;
};

}  // namespace fairlead::venue
