// What is no data: the rules of a profile, and what they take from a message.
#include "venue/venue.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;
using config::FieldTest;
using config::Meaning;
using config::MessageRule;
using Is = config::FieldTest::Is;

namespace {

FieldTest test_of(std::string field, Is is = Is::Present, std::string value = {}) {
    return {.field = std::move(field), .is = is, .value = std::move(value)};
}

MessageRule rule_of(Meaning means, std::vector<FieldTest> when) {
    MessageRule rule;
    rule.means = means;
    rule.when = std::move(when);
    return rule;
}

config::ConnectionConfig okx() {
    config::ConnectionConfig config;
    config.channel = {"/arg/channel", "/arg/instId"};
    config.sequence.field = "/data/0/seqId";
    MessageRule ack = rule_of(Meaning::Ack, {test_of("/event", Is::Equal, "subscribe")});
    ack.id = "/id";
    ack.topic = config.channel;
    MessageRule reject = rule_of(Meaning::Reject, {test_of("/event", Is::Equal, "error")});
    reject.reason = "/msg";
    reject.kind = config::RejectKind::Rate;
    config.venue.messages = {ack, reject, rule_of(Meaning::HeartbeatReply, {test_of("", Is::Equal, "pong")}),
                             rule_of(Meaning::Drain, {test_of("/event", Is::Equal, "notice"), test_of("/code")})};
    config.venue.hints = {R"("event")"};
    return config;
}

// The meaning of a text by one rule with these tests; without hints.
bool holds(std::vector<FieldTest> when, std::string_view text) {
    config::ConnectionConfig config;
    config.venue.messages = {rule_of(Meaning::Notice, std::move(when))};
    return venue::Venue(config).read(text, false).answer != nullptr;
}

}  // namespace

TEST_CASE("an answer has no channel and no number, data has no answer") {
    venue::Venue venue(okx());
    const auto ack = venue.read(
        R"({"id":"7","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"data":[{"seqId":1}]})", false);
    REQUIRE(ack.answer);
    CHECK_FALSE(ack.channel);
    CHECK_FALSE(ack.sequence);
    CHECK_FALSE(ack.drain);
    CHECK(ack.answer->means == Meaning::Ack);
    CHECK(ack.answer->id == "7");
    CHECK(ack.answer->topic == "books:BTC-USDT");
    CHECK_FALSE(ack.answer->names_accepted);
    const auto data = venue.read(R"({"arg":{"channel":"books","instId":"BTC-USDT"},"data":[{"seqId":12}]})", false);
    CHECK_FALSE(data.answer);
    CHECK(data.channel == "books:BTC-USDT");
    CHECK(data.sequence == 12U);
}

TEST_CASE("the first rule that holds decides, and of its fields those that are there are told") {
    venue::Venue venue(okx());
    const auto reject = venue.read(R"({"event":"error","code":"60012","msg":"Invalid request"})", false);
    REQUIRE(reject.answer);
    CHECK(reject.answer->means == Meaning::Reject);
    CHECK(reject.answer->kind == config::RejectKind::Rate);
    CHECK(reject.answer->reason == "Invalid request");
    CHECK_FALSE(reject.answer->id);
    CHECK_FALSE(reject.answer->topic);
    CHECK(reject.answer->rule->reason == "/msg");
    CHECK(venue.read(R"({"event":"notice","code":"64008"})", false).drain);
    CHECK_FALSE(venue.read(R"({"event":"notice"})", false).answer);
    const auto pong = venue.read("pong", false);
    REQUIRE(pong.answer);
    CHECK(pong.answer->means == Meaning::HeartbeatReply);
    CHECK(pong.answer->reason.empty());
}

TEST_CASE("what has a channel and no hint near its beginning is data") {
    venue::Venue venue(okx());
    const std::string filling(config::Profile::kHintBytes, 'x');
    const std::string data = R"({"arg":{"channel":"books","instId":"A"},"x":")" + filling + R"(","event":"subscribe"})";
    CHECK_FALSE(venue.read(data, false).answer);
    CHECK(venue.read(data, false).channel == "books:A");
    // Without a channel every message is held against the rules.
    CHECK(venue.read(R"({"x":")" + filling + R"(","event":"subscribe"})", false).answer);
    auto config = okx();
    config.venue.hints.clear();
    CHECK(venue::Venue(config).read(data, false).answer);
}

TEST_CASE("where all data has one channel only the hints lead to the rules") {
    auto config = okx();
    config.channel.clear();
    venue::Venue venue(config);
    CHECK_FALSE(venue.reads_nothing());
    CHECK(venue.read("pong", false).channel == "all");
    CHECK(venue.read(R"({"event":"error"})", false).answer);
    config.venue.hints.clear();
    CHECK(venue::Venue(config).read("pong", false).answer);
}

TEST_CASE("a binary message means nothing") {
    venue::Venue venue(okx());
    CHECK_FALSE(venue.read("pong", true).answer);
    CHECK_FALSE(venue.read("pong", true).channel);
}

TEST_CASE("tests of fields") {
    constexpr std::string_view kText = R"({"a":null,"b":{"c":[1]},"n":12,"t":true,"s":"Invalid request"})";
    for (const auto* field : {"/a", "/b", "/b/c", "/b/c/0", "/n", "/t", "/s", ""})
        CHECK_MESSAGE(holds({test_of(field)}, kText), field);
    CHECK_FALSE(holds({test_of("/x")}, kText));
    CHECK(holds({test_of("/x", Is::Absent)}, kText));
    CHECK_FALSE(holds({test_of("/a", Is::Absent)}, kText));
    CHECK_FALSE(holds({test_of("", Is::Absent)}, kText));
    for (const auto& one : {std::pair{"/a", "null"}, {"/n", "12"}, {"/t", "true"}, {"/s", "Invalid request"}})
        CHECK_MESSAGE(holds({test_of(one.first, Is::Equal, one.second)}, kText), one.first);
    CHECK_FALSE(holds({test_of("/b", Is::Equal, "")}, kText));
    CHECK_FALSE(holds({test_of("/x", Is::Equal, "")}, kText));
    CHECK_FALSE(holds({test_of("/b", Is::Contains, "")}, kText));
    CHECK(holds({test_of("/s", Is::Prefix, "Inv")}, kText));
    CHECK_FALSE(holds({test_of("/s", Is::Prefix, "nv")}, kText));
    CHECK(holds({test_of("/s", Is::Contains, "lid r")}, kText));
    CHECK(holds({test_of("", Is::Prefix, "{")}, kText));
    CHECK(holds({test_of("", Is::Contains, "Invalid")}, kText));
    CHECK(holds({test_of("/n"), test_of("/t")}, kText));
    CHECK_FALSE(holds({test_of("/n"), test_of("/x")}, kText));
    CHECK(holds({}, kText));
    CHECK(holds({test_of("/x", Is::Absent)}, "no JSON"));
}

TEST_CASE("a list of accepted topics is told, an empty one too, and its absence") {
    config::ConnectionConfig config;
    MessageRule ack = rule_of(Meaning::Ack, {test_of("/id")});
    ack.accepted = "/result";
    ack.id = "/id";
    config.venue.messages = {ack};
    venue::Venue venue(config);
    const auto* answer = venue.read(R"({"id":3,"result":["book.A.raw","b"]})", false).answer;
    REQUIRE(answer);
    CHECK(answer->id == "3");
    CHECK(answer->names_accepted);
    CHECK(answer->accepted == std::vector<std::string>{"book.A.raw", "b"});
    answer = venue.read(R"({"id":3,"result":[]})", false).answer;
    CHECK(answer->names_accepted);
    CHECK(answer->accepted.empty());
    answer = venue.read(R"({"id":3,"result":null})", false).answer;
    CHECK_FALSE(answer->names_accepted);
}

TEST_CASE("a number that the venue gave a channel stands for its topic, on its own socket") {
    config::ConnectionConfig config;
    config.venue.channel_id = {"/0"};
    config.venue.hints = {R"("event")", R"("hb")"};
    MessageRule ack = rule_of(Meaning::Ack, {test_of("/event", Is::Equal, "subscribed")});
    ack.topic = {"/channel", "/symbol"};
    ack.channel_id = "/chanId";
    config.venue.messages = {ack, rule_of(Meaning::Heartbeat, {test_of("/1", Is::Equal, "hb")})};
    venue::Venue venue(config);
    CHECK_FALSE(venue.has_single_channel());
    const auto* answer =
        venue.read(R"({"event":"subscribed","channel":"book","chanId":17470,"symbol":"tBTCUSD"})", false).answer;
    REQUIRE(answer);
    CHECK(answer->channel_id == "17470");
    venue::ChannelIds ids;
    const auto channel = [&](std::string_view text) { return venue.read(text, false, {.channel_ids = &ids}).channel; };
    CHECK_FALSE(channel("[17470,[1,2,3]]"));
    ids.learn(answer->channel_id, *answer->topic);
    CHECK(channel("[17470,[1,2,3]]") == "book:tBTCUSD");
    CHECK_FALSE(channel("[17471,[1,2,3]]"));
    CHECK_FALSE(venue.read("[17470,[1,2,3]]", false).channel);
    CHECK(venue.read(R"([17470,"hb"])", false, {.channel_ids = &ids}).answer);
    CHECK(ids.id_of("book:tBTCUSD") == "17470");
    ids.learn("17470", "trades:tBTCUSD");
    CHECK(channel("[17470,[1,2,3]]") == "trades:tBTCUSD");
    CHECK(ids.id_of("book:tBTCUSD").empty());
    ids.learn("19111", "trades:tBTCUSD");  // unsubscribed and subscribed again on the same socket
    CHECK(ids.id_of("trades:tBTCUSD") == "19111");
    CHECK_FALSE(channel("[17470,[1,2,3]]"));
    ids.forget();
    CHECK(ids.empty());
    CHECK_FALSE(channel("[17470,[1,2,3]]"));
}

TEST_CASE("aliases and the profile's separator make the channel of data a topic") {
    config::ConnectionConfig config;
    config.channel = {"/channel", "/events/0/product_id"};
    config.venue.subscribe.separator = "|";
    config.venue.aliases = {{"l2_data", "level2"}};
    venue::Venue venue(config);
    CHECK(venue.read(R"({"channel":"l2_data","events":[{"product_id":"BTC-USD"}]})", false).channel ==
          "level2|BTC-USD");
    CHECK(venue.read(R"({"channel":"l2_data"})", false).channel == "level2");
    CHECK(venue.read(R"({"channel":"ticker"})", false).channel == "ticker");
    config.channel = {"/channel"};
    CHECK(venue::Venue(config).read(R"({"channel":"l2_data"})", false).channel == "level2");
}

TEST_CASE("the key comes with the same pass, as key_of tells it") {
    config::ConnectionConfig config = okx();
    venue::Venue by_bytes(config);
    config.dedupe = {"/arg/instId", "/data/0/seqId"};
    venue::Venue by_fields(config);
    for (auto* venue : {&by_bytes, &by_fields}) {
        for (const bool binary : {false, true}) {
            for (const std::string text :
                 {R"({"arg":{"channel":"books","instId":"A"},"data":[{"seqId":12}]})",
                  R"({"arg":{"channel":"books"},"event":"subscribe"})", R"({"x":1})", "pong", ""}) {
                const auto facts = venue->read(text, binary, {.key = true});
                const auto key = facts.key;
                if (!facts.answer) CHECK_MESSAGE(key == venue->key_of(text, binary), text);
                CHECK(venue->read(text, binary).key == 0);
            }
        }
    }
    CHECK(by_fields.read(R"({"arg":{"instId":"A"},"data":[{"seqId":12}]})", false, {.key = true}).key ==
          by_fields.read(R"({"data":[{"seqId":12,"x":1}],"arg":{"instId":"A"}})", false, {.key = true}).key);
}

TEST_CASE("a reason is shortened between two characters") {
    venue::Venue venue(okx());
    for (const std::size_t ahead : {496, 497, 498, 499, 500}) {
        const std::string text = std::string(ahead, 'x') + "\xe2\x82\xac tail";
        const auto* answer = venue.read(R"({"event":"error","msg":")" + text + "\"}", false).answer;
        REQUIRE(answer);
        CHECK(answer->reason.size() <= venue::Answer::kMaxReasonBytes);
        CHECK(answer->reason.size() + 3 > venue::Answer::kMaxReasonBytes);
        CHECK(text.starts_with(answer->reason));
        CHECK((static_cast<unsigned char>(text[answer->reason.size()]) & 0xc0U) != 0x80U);
    }
}
