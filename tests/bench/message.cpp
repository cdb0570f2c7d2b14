#include "message.hpp"

#include <ctime>
#include <stdexcept>

namespace fairlead::bench {
namespace {

// Where the values stand in a message, and how wide they are.
struct Field {
    std::size_t begin;
    std::size_t width;
};
constexpr std::string_view kBegin = R"({"s":"S)";
constexpr Field kStream{7, 5};
constexpr Field kPhase{18, 1};
constexpr Field kNumber{24, 10};
constexpr Field kTime{39, 19};

std::string blank_message(std::size_t bytes) {
    std::string text = R"({"s":"S00000","k":0,"n":         0,"t":                  0,"p":")";
    text.append(bytes - kMinMessageBytes, 'x');
    return text + "\"}";
}

std::string frame_header(std::size_t payload) {
    std::string header{'\x81'};
    const auto append = [&header](std::size_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
            header += static_cast<char>(value >> shift & 0xff);
    };
    if (payload < 126) {
        append(payload, 1);
    } else if (payload < 65'536) {
        append(126, 1);
        append(payload, 2);
    } else {
        append(127, 1);
        append(payload, 8);
    }
    return header;
}

void write_number(char* message, Field field, std::uint64_t value, char fill) {
    char* const begin = message + field.begin;
    char* place = begin + field.width;
    do {
        *--place = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0 && place != begin);
    while (place != begin)
        *--place = fill;
}

std::uint64_t read_number(std::string_view message, Field field) {
    std::uint64_t value = 0;
    for (const char digit : message.substr(field.begin, field.width))
        if (digit != ' ') value = 10 * value + static_cast<std::uint64_t>(digit - '0');
    return value;
}

}  // namespace

std::int64_t now_ns() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Frame::Frame(std::size_t message_bytes) {
    if (message_bytes < kMinMessageBytes) throw std::runtime_error("a message is too small for its stamp");
    bytes_ = frame_header(message_bytes);
    header_ = bytes_.size();
    bytes_ += blank_message(message_bytes);
}

void Frame::stamp(const Stamp& stamp) {
    char* const message = bytes_.data() + header_;
    write_number(message, kStream, stamp.stream, '0');
    write_number(message, kPhase, static_cast<std::uint64_t>(stamp.phase), '0');
    write_number(message, kNumber, stamp.number, ' ');
    write_number(message, kTime, static_cast<std::uint64_t>(stamp.sent_ns), ' ');
}

std::optional<Stamp> read_stamp(std::string_view message) {
    if (message.size() < kMinMessageBytes || message.substr(0, kBegin.size()) != kBegin) return std::nullopt;
    return Stamp{.stream = static_cast<unsigned>(read_number(message, kStream)),
                 .phase = static_cast<Phase>(read_number(message, kPhase)),
                 .number = read_number(message, kNumber),
                 .sent_ns = static_cast<std::int64_t>(read_number(message, kTime))};
}

}  // namespace fairlead::bench
