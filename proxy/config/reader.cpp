#include "config/reader.hpp"

#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace fairlead::config {
namespace {

constexpr std::size_t kMaxSuggestionDistance = 2;

// Insertions, deletions, replacements and exchanges of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    std::iota(rows[0].begin(), rows[0].end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        rows[i][0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            rows[i][j] = std::min({replaced, rows[i - 1][j] + 1, rows[i][j - 1] + 1});
            const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (exchanged) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[a.size()][b.size()];
}

}  // namespace

std::string suggestion(std::string_view text, const std::vector<std::string_view>& candidates) {
    std::size_t best = std::min(kMaxSuggestionDistance + 1, text.size());  // nothing in common is no likeness
    std::string_view nearest;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > text.size() + kMaxSuggestionDistance) continue;
        if (text.size() > candidate.size() + kMaxSuggestionDistance) continue;
        const std::size_t distance = edit_distance(text, candidate);
        if (distance >= best) continue;
        best = distance;
        nearest = candidate;
    }
    return nearest.empty() ? "" : fmt::format("; did you mean `{}`?", nearest);
}

std::string join_or(const std::vector<std::string_view>& words) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
        result += words[i];
    }
    return result;
}

void Report::problem(Position at, std::string key, std::string message) {
    problems.push_back({files[at.file], at.line, at.column, std::move(key), std::move(message)});
}

void Report::notice(Position at, std::string key, std::string message) {
    notices.push_back({files[at.file], at.line, at.column, std::move(key), std::move(message)});
}

TableReader::TableReader(const Node::Table& table, std::string path, Position at, Report& report)
    : table_(table), path_(std::move(path)), at_(at), report_(report) {}

const Member* TableReader::find(std::string_view key) const {
    const auto found = std::find_if(table_.begin(), table_.end(), [&](const Member& m) { return m.key == key; });
    return found == table_.end() ? nullptr : &*found;
}

const Node* TableReader::take(std::string_view key) {
    known_.emplace(key);
    const Member* member = find(key);
    return member == nullptr ? nullptr : &member->value;
}

bool TableReader::has(std::string_view key) const {
    return find(key) != nullptr;
}

bool TableReader::usable(std::string_view key) const {
    return !faulty_.contains(key);
}

bool TableReader::valid(std::string_view key) const {
    return has(key) && usable(key);
}

Position TableReader::at(std::string_view key) const {
    const Member* member = find(key);
    return member == nullptr ? at_ : member->value.at;
}

std::string TableReader::path(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void TableReader::problem_at(Position at, std::string_view key, std::string message) {
    faulty_.emplace(key);
    report_.problem(at, path(key), std::move(message));
}

void TableReader::problem(std::string_view key, std::string message) {
    problem_at(at(key), key, std::move(message));
}

void TableReader::check(std::string_view key, const std::optional<std::string>& problem) {
    if (problem && valid(key)) problem_at(at(key), key, *problem);
}

void TableReader::wrong_type(std::string_view key, const Node& node, std::string_view expected) {
    problem_at(node.at, key, fmt::format("is {}, must be {}", node.type_name(), expected));
}

const std::string* TableReader::take_text(std::string_view key) {
    const Node* node = take(key);
    if (node == nullptr) return nullptr;
    const auto* text = std::get_if<std::string>(&node->value);
    if (text == nullptr) wrong_type(key, *node, "a string");
    return text;
}

void TableReader::text(std::string_view key, std::string& target) {
    const std::string* text = take_text(key);
    if (text == nullptr) return;
    if (text->find("${") != std::string::npos) return problem(key, "${…} is not replaced here; write the value itself");
    if (text->find('\0') != std::string::npos) return problem(key, "contains a NUL character");
    target = *text;
}

void TableReader::secret(std::string_view key, SecretText& target) {
    const std::string* text = take_text(key);
    if (text == nullptr) return;
    SecretText value(*text);
    if (auto form = value.form_problem()) return problem(key, *form);
    target = std::move(value);
}

void TableReader::flag(std::string_view key, bool& target) {
    const Node* node = take(key);
    if (node == nullptr) return;
    const auto* value = std::get_if<bool>(&node->value);
    if (value == nullptr) return wrong_type(key, *node, "true or false, without quotes");
    target = *value;
}

std::optional<std::int64_t> TableReader::read_integer(std::string_view key, std::int64_t min, std::int64_t max) {
    const Node* node = take(key);
    if (node == nullptr) return {};
    const auto* value = std::get_if<std::int64_t>(&node->value);
    if (value == nullptr) {
        wrong_type(key, *node, "an integer");
        return {};
    }
    if (*value < min || *value > max) {
        problem(key, fmt::format("{} is out of range; must be from {} to {}", *value, min, max));
        return {};
    }
    return *value;
}

void TableReader::number(std::string_view key, double& target, double min, double max) {
    const Node* node = take(key);
    if (node == nullptr) return;
    const auto* real = std::get_if<double>(&node->value);
    const auto* whole = std::get_if<std::int64_t>(&node->value);
    if (real == nullptr && whole == nullptr) return wrong_type(key, *node, "a number");
    const double value = real != nullptr ? *real : static_cast<double>(*whole);
    const bool in_range = value >= min && value <= max;  // false for nan
    if (!in_range) return problem(key, fmt::format("{} is out of range; must be from {} to {}", value, min, max));
    target = value;
}

void TableReader::size(std::string_view key, std::uint64_t& target, std::uint64_t min, std::uint64_t max) {
    const Node* node = take(key);
    if (node == nullptr) return;
    std::optional<std::uint64_t> value;
    if (const auto* text = std::get_if<std::string>(&node->value)) {
        value = parse_size(*text);
        if (!value) return problem(key, "is not a size; write \"64MiB\", \"16KB\" or a number of bytes without quotes");
    } else if (const auto* bytes = std::get_if<std::int64_t>(&node->value)) {
        value = *bytes < 0 ? 0 : static_cast<std::uint64_t>(*bytes);
        if (*bytes < 0) return problem(key, "a size cannot be negative");
    } else {
        return wrong_type(key, *node, "a size such as \"64MiB\"");
    }
    if (*value < min || *value > max) {
        return problem(key, fmt::format("{} is out of range; must be from {} to {}", format_size(*value),
                                        format_size(min), format_size(max)));
    }
    target = *value;
}

void TableReader::duration(std::string_view key, core::Duration& target, core::Duration min, core::Duration max,
                           Zero zero) {
    const Node* node = take(key);
    if (node == nullptr) return;
    if (const auto* bare = std::get_if<std::int64_t>(&node->value)) {
        return problem(key, fmt::format("is an integer, must be a duration with its unit, in quotes: \"{}s\"", *bare));
    }
    const auto* text = std::get_if<std::string>(&node->value);
    if (text == nullptr) return wrong_type(key, *node, "a duration such as \"1s\"");
    const std::optional<core::Duration> value = parse_duration(*text);
    if (!value) {
        return problem(key,
                       "is not a duration; write whole numbers with units d, h, m, s, ms, us: \"500ms\", \"1h30m\"");
    }
    const bool off = zero == Zero::Allowed && value->count() == 0;
    if (!off && (*value < min || *value > max)) {
        return problem(key,
                       fmt::format("{} is out of range; must be {}from {} to {}", format_duration(*value),
                                   zero == Zero::Allowed ? "0s or " : "", format_duration(min), format_duration(max)));
    }
    target = *value;
}

std::optional<std::size_t> TableReader::read_choice(std::string_view key, const std::vector<std::string_view>& known) {
    const std::string* text = take_text(key);
    if (text == nullptr) return {};
    const auto found = std::find(known.begin(), known.end(), *text);
    if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
    problem(key, fmt::format("must be {}{}", join_or(known), suggestion(*text, known)));
    return {};
}

std::vector<std::string> TableReader::read_list(std::string_view key, ListForm form, const TextCheck& each) {
    std::vector<std::string> result;
    const auto add = [&](const Node& node, const std::string& element_path) {
        std::optional<std::string> wrong;
        if (const auto* text = std::get_if<std::string>(&node.value)) {
            wrong = each(*text);
            const bool repeated = std::find(result.begin(), result.end(), *text) != result.end();
            if (!wrong && repeated) wrong = "is in the list already; remove one";
            if (!wrong) result.push_back(*text);
        } else {
            wrong = fmt::format("is {}, must be a string", node.type_name());
        }
        if (!wrong) return;
        faulty_.emplace(key);
        report_.problem(node.at, element_path, *wrong);
    };
    const Node* node = take(key);
    if (node == nullptr) return result;
    if (const auto* list = std::get_if<Node::Array>(&node->value)) {
        for (std::size_t i = 0; i < list->size(); ++i)
            add((*list)[i], fmt::format("{}[{}]", path(key), i));
    } else if (form == ListForm::StringOrList && std::holds_alternative<std::string>(node->value)) {
        add(*node, path(key));
    } else {
        wrong_type(key, *node, form == ListForm::ListOnly ? "a list of strings" : "a string or a list of strings");
    }
    return result;
}

void TableReader::texts(std::string_view key, std::vector<std::string>& target, ListForm form, const TextCheck& each) {
    std::vector<std::string> list = read_list(key, form, [&](const std::string& text) -> std::optional<std::string> {
        if (text.find("${") != std::string::npos) return "${…} is not replaced here; write the value itself";
        return each(text);
    });
    if (valid(key)) target = std::move(list);
}

void TableReader::secrets(std::string_view key, std::vector<SecretText>& target, const TextCheck& each) {
    const std::vector<std::string> list =
        read_list(key, ListForm::ListOnly, [&](const std::string& text) -> std::optional<std::string> {
            if (auto form = SecretText(text).form_problem()) return form;
            return each(text);
        });
    if (!valid(key)) return;
    target.clear();
    for (const std::string& text : list)
        target.emplace_back(text);
}

std::optional<TableReader> TableReader::table(std::string_view key) {
    known_.emplace(key);
    const Member* member = find(key);
    if (member == nullptr || !usable(key)) return {};
    const auto* table = std::get_if<Node::Table>(&member->value.value);
    if (table == nullptr) {
        wrong_type(key, member->value, "a table");
        return {};
    }
    return std::make_optional<TableReader>(*table, path(key), member->at, report_);
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
    std::vector<TableReader> result;
    const Node* node = take(key);
    if (node == nullptr || !usable(key)) return result;
    const auto* list = std::get_if<Node::Array>(&node->value);
    if (list == nullptr) {
        wrong_type(key, *node, "a list of tables");
        return result;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        const Node& element = (*list)[i];
        const std::string element_path = fmt::format("{}[{}]", path(key), i);
        if (const auto* table = std::get_if<Node::Table>(&element.value)) {
            result.emplace_back(*table, element_path, element.at, report_);
        } else {
            faulty_.emplace(key);
            report_.problem(element.at, element_path, fmt::format("is {}, must be a table", element.type_name()));
        }
    }
    return result;
}

std::vector<const Member*> TableReader::members() {
    std::vector<const Member*> result;
    for (const Member& member : table_) {
        known_.emplace(member.key);
        result.push_back(&member);
    }
    return result;
}

void TableReader::finish() {
    const std::vector<std::string_view> candidates(known_.begin(), known_.end());
    for (const Member& member : table_) {
        if (known_.contains(member.key)) continue;
        report_.problem(member.at, path(member.key), "unknown key" + suggestion(member.key, candidates));
    }
}

}  // namespace fairlead::config
