// What a message means that is no data: the rules of the profile, in order, of which the first one whose tests hold
// decides.
#pragma once

#include "config/profile.hpp"
#include "venue/joined_name.hpp"
#include "venue/json_reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::venue {

struct Answer {
    config::Meaning means = config::Meaning::Notice;
    std::optional<std::string> id{};      // of the request that it answers, as it is written
    std::optional<std::string> topic{};   // that it is about; the aliases are applied
    std::vector<std::string> accepted{};  // Ack: of the topics of the request
    bool names_accepted = false;          // `accepted` is said: what misses there is refused
    std::string reason{};                 // for people, at most kMaxReasonBytes
    std::string channel_id{};             // Ack: what stands in data instead of the topic
    config::RejectKind kind = config::RejectKind::Permanent;
    const config::MessageRule* rule = nullptr;  // for Composer::answer(); lives as long as its Venue

    static constexpr std::size_t kMaxReasonBytes = 500;
};

class Rules {
public:
    Rules() = default;
    // Adds what the rules look at to `pointers`, with which messages are then read.
    Rules(const config::Profile& profile, JsonPointers& pointers);

    bool empty() const { return rules_.empty(); }
    // `reader` has read the message. Null = no rule holds: it is data. Reads the message anew where a list has to be
    // taken from it. Valid until the next call.
    const Answer* find(std::string_view message, JsonReader& reader);

private:
    struct Test {
        config::FieldTest test;
        std::optional<std::size_t> slot;  // none = the whole message
    };
    struct Rule {
        std::vector<Test> tests;
        std::optional<std::size_t> id;
        std::optional<std::size_t> reason;
        std::optional<std::size_t> channel_id;
        JoinedName topic;
    };

    static bool holds(const Test& test, std::string_view message, const JsonReader& reader);
    void fill(const config::MessageRule& written, Rule& rule, std::string_view message, JsonReader& reader);

    std::vector<config::MessageRule> written_;
    std::vector<Rule> rules_;  // as many
    Answer answer_;
};

}  // namespace fairlead::venue
