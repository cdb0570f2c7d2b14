#include "simulator/scenario.hpp"

#include "core/close_code.hpp"
#include "simulator/parse_duration.hpp"
#include "simulator/request.hpp"
#include "simulator/toml_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

namespace fairlead::simulator {
namespace {

constexpr double kMaxRate = 1e6;
constexpr std::int64_t kMaxBurst = 10'000;
constexpr std::size_t kMaxSymbols = 1000;
constexpr std::int64_t kMaxPadding = 1 << 20;
constexpr std::size_t kMaxReason = 123;
constexpr std::int64_t kMaxStreams = 1024;
constexpr std::int64_t kMaxFirstId = std::int64_t{1} << 53;

struct KindName {
    std::string_view name;
    FaultKind kind;
};
constexpr std::array<KindName, kFaultKinds> kKinds = {{
    {"close", FaultKind::Close},
    {"reset", FaultKind::Reset},
    {"silence", FaultKind::Silence},
    {"half_open", FaultKind::HalfOpen},
    {"refuse_upgrade", FaultKind::RefuseUpgrade},
    {"bad_frame", FaultKind::BadFrame},
    {"stop", FaultKind::Stop},
    {"delay", FaultKind::Delay},
    {"skip", FaultKind::Skip},
    {"repeat", FaultKind::Repeat},
    {"swap", FaultKind::Swap},
    {"renumber", FaultKind::Renumber},
    {"drain", FaultKind::Drain},
    {"reject", FaultKind::Reject},
    {"ack_silence", FaultKind::AckSilence},
}};

struct FrameName {
    std::string_view name;
    BadFrame frame;
};
constexpr std::array<FrameName, 5> kFrames = {{
    {"reserved_bit", BadFrame::ReservedBit},
    {"bad_opcode", BadFrame::BadOpcode},
    {"bad_utf8", BadFrame::BadUtf8},
    {"oversize", BadFrame::Oversize},
    {"unfinished", BadFrame::Unfinished},
}};

template <typename Names>
std::string list_names(const Names& names) {
    std::string list;
    for (const auto& entry : names)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", entry.name);
    return list;
}

bool is_symbol(std::string_view text) {
    return !text.empty() && text.size() <= 20 &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// Collects what is wrong, with its place.
class Problems {
public:
    explicit Problems(std::string file) : file_(std::move(file)) {}

    void add(const toml::source_region& place, std::string_view key, std::string_view message) {
        found_.push_back({place.begin.line, place.begin.column, fmt::format("{}: {}", key, message)});
    }
    bool empty() const { return found_.empty(); }
    ScenarioProblems lines() {
        std::ranges::stable_sort(found_, {}, [](const Found& one) { return std::pair(one.line, one.column); });
        ScenarioProblems lines;
        for (const Found& one : found_) {
            lines.push_back(fmt::format("{}:{}:{}: {}", file_, one.line, one.column, one.text));
        }
        return lines;
    }

private:
    struct Found {
        std::size_t line;
        std::size_t column;
        std::string text;
    };
    std::string file_;
    std::vector<Found> found_;
};

// One table: each key that is read counts as known, the others are problems.
class TableReader {
public:
    TableReader(const toml::table& table, std::string prefix, Problems& problems)
        : table_(table), prefix_(std::move(prefix)), problems_(problems) {}

    const toml::node* find(std::string_view key) {
        known_.emplace(key);
        return table_.get(key);
    }
    void problem(std::string_view key, std::string_view message) {
        const toml::node* node = table_.get(key);
        problems_.add(node != nullptr ? node->source() : table_.source(), prefix_ + std::string(key), message);
    }
    bool has(std::string_view key) const { return table_.contains(key); }

    void duration(std::string_view key, core::Duration& value) {
        const toml::node* node = find(key);
        if (node == nullptr) return;
        const std::optional<std::string_view> text = node->value_exact<std::string_view>();
        const std::optional<core::Duration> parsed = text ? parse_duration(*text) : std::nullopt;
        if (!parsed) return problem(key, "expected a duration such as \"1m30s\" or \"250ms\"");
        value = *parsed;
    }
    template <typename Integer>
    void integer(std::string_view key, Integer& value, std::int64_t least, std::int64_t most) {
        const toml::node* node = find(key);
        if (node == nullptr) return;
        const std::optional<std::int64_t> number = node->value_exact<std::int64_t>();
        if (!number || *number < least || *number > most) {
            return problem(key, fmt::format("expected an integer from {} to {}", least, most));
        }
        value = static_cast<Integer>(*number);
    }
    std::optional<std::string_view> text(std::string_view key) {
        const toml::node* node = find(key);
        if (node == nullptr) return std::nullopt;
        const std::optional<std::string_view> text = node->value_exact<std::string_view>();
        if (!text) problem(key, "expected a string");
        return text;
    }
    void unknown_keys() {
        for (const auto& [key, value] : table_) {
            if (known_.contains(key.str())) continue;
            problems_.add(key.source(), prefix_ + std::string(key.str()), "unknown key");
        }
    }

private:
    const toml::table& table_;
    std::string prefix_;
    Problems& problems_;
    std::set<std::string, std::less<>> known_;
};

// Reads the name of one of `names` and returns its entry, or nullptr if the key is absent or wrong.
template <typename Names>
const typename Names::value_type* read_choice(TableReader& reader, std::string_view key, const Names& names) {
    const std::optional<std::string_view> text = reader.text(key);
    if (!text) return nullptr;
    const auto* found = std::ranges::find(names, *text, &Names::value_type::name);
    if (found != names.end()) return found;
    reader.problem(key, fmt::format("expected one of {}", list_names(names)));
    return nullptr;
}

void read_symbols(TableReader& reader, std::vector<std::string>& symbols) {
    const toml::node* node = reader.find("symbols");
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr || array->empty() || array->size() > kMaxSymbols) {
        return reader.problem("symbols", fmt::format("expected a list of 1 to {} symbols", kMaxSymbols));
    }
    symbols.clear();
    for (const toml::node& element : *array) {
        const std::string_view symbol = element.value_exact<std::string_view>().value_or("");
        if (!is_symbol(symbol)) {
            return reader.problem("symbols", "a symbol is a string of 1 to 20 small letters and digits");
        }
        if (std::ranges::find(symbols, symbol) != symbols.end()) {
            return reader.problem("symbols", fmt::format("{} stands there twice", symbol));
        }
        symbols.emplace_back(symbol);
    }
}

void read_rate(TableReader& reader, double& rate) {
    const toml::node* node = reader.find("rate");
    if (node == nullptr) return;
    const std::optional<double> number = node->is_number() ? node->value<double>() : std::nullopt;
    if (!number || !(*number >= 0) || *number > kMaxRate) {
        return reader.problem("rate", fmt::format("expected messages per second, from 0 to {}", kMaxRate));
    }
    rate = *number;
}

// Keys that only some kinds of fault have.
void read_special_keys(TableReader& reader, Fault& fault) {
    const auto only_for = [&reader](std::string_view key, std::string_view kinds, bool fits) {
        reader.find(key);
        if (reader.has(key) && !fits) reader.problem(key, fmt::format("belongs to {} only", kinds));
        return fits && reader.has(key);
    };
    if (only_for("for", "silence, half_open, refuse_upgrade, stop, delay, reject and ack_silence", lasts(fault.kind))) {
        core::Duration duration{0};
        reader.duration("for", duration);
        fault.duration = duration;
        if (duration <= core::Duration::zero()) reader.problem("for", "must be longer than nothing");
    }
    const bool closes = fault.kind == FaultKind::Close;
    if (only_for("code", "close", closes)) {
        reader.integer("code", fault.code, 1000, 4999);
        if (!core::may_be_received(fault.code)) reader.problem("code", "not a code that may be sent in a close frame");
    }
    if (only_for("reason", "close", closes)) {
        fault.reason = reader.text("reason").value_or("");
        if (fault.reason.size() > kMaxReason) reader.problem("reason", "longer than 123 bytes");
    }
    const bool refuses = fault.kind == FaultKind::RefuseUpgrade;
    if (only_for("status", "refuse_upgrade", refuses)) reader.integer("status", fault.status, 400, 599);
    if (only_for("retry_after", "refuse_upgrade", refuses)) {
        core::Duration wait{0};
        reader.duration("retry_after", wait);
        fault.retry_after = std::chrono::duration_cast<std::chrono::seconds>(wait);
        if (*fault.retry_after != wait) reader.problem("retry_after", "HTTP knows whole seconds only");
    }
    if (only_for("frame", "bad_frame", fault.kind == FaultKind::BadFrame)) {
        if (const FrameName* name = read_choice(reader, "frame", kFrames)) fault.frame = name->frame;
    }
}

void read_topics(TableReader& reader, Fault& fault) {
    const toml::node* node = reader.find("topics");
    if (names_topics(fault.kind) != reader.has("topics")) {
        return reader.problem("topics", names_topics(fault.kind) ? "is missing: a list of the topics that it happens to"
                                                                 : "belongs to reject and ack_silence only");
    }
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    const auto is_topic = [](const toml::node& one) {
        return !one.value_exact<std::string_view>().value_or("").empty();
    };
    if (array == nullptr || array->empty() || !std::ranges::all_of(*array, is_topic))
        return reader.problem("topics", "expected a list of topics, each a string");
    for (const toml::node& one : *array)
        fault.topics.emplace_back(*one.value_exact<std::string_view>());
}

// Whom the fault concerns.
void read_target(TableReader& reader, Fault& fault) {
    reader.integer("connection", fault.connection, 1, INT64_MAX);
    if (reader.has("connection") && !may_single_out(fault.kind)) {
        reader.problem("connection", "this fault is always that of the whole venue");
    }
    fault.stream = reader.text("stream").value_or("");
    const bool wanted = names_stream(fault.kind);
    if (wanted != reader.has("stream")) {
        reader.problem("stream", wanted ? "is missing: which stream it happens to, as in \"btcusdt@trade\""
                                        : "belongs to skip, repeat, swap and renumber only");
    } else if (wanted && !is_stream_name(fault.stream)) {
        reader.problem("stream", "expected <symbol>@trade or <symbol>@bookTicker");
    }
    reader.duration("by", fault.by);
    const bool delays = fault.kind == FaultKind::Delay;
    if (delays != reader.has("by")) {
        reader.problem("by", delays ? "is missing: by how much messages are late" : "belongs to delay only");
    }
}

Fault read_fault(const toml::table& table, std::size_t index, Problems& problems) {
    TableReader reader(table, fmt::format("fault[{}].", index), problems);
    Fault fault;
    if (!reader.has("at")) reader.problem("at", "is missing: when the fault begins, after the venue's start");
    reader.duration("at", fault.at);
    reader.duration("every", fault.every);
    if (!reader.has("kind")) reader.problem("kind", fmt::format("is missing: one of {}", list_names(kKinds)));
    const KindName* kind = read_choice(reader, "kind", kKinds);
    if (kind == nullptr) return fault;  // which keys belong to it cannot be said

    fault.kind = kind->kind;
    read_special_keys(reader, fault);
    read_target(reader, fault);
    read_topics(reader, fault);
    const bool repeats = fault.every > core::Duration::zero();
    if (reader.has("every") && !repeats) reader.problem("every", "must be longer than nothing");
    if (repeats && lasts(fault.kind) && (!fault.duration || *fault.duration >= fault.every)) {
        reader.problem("every", "must be longer than `for`, which is then required");
    }
    reader.unknown_keys();
    return fault;
}

void read_faults(TableReader& reader, Problems& problems, std::vector<Fault>& faults) {
    const toml::node* node = reader.find("fault");
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    const bool tables =
        array != nullptr && std::ranges::all_of(*array, [](const toml::node& n) { return n.is_table(); });
    if (!tables) return reader.problem("fault", "expected [[fault]] tables");
    for (const toml::node& element : *array)
        faults.push_back(read_fault(*element.as_table(), faults.size(), problems));
}

}  // namespace

std::variant<Scenario, ScenarioProblems> load_scenario_text(std::string_view toml, const std::string& file_name) {
    Problems problems(file_name);
    const toml::parse_result parsed = toml::parse(toml, file_name);
    if (!parsed) {
        problems.add(parsed.error().source(), "TOML", parsed.error().description());
        return problems.lines();
    }
    Scenario scenario;
    TableReader reader(parsed.table(), "", problems);
    scenario.profile = reader.text("profile").value_or("");
    read_symbols(reader, scenario.symbols);
    read_rate(reader, scenario.rate);
    reader.integer("burst", scenario.burst, 1, kMaxBurst);
    reader.integer("seed", scenario.seed, 0, INT64_MAX);
    reader.integer("first_id", scenario.first_id, 1, kMaxFirstId);
    reader.duration("ping_interval", scenario.ping_interval);
    reader.integer("message_padding", scenario.message_padding, 0, kMaxPadding);
    reader.duration("lifetime", scenario.lifetime);
    reader.integer("max_streams", scenario.max_streams, 1, kMaxStreams);
    read_faults(reader, problems, scenario.faults);
    reader.unknown_keys();
    if (!problems.empty()) return problems.lines();
    return scenario;
}

std::variant<Scenario, ScenarioProblems> load_scenario_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return ScenarioProblems{fmt::format("{}: cannot be read", path)};
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (file.bad()) return ScenarioProblems{fmt::format("{}: cannot be read", path)};
    return load_scenario_text(text, path);
}

}  // namespace fairlead::simulator
