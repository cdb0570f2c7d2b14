#include "recovery.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::client;
using namespace std::chrono_literals;

namespace {

enum class Do {
    Live,
    Again,
    Heartbeat,
    Epoch,
    EpochBeat,
    NoJournal,
    Ask,
    Replayed,
    End,
    Limited,
    Unsent,
    Refused,
    Wait
};

// `number` is a sequence, a next sequence, an EndCode or milliseconds. `says` is what comes of it: what is delivered
// and told, in order, and after "?" the hole that is to be asked for then.
struct Step {
    Do what;
    std::uint64_t number;
    std::string says;
};

struct Row {
    std::string name;
    std::vector<Step> steps;
    std::uint64_t failed = 0;
};

std::string range(const Hole& hole) {
    return std::to_string(hole.first) + "-" + std::to_string(hole.last);
}

// One topic, its numbers, its recovery and the time.
class Topic {
public:
    std::string apply(const Step& step) {
        said_.clear();
        act(step);
        release();
        const auto wanted = recovery_.wanted(now_);
        return said_ + (wanted ? "?" + range(*wanted) : "");
    }
    const SubscriberCounters& counters() const { return counters_; }
    bool empty() const { return recovery_.empty(); }

private:
    void act(const Step& step) {
        switch (step.what) {
            case Do::Epoch:
                ++epoch_;
                [[fallthrough]];
            case Do::Live:
                return live(step.number, tracker_.on_message({epoch_, step.number, false}), true);
            case Do::NoJournal:
                return live(step.number, tracker_.on_message({epoch_, step.number, false}), false);
            case Do::Again:
                return live(step.number, tracker_.on_message({epoch_, step.number, true}), true);
            case Do::EpochBeat:
                ++epoch_;
                [[fallthrough]];
            case Do::Heartbeat:
                return live(0, tracker_.on_heartbeat(epoch_, step.number), true);
            case Do::Ask:
                REQUIRE(recovery_.wanted(now_));
                return recovery_.asked(now_);
            case Do::Replayed:
                return replayed(step.number);
            case Do::End:
                return recovery_.on_end(static_cast<v1::EndCode>(step.number), now_);
            case Do::Limited:
                return recovery_.on_limited(now_);
            case Do::Unsent:
                return recovery_.not_sent(now_);
            case Do::Refused:
                return recovery_.fail(now_);
            case Do::Wait:
                now_ += std::chrono::milliseconds{step.number};
                return recovery_.on_time(now_);
        }
    }

    static Kept kept(std::uint64_t number) {
        return {.head = {}, .payload = std::to_string(number), .time_ns = number};
    }

    void live(std::uint64_t number, const Verdict& verdict, bool can_replay) {
        const Decision decision = recovery_.on_live(verdict, number, {.can_replay = can_replay, .now = now_});
        if (decision == Decision::Deliver) say(std::to_string(number));
        if (decision == Decision::Keep) recovery_.keep(kept(number), now_);
        if (decision == Decision::Drop) say("drop");
    }

    void replayed(std::uint64_t number) {
        const Decision decision = recovery_.on_replayed(number, number, now_);
        if (decision == Decision::Deliver) say(std::to_string(number));
        if (decision == Decision::Keep) recovery_.keep_replayed(kept(number));
        if (decision == Decision::Drop) say("drop");
    }

    void release() {
        while (const auto action = recovery_.next()) {
            if (const auto* message = std::get_if<Kept>(&*action)) {
                say(message->payload);
                continue;
            }
            const Told& told = std::get<Told>(*action);
            if (told.new_epoch) say("epoch");
            if (told.hole) say((told.outcome == Outcome::Lost ? "lost " : "got ") + range(*told.hole));
        }
    }

    void say(const std::string& word) { said_ += (said_.empty() ? "" : " ") + word; }

    const RecoveryLimits limits_{.messages_per_topic = 4, .timeout = 1000ms};
    SubscriberCounters counters_;
    SequenceTracker tracker_;
    Recovery recovery_{limits_, counters_};
    Recovery::Time now_{1h};
    std::uint64_t epoch_ = 100;
    std::string said_;
};

const std::vector<Row> kRows = {
    {"without a hole everything is delivered at once",
     {{Do::Live, 5, "5"}, {Do::Live, 6, "6"}, {Do::Again, 6, "drop"}}},
    {"a hole is fetched, then what waited behind it",
     {{Do::Live, 1, "1"},
      {Do::Live, 4, "?2-3"},
      {Do::Ask, 0, ""},
      {Do::Live, 5, ""},
      {Do::Replayed, 2, "2"},
      {Do::Replayed, 3, "3 got 2-3 4 5"},
      {Do::End, v1::END_CODE_OK, ""},
      {Do::Live, 6, "6"}}},
    {"without a journal a hole is told in its place",
     {{Do::Live, 1, "1"}, {Do::NoJournal, 4, "lost 2-3 4"}, {Do::Live, 5, "5"}}},
    {"a tail that a heartbeat proves is fetched",
     {{Do::Live, 1, "1"},
      {Do::Heartbeat, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Heartbeat, 3, ""},
      {Do::Replayed, 2, "2 got 2-2 0 0"}}},
    {"what is not held any more is lost in its place, the rest is fetched",
     {{Do::Live, 1, "1"},
      {Do::Live, 9, "?2-8"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 6, "lost 2-5 6"},
      {Do::Replayed, 7, "7"},
      {Do::Replayed, 8, "8 got 6-8 9"},
      {Do::End, v1::END_CODE_TRUNCATED, ""}}},
    {"nothing is held any more",
     {{Do::Live, 1, "1"}, {Do::Live, 4, "?2-3"}, {Do::Ask, 0, ""}, {Do::End, v1::END_CODE_TRUNCATED, "lost 2-3 4"}}},
    {"a replay that skips numbers in its middle tells every part",
     {{Do::Live, 1, "1"},
      {Do::Live, 8, "?2-7"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 2, "2"},
      {Do::Replayed, 5, "got 2-2 lost 3-4 5"},
      {Do::End, v1::END_CODE_OK, "got 5-5 lost 6-7 8"}}},
    {"a replay whose only message is its last",
     {{Do::Live, 1, "1"}, {Do::Live, 4, "?2-3"}, {Do::Ask, 0, ""}, {Do::Replayed, 3, "lost 2-2 3 got 3-3 4"}}},
    {"messages that were not asked for, or twice, are dropped",
     {{Do::Live, 1, "1"},
      {Do::Replayed, 1, "drop"},
      {Do::Live, 4, "?2-3"},
      {Do::Replayed, 2, "drop?2-3"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 1, "drop"},
      {Do::Replayed, 4, "drop"},
      {Do::Replayed, 2, "2"},
      {Do::Replayed, 2, "drop"},
      {Do::Replayed, 3, "3 got 2-3 4"},
      {Do::Replayed, 3, "drop"}}},
    {"a second hole while the first is fetched waits for its turn",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Live, 6, ""},
      {Do::Replayed, 2, "2 got 2-2 3?4-5"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 4, "4"},
      {Do::Replayed, 5, "5 got 4-5 6"}}},
    {"a new epoch ends the wait: the rest is lost, what waited is delivered, then it is told",
     {{Do::Live, 1, "1"},
      {Do::Live, 5, "?2-4"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 2, "2"},
      {Do::Epoch, 1, "got 2-2 lost 3-4 5 epoch 1"},
      {Do::Replayed, 3, "drop"},
      {Do::Live, 2, "2"}}},
    {"the beginning of a new epoch is fetched",
     {{Do::Live, 7, "7"},
      {Do::Epoch, 3, "epoch?1-2"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 1, "1"},
      {Do::Replayed, 2, "2 got 1-2 3"}}},
    {"a heartbeat of a new epoch tells its beginning",
     {{Do::Live, 7, "7"}, {Do::EpochBeat, 2, "epoch?1-1"}, {Do::Ask, 0, ""}, {Do::Replayed, 1, "1 got 1-1 0"}}},
    {"without an answer it is asked for once more, then it is lost, and so are others for a while",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Wait, 999, ""},
      {Do::Wait, 1, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Wait, 999, ""},
      {Do::Wait, 1, "lost 2-2 3"},
      {Do::Live, 5, "lost 4-4 5"},
      {Do::Wait, 29'999, ""},
      {Do::Live, 7, "lost 6-6 7"},
      {Do::Wait, 1, ""},
      {Do::Live, 9, "?8-8"}},
     1},
    {"a replay that goes on is waited for, and asked for again from where it stopped",
     {{Do::Live, 1, "1"},
      {Do::Live, 5, "?2-4"},
      {Do::Ask, 0, ""},
      {Do::Wait, 900, ""},
      {Do::Replayed, 2, "2"},
      {Do::Wait, 900, ""},
      {Do::Replayed, 3, "3"},
      {Do::Wait, 1000, "?4-4"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 4, "4 got 2-4 5"}}},
    {"a sidecar that has too much to do is asked again later",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Limited, 0, ""},
      {Do::Wait, 199, ""},
      {Do::Wait, 1, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Replayed, 2, "2 got 2-2 3"}}},
    {"what could not be sent is tried again soon, and given up in the end",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Unsent, 0, ""},
      {Do::Wait, 20, "?2-2"},
      {Do::Unsent, 0, ""},
      {Do::Wait, 1979, "?2-2"},
      {Do::Wait, 1, "lost 2-2 3"}},
     1},
    {"a refusal is final",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Refused, 0, "lost 2-2 3"},
      {Do::Live, 5, "lost 4-4 5"}},
     1},
    {"an end that this version does not know is a failure",
     {{Do::Live, 1, "1"}, {Do::Live, 3, "?2-2"}, {Do::Ask, 0, ""}, {Do::End, v1::END_CODE_SHUTDOWN, "lost 2-2 3"}},
     1},
    {"the epoch is gone: all of its holes are lost, later ones are not",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Live, 5, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::End, v1::END_CODE_EPOCH_CHANGED, "lost 2-2 3 lost 4-4 5"},
      {Do::Live, 7, "?6-6"}}},
    {"more waits than may: the hole is lost, what waited is delivered",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Live, 4, ""},
      {Do::Live, 5, ""},
      {Do::Live, 7, ""},
      {Do::Live, 8, "lost 2-2 3 4 5 lost 6-6 7 8"},
      {Do::Live, 10, "lost 9-9 10"}},
     1},
    {"a new epoch forgives a failure",
     {{Do::Live, 1, "1"},
      {Do::Live, 3, "?2-2"},
      {Do::Ask, 0, ""},
      {Do::Refused, 0, "lost 2-2 3"},
      {Do::Epoch, 2, "epoch?1-1"}},
     1},
};

}  // namespace

TEST_CASE("how a topic gets back what it has missed") {
    for (const Row& row : kRows) {
        Topic topic;
        for (std::size_t i = 0; i < row.steps.size(); ++i) {
            INFO(row.name, ", step ", i);
            CHECK(topic.apply(row.steps[i]) == row.steps[i].says);
        }
        INFO(row.name);
        CHECK(topic.counters().replays_failed == row.failed);
    }
}

TEST_CASE("a sidecar that never has room is given up after half a minute") {
    Topic topic;
    topic.apply({Do::Live, 1, ""});
    topic.apply({Do::Live, 3, ""});
    int asked = 0;
    for (; topic.counters().replays_failed == 0; ++asked) {
        REQUIRE(asked < 1000);
        topic.apply({Do::Ask, 0, ""});
        topic.apply({Do::Limited, 0, ""});
        topic.apply({Do::Wait, 200, ""});
    }
    CHECK(asked == 150);
    CHECK(topic.empty());
}

TEST_CASE("all topics together keep no more than the bounds of the subscriber") {
    const RecoveryLimits limits{.messages = 3, .bytes = 100};
    SubscriberCounters counters;
    Recovery first(limits, counters);
    Recovery second(limits, counters);
    const Verdict hole{.hole = Hole{2, 2}};
    const auto keep = [&](Recovery& recovery, const Verdict& verdict, std::size_t size) {
        REQUIRE(recovery.on_live(verdict, 0, {.can_replay = true, .now = {}}) == Decision::Keep);
        recovery.keep({.head = "", .payload = std::string(size, 'x')}, {});
    };
    keep(first, hole, 10);
    keep(first, {}, 10);
    keep(second, hole, 10);
    CHECK(counters.buffered == 3);
    CHECK(counters.buffered_bytes == 30);
    CHECK(second.phase() == Recovery::Phase::Wanted);
    keep(second, {}, 10);
    CHECK(second.phase() == Recovery::Phase::Idle);
    while (second.next()) {
    }
    CHECK(counters.buffered == 2);
    CHECK(counters.buffered_peak == 4);
    CHECK_FALSE(first.next());
    keep(first, {}, 81);
    CHECK(first.phase() == Recovery::Phase::Idle);
    while (first.next()) {
    }
    CHECK(counters.buffered == 0);
    CHECK(counters.buffered_bytes == 0);
}

TEST_CASE("a gap tells the times between which the topic was not whole") {
    const RecoveryLimits limits;
    SubscriberCounters counters;
    Recovery recovery(limits, counters);
    CHECK(recovery.on_live({}, 10, {}) == Decision::Deliver);
    CHECK(recovery.on_live({.hole = Hole{2, 5}}, 60, {.can_replay = true, .now = {}}) == Decision::Keep);
    recovery.keep({.head = {}, .payload = {}, .time_ns = 60}, {});
    CHECK_FALSE(recovery.next());
    recovery.asked({});
    CHECK(recovery.on_replayed(4, 40, {}) == Decision::Keep);
    recovery.keep_replayed({.head = {}, .payload = {}, .time_ns = 40});
    CHECK(recovery.on_replayed(5, 50, {}) == Decision::Keep);
    recovery.keep_replayed({.head = {}, .payload = {}, .time_ns = 50});
    std::vector<Told> told;
    while (const auto action = recovery.next()) {
        if (const auto* gap = std::get_if<Told>(&*action)) told.push_back(*gap);
    }
    REQUIRE(told.size() == 2);
    CHECK(told[0].hole == Hole{2, 3});
    CHECK(told[0].from_ns == 10);
    CHECK(told[0].to_ns == 40);
    CHECK(told[1].hole == Hole{4, 5});
    CHECK(told[1].to_ns == 60);
}
