// permessage-deflate (RFC 7692) from a venue, bounded by what a message may have inflated.
#include "websocket_frames.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead;
using namespace fairlead::support;
using namespace std::string_literals;

constexpr std::uint64_t kLimit = 300'000;
constexpr int kCompressedText = kFin | kRsv1 | 1;

websocket::DecoderSettings settings(bool server_forgets = false) {
    return {.max_message_bytes = kLimit, .compression = websocket::Compression{.server_forgets = server_forgets}};
}

void check(const std::string& bytes, const Told& told, bool server_forgets = false) {
    std::minstd_rand random(1);
    CHECK(decode(settings(server_forgets), bytes) == told);
    CHECK(decode_in_pieces(settings(server_forgets), bytes, 1, random) == told);
    for (int round = 0; round < 20; ++round)
        CHECK(decode_in_pieces(settings(server_forgets), bytes, round % 2 ? 5 : 3'000, random) == told);
}

std::string compressed(std::string_view data) {
    return frame(kCompressedText, data);
}

// Like market data: repetitive, and different each time.
std::string quote(int number) {
    return R"({"e":"trade","s":"BTCUSDT","p":")" + std::to_string(60'000 + number * 7 % 991) + R"(","n":)" +
           std::to_string(number) + "}";
}

std::string noise(std::size_t size) {
    std::minstd_rand random(7);
    std::string text;
    while (text.size() < size)
        text.push_back(static_cast<char>(' ' + random() % 94));
    return text;
}

}  // namespace

TEST_CASE("the examples of RFC 7692 7.2.3") {
    check(compressed("\xf2\x48\xcd\xc9\xc9\x07\x00"s), {"text:Hello"});
    check(frame(0x41, "\xf2\x48\xcd") + frame(0x80, "\xc9\xc9\x07\x00"s), {"text:Hello"});
    // Window taken over, and not.
    check(compressed("\xf2\x48\xcd\xc9\xc9\x07\x00"s) + compressed("\xf2\x00\x11\x00\x00"s),
          {"text:Hello", "text:Hello"});
    // A stored block, a last block, two blocks.
    check(compressed("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s), {"text:Hello"});
    check(compressed("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), {"text:Hello"});
    check(compressed("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), {"text:Hello"});
    check(compressed("\x00"s), {"text:"});
}

TEST_CASE("a message without any data is empty") {
    check(compressed("") + compressed("\xf2\x48\xcd\xc9\xc9\x07\x00"s), {"text:", "text:Hello"});
    check(frame(0x42, "") + frame(0x80, ""), {"binary:"});
}

TEST_CASE("a venue's window spans messages, also past a last block, unless it forgets") {
    for (const bool forgets : {false, true}) {
        Deflater deflate;
        std::string bytes;
        Told told;
        for (int number = 0; number < 60; ++number) {
            if (forgets) {
                Deflater fresh;
                bytes += compressed(fresh(quote(number)));
            } else {
                bytes += compressed(number % 20 == 19 ? deflate.finished(quote(number)) : deflate(quote(number)));
            }
            told.push_back("text:" + quote(number));
            if (number % 3 == 0) {
                bytes += frame(0x89, "?") + text_frame("plain");
                told.insert(told.end(), {"ping:?", "text:plain"});
            }
        }
        check(bytes, told, forgets);
    }
}

TEST_CASE("a message that refers to a forgotten one is corrupt") {
    Deflater deflate;
    const auto first = deflate(noise(200));
    const auto second = deflate(noise(200));
    check(compressed(first) + compressed(second), {"text:" + noise(200), "text:" + noise(200)});
    check(compressed(first) + compressed(second), {"text:" + noise(200), "fail 1007"}, true);
}

TEST_CASE("every size around the ends of the buffer, stored, compressed well and compressed badly") {
    for (const int level : {0, 1, 9}) {
        Deflater deflate(15, level);
        std::string bytes;
        Told told;
        for (const std::size_t size :
             {1U, 16'383U, 16'384U, 16'385U, 32'767U, 32'768U, 32'769U, 65'536U, 299'999U, 300'000U}) {
            const auto same = std::string(size, 'x');
            const auto different = noise(size);
            bytes += compressed(deflate(same));
            bytes += compressed(deflate(different));
            told.insert(told.end(), {"text:" + same, "text:" + different});
        }
        std::minstd_rand random(1);
        CHECK(decode(settings(), bytes) == told);
        CHECK(decode_in_pieces(settings(), bytes, 65'536, random) == told);
    }
}

TEST_CASE("every legal window is accepted") {
    for (const int bits : {9, 10, 12, 15}) {
        Deflater deflate(bits);
        const auto text = noise(2'000) + noise(40'000);
        const auto first = deflate(text);
        const auto second = deflate(text);
        check(compressed(first) + compressed(second), {"text:" + text, "text:" + text});
    }
}

TEST_CASE("the limit holds for what was inflated, and little memory is taken to find out") {
    for (const std::size_t size : {300'001U, 5'000'000U, 50'000'000U}) {
        Deflater deflate;
        check(compressed(deflate(std::string(size, 'x'))), {"fail 1009"});
    }
    Deflater deflate;
    const auto half = deflate(std::string(200'000, 'x'));
    check(compressed(half) + compressed(half),
          {"text:" + std::string(200'000, 'x'), "text:" + std::string(200'000, 'x')});
}

TEST_CASE("data that inflates to nothing has an end as well") {
    const auto nothing = "\x00\x00\x00\xff\xff"s;
    std::string much;
    while (much.size() < 60'000)
        much += nothing;
    std::string bytes = frame(0x41, much);
    for (int i = 0; i < 10; ++i)
        bytes += frame(0x00, much);
    CHECK(decode(settings(), bytes) == Told{"fail 1009"});
}

TEST_CASE("corrupt data is refused") {
    check(compressed("\x07\x00"s), {"fail 1007"});  // a block of a type that there is not
    check(compressed("\xff\xff\xff\xff\xff"s), {"fail 1007"});
    check(compressed("\x00\x05\x00\xfa\xfe\x48"s), {"fail 1007"});  // a stored block whose length is wrong
    check(compressed("\xf2\x48\xcd\xc9"s), {"fail 1007"});          // it ends inside a block
    check(compressed("\x00\x05\x00\xfa\xff\x48\x65\x6c"s), {"fail 1007"});
    check(compressed("\xf3\x48\xcd\xc9\xc9\x07\x00"s), {"fail 1007"});  // a last block without the byte behind
    check(compressed("\xf2\x00\x11\x00\x00"s), {"fail 1007"});          // refers to before the beginning
    check(frame(0x41, "\x07\x00"s) + frame(0x89, "?"), {"fail 1007"});
}

TEST_CASE("inflated text must be UTF-8, binary may be anything") {
    Deflater deflate;
    check(compressed(deflate("gr\xc3\xbc\xc3\x9f")), {"text:gr\xc3\xbc\xc3\x9f"});
    Deflater other;
    const auto data = other("\xff\xfe");
    check(compressed(data), {"fail 1007"});
    check(frame(kFin | kRsv1 | 2, data), {"binary:\xff\xfe"});
}

TEST_CASE("the compression bit belongs to the first frame of a message") {
    Deflater deflate;
    const auto data = deflate(quote(1));
    check(frame(0x41, data.substr(0, 5)) + frame(0x89, "?") + frame(0x80, data.substr(5)),
          {"ping:?", "text:" + quote(1)});
    check(frame(0x41, data.substr(0, 5)) + frame(0xc0, data.substr(5)), {"fail 1002"});
    check(frame(0x01, "a") + frame(0x40, "b"), {"fail 1002"});
    for (const int control : {8, 9, 10})
        check(frame(kFin | kRsv1 | control, ""), {"fail 1002"});
    check(frame(kFin | 0x20 | 1, ""), {"fail 1002"});
    CHECK(decode({.max_message_bytes = kLimit}, compressed(data)) == Told{"fail 1002"});
}

TEST_CASE("what was compressed, and what it became, is counted") {
    Deflater deflate;
    const auto data = deflate(noise(1'000));
    websocket::Decoder decoder(settings());
    Told told;
    feed(decoder, compressed(data) + text_frame("plain"), told);
    const auto inflation = decoder.take_inflation();
    CHECK(inflation.compressed_bytes == data.size());
    CHECK(inflation.inflated_bytes == 1'000);
    CHECK(inflation.took == core::Duration{0});
    CHECK(decoder.take_inflation().compressed_bytes == 0);
}

TEST_CASE("inflating is measured piece by piece, and nothing else is") {
    static int looks = 0;
    auto measured = settings();
    measured.clock = [] { return core::SteadyTime(std::chrono::milliseconds{++looks}); };
    websocket::Decoder decoder(measured);
    Deflater deflate;
    const auto data = deflate(noise(1'000));
    Told told;
    feed(decoder, text_frame("plain") + frame(0x01, "in ") + frame(0x89, "?") + frame(0x80, "two"), told);
    CHECK(looks == 0);
    feed(decoder, frame(0x41, data.substr(0, 100)) + frame(0x80, data.substr(100)), told);
    CHECK(looks == 4);
    CHECK(decoder.take_inflation().took == std::chrono::milliseconds{2});
    feed(decoder, compressed("\x07\x00"s), told);
    CHECK(told.back() == "fail 1007");
    const auto corrupt = decoder.take_inflation();
    CHECK(corrupt.compressed_bytes == 2);
    CHECK(corrupt.inflated_bytes == 0);
    CHECK(corrupt.took == std::chrono::milliseconds{1});
}
