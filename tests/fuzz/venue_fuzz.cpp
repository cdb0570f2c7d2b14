// Whatever a venue sends, reading it by any shipped profile stays within its memory and its limits; of a valid document
// it says the same twice, and agrees with a parser that reads the whole of it. An input is a message.
#include "config/load.hpp"
#include "venue/composer.hpp"
#include "venue/payload.hpp"
#include "venue/venue.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace fairlead;

constexpr std::uint64_t kLimit = 70'000;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

struct Subject {
    explicit Subject(const config::ConnectionConfig& config) : venue(config), composer(config.venue) {
        ids.learn("17470", "book:tBTCUSD");
    }
    venue::Venue venue;
    venue::Composer composer;
    venue::ChannelIds ids;
};

// The generic profile, and what lies in deploy/venues.
std::vector<Subject> all_profiles() {
    std::vector<Subject> subjects;
    subjects.emplace_back(config::ConnectionConfig{});
    for (const auto& entry : std::filesystem::directory_iterator(FAIRLEAD_VENUES_SOURCE)) {
        if (entry.path().extension() != ".toml") continue;
        const auto loaded = config::load_profile(entry.path().string());
        require(std::holds_alternative<config::ConnectionConfig>(loaded), "a profile that cannot be loaded");
        subjects.emplace_back(std::get<config::ConnectionConfig>(loaded));
    }
    require(subjects.size() > 1, "no profiles");
    return subjects;
}

// A copy of what a read has told.
struct Told {
    std::optional<std::string> channel;
    std::optional<std::uint64_t> sequence;
    std::optional<std::uint64_t> previous;
    bool drain = false;
    std::uint64_t key = 0;
    std::optional<config::Meaning> means;
    std::optional<std::string> id;
    std::optional<std::string> topic;
    std::vector<std::string> accepted;
    std::string reason;
    bool operator==(const Told&) const = default;
};

Told tell(Subject& subject, std::string_view message) {
    const auto facts = subject.venue.read(message, false, {.key = true, .channel_ids = &subject.ids});
    Told told{.channel = {},
              .sequence = facts.sequence,
              .previous = facts.previous,
              .drain = facts.drain,
              .key = facts.key,
              .means = {},
              .id = {},
              .topic = {},
              .accepted = {},
              .reason = {}};
    if (facts.channel) told.channel = std::string{*facts.channel};
    if (!facts.answer) return told;
    require(!facts.channel && !facts.sequence, "an answer that is data");
    require(facts.answer->rule != nullptr, "an answer without its rule");
    require(facts.answer->reason.size() <= venue::Answer::kMaxReasonBytes, "a reason above the limit");
    told.means = facts.answer->means;
    told.id = facts.answer->id;
    told.topic = facts.answer->topic;
    told.accepted = facts.answer->accepted;
    told.reason = facts.answer->reason;
    subject.composer.answer(*facts.answer->rule, message, {}, {.now = {}});
    return told;
}

bool is_valid(std::string_view message) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    return parser.parse(simdjson::padded_string{message}).get(document) == simdjson::SUCCESS;
}

// How far a broken message is looked at depends on those before it.
void read_by_all(std::vector<Subject>& subjects, std::string_view message) {
    const bool is_same_always = is_valid(message);
    for (Subject& subject : subjects) {
        const Told told = tell(subject, message);
        require(!told.channel || !told.channel->empty(), "an empty channel");
        const Told again = tell(subject, message);
        if (is_same_always) require(told == again, "the second time it is told differently");
        const auto key = subject.venue.key_of(message, false);
        if (is_same_always && !told.means) require(told.key == key, "two keys of one message");
        subject.composer.extract(message);
    }
}

bool is_same(const venue::JsonValue& value, const simdjson::dom::element& element) {
    using Kind = venue::JsonValue::Kind;
    switch (element.type()) {
        case simdjson::dom::element_type::ARRAY:
            return value.kind == Kind::Array;
        case simdjson::dom::element_type::OBJECT:
            return value.kind == Kind::Object;
        case simdjson::dom::element_type::STRING:
            return value.kind == Kind::String && value.text == std::string_view{element};
        case simdjson::dom::element_type::BOOL:
            return value.kind == Kind::Boolean && value.text == (bool{element} ? "true" : "false");
        case simdjson::dom::element_type::NULL_VALUE:
            return value.kind == Kind::Null && value.text == "null";
        case simdjson::dom::element_type::UINT64:
        case simdjson::dom::element_type::INT64:
        case simdjson::dom::element_type::DOUBLE:
            break;
    }
    return value.kind == Kind::Number && !value.text.empty() &&
           value.text.find_first_of(" \t\r\n,]}") == std::string::npos;
}

// Names of fields are compared as they are written, which is another thing only where one has an escape.
void compare_at(std::string_view message, const std::vector<std::string>& paths) {
    if (message.find('\\') != std::string_view::npos) return;
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    if (parser.parse(simdjson::padded_string{message}).get(document) != simdjson::SUCCESS) return;
    venue::JsonPointers pointers;
    const auto slots = pointers.add_all(paths);
    venue::JsonReader reader;
    const bool is_read = reader.read(message, pointers);
    require(is_read == (document.is_array() || document.is_object()), "another opinion of what is JSON");
    for (std::size_t i = 0; i < paths.size(); ++i) {
        simdjson::dom::element element;
        const bool is_there = is_read && document.at_pointer(paths[i]).get(element) == simdjson::SUCCESS;
        require(is_there == reader[slots[i]].is_present(), "another opinion of what is there");
        if (is_there) require(is_same(reader[slots[i]], element), "another value");
    }
}

// All at once, and each alone: then nothing that is missing keeps the scanner from an opinion.
void compare_with_whole_document(std::string_view message) {
    static const std::vector<std::string> kPaths = {
        "/stream", "/data", "/data/0", "/data/0/seqId", "/data/u", "/arg",    "/arg/channel",
        "/event",  "/0",    "/1",      "/2/0/1",        "/id",     "/result", "/params/channel"};
    compare_at(message, kPaths);
    for (const auto& path : kPaths)
        compare_at(message, {path});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static std::vector<Subject> subjects = all_profiles();
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    read_by_all(subjects, message);
    compare_with_whole_document(message);
    static std::vector<venue::Payload> payloads = [] {
        std::vector<venue::Payload> made;
        for (const auto decode : {config::Decode::Gzip, config::Decode::Deflate, config::Decode::Sniff})
            made.emplace_back(decode, kLimit);
        return made;
    }();
    for (venue::Payload& payload : payloads) {
        const auto decoded = payload.decode(message);
        const bool is_plain = decoded.bytes.data() == message.data();
        require(is_plain || decoded.bytes.size() <= kLimit, "a message above the limit");
        require(decoded.problem == venue::DecodeProblem::None || decoded.bytes.empty(), "a broken message");
        if (!is_plain && decoded.is_text) read_by_all(subjects, decoded.bytes);
    }
    return 0;
}
