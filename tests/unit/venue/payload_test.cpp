#include "venue/payload.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

using namespace fairlead;
using config::Decode;
using venue::DecodeProblem;
using venue::Payload;

namespace {

constexpr int kGzip = MAX_WBITS + 16;
constexpr int kZlib = MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;
constexpr std::uint64_t kLimit = 1'000'000;
constexpr std::string_view kMessage = R"({"ping":1492420473027})";

std::string compressed(std::string_view text, int window_bits, int flush = Z_FINISH) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, flush);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace

TEST_CASE("messages are decoded by the form that the profile names") {
    Payload gzip{Decode::Gzip, kLimit};
    Payload deflate{Decode::Deflate, kLimit};
    for (int round = 0; round < 3; ++round) {
        const auto decoded = gzip.decode(compressed(kMessage, kGzip));
        CHECK(decoded.bytes == kMessage);
        CHECK(decoded.is_text);
        CHECK(decoded.problem == DecodeProblem::None);
        CHECK(deflate.decode(compressed(kMessage, kRaw)).bytes == kMessage);
        CHECK(deflate.decode(compressed(kMessage, kZlib)).bytes == kMessage);
        CHECK(deflate.decode(compressed(kMessage, kRaw, Z_SYNC_FLUSH)).bytes == kMessage);
    }
    CHECK_FALSE(gzip.is_plain());
}

TEST_CASE("sniffing tells gzip, deflate and what is not compressed") {
    Payload payload{Decode::Sniff, kLimit};
    for (const int form : {kGzip, kZlib, kRaw})
        CHECK(payload.decode(compressed(kMessage, form)).bytes == kMessage);
    for (const std::string_view plain : {"", "{}", R"([1,"x"])", "pong", "\xff\xff\xff\xff", "\x1f"}) {
        const auto decoded = payload.decode(plain);
        CHECK(decoded.bytes == plain);
        CHECK(decoded.problem == DecodeProblem::None);
        CHECK_FALSE(decoded.is_text);
    }
    CHECK(payload.decode("\x1f\x8b broken").problem == DecodeProblem::Broken);
}

TEST_CASE("without decoding a message is what it is") {
    Payload payload{Decode::None, 4};
    CHECK(payload.is_plain());
    const std::string message = compressed(kMessage, kGzip);
    const auto decoded = payload.decode(message);
    CHECK(decoded.bytes.data() == message.data());
    CHECK(decoded.bytes.size() == message.size());
    CHECK_FALSE(decoded.is_text);
}

TEST_CASE("what is decoded may be as long as the limit, and not longer") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16 << 10}, std::size_t{100'000}}) {
        const std::string text(size, 'x');
        for (const int form : {kGzip, kRaw}) {
            const auto decode = form == kGzip ? Decode::Gzip : Decode::Deflate;
            Payload fits{decode, size};
            CHECK(fits.decode(compressed(text, form)).bytes == text);
            CHECK(fits.decode(compressed(text + "x", form)).problem == DecodeProblem::TooLarge);
            CHECK(fits.decode(compressed(text, form)).bytes == text);
        }
    }
    Payload bomb{Decode::Sniff, 1'000};
    CHECK(bomb.decode(compressed(std::string(50'000'000, '\0'), kGzip)).problem == DecodeProblem::TooLarge);
}

TEST_CASE("a message that is cut, changed or continued is broken") {
    for (const auto decode : {Decode::Gzip, Decode::Deflate}) {
        Payload payload{decode, kLimit};
        const std::string whole = compressed(kMessage, decode == Decode::Gzip ? kGzip : kZlib);
        for (std::size_t size = 0; size < whole.size(); ++size)
            CHECK_MESSAGE(payload.decode(whole.substr(0, size)).problem == DecodeProblem::Broken, size);
        CHECK(payload.decode(whole + "x").problem == DecodeProblem::Broken);
        std::string changed = whole;
        changed[changed.size() - 7] ^= 1;
        CHECK(payload.decode(changed).problem == DecodeProblem::Broken);
        CHECK(payload.decode(whole).bytes == kMessage);
    }
}

TEST_CASE("what is decoded is text only if it is UTF-8") {
    Payload payload{Decode::Gzip, kLimit};
    CHECK(payload.decode(compressed("\xc3\xa9", kGzip)).is_text);
    CHECK_FALSE(payload.decode(compressed("\xc3", kGzip)).is_text);
}
