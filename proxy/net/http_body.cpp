#include "net/http_body.hpp"

#include "core/url.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

namespace fairlead::net {
namespace {

constexpr std::size_t kMaxDetailBytes = 200;
constexpr std::size_t kShortestSecret = 4;
constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "ws", "wss"};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size();
        const int high = escape ? hex_digit(text[i + 1]) : -1;
        const int low = escape ? hex_digit(text[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            result.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            result.push_back(text[i]);
        }
    }
    return result;
}

bool is_delimiter(char c) {
    return std::string_view(" \t/?&=#;,:@\"'").find(c) != std::string_view::npos;
}

void add_words(std::vector<std::string>& words, std::string_view text) {
    for (const auto& form : {lower_case(text), lower_case(percent_decoded(text))}) {
        auto at = form.begin();
        while (at != form.end()) {
            const auto end = std::find_if(at, form.end(), is_delimiter);
            std::string word(at, end);
            const bool is_scheme = std::find(kSchemes.begin(), kSchemes.end(), word) != kSchemes.end();
            if (word.size() >= kShortestSecret && !is_scheme) words.push_back(std::move(word));
            at = end == form.end() ? end : end + 1;
        }
    }
}

// Whatever of the request may be one: values out of secrets have been put in by now, and cannot be told from others.
std::vector<std::string> possible_secrets(const seam::ConnectRequest& request) {
    std::vector<std::string> words;
    const auto url = core::parse_url(request.url);
    if (const auto* parsed = std::get_if<core::Url>(&url)) {
        add_words(words, parsed->path);
        if (!request.shown_host.empty()) add_words(words, parsed->host);
    }
    for (const auto& [name, value] : request.headers)
        add_words(words, value);
    return words;
}

bool is_printable(std::string_view line) {
    const bool has_control = std::any_of(line.begin(), line.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
    return !has_control && simdjson::validate_utf8(line);
}

}  // namespace

std::string one_line(std::string_view text) {
    std::string line(text.substr(0, kMaxDetailBytes));
    const bool is_utf8 = simdjson::validate_utf8(line);
    for (char& c : line) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = ' ';
        if (byte >= 0x80 && !is_utf8) c = '?';
    }
    return line;
}

std::string shown_body(std::string_view body, const seam::ConnectRequest& request) {
    const auto start = body.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return {};
    auto line = body.substr(start);
    line = line.substr(0, line.find_first_of("\r\n"));
    if (line.size() > kMaxBodyLine || line.front() == '<' || !is_printable(line)) return {};
    const auto lowered = lower_case(line);
    for (const auto& word : possible_secrets(request)) {
        if (lowered.find(word) != std::string::npos) return {};
    }
    return std::string(line);
}

}  // namespace fairlead::net
