#include "venue/venue.hpp"

#include <charconv>
#include <functional>

namespace fairlead::venue {

namespace {

constexpr std::string_view kKeySeparator = ":";

// Numbers come as such or as strings.
std::optional<std::uint64_t> number_of(const JsonValue& value) {
    if (value.kind != JsonValue::Kind::Number && value.kind != JsonValue::Kind::String) return std::nullopt;
    std::uint64_t number = 0;
    const char* const wanted_end = value.text.data() + value.text.size();
    const auto [end, error] = std::from_chars(value.text.data(), wanted_end, number);
    if (error != std::errc{} || end != wanted_end) return std::nullopt;
    return number;
}

std::optional<std::size_t> slot_of(const std::string& pointer, JsonPointers& pointers) {
    if (pointer.empty()) return std::nullopt;
    return pointers.add(pointer);
}

std::uint64_t hash_of(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

}  // namespace

Venue::Venue(const config::ConnectionConfig& config)
    : channel_(data_.add_all(config.channel), config.venue.subscribe.separator, config.venue.aliases),
      channel_id_(data_.add_all(config.venue.channel_id), config.venue.subscribe.separator),
      sequence_(slot_of(config.sequence.field, data_)),
      previous_(slot_of(config.sequence.previous, data_)),
      first_(slot_of(config.sequence.first, data_)),
      drain_field_(slot_of(config.drain.field, data_)),
      drain_value_(config.drain.value),
      hints_(config.venue.hints) {
    keyed_ = data_;
    dedupe_ = {keyed_.add_all(config.dedupe), std::string{kKeySeparator}};
    all_ = keyed_;
    rules_ = {config.venue, all_};
}

Facts Venue::read(std::string_view message, bool binary, const Want& want) {
    Facts facts;
    if (has_single_channel()) facts.channel = kSingleChannel;
    const bool has_key = want.key && !dedupe_.empty();
    if (want.key) facts.key = binary || !has_key ? hash_of(message) : 0;
    if (binary || (reads_nothing() && !has_key)) return facts;
    const bool is_suspect = !rules_.empty() && (hints_.empty() || hints_.any_in(message));
    reader_.read(message, is_suspect ? all_ : has_key ? keyed_ : data_);
    if (is_suspect) facts.answer = rules_.find(message, reader_);
    if (!facts.answer) tell_data(facts, want, message);
    if (!rules_.empty() && !is_suspect && !facts.channel) {
        reader_.read(message, all_);
        facts.answer = rules_.find(message, reader_);
    }
    if (!facts.answer) return facts;
    return {.drain = facts.answer->means == config::Meaning::Drain,
            .answer = facts.answer,
            .key = want.key ? hash_of(message) : 0};
}

void Venue::tell_data(Facts& facts, const Want& want, std::string_view message) {
    if (!has_single_channel()) facts.channel = channel_of(want.channel_ids);
    if (sequence_) facts.sequence = number_of(reader_[*sequence_]);
    if (previous_) facts.previous = number_of(reader_[*previous_]);
    if (const auto first = first_ ? number_of(reader_[*first_]) : std::nullopt; first > 0U) facts.previous = *first - 1;
    if (drain_field_) {
        const JsonValue& value = reader_[*drain_field_];
        facts.drain = value.is_scalar() && value.kind != JsonValue::Kind::Null && value.text == drain_value_;
    }
    if (want.key && !dedupe_.empty()) facts.key = key_in(message, dedupe_, reader_);
}

std::optional<std::string_view> Venue::channel_of(const ChannelIds* ids) {
    if (ids && !channel_id_.empty()) {
        if (const auto id = channel_id_.find(reader_))
            if (const std::string* topic = ids->topic_of(*id)) return *topic;
    }
    if (channel_.empty()) return std::nullopt;
    return channel_.find(reader_);
}

std::uint64_t Venue::key_in(std::string_view message, JoinedName& fields, const JsonReader& reader) {
    const auto key = fields.find(reader);
    return hash_of(key ? *key : message);
}

std::uint64_t Venue::key_of(std::string_view message, bool binary) {
    if (binary || dedupe_.empty()) return hash_of(message);
    reader_.read(message, keyed_);
    return key_in(message, dedupe_, reader_);
}

}  // namespace fairlead::venue
