#include "websocket/utf8.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace fairlead::websocket {
namespace {

constexpr std::size_t kMaxContinuations = 3;
// Up to here plain words are as fast as the widest registers, which a lone message would have to wake first.
constexpr std::size_t kShortBytes = 1024;

unsigned char byte_at(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

// The bytes of a character that begins like this; 1 where none begins, which the validation then finds.
std::size_t announced_bytes(unsigned char lead) {
    if (lead >= 0xf0) return 4;
    if (lead >= 0xe0) return 3;
    return lead >= 0xc0 ? 2 : 1;
}

// The size of an unfinished character at the end.
std::size_t unfinished_bytes(std::string_view text) {
    for (std::size_t back = 1; back <= std::min(kMaxContinuations, text.size()); ++back) {
        const auto byte = byte_at(text, text.size() - back);
        if ((byte & 0xc0) != 0x80) return announced_bytes(byte) > back ? back : 0;
    }
    return 0;
}

// The first two bytes decide: no overlong form, no surrogate, nothing above U+10FFFF.
bool may_become_character(std::string_view start) {
    const auto lead = byte_at(start, 0);
    if (lead < 0xc2 || lead > 0xf4) return false;
    if (start.size() < 2) return true;
    const auto second = byte_at(start, 1);
    if (lead == 0xe0) return second >= 0xa0;
    if (lead == 0xed) return second < 0xa0;
    if (lead == 0xf0) return second >= 0x90;
    return lead != 0xf4 || second < 0x90;
}

bool is_ascii(std::string_view text) {
    std::uint64_t seen = 0;
    std::uint64_t word = 0;
    for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
        std::memcpy(&word, text.data(), sizeof word);
        seen |= word;
    }
    word = 0;
    if (!text.empty()) std::memcpy(&word, text.data(), text.size());
    return ((seen | word) & 0x8080808080808080U) == 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
    if (text.size() <= kShortBytes && is_ascii(text)) return true;
    return simdjson::validate_utf8(text.data(), text.size());
}

std::optional<std::size_t> whole_characters(std::string_view text) {
    const auto unfinished = unfinished_bytes(text);
    const auto whole = text.substr(0, text.size() - unfinished);
    if (unfinished > 0 && !may_become_character(text.substr(whole.size()))) return std::nullopt;
    if (!is_utf8(whole)) return std::nullopt;
    return whole.size();
}

}  // namespace fairlead::websocket
