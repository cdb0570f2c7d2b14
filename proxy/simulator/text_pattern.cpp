#include "simulator/text_pattern.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::simulator {
namespace {

// Stands in no template, so that it parts the text between the variables.
constexpr char kPlace = '\x01';

// Where the JSON string ends that `text` begins inside of.
std::size_t end_of_string(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') return i;
        if (text[i] == '\\') ++i;
    }
    return text.size();
}

char unescaped(char c) {
    constexpr std::string_view kEscapes = "nrtbf";
    constexpr std::string_view kMeant = "\n\r\t\b\f";
    const std::size_t at = kEscapes.find(c);
    return at == std::string_view::npos ? c : kMeant[at];
}

// The byte that four hexadecimal digits at the front mean, where they mean just one.
std::optional<char> byte_of(std::string_view digits) {
    unsigned code = 0;
    if (digits.size() < 4) return std::nullopt;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + 4, code, 16);
    if (error != std::errc{} || end != digits.data() + 4 || code > 0x7f) return std::nullopt;
    return static_cast<char>(code);
}

}  // namespace

std::string json_unescaped(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            result += text[i];
            continue;
        }
        ++i;
        if (text[i] != 'u') {
            result += unescaped(text[i]);
        } else if (const auto byte = byte_of(text.substr(i + 1))) {
            result += *byte;
            i += 4;
        } else {
            result += "\\u";
        }
    }
    return result;
}

TextPattern::TextPattern(std::string_view text, std::span<const std::string_view> names) {
    const core::TextTemplate made{text, names};
    const auto variables = made.variables();
    const std::string rendered =
        made.render([](const core::TextTemplate::Variable&) { return std::string(1, kPlace); });
    std::string_view rest = rendered;
    for (const core::TextTemplate::Variable& variable : variables) {
        const std::size_t place = rest.find(kPlace);
        if (place > 0) pieces_.push_back({.text = std::string{rest.substr(0, place)}});
        pieces_.push_back({.text = std::string{variable.name}, .is_variable = true, .is_quoted = variable.is_quoted});
        rest.remove_prefix(place + 1);
    }
    if (!rest.empty()) pieces_.push_back({.text = std::string{rest}});
}

std::optional<TextPattern::Values> TextPattern::match(std::string_view text) const {
    Values values;
    if (empty() || !match_from(0, text, End::Text, values)) return std::nullopt;
    return values;
}

std::optional<std::vector<TextPattern::Values>> TextPattern::match_list(std::string_view text) const {
    std::vector<Values> list;
    while (!text.empty()) {
        Values values;
        const auto taken = empty() ? std::nullopt : match_from(0, text, End::ItemOrText, values);
        // An item that takes nothing would never come to an end.
        if (!taken || *taken == 0) return std::nullopt;
        list.push_back(std::move(values));
        text.remove_prefix(*taken);
        if (text.size() == 1) return std::nullopt;  // a comma, and nothing behind it
        if (!text.empty()) text.remove_prefix(1);
    }
    return list;
}

std::optional<std::size_t> TextPattern::match_from(std::size_t piece, std::string_view text, End end,
                                                   Values& values) const {
    if (piece == pieces_.size()) {
        const bool fits = text.empty() || (end == End::ItemOrText && text.front() == ',');
        return fits ? std::optional<std::size_t>{0} : std::nullopt;
    }
    const Piece& next = pieces_[piece];
    if (next.is_variable) return match_variable(piece, text, end, values);
    if (!text.starts_with(next.text)) return std::nullopt;
    const auto rest = match_from(piece + 1, text.substr(next.text.size()), end, values);
    return rest ? std::optional{next.text.size() + *rest} : std::nullopt;
}

std::optional<std::size_t> TextPattern::match_variable(std::size_t piece, std::string_view text, End end,
                                                       Values& values) const {
    const Piece& variable = pieces_[piece];
    const std::string_view behind =
        piece + 1 < pieces_.size() && !pieces_[piece + 1].is_variable ? pieces_[piece + 1].text : std::string_view{};
    const std::size_t limit = variable.is_quoted ? end_of_string(text) : text.size();
    for (std::size_t size = 0; size <= limit; ++size) {
        if (!behind.empty()) size = text.find(behind, size);
        if (size > limit) return std::nullopt;
        const std::string value =
            variable.is_quoted ? json_unescaped(text.substr(0, size)) : std::string{text.substr(0, size)};
        const auto [entry, is_new] = values.try_emplace(variable.text, value);
        if (is_new || entry->second == value) {
            if (const auto rest = match_from(piece + 1, text.substr(size), end, values)) return size + *rest;
        }
        if (is_new) values.erase(variable.text);
    }
    return std::nullopt;
}

}  // namespace fairlead::simulator
