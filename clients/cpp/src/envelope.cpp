#include "fairlead/envelope.hpp"

#include <charconv>

namespace fairlead::client {
namespace {

struct Split {
    std::string_view topic;
    std::string_view rest;
};

std::optional<Split> split_at_nul(std::string_view frame) {
    const std::size_t nul = frame.find('\0');
    if (nul == std::string_view::npos || nul == 0 || frame[nul - 1] != '/') return std::nullopt;
    return Split{frame.substr(0, nul), frame.substr(nul + 1)};
}

bool parse(google::protobuf::MessageLite& message, std::string_view bytes) {
    return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::optional<Envelope> decode(std::string_view frame0, std::string_view frame1) {
    const auto split = split_at_nul(frame0);
    v1::Header header;
    if (!split || !parse(header, split->rest)) return std::nullopt;
    return Envelope{.topic = split->topic,
                    .kind = header.kind(),
                    .flags = header.flags(),
                    .epoch = header.epoch(),
                    .sequence = header.sequence(),
                    .receive_time_ns = header.receive_time_ns(),
                    .session = header.session(),
                    .leg = header.leg(),
                    .request_id = header.request_id(),
                    .payload = frame1};
}

std::optional<v1::Welcome> decode_welcome(std::string_view frame) {
    const auto split = split_at_nul(frame);
    std::optional<v1::Welcome> welcome{std::in_place};
    if (!split || split->topic != "welcome/" || !parse(*welcome, split->rest)) return std::nullopt;
    return welcome;
}

TopicParts split_topic(std::string_view topic) {
    const auto take = [&topic] {
        const std::size_t slash = topic.find('/');
        const std::string_view part = topic.substr(0, slash);
        topic = slash == std::string_view::npos ? std::string_view{} : topic.substr(slash + 1);
        return part;
    };
    TopicParts parts;
    parts.kind = take();
    parts.connection = take();
    parts.channel = take();
    return parts;
}

std::string percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const char* digits = text.data() + i + 1;
            const auto [end, error] = std::from_chars(digits, digits + 2, byte, 16);
            if (error == std::errc{} && end == digits + 2) {
                decoded += static_cast<char>(byte);
                i += 2;
                continue;
            }
        }
        decoded += text[i];
    }
    return decoded;
}

}  // namespace fairlead::client
