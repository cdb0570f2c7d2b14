// RFC 6455 sections 5 to 8 as one table. Each case is fed whole, byte by byte, and cut at random places: what is told
// must be the same.
#include "websocket/decoder.hpp"

#include "websocket_frames.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead;
using namespace fairlead::support;
using namespace std::string_literals;

constexpr std::uint64_t kLimit = 100'000;

struct Case {
    std::string name;
    std::string bytes;
    Told told;
};

void check(const std::vector<Case>& cases, const websocket::DecoderSettings& settings) {
    std::minstd_rand random(1);
    for (const auto& row : cases) {
        CAPTURE(row.name);
        CHECK(decode(settings, row.bytes) == row.told);
        CHECK(decode_in_pieces(settings, row.bytes, 1, random) == row.told);
        for (int round = 0; round < 20; ++round)
            CHECK(decode_in_pieces(settings, row.bytes, round % 2 ? 7 : 2'000, random) == row.told);
    }
}

void check(const std::vector<Case>& cases) {
    check(cases, {.max_message_bytes = kLimit});
}

std::string letters(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
        text.push_back(static_cast<char>('a' + i % 26));
    return text;
}

}  // namespace

TEST_CASE("messages in one frame, at every edge of the forms of a length") {
    std::vector<Case> cases = {
        {"nothing", "", {}},
        {"the example of RFC 6455 5.7", "\x81\x05Hello", {"text:Hello"}},
        {"an empty text", text_frame(""), {"text:"}},
        {"an empty binary", frame(0x82, ""), {"binary:"}},
        {"binary that is not UTF-8", frame(0x82, "\xff\x00\xfe"s), {"binary:\xff\x00\xfe"s}},
        {"a text with a zero byte", text_frame("a\0b"s), {"text:a\0b"s}},
        {"two in a row", text_frame("one") + frame(0x82, "two"), {"text:one", "binary:two"}},
    };
    for (const std::size_t size : {1U, 2U, 124U, 125U, 126U, 127U, 128U, 65'534U, 65'535U, 65'536U, 65'537U, 100'000U})
        cases.push_back({std::to_string(size) + " bytes",
                         text_frame(letters(size)) + text_frame("next"),
                         {"text:" + letters(size), "text:next"}});
    check(cases);
}

TEST_CASE("lengths that are not in their shortest form, or no length at all, are refused") {
    check({
        {"125 in two bytes", head(0x81, 125, 2) + letters(125), {"fail 1002"}},
        {"0 in two bytes", head(0x81, 0, 2), {"fail 1002"}},
        {"126 in two bytes", head(0x81, 126, 2) + letters(126), {"text:" + letters(126)}},
        {"65535 in eight bytes", head(0x82, 65'535, 8) + letters(65'535), {"fail 1002"}},
        {"0 in eight bytes", head(0x82, 0, 8), {"fail 1002"}},
        {"5 in eight bytes", head(0x82, 5, 8) + "Hello", {"fail 1002"}},
        {"the highest bit", head(0x82, std::uint64_t{1} << 63, 8), {"fail 1002"}},
        {"all bits", head(0x82, ~std::uint64_t{0}, 8), {"fail 1002"}},
    });
}

TEST_CASE("a message above the limit is refused before its payload") {
    check({
        {"one more", head(0x81, kLimit + 1, 8), {"fail 1009"}},
        {"the largest length there is", head(0x82, (std::uint64_t{1} << 63) - 1, 8), {"fail 1009"}},
        {"just the limit", head(0x82, kLimit, 8) + letters(kLimit), {"binary:" + letters(kLimit)}},
        {"fragments that add up to one more", frame(0x02, letters(kLimit)) + head(0x80, 1, 0), {"fail 1009"}},
        {"fragments that add up to the limit",
         frame(0x02, letters(kLimit - 1)) + frame(0x80, "z"),
         {"binary:" + letters(kLimit - 1) + "z"}},
        {"fragments whose sum overflows",
         frame(0x02, "a") + head(0x00, (std::uint64_t{1} << 63) - 1, 8),
         {"fail 1009"}},
        {"it counts from message to message anew",
         frame(0x82, letters(kLimit)) + frame(0x82, "more"),
         {"binary:" + letters(kLimit), "binary:more"}},
    });
}

TEST_CASE("every opcode and every reserved bit") {
    std::vector<Case> cases;
    for (int opcode = 0; opcode < 16; ++opcode) {
        const bool is_data = opcode == 1 || opcode == 2;
        const auto good = opcode == 8    ? "close 0  -> 0"
                          : opcode == 9  ? "ping:"
                          : opcode == 10 ? "pong:"
                          : opcode == 1  ? "text:"
                                         : "binary:";
        const bool is_known = is_data || (opcode >= 8 && opcode <= 10);
        for (int reserved = 0; reserved < 8; ++reserved) {
            const int first = kFin | reserved << 4 | opcode;
            const auto expected = is_known && reserved == 0 ? good : "fail 1002";
            cases.push_back({"first byte " + std::to_string(first), frame(first, ""), {expected}});
            if (!is_data)
                cases.push_back({"unfinished " + std::to_string(first), frame(first & 0x7f, ""), {"fail 1002"}});
        }
    }
    check(cases);
}

TEST_CASE("a masked frame of a server is refused") {
    check({
        {"text", "\x81\x85\x01\x02\x03\x04xxxxx", {"fail 1002"}},
        {"ping", "\x89\x80\x01\x02\x03\x04", {"fail 1002"}},
        {"close", "\x88\x82\x01\x02\x03\x04xx", {"fail 1002"}},
    });
}

TEST_CASE("fragments are put together, with control frames between them") {
    check({
        {"two", frame(0x01, "Hel") + frame(0x80, "lo"), {"text:Hello"}},
        {"five, some of them empty",
         frame(0x01, "") + frame(0, "a") + frame(0, "") + frame(0, "b") + frame(0x80, ""),
         {"text:ab"}},
        {"all of them empty", frame(0x02, "") + frame(0, "") + frame(0x80, ""), {"binary:"}},
        {"large ones",
         frame(0x02, letters(40'000)) + frame(0x80, letters(50'000)),
         {"binary:" + letters(40'000) + letters(50'000)}},
        {"a ping inside", frame(0x01, "Hel") + frame(0x89, "?") + frame(0x80, "lo"), {"ping:?", "text:Hello"}},
        {"many control frames inside",
         frame(0x02, "a") + frame(0x89, "1") + frame(0x8a, "2") + frame(0, "b") + frame(0x89, letters(125)) +
             frame(0x80, "c") + frame(0x8a, ""),
         {"ping:1", "pong:2", "ping:" + letters(125), "binary:abc", "pong:"}},
        {"a close inside ends it", frame(0x01, "Hel") + close_frame(1001) + frame(0x80, "lo"), {"close 1001  -> 1001"}},
        {"a continuation of nothing", frame(0x80, "x"), {"fail 1002"}},
        {"an unfinished continuation of nothing", frame(0x00, "x"), {"fail 1002"}},
        {"a continuation after a whole message", text_frame("a") + frame(0x80, "x"), {"text:a", "fail 1002"}},
        {"a continuation after the last",
         frame(0x01, "a") + frame(0x80, "b") + frame(0x80, "c"),
         {"text:ab", "fail 1002"}},
        {"a new message inside", frame(0x01, "a") + text_frame("b"), {"fail 1002"}},
        {"a new unfinished message inside", frame(0x01, "a") + frame(0x02, "b"), {"fail 1002"}},
        {"the end of the stream inside", frame(0x01, "a") + head(0x80, 5, 0) + "xx", {}},
    });
}

TEST_CASE("control frames have at most 125 bytes and no fragments") {
    check({
        {"a ping of 125", frame(0x89, letters(125)), {"ping:" + letters(125)}},
        {"a ping of 126", frame(0x89, letters(126)), {"fail 1002"}},
        {"a pong of 70000", head(0x8a, 70'000, 8), {"fail 1002"}},
        {"a close of 126", frame(0x88, big_endian(1000, 2) + letters(124)), {"fail 1002"}},
        {"half a ping", frame(0x09, "x"), {"fail 1002"}},
        {"a ping with a short length in two bytes", head(0x89, 5, 2) + "Hello", {"fail 1002"}},
        {"pongs nobody asked for", frame(0x8a, "") + frame(0x8a, "x"), {"pong:", "pong:x"}},
    });
}

TEST_CASE("close frames") {
    check({
        {"without a code", frame(0x88, ""), {"close 0  -> 0"}},
        {"half a code", frame(0x88, "\x03"), {"fail 1002"}},
        {"with a reason", close_frame(1000, "bye"), {"close 1000 bye -> 1000"}},
        {"the longest reason", close_frame(1001, letters(123)), {"close 1001 " + letters(123) + " -> 1001"}},
        {"a reason that is not UTF-8", close_frame(1001, "a\xff"), {"close 1001 a\xff -> 1007"}},
        {"a reason that ends inside a character", close_frame(1001, "\xe2\x82"), {"close 1001 \xe2\x82 -> 1007"}},
        {"what follows is passed over", close_frame(1000) + text_frame("late") + "garbage", {"close 1000  -> 1000"}},
        {"a second one is passed over", close_frame(1000) + close_frame(1001), {"close 1000  -> 1000"}},
    });
    for (int code = 0; code <= 0xffff; code += code < 5'100 ? 1 : 977) {
        const bool valid =
            (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        const auto text = std::to_string(code);
        const auto frame = close_frame(static_cast<std::uint16_t>(code), "x");
        CHECK_MESSAGE(decode({.max_message_bytes = kLimit}, frame) ==
                          Told{valid ? "close " + text + " x -> " + text : "fail 1002"},
                      code);
    }
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
