#include "core/text_template.hpp"

#include <algorithm>

namespace fairlead::core {

namespace {

// The text between the brace at `open` and the next one that closes; empty if there is none, or nothing but a brace
// that opens comes first.
std::string_view name_at(std::string_view text, std::size_t open) {
    const std::size_t close = text.find_first_of("{}", open + 1);
    if (close == std::string_view::npos || text[close] == '{') return {};
    return text.substr(open + 1, close - open - 1);
}

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
}

// Whether the end of `text` lies inside of a JSON string, if its beginning does or does not.
bool is_inside_string(std::string_view text, bool inside) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') inside = !inside;
        if (text[i] == '\\' && inside) ++i;
    }
    return inside;
}

}  // namespace

TextTemplate::TextTemplate(std::string_view text, std::span<const std::string_view> names, Fields fields) {
    std::size_t begin = 0;  // of the text that has not become a piece
    bool inside = false;
    for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
        const std::string_view name = name_at(text, at);
        const bool is_field = fields == Fields::Allowed && name.starts_with(kFieldPrefix);
        if (is_field || std::ranges::find(names, name) != names.end()) {
            inside = is_inside_string(text.substr(begin, at - begin), inside);
            add_text(text.substr(begin, at - begin));
            pieces_.push_back({.text = std::string{name}, .is_variable = true, .is_quoted = inside});
            begin = at + name.size() + 2;
            at = begin - 1;
        } else if (is_word(name) && std::ranges::find(unknown_, name) == unknown_.end()) {
            unknown_.emplace_back(name);
        }
    }
    add_text(text.substr(begin));
}

void TextTemplate::add_text(std::string_view text) {
    if (!text.empty()) pieces_.push_back({.text = std::string{text}});
}

std::string TextTemplate::render(const Lookup& lookup) const {
    std::string rendered;
    for (const Piece& piece : pieces_) {
        if (piece.is_variable)
            rendered +=
                lookup({.name = piece.text, .is_quoted = piece.is_quoted, .is_first = &piece == pieces_.data()});
        else
            rendered += piece.text;
    }
    return rendered;
}

std::vector<TextTemplate::Variable> TextTemplate::variables() const {
    std::vector<Variable> found;
    for (const Piece& piece : pieces_)
        if (piece.is_variable)
            found.push_back({.name = piece.text, .is_quoted = piece.is_quoted, .is_first = &piece == pieces_.data()});
    return found;
}

bool TextTemplate::uses(std::string_view name) const {
    return std::ranges::any_of(pieces_, [&](const Piece& piece) { return piece.is_variable && piece.text == name; });
}

std::string json_escaped(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            escaped += '\\';
            escaped += c;
        } else if (byte < 0x20) {
            escaped += "\\u00";
            escaped += kDigits[byte >> 4U];
            escaped += kDigits[byte & 0xfU];
        } else {
            escaped += c;
        }
    }
    return escaped;
}

std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        if (kPlain.find(c) != std::string_view::npos) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += kDigits[byte >> 4U];
        encoded += kDigits[byte & 0xfU];
    }
    return encoded;
}

}  // namespace fairlead::core
