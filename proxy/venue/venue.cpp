#include "venue/venue.hpp"

#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <functional>

namespace fairlead::venue {

// On demand: only the path to the pointers is parsed, but the parser reads whole blocks and so wants room behind the
// text, for which the message is copied once more.
struct Venue::Parser {
    simdjson::ondemand::parser json;
    std::vector<char> padded;
    std::string key;

    simdjson::padded_string_view pad(std::string_view message) {
        const std::size_t wanted = message.size() + simdjson::SIMDJSON_PADDING;
        if (padded.size() < wanted) padded.resize(wanted * 2);
        std::memcpy(padded.data(), message.data(), message.size());
        return simdjson::padded_string_view(padded.data(), message.size(), padded.size());
    }
};

namespace {

// Strings without their quotes; numbers and booleans as they are written. Anything else names no channel.
std::optional<std::string_view> scalar_text(simdjson::simdjson_result<simdjson::ondemand::value> found) {
    simdjson::ondemand::value value;
    if (found.get(value) != simdjson::SUCCESS) return std::nullopt;
    simdjson::ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
    std::string_view text;
    switch (type) {
        case simdjson::ondemand::json_type::string:
            if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
            return text;
        case simdjson::ondemand::json_type::number:
        case simdjson::ondemand::json_type::boolean:
            text = value.raw_json_token();
            while (!text.empty() &&
                   (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
                text.remove_suffix(1);
            return text;
        default:
            return std::nullopt;
    }
}

// Numbers come as such or as strings.
std::optional<std::uint64_t> number_at(simdjson::ondemand::document& document, const std::string& pointer) {
    const auto text = scalar_text(document.at_pointer(pointer));
    if (!text) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
}

// False = none of the pointers finds anything.
bool join(simdjson::ondemand::document& document, const std::vector<std::string>& pointers, std::string& joined) {
    joined.clear();
    for (const std::string& pointer : pointers) {
        const auto text = scalar_text(document.at_pointer(pointer));
        if (!text || text->empty()) continue;
        if (!joined.empty()) joined += ':';
        joined += *text;
    }
    return !joined.empty();
}

}  // namespace

Venue::Venue(const config::ConnectionConfig& config)
    : channel_(config.channel),
      dedupe_(config.dedupe),
      sequence_(config.sequence.field),
      previous_(config.sequence.previous),
      drain_field_(config.drain.field),
      drain_value_(config.drain.value),
      parser_(std::make_unique<Parser>()) {}

Venue::~Venue() = default;
Venue::Venue(Venue&&) noexcept = default;
Venue& Venue::operator=(Venue&&) noexcept = default;

Facts Venue::read(std::string_view message, bool binary) {
    Facts facts;
    if (channel_.empty()) facts.channel = kSingleChannel;
    if (binary || reads_nothing()) return facts;
    simdjson::ondemand::document document;
    if (parser_->json.iterate(parser_->pad(message)).get(document) != simdjson::SUCCESS) return facts;
    if (!channel_.empty() && join(document, channel_, joined_)) facts.channel = joined_;
    if (!sequence_.empty()) facts.sequence = number_at(document, sequence_);
    if (!previous_.empty()) facts.previous = number_at(document, previous_);
    if (!drain_field_.empty()) facts.drain = scalar_text(document.at_pointer(drain_field_)) == drain_value_;
    return facts;
}

std::uint64_t Venue::key_of(std::string_view message, bool binary) {
    const std::hash<std::string_view> hash;
    if (binary || dedupe_.empty()) return hash(message);
    simdjson::ondemand::document document;
    if (parser_->json.iterate(parser_->pad(message)).get(document) != simdjson::SUCCESS) return hash(message);
    std::string& key = parser_->key;
    return join(document, dedupe_, key) ? hash(key) : hash(message);
}

}  // namespace fairlead::venue
