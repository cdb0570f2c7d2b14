// The simulator's dialects against the other side of the same profiles: what Composer writes is read, and what is said
// means to Venue what it should.
#include "simulator/dialect.hpp"

#include "config/load.hpp"
#include "simulator/conversation.hpp"
#include "venue/composer.hpp"
#include "venue/venue.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace {

using namespace fairlead;
using namespace fairlead::simulator;
using namespace std::chrono_literals;
using Kind = Incoming::Kind;

constexpr core::SteadyTime kStart{1h};
const venue::Stamp kStamp = {.now = core::WallTime{1'700'000'000s}, .id = 77, .nonce = "0123456789abcdef"};
const std::vector<std::string> kSymbols = {"btcusdt", "ethusdt"};

std::filesystem::path folder() {
    return std::filesystem::path(__FILE__).parent_path() / ".." / ".." / ".." / "deploy" / "venues";
}

config::ConnectionConfig load(const std::string& name) {
    auto loaded = config::load_profile((folder() / (name + ".toml")).string());
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) FAIL(problems->front().to_string());
    return std::get<config::ConnectionConfig>(std::move(loaded));
}

// Every one that subscribes at all, and that can be told from its text.
std::vector<std::string> subscribing_profiles() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
        if (entry.path().extension() != ".toml") continue;
        const std::string name = entry.path().stem().string();
        if (load(name).venue.subscribe != config::SubscribeConfig{}) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

venue::Variables variables_of(const config::Profile& profile) {
    venue::Variables variables = {{"channel_id", "4711"}};
    for (const std::string& name : profile.credentials)
        variables[name] = "s3\"cret";
    for (const auto& entry : profile.prepare.extract)
        variables[entry.first] = "found";
    return variables;
}

// As many as go into one message, each with as many parts as the profile's texts use and one of awkward bytes.
std::vector<std::string> topics_for(const config::SubscribeConfig& subscribe) {
    const bool has_parts = subscribe.topic.find("{2}") != std::string::npos;
    const std::string& separator = subscribe.separator;
    std::vector<std::string> topics = {has_parts ? "one" + separator + "btc-usdt" : std::string{"btcusdt@trade"}};
    for (const std::string_view last : {"eth/usdt.1", "a]}\"\\{b}"}) {
        if (topics.size() >= subscribe.topics_per_message) break;
        topics.push_back(has_parts ? "one" + separator + std::string(last) : std::string(last));
    }
    return topics;
}

struct Speaker {
    explicit Speaker(const std::string& name) : Speaker(load(name)) {}
    explicit Speaker(const config::ConnectionConfig& connection)
        : dialect(connection, kSymbols), composer(connection.venue), venue(connection), conversation(dialect, faults) {}

    Conversation::Outcome subscribe(const std::vector<std::string>& topics, core::SteadyTime now = kStart) {
        return conversation.receive(composer.subscribe(topics, {}, kStamp), subscriptions, now);
    }
    config::Meaning meaning_of(std::string_view text) {
        const venue::Facts facts = venue.read(text, false);
        REQUIRE(facts.answer != nullptr);
        return facts.answer->means;
    }

    Dialect dialect;
    venue::Composer composer;
    venue::Venue venue;
    TopicFaults faults;
    Conversation conversation;
    std::set<std::string> subscriptions;
};

TEST_CASE("what the relay writes in any shipped profile is read as it was meant") {
    const auto names = subscribing_profiles();
    REQUIRE(names.size() > 20);
    for (const std::string& name : names) {
        CAPTURE(name);
        const config::ConnectionConfig connection = load(name);
        const config::Profile& profile = connection.venue;
        const Dialect dialect(connection, kSymbols);
        const venue::Composer composer(profile);
        const venue::Variables variables = variables_of(profile);
        const std::vector<std::string> topics = topics_for(profile.subscribe);

        const std::string text = composer.subscribe(topics, variables, kStamp);
        CAPTURE(text);
        const Incoming subscribe = dialect.parse(text);
        CHECK(subscribe.kind == Kind::Subscribe);
        CHECK(subscribe.topics == topics);
        const bool sends_id = profile.subscribe.text.find("{id}") != std::string::npos;
        CHECK(subscribe.id == (sends_id ? "77" : ""));

        if (!composer.has_unsubscribe()) continue;
        const Incoming unsubscribe = dialect.parse(composer.unsubscribe(topics, variables, kStamp));
        CHECK(unsubscribe.kind == Kind::Unsubscribe);
        if (profile.subscribe.unsubscribe.find("{channel_id}") != std::string::npos)
            CHECK(unsubscribe.channel_id == "4711");
        else
            CHECK(unsubscribe.topics == topics);
    }
}

TEST_CASE("the heartbeat of every shipped profile is known as one") {
    std::size_t seen = 0;
    for (const std::string& name : subscribing_profiles()) {
        CAPTURE(name);
        const config::ConnectionConfig connection = load(name);
        const venue::Composer composer(connection.venue);
        if (!composer.has_heartbeat()) continue;
        ++seen;
        const std::string text = composer.heartbeat(variables_of(connection.venue), kStamp);
        CHECK(Dialect(connection, kSymbols).parse(text).kind == Kind::Heartbeat);
    }
    CHECK(seen > 5);
}

TEST_CASE("what is no request is not taken for one") {
    const Dialect dialect(load("okx"), kSymbols);
    for (const char* text :
         {"", "pong", "{}", R"({"id":"1","op":"subscribe","args":[]})", R"({"id":"1","op":"subscribe","args":["a"]})",
          R"({"id":"1","op":"subscribe","args":[{"channel":"a","instId":"b"},]})"}) {
        CAPTURE(text);
        CHECK(dialect.parse(text) == Incoming{});
    }
}

struct Row {
    const char* profile;
    const char* topic;
    const char* stream;
    bool has_number;
};
const Row kRows[] = {
    {"binance-spot", "btcusdt@bookTicker", "btcusdt@bookTicker", true},
    {"binance-spot", "ethusdt@trade", "ethusdt@trade", false},
    {"binance-usdm", "btcusdt@bookTicker", "btcusdt@bookTicker", true},
    {"okx", "books:BTC-USDT", "btcusdt@bookTicker", true},
    {"okx", "trades:ETH-USDT", "ethusdt@trade", false},
    {"okx", "tickers:ETH-USDT", "ethusdt@bookTicker", false},
    {"bybit", "orderbook.50.BTCUSDT", "btcusdt@bookTicker", true},
    {"bybit", "publicTrade.ETHUSDT", "ethusdt@trade", false},
    {"bybit-spot", "tickers.ETHUSDT", "ethusdt@bookTicker", false},
};

TEST_CASE("data has the channel that was subscribed, and its number") {
    for (const Row& row : kRows) {
        CAPTURE(row.profile);
        CAPTURE(row.topic);
        Speaker speaker(row.profile);
        CHECK(speaker.dialect.stream_of(row.topic) == row.stream);
        const std::string text =
            speaker.dialect.data(row.topic, {.payload = row.has_number ? R"({"u":42})" : R"({"t":42})",
                                             .padding = "",
                                             .symbol = "BTCUSDT",
                                             .number = 42,
                                             .price_cents = 640'001,
                                             .wall_ms = 1'700'000'000'000});
        CAPTURE(text);
        const venue::Facts facts = speaker.venue.read(text, false);
        CHECK(facts.answer == nullptr);
        CHECK(facts.channel.value_or("") == row.topic);
        CHECK(facts.sequence.value_or(0) == (row.has_number ? 42 : 0));
    }
}

TEST_CASE("answers mean what they should to the relay") {
    for (const char* name : {"binance-spot", "binance-usdm", "okx", "bybit", "bybit-spot"}) {
        CAPTURE(name);
        Speaker speaker(name);
        const auto row =
            std::ranges::find_if(kRows, [&](const Row& one) { return std::string_view(name) == one.profile; });
        REQUIRE(row != std::end(kRows));

        const auto accepted = speaker.subscribe({row->topic});
        REQUIRE(accepted.texts.size() == 1);
        CHECK(accepted.changed);
        CHECK(speaker.meaning_of(accepted.texts[0]) == config::Meaning::Ack);
        const venue::Facts facts = speaker.venue.read(accepted.texts[0], false);
        CHECK(facts.answer->id.value_or("") == "77");
        CHECK(speaker.subscriptions.count(row->topic) == 1);

        const auto left =
            speaker.conversation.receive(speaker.composer.unsubscribe(std::vector<std::string>{row->topic}, {}, kStamp),
                                         speaker.subscriptions, kStart);
        REQUIRE(left.texts.size() == 1);
        CHECK(speaker.meaning_of(left.texts[0]) == config::Meaning::Ack);
        CHECK(speaker.subscriptions.empty());

        speaker.faults.refused = {row->topic};
        const auto refused = speaker.subscribe({row->topic});
        REQUIRE(refused.texts.size() == 1);
        CHECK(speaker.meaning_of(refused.texts[0]) == config::Meaning::Reject);
        CHECK_FALSE(refused.changed);

        if (const std::string drain = speaker.dialect.drain(1); !drain.empty())
            CHECK(speaker.meaning_of(drain) == config::Meaning::Drain);
        if (!speaker.composer.has_heartbeat()) continue;
        const auto beat =
            speaker.conversation.receive(speaker.composer.heartbeat({}, kStamp), speaker.subscriptions, kStart + 1h);
        REQUIRE(beat.texts.size() == 1);
        CHECK(speaker.meaning_of(beat.texts[0]) == config::Meaning::HeartbeatReply);
    }
}

TEST_CASE("a topic that does not exist is refused where the venue refuses it") {
    CHECK(Speaker("binance-spot").subscribe({"nope@trade"}).changed);
    Speaker whole("bybit");
    const auto one = whole.subscribe({"orderbook.50.BTCUSDT", "orderbook.50.NOPE"});
    CHECK(one.texts.size() == 1);
    CHECK(whole.subscriptions.empty());
    CHECK(one.texts[0].find("topic:orderbook.50.NOPE") != std::string::npos);

    Speaker each("okx");
    const auto two = each.subscribe({"books:NOPE", "books:BTC-USDT"});
    REQUIRE(two.texts.size() == 2);
    CHECK(each.meaning_of(two.texts[0]) == config::Meaning::Reject);
    CHECK(each.meaning_of(two.texts[1]) == config::Meaning::Ack);
    CHECK(each.subscriptions == std::set<std::string>{"books:BTC-USDT"});
}

TEST_CASE("too many messages in a second close the connection, pings among them") {
    Speaker speaker("binance-spot");
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(speaker.subscribe({"btcusdt@trade"}).closes);
    CHECK(speaker.conversation.receive_control(kStart));
    CHECK(speaker.conversation.receive_control(kStart));
    CHECK_FALSE(speaker.conversation.receive_control(kStart + 999ms));
    CHECK(speaker.subscribe({"btcusdt@trade"}, kStart + 999ms).closes);
    CHECK_FALSE(speaker.subscribe({"btcusdt@trade"}, kStart + 2s).closes);
}

TEST_CASE("too many requests in an hour are answered, and do nothing") {
    Speaker speaker("okx");
    for (int i = 0; i < 480; ++i)
        speaker.subscribe({"books:BTC-USDT"});
    const auto late = speaker.subscribe({"books:ETH-USDT"});
    REQUIRE(late.texts.size() == 1);
    CHECK_FALSE(late.closes);
    CHECK_FALSE(late.changed);
    const venue::Facts facts = speaker.venue.read(late.texts[0], false);
    REQUIRE(facts.answer != nullptr);
    CHECK(facts.answer->kind == config::RejectKind::Rate);
}

TEST_CASE("the profile's limits of topics are the venue's") {
    config::ConnectionConfig connection = load("bybit");
    connection.topics_per_socket = 3;
    Speaker speaker(connection);
    CHECK(speaker.subscribe({"tickers.BTCUSDT", "orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT"}).changed);
    CHECK_FALSE(speaker.subscribe({"tickers.ETHUSDT"}).changed);
    CHECK(speaker.subscribe({"tickers.BTCUSDT"}).changed);

    std::vector<std::string> many;
    for (int i = 0; i <= 100; ++i)
        many.push_back(fmt::format("orderbook.{}.BTCUSDT", i));
    CHECK_FALSE(Speaker("bybit").subscribe(many).changed);
    many.pop_back();
    CHECK(Speaker("bybit").subscribe(many).changed);
    CHECK_FALSE(Speaker("bybit").subscribe({"orderbook.BTCUSDT." + std::string(20'000, '1')}).changed);
    CHECK_FALSE(Speaker("okx").subscribe({"books:BTC-USDT" + std::string(5'000, '1')}).changed);
}

TEST_CASE("a profile that cannot be spoken is told") {
    const auto missing = load_dialect("nope", {}, kSymbols);
    REQUIRE(std::holds_alternative<std::vector<std::string>>(missing));
    const auto mute = load_dialect("kraken", {}, kSymbols);
    REQUIRE(std::holds_alternative<std::vector<std::string>>(mute));
    CHECK(std::get<std::vector<std::string>>(mute).front().find("[simulator]") != std::string::npos);
}

}  // namespace
