// RFC 6455 sections 5 to 8. Each case of the tables is fed whole, byte by byte, and cut at random places: what is told
// must be the same.
#include "websocket/decoder.hpp"

#include "protocol_cases.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead;
using namespace fairlead::support;
using namespace std::string_literals;

constexpr std::uint64_t kLimit = kMessageLimit;

void check(const ProtocolCases& cases) {
    constexpr websocket::DecoderSettings kSettings{.max_message_bytes = kLimit};
    std::minstd_rand random(1);
    for (const auto& row : cases) {
        CAPTURE(row.name);
        CHECK(decode(kSettings, row.bytes) == row.told);
        CHECK(decode_in_pieces(kSettings, row.bytes, 1, random) == row.told);
        for (int round = 0; round < 20; ++round)
            CHECK(decode_in_pieces(kSettings, row.bytes, round % 2 ? 7 : 2'000, random) == row.told);
    }
}

}  // namespace

TEST_CASE("messages in one frame, at every edge of the forms of a length") {
    check(message_cases());
}

TEST_CASE("lengths that are not in their shortest form, or no length at all, are refused") {
    check(length_cases());
}

TEST_CASE("a message above the limit is refused before its payload") {
    check(limit_cases());
    check({{"no byte of it has come", head(0x81, kLimit + 1, 8), {"fail 1009"}},
           {"nor of what goes on", frame(0x02, letters(kLimit)) + head(0x80, 1, 0), {"fail 1009"}}});
}

TEST_CASE("every opcode and every reserved bit") {
    check(opcode_cases());
}

TEST_CASE("a masked frame of a server is refused") {
    check(mask_cases());
}

TEST_CASE("fragments are put together, with control frames between them") {
    check(fragment_cases());
    check({{"the end of the stream inside", frame(0x01, "a") + head(0x80, 5, 0) + "xx", {}}});
}

TEST_CASE("control frames have at most 125 bytes and no fragments") {
    check(control_cases());
}

TEST_CASE("close frames") {
    check(close_cases());
    check(close_code_cases());
    check({{"garbage behind it", close_frame(1000) + "garbage", {"close 1000  -> 1000"}}});
    for (int code = 0; code <= 0xffff; code += code < 5'100 ? 1 : 977) {
        const bool valid =
            (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        const auto text = std::to_string(code);
        const auto told = decode({.max_message_bytes = kLimit}, close_frame(static_cast<std::uint16_t>(code), "x"));
        REQUIRE(told.size() == 1);
        CHECK_MESSAGE(told.front().starts_with(valid ? "close " + text + " x -> " + text : "fail 1002"), code);
    }
}

TEST_CASE("text and reasons must be UTF-8") {
    check(utf8_cases());
}

TEST_CASE("a violation says what it was, in one line, and a bad code of a close frame is kept") {
    websocket::Decoder decoder({.max_message_bytes = kLimit});
    const auto bytes = close_frame(1015, "x");
    decoder.feed(bytes);
    const auto event = decoder.next();
    CHECK(event.kind == websocket::Event::Kind::Violation);
    CHECK(event.code == 1015);
    CHECK(event.bytes == "a close frame with the code 1015, which none may have");
    CHECK(decoder.next().kind == websocket::Event::Kind::None);
    for (const auto& wrong : {frame(0xc1, ""), frame(0x83, ""), frame(0x80, ""), head(0x81, 1, 2), "\x81\x80"s}) {
        websocket::Decoder other({.max_message_bytes = kLimit});
        other.feed(wrong);
        const auto told = other.next().bytes;
        CHECK(told.starts_with("a "));
        CHECK(std::none_of(told.begin(), told.end(), [](char c) { return c < ' '; }));
    }
}

TEST_CASE("a message that lies whole in a read is a view of it; others are put together and may be moved from") {
    websocket::Decoder decoder({.max_message_bytes = kLimit});
    const auto bytes = text_frame("whole") + frame(0x01, "in ") + frame(0x80, "two") + text_frame("cut");
    decoder.feed(std::string_view(bytes).substr(0, bytes.size() - 1));
    const auto whole = decoder.next();
    CHECK(whole.bytes == "whole");
    CHECK(whole.bytes.data() == bytes.data() + 2);
    CHECK_FALSE(whole.assembled);
    const auto two = decoder.next();
    REQUIRE(two.assembled);
    CHECK(two.bytes.data() == two.assembled->data());
    const auto taken = std::move(*two.assembled);
    CHECK(taken == "in two");
    CHECK(decoder.next().kind == websocket::Event::Kind::None);
    decoder.feed("t");
    const auto cut = decoder.next();
    CHECK(cut.bytes == "cut");
    CHECK(cut.assembled);
}

TEST_CASE("a header that a read cut from its payload costs no copy") {
    websocket::Decoder decoder({.max_message_bytes = kLimit});
    const auto bytes = text_frame(letters(300));
    decoder.feed(std::string_view(bytes).substr(0, 3));
    CHECK(decoder.next().kind == websocket::Event::Kind::None);
    decoder.feed(std::string_view(bytes).substr(3));
    const auto event = decoder.next();
    CHECK(event.bytes == letters(300));
    CHECK_FALSE(event.assembled);
}

TEST_CASE("memory is taken when a length is within the limit, and not before") {
    constexpr std::size_t kSmall = 4'096;
    constexpr std::size_t kMebi = std::size_t{1} << 20;
    const auto announced = head(0x82, 16 * kMebi, 8) + "the first bytes";
    for (const auto& settings : {websocket::DecoderSettings{.max_message_bytes = kMebi},
                                 websocket::DecoderSettings{.max_message_bytes = 16 * kMebi - 1}}) {
        websocket::Decoder decoder(settings);
        decoder.feed(announced);
        CHECK(decoder.next().answer == 1009);
        CHECK(decoder.held_bytes() < kSmall);
    }
    websocket::Decoder enough({.max_message_bytes = 16 * kMebi});
    enough.feed(announced);
    CHECK(enough.next().kind == websocket::Event::Kind::None);
    CHECK(enough.held_bytes() >= 16 * kMebi);
}

TEST_CASE("the memory of a large message is given back with the next one that is put together") {
    constexpr std::size_t kMebi = std::size_t{1} << 20;
    websocket::Decoder decoder({.max_message_bytes = 8 * kMebi});
    Told told;
    feed(decoder, frame(0x02, letters(4 * kMebi)) + frame(0x80, ""), told);
    CHECK(decoder.held_bytes() >= 4 * kMebi);
    feed(decoder, frame(0x01, "a") + frame(0x80, "b"), told);
    CHECK(decoder.held_bytes() < kMebi);
    CHECK(told.back() == "text:ab");
}
