#include "core/topic.hpp"

#include <charconv>

namespace fairlead::core {

namespace {

unsigned byte_at(std::string_view text, std::size_t position) {
    return static_cast<unsigned char>(text[position]);
}

bool is_continuation(std::string_view text, std::size_t position) {
    return position < text.size() && (byte_at(text, position) & 0xc0u) == 0x80u;
}

// Bytes of the UTF-8 sequence of two bytes or more that begins at `position`, 0 when there is none. By the table of
// well-formed sequences (Unicode 3.9, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t multibyte_length(std::string_view text, std::size_t position) {
    const unsigned lead = byte_at(text, position);
    std::size_t length = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
    }
    if (length == 0) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text, position + i)) return 0;
    }
    const unsigned second = byte_at(text, position + 1);
    const bool is_overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool is_surrogate = lead == 0xed && second > 0x9f;
    const bool is_too_high = lead == 0xf4 && second > 0x8f;
    return is_overlong || is_surrogate || is_too_high ? 0 : length;
}

bool stays(unsigned byte) {
    return byte > 0x20 && byte < 0x7f && byte != '/' && byte != '%';
}

void append_encoded(std::string& text, unsigned byte) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    text += '%';
    text += kDigits[byte >> 4u];
    text += kDigits[byte & 0xfu];
}

}  // namespace

std::optional<std::string> encode_channel(std::string_view channel) {
    // Encoding never shortens, so a channel of any size costs no more than this.
    if (channel.empty() || channel.size() > kMaxChannelBytes) return std::nullopt;
    std::string encoded;
    encoded.reserve(channel.size());
    for (std::size_t position = 0; position < channel.size();) {
        const unsigned byte = byte_at(channel, position);
        const std::size_t length = stays(byte) ? 1 : multibyte_length(channel, position);
        if (length == 0) {
            append_encoded(encoded, byte);
            ++position;
        } else {
            encoded += channel.substr(position, length);
            position += length;
        }
    }
    if (encoded.size() > kMaxChannelBytes) return std::nullopt;
    return encoded;
}

std::string decode_channel(std::string_view encoded) {
    std::string channel;
    for (std::size_t position = 0; position < encoded.size(); ++position) {
        unsigned byte = 0;
        const char* digits = encoded.data() + position + 1;
        const bool is_escape = encoded[position] == '%' && position + 2 < encoded.size() &&
                               std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
        channel += is_escape ? static_cast<char>(byte) : encoded[position];
        position += is_escape ? 2 : 0;
    }
    return channel;
}

std::optional<std::string> data_topic(std::string_view connection, std::string_view channel) {
    const std::optional<std::string> encoded = encode_channel(channel);
    if (!encoded) return std::nullopt;
    std::string topic = "data/";
    topic += connection;
    topic += '/';
    topic += *encoded;
    topic += '/';
    return topic;
}

std::string state_topic(std::string_view connection) {
    std::string topic = "state/";
    topic += connection;
    topic += '/';
    return topic;
}

std::string alert_topic(std::string_view connection) {
    std::string topic = "alert/";
    topic += connection;
    topic += '/';
    return topic;
}

std::string system_topic() {
    return "system/";
}

}  // namespace fairlead::core
