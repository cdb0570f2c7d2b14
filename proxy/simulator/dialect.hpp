// A venue's protocol, from the profile by which the relay speaks to that venue, turned round: what the relay writes by
// a template is read by the same template, and what it understands is what is said here. What a profile cannot tell,
// the venue's own texts, stands in its [simulator].
#pragma once

#include "config/config.hpp"
#include "core/text_template.hpp"
#include "simulator/text_pattern.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::simulator {

// What a text of a client is.
struct Incoming {
    enum class Kind { Subscribe, Unsubscribe, Heartbeat, Unknown };
    Kind kind = Kind::Unknown;
    std::string id{};          // as it is written; empty = the text has none
    std::string channel_id{};  // Unsubscribe, where a venue is told this instead of topics
    std::vector<std::string> topics{};
    bool operator==(const Incoming&) const = default;
};

// One message of the market, to be said in the venue's words.
struct MarketMessage {
    std::string_view payload{};  // JSON, as the market makes it
    std::string_view padding{};
    std::string_view symbol{};  // BTCUSDT
    std::uint64_t number = 0;
    std::int64_t price_cents = 0;
    std::int64_t wall_ms = 0;
};

// Immutable, so that every connection of a venue may share one.
class Dialect {
public:
    // `connection` has the profile and its defaults; `symbols` are those of the scenario.
    Dialect(const config::ConnectionConfig& connection, std::vector<std::string> symbols);

    Incoming parse(std::string_view text) const;

    // The market's stream that a topic is made of: of the symbol that it names, punctuation and case aside. Empty =
    // there is no such topic.
    std::string stream_of(std::string_view topic) const;
    // A topic that stream_of() knows.
    std::string data(std::string_view topic, const MarketMessage& message) const;

    // To the whole request: `topic` is its first one. An answer that is empty is not sent.
    std::string ack(const Incoming& incoming, std::string_view topic) const;
    std::string reject(const Incoming& incoming, std::string_view topic, std::string_view reason) const;
    std::string too_fast(const Incoming& incoming) const;
    std::string heartbeat_reply(const Incoming& incoming) const;
    std::string ready() const;
    std::string drain(std::int64_t wall_ms) const;

    const config::Profile& profile() const { return profile_; }
    const config::SimulatorTexts& texts() const { return profile_.simulator; }
    unsigned topics_per_socket() const { return topics_per_socket_; }  // 0 = no limit
    // Of the venue's first URL.
    const std::string& path() const { return path_; }

private:
    std::optional<Incoming> request(const TextPattern& pattern, std::string_view text, Incoming::Kind kind) const;
    std::string topic_of(TextPattern::Values common, const TextPattern::Values& item) const;
    void add_parts(TextPattern::Values& values, std::string_view topic) const;
    const config::SimulatorTexts::Data* kind_of(std::string_view topic) const;
    std::string answer(const std::string& text, const Incoming& incoming, std::string_view topic,
                       std::string_view reason) const;

    config::Profile profile_;
    std::vector<std::string> symbols_;
    unsigned topics_per_socket_ = 0;
    std::string path_ = "/ws";
    std::size_t part_count_ = 1;
    TextPattern topic_;
    TextPattern subscribe_;
    TextPattern unsubscribe_;
    TextPattern heartbeat_;
};

// The dialect of a profile by its name, looked for in `directories` and then among the shipped ones; or what is wrong,
// one line each.
std::variant<std::shared_ptr<const Dialect>, std::vector<std::string>> load_dialect(
    const std::string& profile, const std::vector<std::string>& directories, std::vector<std::string> symbols);

}  // namespace fairlead::simulator
