#include "fairlead/envelope.hpp"

#include "fairlead/v1/control.pb.h"
#include "vectors.hpp"

#include <doctest/doctest.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <vector>

using namespace fairlead;
using namespace fairlead::test;
using google::protobuf::util::MessageDifferencer;

namespace {

simdjson::dom::element load(simdjson::dom::parser& parser, const std::string& file) {
    simdjson::dom::element document;
    REQUIRE(parser.load((vectors_dir() / file).string()).get(document) == simdjson::SUCCESS);
    return document;
}

simdjson::dom::array array(simdjson::dom::element object, std::string_view key) {
    simdjson::dom::array values;
    REQUIRE(object[key].get(values) == simdjson::SUCCESS);
    return values;
}

std::vector<std::string> frames_of(simdjson::dom::element entry) {
    std::vector<std::string> frames;
    for (const std::string_view frame : array(entry, "frames"))
        frames.push_back(from_hex(frame));
    return frames;
}

template <typename Message>
void check_bytes(simdjson::dom::element entry, const std::string& bytes) {
    Message parsed;
    REQUIRE(parsed.ParseFromString(bytes));
    const auto wanted = from_json<Message>(entry, "message");
    if (flag(entry, "encode")) {
        CHECK(MessageDifferencer::Equals(parsed, wanted));
        CHECK(wanted.SerializeAsString() == bytes);
    } else {
        parsed.DiscardUnknownFields();
        CHECK(MessageDifferencer::Equals(parsed, wanted));
    }
}

void check_message(simdjson::dom::element entry, const std::string& bytes) {
    const std::string type = text(entry, "type");
    if (type == "fairlead.v1.ConnectionEvent") return check_bytes<v1::ConnectionEvent>(entry, bytes);
    if (type == "fairlead.v1.Gap") return check_bytes<v1::Gap>(entry, bytes);
    if (type == "fairlead.v1.Heartbeat") return check_bytes<v1::Heartbeat>(entry, bytes);
    if (type == "fairlead.v1.Alert") return check_bytes<v1::Alert>(entry, bytes);
    if (type == "fairlead.v1.End") return check_bytes<v1::End>(entry, bytes);
    if (type == "fairlead.v1.Welcome") return check_bytes<v1::Welcome>(entry, bytes);
    if (type == "fairlead.v1.Request") return check_bytes<v1::Request>(entry, bytes);
    if (type == "fairlead.v1.Reply") return check_bytes<v1::Reply>(entry, bytes);
    FAIL("a type that this test does not know: ", type);
}

void check_two_frames(simdjson::dom::element entry, const std::vector<std::string>& frames) {
    const auto envelope = client::decode(frames[0], frames[1]);
    REQUIRE(envelope.has_value());
    CHECK(envelope->topic == text(entry, "topic"));
    CHECK(envelope->payload == from_hex(text(entry, "payload")));
    const auto header = from_json<v1::Header>(entry, "header");
    CHECK(envelope->kind == header.kind());
    CHECK(envelope->flags == header.flags());
    CHECK(envelope->epoch == header.epoch());
    CHECK(envelope->sequence == header.sequence());
    CHECK(envelope->receive_time_ns == header.receive_time_ns());
    CHECK(envelope->session == header.session());
    CHECK(envelope->leg == header.leg());
    CHECK(envelope->binary() == ((header.flags() & 1) != 0));
    CHECK(envelope->replayed() == ((header.flags() & 2) != 0));
    if (flag(entry, "encode"))
        CHECK(frames[0] == text(entry, "topic") + std::string(1, '\0') + header.SerializeAsString());
}

}  // namespace

TEST_CASE("every stream vector decodes to what it says") {
    simdjson::dom::parser parser;
    const auto document = load(parser, "stream.json");
    int seen = 0;
    for (const simdjson::dom::element entry : array(document, "cases")) {
        CAPTURE(text(entry, "name"));
        const auto frames = frames_of(entry);
        if (frames.size() == 1) {
            const auto welcome = client::decode_welcome(frames[0]);
            REQUIRE(welcome.has_value());
            CHECK(MessageDifferencer::Equals(*welcome, from_json<v1::Welcome>(entry, "message")));
        } else {
            REQUIRE(frames.size() == 2);
            check_two_frames(entry, frames);
        }
        if (entry["type"].error() == simdjson::SUCCESS) check_message(entry, from_hex(text(entry, "payload")));
        ++seen;
    }
    CHECK(seen >= 15);
}

TEST_CASE("invalid stream vectors are refused") {
    simdjson::dom::parser parser;
    const auto document = load(parser, "stream.json");
    int seen = 0;
    for (const simdjson::dom::element entry : array(document, "invalid")) {
        CAPTURE(text(entry, "name"));
        const auto frames = frames_of(entry);
        REQUIRE(frames.size() == 2);
        CHECK_FALSE(client::decode(frames[0], frames[1]).has_value());
        ++seen;
    }
    CHECK(seen >= 4);
}

TEST_CASE("every control vector decodes to what it says") {
    simdjson::dom::parser parser;
    const auto document = load(parser, "control.json");
    int seen = 0;
    for (const simdjson::dom::element entry : array(document, "cases")) {
        CAPTURE(text(entry, "name"));
        check_message(entry, from_hex(text(entry, "bytes")));
        ++seen;
    }
    CHECK(seen >= 15);
}

TEST_CASE("only the welcome is a welcome") {
    CHECK(client::decode_welcome(std::string("welcome/\0", 9)).has_value());
    CHECK_FALSE(client::decode_welcome("welcome/").has_value());
    CHECK_FALSE(client::decode_welcome(std::string("welcome\0", 8)).has_value());
    CHECK_FALSE(client::decode_welcome(std::string("data/x/\0", 8)).has_value());
    CHECK_FALSE(client::decode_welcome("").has_value());
}

TEST_CASE("a topic is split into its parts") {
    const auto data = client::split_topic("data/x/a%2Fb/");
    CHECK(data.kind == "data");
    CHECK(data.connection == "x");
    CHECK(data.channel == "a%2Fb");
    const auto state = client::split_topic("state/x/");
    CHECK(state.kind == "state");
    CHECK(state.connection == "x");
    CHECK(state.channel.empty());
    CHECK(client::split_topic("system/").connection.empty());
    CHECK(client::split_topic("").kind.empty());
}

TEST_CASE("percent-encoding is undone where it is one") {
    CHECK(client::percent_decode("a%2Fb%20c%25") == "a/b c%");
    CHECK(client::percent_decode("%2f%FF") == "/\xff");
    CHECK(client::percent_decode("100%") == "100%");
    CHECK(client::percent_decode("%4") == "%4");
    CHECK(client::percent_decode("%zz%-1% 1") == "%zz%-1% 1");
    CHECK(client::percent_decode("") == "");
}
