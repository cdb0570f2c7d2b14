// A venue's frames, right and wrong, byte by byte; and what the decoder tells about them, as text.
#pragma once

#include "websocket/decoder.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::support {

inline constexpr std::uint8_t kFin = 0x80;
inline constexpr std::uint8_t kRsv1 = 0x40;

inline std::string big_endian(std::uint64_t value, int bytes) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        text.push_back(static_cast<char>(value >> shift & 0xff));
    return text;
}

// A header whose length is written in 0, 2 or 8 bytes more, whatever it is.
inline std::string head(int first, std::uint64_t length, int length_bytes) {
    std::string text(1, static_cast<char>(first));
    text.push_back(static_cast<char>(length_bytes == 0 ? length : length_bytes == 2 ? 126 : 127));
    return text + big_endian(length, length_bytes);
}

// `first` = FIN, reserved bits and opcode; the length in its shortest form.
inline std::string frame(int first, std::string_view payload) {
    return head(first, payload.size(), payload.size() < 126 ? 0 : payload.size() <= 0xffff ? 2 : 8).append(payload);
}

inline std::string text_frame(std::string_view payload) {
    return frame(kFin | 1, payload);
}

inline std::string close_frame(std::uint16_t code, std::string_view reason = "") {
    return frame(kFin | 8, big_endian(code, 2).append(reason));
}

// permessage-deflate as a venue does it: a message's data without the four bytes at its end.
class Deflater {
public:
    explicit Deflater(int window_bits = 15, int level = Z_DEFAULT_COMPRESSION) {
        deflateInit2(&stream_, level, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY);
    }
    ~Deflater() { deflateEnd(&stream_); }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    std::string operator()(std::string_view message) {
        auto data = run(message, Z_SYNC_FLUSH);
        data.resize(data.size() - 4);
        return data;
    }
    // With a last block, after which the stream begins anew (RFC 7692 7.2.3.4).
    std::string finished(std::string_view message) {
        auto data = run(message, Z_FINISH);
        deflateReset(&stream_);
        return data + std::string(1, '\0');
    }

private:
    std::string run(std::string_view message, int flush) {
        std::string data(deflateBound(&stream_, message.size()) + 64, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
        stream_.avail_in = static_cast<uInt>(message.size());
        stream_.next_out = reinterpret_cast<Bytef*>(data.data());
        stream_.avail_out = static_cast<uInt>(data.size());
        deflate(&stream_, flush);
        data.resize(data.size() - stream_.avail_out);
        return data;
    }

    z_stream stream_{};
};

// "text:Hello", "binary:…", "ping:…", "pong:…", "close 1000 bye -> 1000", "fail 1002", "fail 1002 for 1015" of a
// close frame.
inline std::string described(const websocket::Event& event) {
    using Kind = websocket::Event::Kind;
    const std::string bytes(event.bytes);
    switch (event.kind) {
        case Kind::None:
            return "none";
        case Kind::Message:
            return (event.binary ? "binary:" : "text:") + bytes;
        case Kind::Ping:
            return "ping:" + bytes;
        case Kind::Pong:
            return "pong:" + bytes;
        case Kind::Close:
            return "close " + std::to_string(event.code) + " " + bytes + " -> " + std::to_string(event.answer);
        case Kind::Violation:
            return "fail " + std::to_string(event.answer) +
                   (event.code == 0 ? "" : " for " + std::to_string(event.code));
    }
    return {};
}

using Told = std::vector<std::string>;

// Feeds the next bytes from memory of their own, so that a sanitizer sees whoever reads beyond them or after them.
inline void feed(websocket::Decoder& decoder, std::string_view bytes, Told& told) {
    const std::vector<char> copy(bytes.begin(), bytes.end());
    decoder.feed({copy.data(), copy.size()});
    for (auto event = decoder.next(); event.kind != websocket::Event::Kind::None; event = decoder.next())
        told.push_back(described(event));
}

inline Told decode(const websocket::DecoderSettings& settings, std::string_view bytes) {
    websocket::Decoder decoder(settings);
    Told told;
    feed(decoder, bytes, told);
    return told;
}

// In pieces of 1 to `most` bytes.
template <typename Random>
Told decode_in_pieces(const websocket::DecoderSettings& settings, std::string_view bytes, std::size_t most,
                      Random& random) {
    websocket::Decoder decoder(settings);
    Told told;
    while (!bytes.empty()) {
        const auto size = 1 + static_cast<std::size_t>(random()) % most;
        feed(decoder, bytes.substr(0, size), told);
        bytes.remove_prefix(std::min(size, bytes.size()));
    }
    return told;
}

}  // namespace fairlead::support
