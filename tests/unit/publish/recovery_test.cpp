// What the publisher holds for those who come late: the last value, the past of a topic, the gaps that were told.
#include "publish/publisher.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;

namespace {

constexpr publish::JournalSettings kOff{};

struct World : support::World {
    explicit World(const publish::JournalSettings& journal = {.messages_per_topic = 100, .max_bytes = 1 << 20})
        : support::World(journal) {}

    void data(publish::Topic& topic, const std::string& payload, std::uint64_t venue_sequence = 0) {
        publisher.data(topic, {.bytes = payload},
                       {.received = clock.wall(), .session = 1, .leg = 2, .venue_sequence = venue_sequence});
    }
    v1::Gap only_gap(const std::string& topic) const {
        const auto gaps = sink.of(v1::KIND_GAP, topic);
        REQUIRE(gaps.size() == 1);
        return gaps[0].as<v1::Gap>();
    }
};

}  // namespace

// The heartbeat first: it is the baseline. Behind the value it would tell a newcomer that number 3, an event from
// before its time, is lost.
TEST_CASE("a newcomer gets the heartbeat, then the last value with its own number and time") {
    World world;
    auto& group = world.publisher.open_group("x", {.last_value = true});
    auto& a = group.data_topic("a");
    group.data_topic("empty");
    world.data(a, "old");
    world.data(a, "last");
    const auto live = world.sink.messages.back();
    group.announce({}, {.tell = true}, 1);
    world.sink.messages.clear();
    world.clock.advance(5s);
    world.publisher.baseline("data/x/");

    const auto on_a = world.sink.on("data/x/a/");
    REQUIRE(on_a.size() == 2);
    CHECK(on_a[0].header.kind() == v1::KIND_HEARTBEAT);
    CHECK(on_a[0].as<v1::Heartbeat>().next_sequence() == 4);
    CHECK(on_a[1].payload == "last");
    CHECK(on_a[1].header.flags() == v1::FLAG_REPLAYED);
    auto header = on_a[1].header;
    header.clear_flags();
    CHECK(header.SerializeAsString() == live.header.SerializeAsString());
    REQUIRE(world.sink.on("data/x/empty/").size() == 1);
    CHECK(world.sink.on("data/x/empty/")[0].header.kind() == v1::KIND_HEARTBEAT);
    CHECK(world.publisher.counters().last_values == 1);
    world.publisher.baseline("state/");
    REQUIRE(world.sink.on("state/x/").size() == 1);
    CHECK(world.sink.on("state/x/")[0].header.kind() == v1::KIND_HEARTBEAT);
}

TEST_CASE("without last_value, or without a journal, a newcomer gets the heartbeat alone") {
    World without_option;
    auto& group = without_option.publisher.open_group("x", {});
    without_option.data(group.data_topic("a"), "1");
    without_option.sink.messages.clear();
    without_option.publisher.baseline("data/x/a/");
    CHECK(without_option.sink.messages.size() == 1);

    World without_journal(kOff);
    auto& other = without_journal.publisher.open_group("x", {.last_value = true});
    without_journal.data(other.data_topic("a"), "1");
    without_journal.sink.messages.clear();
    without_journal.publisher.baseline("data/x/a/");
    CHECK(without_journal.sink.messages.size() == 1);
}

TEST_CASE("last values count against the limit of baselines") {
    World world({.messages_per_topic = 1, .max_bytes = 1 << 30});
    auto& group = world.publisher.open_group("x", {.last_value = true});
    for (int i = 0; i < 1'500; ++i)
        world.data(group.data_topic(std::to_string(i)), "x");
    world.sink.messages.clear();
    world.publisher.baseline("data/x/");
    CHECK(world.sink.messages.size() == publish::Publisher::kMaxBaseline);
    CHECK(world.publisher.counters().baselines_refused == 500);
}

TEST_CASE("everything that takes a number is held, heartbeats and ends are not") {
    World world;
    auto& group = world.publisher.open_group("x", {});
    auto& topic = group.data_topic("a");
    world.data(topic, "1");
    group.announce({}, {.tell = true}, 1);
    world.publisher.gap(topic, {}, 1);
    world.publisher.heartbeat(topic, v1::LIVENESS_LIVE);
    world.publisher.end(topic, v1::END_CODE_REMOVED);
    const auto past = world.publisher.past_of("data/x/a/");
    REQUIRE(past.has_value());
    CHECK(past->held == publish::Held{.oldest = 1, .next = 4});
    CHECK(past->past->size() == 3);
    CHECK(past->past->find(3)->header.kind == v1::KIND_GAP);
    CHECK(past->past->find(1)->header.leg == 2);
    CHECK(world.publisher.past_of("state/x/")->held == publish::Held{.oldest = 1, .next = 2});
    CHECK_FALSE(world.publisher.past_of("data/x/b/").has_value());
}

TEST_CASE("the past of a removed connection can still be fetched") {
    World world;
    auto& group = world.publisher.open_group("x", {});
    world.data(group.data_topic("a"), "1");
    world.publisher.close_group(group, v1::END_CODE_REMOVED);
    CHECK(world.publisher.find("data/x/a/") == nullptr);
    CHECK(world.publisher.past_of("data/x/a/")->held == publish::Held{.oldest = 1, .next = 2});
    auto& again = world.publisher.open_group("x", {});
    world.data(again.data_topic("a"), "3");
    CHECK(world.publisher.past_of("data/x/a/")->held == publish::Held{.oldest = 1, .next = 4});
    CHECK(world.publisher.past_of("data/x/a/")->past->find(2)->header.kind == v1::KIND_GAP);
}

TEST_CASE("without a journal a topic's place in its numbering is known all the same") {
    World world(kOff);
    world.data(world.publisher.open_group("x", {}).data_topic("a"), "1");
    const auto past = world.publisher.past_of("data/x/a/");
    CHECK(past->held == publish::Held{.oldest = 0, .next = 2});
    CHECK(past->past == nullptr);
}

TEST_CASE("topics are walked in the order of their names") {
    World world;
    auto& group = world.publisher.open_group("b", {});
    group.data_topic("2");
    group.data_topic("1");
    world.publisher.open_group("a", {}).data_topic("1");
    std::vector<std::string> names;
    const publish::Topic* topic = world.publisher.topic_after("", "");
    for (; topic; topic = world.publisher.topic_after("", topic->name))
        names.push_back(topic->name);
    CHECK(names == std::vector<std::string>{"data/a/1/", "data/b/1/", "data/b/2/", "state/a/", "state/b/"});
    CHECK(world.publisher.topic_after("data/b/", "")->name == "data/b/1/");
    CHECK(world.publisher.topic_after("data/b/", "data/b/1/")->name == "data/b/2/");
    CHECK(world.publisher.topic_after("data/b/", "data/b/2/") == nullptr);
    CHECK(world.publisher.topic_after("data/b/", "state/") == nullptr);
}

TEST_CASE("a gap after an outage proves how many were lost where the venue's numbers allow it") {
    struct Row {
        std::uint64_t step, before, after, count;
    };
    for (const auto& [step, before, after, count] :
         {Row{1, 10, 15, 4}, Row{5, 10, 25, 2}, Row{0, 10, 15, 0}, Row{1, 0, 15, 0}, Row{1, 10, 0, 0},
          Row{5, 10, 17, 0}, Row{1, 10, 11, 0}, Row{1, 10, 3, 0}}) {
        World world;
        auto& group = world.publisher.open_group("x", {.venue_step = step});
        auto& topic = group.data_topic("a");
        world.data(topic, "1", before);
        group.begin_outage({.from_ns = 5});
        world.data(topic, "2", after);
        const auto gap = world.only_gap("data/x/a/");
        CHECK(gap.venue_sequence_before() == before);
        CHECK(gap.venue_sequence_after() == after);
        CHECK(gap.count() == count);
    }
}

TEST_CASE("a message without a number of the venue leaves the last known one") {
    World world;
    auto& group = world.publisher.open_group("x", {.venue_step = 1});
    auto& topic = group.data_topic("a");
    world.data(topic, "1", 10);
    world.data(topic, "2");
    CHECK(topic.last_venue_sequence == 10);
    publish::TopicGroup::begin_outage(topic, {.from_ns = 5, .venue_sequence_before = 12});
    world.data(topic, "3", 14);
    CHECK(world.only_gap("data/x/a/").venue_sequence_before() == 12);
    CHECK(world.only_gap("data/x/a/").count() == 1);
}

TEST_CASE("every gap that is told is remembered, with its place in the numbering") {
    World world;
    auto& group = world.publisher.open_group("x", {});
    auto& topic = group.data_topic("a");
    world.data(topic, "1");
    group.begin_outage({.from_ns = 5, .reason = v1::CAUSE_CONNECTION_LOST});
    world.data(topic, "3");
    v1::Gap within;
    within.set_cause(v1::GAP_CAUSE_UPSTREAM);
    within.set_reason(v1::CAUSE_VENUE_SEQUENCE);
    world.publisher.gap(topic, within, 4);
    v1::Gaps gaps;
    world.publisher.gaps().select({.connection = "x"}, gaps);
    REQUIRE(gaps.gaps_size() == 2);
    CHECK(gaps.gaps(0).sequence() == 2);
    CHECK(gaps.gaps(0).epoch() == 77);
    CHECK(gaps.gaps(0).gap().reason() == v1::CAUSE_CONNECTION_LOST);
    CHECK(gaps.gaps(1).sequence() == 4);
    CHECK(gaps.gaps(1).session() == 4);
    CHECK(gaps.gaps(1).gap().reason() == v1::CAUSE_VENUE_SEQUENCE);
}

TEST_CASE("shards have their own liveness, events and outages") {
    World world;
    auto& group = world.publisher.open_group("x", {});
    auto& a = group.data_topic("a");
    auto& b = group.data_topic("b");
    b.shard = 2;
    CHECK(group.overall() == v1::LIVENESS_DOWN);
    group.set_liveness(2, v1::LIVENESS_STALE);
    CHECK(group.overall() == v1::LIVENESS_STALE);
    group.set_liveness(0, v1::LIVENESS_LIVE);
    CHECK(group.overall() == v1::LIVENESS_LIVE);
    CHECK(group.liveness(1) == v1::LIVENESS_DOWN);
    CHECK(group.liveness(9) == v1::LIVENESS_DOWN);
    CHECK(group.liveness_of(a) == v1::LIVENESS_LIVE);
    CHECK(group.liveness_of(b) == v1::LIVENESS_STALE);
    CHECK(group.liveness_of(group.state_topic()) == v1::LIVENESS_LIVE);
    world.publisher.baseline("data/x/b/");
    CHECK(world.sink.messages.back().as<v1::Heartbeat>().liveness() == v1::LIVENESS_STALE);

    world.sink.messages.clear();
    group.announce({}, {.tell = true, .shard = 2}, 1);
    CHECK(world.sink.on("data/x/a/").empty());
    CHECK(world.sink.on("data/x/b/").size() == 1);
    CHECK(world.sink.on("state/x/").size() == 1);
    group.begin_outage({.from_ns = 5}, 2);
    CHECK_FALSE(a.outage.has_value());
    CHECK(b.outage.has_value());
}
