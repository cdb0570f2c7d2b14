#include "venue/venue.hpp"

#include <simdjson.h>

#include <cstring>

namespace fairlead::venue {

// On demand: only the path to the pointers is parsed, but the parser reads whole blocks and so wants room behind the
// text, for which the message is copied once more.
struct Venue::Parser {
    simdjson::ondemand::parser json;
    std::vector<char> padded;

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

}  // namespace

Venue::Venue(const config::ConnectionConfig& config) : pointers_(config.channel) {
    if (!pointers_.empty()) parser_ = std::make_unique<Parser>();
}

Venue::~Venue() = default;
Venue::Venue(Venue&&) noexcept = default;

std::optional<std::string_view> Venue::channel_of(std::string_view message, bool binary) {
    if (pointers_.empty()) return kSingleChannel;
    if (binary) return std::nullopt;
    simdjson::ondemand::document document;
    if (parser_->json.iterate(parser_->pad(message)).get(document) != simdjson::SUCCESS) return std::nullopt;
    channel_.clear();
    for (const std::string& pointer : pointers_) {
        const auto text = scalar_text(document.at_pointer(pointer));
        if (!text || text->empty()) continue;
        if (!channel_.empty()) channel_ += ':';
        channel_ += *text;
    }
    if (channel_.empty()) return std::nullopt;
    return channel_;
}

}  // namespace fairlead::venue
