#include "core/demand.hpp"

#include "core/topic.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kNow{1000s};

// "+a -b"
std::string text_of(const Demand::Changes& changes) {
    std::string text;
    for (const DemandChange& change : changes)
        text += (text.empty() ? "" : " ") + std::string(change.wanted ? "+" : "-") + change.channel;
    return text;
}

TEST_CASE("one whole topic is a demand, anything else is none") {
    const auto topic = demanded_topic("data/binance/btcusdt@trade/");
    REQUIRE(topic.has_value());
    CHECK(topic->connection == "binance");
    CHECK(topic->channel == "btcusdt@trade");
    CHECK(demanded_topic(*data_topic("c", "a/b %"))->channel == "a/b %");
    for (const char* prefix : {"", "data", "data/", "data/c", "data/c/", "data/c/a", "data//a/", "data/c//",
                               "data/c/a/b/", "data/c/a/b", "data/c/unrouted/", "data/c/control/", "state/c/",
                               "state/c/a/", "xdata/c/a/", "data/c/%61/", "data/c/a b/", "data/c/%2f/"}) {
        CAPTURE(prefix);
        CHECK_FALSE(demanded_topic(prefix).has_value());
    }
}

TEST_CASE("many consumers, one demand; the last one's going takes effect after the linger") {
    Demand demand({.linger = 1min, .max_topics = 10});
    CHECK(text_of(demand.subscribed("a", kNow)) == "+a");
    CHECK(text_of(demand.subscribed("a", kNow)) == "");
    CHECK(demand.consumers("a") == 2);
    CHECK(text_of(demand.unsubscribed("a", kNow)) == "");
    CHECK_FALSE(demand.next_deadline().has_value());
    CHECK(text_of(demand.unsubscribed("a", kNow)) == "");
    CHECK(demand.next_deadline() == kNow + 1min);
    CHECK(demand.wants("a"));
    CHECK(text_of(demand.tick(kNow + 1min - 1ns)) == "");
    SUBCASE("released") {
        CHECK(text_of(demand.tick(kNow + 1min)) == "-a");
        CHECK_FALSE(demand.wants("a"));
        CHECK(text_of(demand.subscribed("a", kNow + 1min)) == "+a");
    }
    SUBCASE("back in time") {
        CHECK(text_of(demand.subscribed("a", kNow + 59s)) == "");
        CHECK_FALSE(demand.next_deadline().has_value());
        CHECK(text_of(demand.tick(kNow + 1h)) == "");
    }
    SUBCASE("gone once more: the linger begins anew") {
        demand.subscribed("a", kNow + 59s);
        demand.unsubscribed("a", kNow + 59s);
        CHECK(demand.next_deadline() == kNow + 59s + 1min);
    }
}

TEST_CASE("who never subscribed takes nothing away") {
    Demand demand({.linger = 0s, .max_topics = 10});
    CHECK(text_of(demand.unsubscribed("a", kNow)) == "");
    demand.subscribed("a", kNow);
    CHECK(text_of(demand.unsubscribed("a", kNow)) == "-a");
    CHECK(text_of(demand.unsubscribed("a", kNow)) == "");
    CHECK(demand.size() == 0);
}

TEST_CASE("without room: what lingers goes first, then topics wait, and then no more are remembered") {
    Demand demand({.linger = 1min, .max_topics = 2});
    demand.subscribed("a", kNow);
    demand.subscribed("b", kNow);
    demand.unsubscribed("b", kNow);
    demand.unsubscribed("a", kNow + 1s);
    CHECK(text_of(demand.subscribed("c", kNow + 2s)) == "-b +c");
    CHECK(text_of(demand.subscribed("a", kNow + 2s)) == "");
    CHECK(text_of(demand.subscribed("d", kNow + 2s)) == "");
    CHECK(text_of(demand.subscribed("e", kNow + 2s)) == "");
    CHECK(text_of(demand.subscribed("f", kNow + 2s)) == "");
    CHECK(demand.waiting() == 2);
    CHECK(demand.refused() == 1);
    CHECK_FALSE(demand.wants("d"));
    CHECK(text_of(demand.unsubscribed("f", kNow + 2s)) == "");
    CHECK(text_of(demand.unsubscribed("d", kNow + 2s)) == "");
    CHECK(text_of(demand.unsubscribed("c", kNow + 2s)) == "-c +e");  // who waits does not wait for a linger
    CHECK(demand.size() == 2);
    demand.subscribed("g", kNow + 2s);
    demand.configure({.linger = 1min, .max_topics = 3});
    CHECK(text_of(demand.tick(kNow + 3s)) == "+g");
}

TEST_CASE("random consumers: wanted is what is subscribed or was so within the linger, up to the bound") {
    std::mt19937_64 random(5);
    for (int run = 0; run < 50; ++run) {
        const DemandSettings settings{.linger = std::chrono::seconds(random() % 20), .max_topics = 1 + random() % 12};
        Demand demand(settings);
        std::map<std::string, int> consumers;
        std::map<std::string, bool> wanted;
        std::map<std::string, SteadyTime> left;
        SteadyTime now = kNow;
        const auto apply = [&](const Demand::Changes& changes) {
            for (const DemandChange& change : changes) {
                REQUIRE(wanted[change.channel] != change.wanted);  // edges only
                wanted[change.channel] = change.wanted;
                if (!change.wanted) REQUIRE(consumers[change.channel] == 0);
            }
        };
        for (int i = 0; i < 1000; ++i) {
            now += std::chrono::milliseconds(random() % 3000);
            apply(demand.tick(now));
            const std::string channel(1, static_cast<char>('a' + random() % 10));
            const auto refused = demand.refused();
            if (random() % 2 == 0) {
                ++consumers[channel];
                apply(demand.subscribed(channel, now));
                if (demand.refused() > refused) --consumers[channel];
            } else if (consumers[channel] > 0) {
                if (--consumers[channel] == 0) left[channel] = now;
                apply(demand.unsubscribed(channel, now));
            }
            std::size_t size = 0;
            std::size_t asked = 0;
            for (const auto& [name, count] : consumers) {
                REQUIRE(demand.consumers(name) == static_cast<std::uint64_t>(count));
                REQUIRE(demand.wants(name) == wanted[name]);
                if (wanted[name]) ++size;
                if (count > 0) ++asked;
                if (wanted[name] && count == 0) REQUIRE(now - left[name] < settings.linger);
            }
            REQUIRE(demand.size() == size);
            REQUIRE(size <= settings.max_topics);
            // Nobody waits while there is room.
            if (demand.waiting() > 0) REQUIRE(size == settings.max_topics);
            REQUIRE(asked == size - demand.lingering() + demand.waiting());
        }
    }
}

}  // namespace
