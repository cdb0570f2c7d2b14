#include "venue/payload.hpp"

#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace fairlead::venue {

namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kSyncFlush{"\x00\x00\xff\xff", 4};
constexpr std::size_t kFirstBuffer = std::size_t{16} << 10;

// A stream of raw deflate that begins like that would hold no JSON.
bool looks_like_json(std::string_view message) {
    return message.starts_with('{') || message.starts_with('[');
}

bool has_zlib_header(std::string_view message) {
    if (message.size() < 2) return false;
    const auto first = static_cast<unsigned char>(message[0]);
    const auto second = static_cast<unsigned char>(message[1]);
    return (first & 0xfU) == Z_DEFLATED && (first * 256U + second) % 31 == 0;
}

}  // namespace

struct Payload::Inflater {
    z_stream stream{};
    bool is_open = false;

    Inflater() = default;
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater() {
        if (is_open) inflateEnd(&stream);
    }

    bool begin(std::string_view message, int window_bits) {
        if (message.size() > std::numeric_limits<uInt>::max()) return false;
        if (!is_open) is_open = inflateInit2(&stream, window_bits) == Z_OK;
        if (!is_open || inflateReset2(&stream, window_bits) != Z_OK) return false;
        stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(message.data()));
        stream.avail_in = static_cast<uInt>(message.size());
        return true;
    }
};

Payload::Payload(config::Decode decode, std::uint64_t max_bytes)
    : decode_(decode), max_bytes_(std::min<std::uint64_t>(max_bytes, std::numeric_limits<uInt>::max() - 1)) {}

Payload::~Payload() = default;
Payload::Payload(Payload&&) noexcept = default;
Payload& Payload::operator=(Payload&&) noexcept = default;

Decoded Payload::decode(std::string_view message) {
    switch (decode_) {
        case config::Decode::Gzip:
            return inflate(message, Frame::Gzip);
        case config::Decode::Deflate:
            return inflate_any_deflate(message);
        case config::Decode::Sniff: {
            if (message.starts_with(kGzipMagic)) return inflate(message, Frame::Gzip);
            if (message.empty() || looks_like_json(message)) break;
            const Decoded decoded = inflate_any_deflate(message);
            if (decoded.problem != DecodeProblem::Broken) return decoded;
            break;
        }
        case config::Decode::None:
            break;
    }
    return {.bytes = message};
}

Decoded Payload::inflate_any_deflate(std::string_view message) {
    if (has_zlib_header(message)) {
        const Decoded decoded = inflate(message, Frame::Zlib);
        if (decoded.problem != DecodeProblem::Broken) return decoded;
    }
    return inflate(message, Frame::Raw);
}

Decoded Payload::inflate(std::string_view message, Frame frame) {
    constexpr Decoded kBroken{.problem = DecodeProblem::Broken};
    if (!inflater_) inflater_ = std::make_unique<Inflater>();
    const int window_bits = frame == Frame::Raw ? -MAX_WBITS : frame == Frame::Zlib ? MAX_WBITS : MAX_WBITS + 16;
    if (!inflater_->begin(message, window_bits)) return kBroken;
    z_stream& stream = inflater_->stream;
    const std::size_t limit = max_bytes_ + 1;  // one byte more tells what is too large
    std::size_t length = 0;
    int result = Z_OK;
    while (result == Z_OK) {
        if (length == limit) return {.problem = DecodeProblem::TooLarge};
        if (length == buffer_.size()) buffer_.resize(std::min(limit, std::max(kFirstBuffer, 2 * buffer_.size())));
        const std::size_t room = buffer_.size() - length;
        stream.next_out = reinterpret_cast<Bytef*>(buffer_.data() + length);
        stream.avail_out = static_cast<uInt>(room);
        result = ::inflate(&stream, Z_SYNC_FLUSH);
        length += room - stream.avail_out;
    }
    if (length == limit) return {.problem = DecodeProblem::TooLarge};
    const bool is_flushed = result == Z_BUF_ERROR && frame != Frame::Gzip && message.ends_with(kSyncFlush);
    if (stream.avail_in > 0 || (result != Z_STREAM_END && !is_flushed)) return kBroken;
    return {.bytes = {buffer_.data(), length}, .is_text = simdjson::validate_utf8(buffer_.data(), length)};
}

}  // namespace fairlead::venue
