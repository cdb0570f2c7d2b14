#include "simulator/frame.hpp"

#include "client_frame.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace fairlead::simulator;
using fairlead::test::client_frame;

template <typename Kind>
Kind decode(std::string_view bytes) {
    FrameDecoder decoder;
    decoder.feed(bytes);
    const FrameDecoder::Result result = decoder.next();
    REQUIRE(std::holds_alternative<Kind>(result));
    return std::get<Kind>(result);
}

TEST_CASE("the venue's frames carry the length in the shortest form") {
    const auto header = [](std::size_t size) {
        std::string out;
        append_frame(out, Opcode::Text, std::string(size, 'x'));
        CHECK(out.ends_with(std::string(size, 'x')));
        return out.substr(0, out.size() - size);
    };
    CHECK(header(0) == std::string("\x81\x00", 2));
    CHECK(header(125) == "\x81\x7d");
    CHECK(header(126) == std::string("\x81\x7e\x00\x7e", 4));
    CHECK(header(65535) == "\x81\x7e\xff\xff");
    CHECK(header(65536) == std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST_CASE("a close frame has code and reason, cut to what fits") {
    std::string out;
    append_close(out, 1012, "service restart");
    CHECK(out == "\x88\x11\x03\xf4service restart");
    out.clear();
    append_close(out, 1000, std::string(200, 'r'));
    CHECK(out.size() == 2 + 125);
}

TEST_CASE("each bad frame breaks its own rule") {
    const auto bytes = [](BadFrame kind) {
        std::string out;
        append_bad_frame(out, kind);
        return out;
    };
    CHECK((bytes(BadFrame::ReservedBit)[0] & 0x70) != 0);
    CHECK((bytes(BadFrame::BadOpcode)[0] & 0x0f) == 3);
    CHECK(bytes(BadFrame::BadUtf8).find('\xff') != std::string::npos);
    CHECK(bytes(BadFrame::Oversize).starts_with(std::string("\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00", 10)));
    const std::string unfinished = bytes(BadFrame::Unfinished);
    CHECK(unfinished[0] == '\x01');
    CHECK(unfinished[static_cast<std::size_t>(2 + unfinished[1])] == '\x81');
}

TEST_CASE("a client's frame is read whole, in pieces of any size") {
    const std::string bytes = client_frame(0x81, R"({"id":1})") + client_frame(0x89, "ping");
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        FrameDecoder decoder;
        std::vector<FrameDecoder::Message> messages;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            decoder.feed(std::string_view(bytes).substr(at, piece));
            while (true) {
                FrameDecoder::Result result = decoder.next();
                if (!std::holds_alternative<FrameDecoder::Message>(result)) break;
                messages.push_back(std::get<FrameDecoder::Message>(std::move(result)));
            }
        }
        REQUIRE(messages.size() == 2);
        CHECK(messages[0].opcode == Opcode::Text);
        CHECK(messages[0].payload == R"({"id":1})");
        CHECK(messages[1].opcode == Opcode::Ping);
        CHECK(messages[1].payload == "ping");
    }
}

TEST_CASE("fragments are put together, with a ping between them") {
    FrameDecoder decoder;
    decoder.feed(client_frame(0x01, "ab") + client_frame(0x89, "") + client_frame(0x00, "") + client_frame(0x80, "cd"));
    CHECK(std::get<FrameDecoder::Message>(decoder.next()).opcode == Opcode::Ping);
    const auto message = std::get<FrameDecoder::Message>(decoder.next());
    CHECK(message.opcode == Opcode::Text);
    CHECK(message.payload == "abcd");
    CHECK(std::holds_alternative<FrameDecoder::NeedMore>(decoder.next()));
}

TEST_CASE("64 KiB are read and a byte more is refused before it arrives") {
    const std::string largest(FrameDecoder::kMaxMessageBytes, 'x');
    CHECK(decode<FrameDecoder::Message>(client_frame(0x82, largest)).payload == largest);
    const std::string header = client_frame(0x82, largest + "x").substr(0, 10);
    CHECK(decode<FrameDecoder::Violation>(header).code == 1009);
    FrameDecoder decoder;
    decoder.feed(client_frame(0x02, largest) + client_frame(0x80, "x"));
    CHECK(std::get<FrameDecoder::Violation>(decoder.next()).code == 1009);
}

TEST_CASE("frames against the rules are violations") {
    CHECK(decode<FrameDecoder::Violation>(client_frame(0xc1, "x")).code == 1002);
    CHECK(decode<FrameDecoder::Violation>(client_frame(0x83, "x")).code == 1002);
    CHECK(decode<FrameDecoder::Violation>(client_frame(0x80, "x")).code == 1002);
    CHECK(decode<FrameDecoder::Violation>(client_frame(0x09, "x")).code == 1002);
    CHECK(decode<FrameDecoder::Violation>(client_frame(0x89, std::string(126, 'x'))).code == 1002);
    CHECK(decode<FrameDecoder::Violation>(client_frame(0x81, "\xff")).code == 1007);
    CHECK(decode<FrameDecoder::Violation>(std::string_view("\x81\x01x", 3)).code == 1002);
}

TEST_CASE("a new message inside a fragmented one is a violation") {
    FrameDecoder decoder;
    decoder.feed(client_frame(0x01, "ab") + client_frame(0x81, "cd"));
    CHECK(std::get<FrameDecoder::Violation>(decoder.next()).code == 1002);
}

}  // namespace
