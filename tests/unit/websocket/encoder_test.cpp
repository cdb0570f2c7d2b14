#include "websocket/encoder.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace fairlead::websocket;
using namespace std::string_literals;

constexpr MaskKey kKey = {0x37, 0xfa, 0x21, 0x3d};

std::string encoded(Opcode opcode, std::string_view payload) {
    std::string out;
    append_frame(out, opcode, payload, kKey);
    return out;
}

}  // namespace

TEST_CASE("the masked example of RFC 6455 5.7") {
    CHECK(encoded(Opcode::Text, "Hello") == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

TEST_CASE("the shortest form of every length, and masking that gives the payload back") {
    for (const std::size_t size : {0U, 1U, 3U, 7U, 8U, 9U, 63U, 125U, 126U, 65'535U, 65'536U, 200'001U}) {
        std::string payload;
        for (std::size_t i = 0; i < size; ++i)
            payload.push_back(static_cast<char>(i * 31));
        const auto frame = encoded(Opcode::Binary, payload);
        const std::size_t length_bytes = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
        REQUIRE(frame.size() == 2 + length_bytes + 4 + size);
        CHECK(frame[0] == '\x82');
        CHECK((static_cast<unsigned char>(frame[1]) & 0x7f) == (size < 126 ? size : size <= 0xffff ? 126 : 127));
        CHECK((frame[1] & 0x80) != 0);
        std::size_t length = length_bytes ? 0 : size;
        for (std::size_t i = 0; i < length_bytes; ++i)
            length = length << 8 | static_cast<unsigned char>(frame[2 + i]);
        CHECK(length == size);
        auto body = frame.substr(2 + length_bytes + 4);
        CHECK((size < 8 || body != payload));
        mask(body.data(), body.size(), kKey);
        CHECK(body == payload);
    }
}

TEST_CASE("frames are appended") {
    std::string out = "before";
    append_frame(out, Opcode::Ping, "", kKey);
    append_frame(out, Opcode::Pong, "x", {0, 0, 0, 0});
    CHECK(out == "before\x89\x80\x37\xfa\x21\x3d\x8a\x81\0\0\0\0x"s);
}

TEST_CASE("a close frame has a code, and as much of the reason as fits in whole characters") {
    const auto closed = [](std::uint16_t code, std::string_view reason) {
        std::string out;
        append_close(out, code, reason, {0, 0, 0, 0});
        return out.substr(6);
    };
    CHECK(closed(0, "not sent") == "");
    CHECK(closed(1000, "") == "\x03\xe8");
    CHECK(closed(1001, "bye") ==
          "\x03\xe9"
          "bye");
    CHECK(closed(1000, std::string(200, 'x')) == "\x03\xe8" + std::string(123, 'x'));
    CHECK(closed(1000, std::string(122, 'x') + "\xc3\xa4") == "\x03\xe8" + std::string(122, 'x'));
    CHECK(closed(1000, std::string(121, 'x') + "\xc3\xa4y") == "\x03\xe8" + std::string(121, 'x') + "\xc3\xa4");
}
