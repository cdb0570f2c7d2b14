#include "replays.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::client;
using namespace std::chrono_literals;

namespace {

// Topics that each miss one message, the schedule of their replays, and what it has sent where.
struct World {
    struct Sent {
        std::string endpoint;
        v1::Request request;
    };

    RecoveryLimits limits{.timeout = 1000ms};
    SubscriberCounters counters;
    std::deque<Topic> topics;
    std::vector<Sent> sent;
    std::vector<std::string> opened;
    bool reachable = true;
    Replays::Time now{1h};
    Replays replays;

    explicit World(const std::string& control_endpoint = "")
        : replays({.control_endpoint = control_endpoint,
                   .link = {.open =
                                [this](const std::string& endpoint) {
                                    opened.push_back(endpoint);
                                    return endpoint != "impossible";
                                },
                            .send =
                                [this](const std::string& endpoint, const v1::Request& request) {
                                    if (reachable) sent.push_back({endpoint, request});
                                    return reachable;
                                }},
                   .silence = 2000ms,
                   .seed = 1}) {}

    void welcome(std::uint64_t epoch, const std::string& endpoint, std::uint64_t depth = 10,
                 const std::string& instance = "host:1") {
        v1::Welcome welcome;
        welcome.set_epoch(epoch);
        welcome.set_instance(instance);
        welcome.set_control_endpoint(endpoint);
        welcome.set_replay_depth(depth);
        replays.on_welcome(welcome);
    }

    Topic& miss(std::uint64_t epoch, const std::string& name) {
        Topic& topic = topics.emplace_back(limits, counters);
        topic.name = name;
        topic.tracker.on_message({epoch, 1, false});
        const Verdict verdict = topic.tracker.on_message({epoch, 3, false});
        topic.recovery.on_live(verdict, 0, {.can_replay = replays.possible(epoch, now), .now = now});
        replays.settle(topic);
        return topic;
    }

    // The replay of the request that was sent as number `index` ends.
    void finish(std::size_t index) {
        Topic* topic = replays.asker(sent.at(index).request.request_id());
        REQUIRE(topic != nullptr);
        topic->recovery.on_end(v1::END_CODE_OK, now);
        replays.settle(*topic);
    }
};

}  // namespace

TEST_CASE("a few topics fetch at once, the others in the order in which they came") {
    World world;
    world.welcome(1, "here");
    for (int i = 0; i < 20; ++i)
        world.miss(1, std::to_string(i));
    world.replays.on_time(world.now);
    CHECK(world.sent.size() == Replays::kMaxActive);
    world.finish(3);
    world.finish(5);
    world.replays.on_time(world.now);
    REQUIRE(world.sent.size() == Replays::kMaxActive + 2);
    for (std::size_t i = 0; i < world.sent.size(); ++i)
        CHECK(world.sent[i].request.replay().topic() == std::to_string(i));
    for (std::size_t i = 0; i < 20; ++i) {
        if (i != 3 && i != 5) world.finish(i);
        world.replays.on_time(world.now);
    }
    CHECK(world.replays.idle());
    CHECK(world.sent.size() == 20);
}

TEST_CASE("a request says what is missing, and where it was") {
    World world;
    world.welcome(7, "here");
    Topic& topic = world.miss(7, "data/x/a/");
    CHECK_FALSE(world.replays.deadline());
    world.replays.on_time(world.now);
    REQUIRE(world.sent.size() == 1);
    const v1::Request& request = world.sent[0].request;
    CHECK(world.sent[0].endpoint == "here");
    CHECK(request.request_id() != 0);
    CHECK(request.replay().topic() == "data/x/a/");
    CHECK(request.replay().epoch() == 7);
    CHECK(request.replay().from() == 2);
    CHECK(request.replay().to() == 2);
    CHECK(request.replay().stream());
    CHECK(world.replays.asker(request.request_id()) == &topic);
    CHECK(world.replays.asker(request.request_id() + 1) == nullptr);
    CHECK(world.replays.deadline() == world.now + 1000ms);
}

TEST_CASE("each sidecar is asked for its own epoch") {
    World world;
    world.welcome(1, "first");
    world.welcome(2, "second");
    world.miss(2, "b");
    world.miss(1, "a");
    world.replays.on_time(world.now);
    REQUIRE(world.sent.size() == 2);
    CHECK(world.sent[0].endpoint == "second");
    CHECK(world.sent[1].endpoint == "first");
    CHECK_FALSE(world.replays.possible(3, world.now));
}

TEST_CASE("who has no journal, or no control socket, is not asked") {
    World world;
    world.welcome(1, "here", 0);
    world.welcome(2, "impossible");
    CHECK_FALSE(world.replays.possible(1, world.now));
    CHECK_FALSE(world.replays.possible(2, world.now));
    CHECK(world.opened == std::vector<std::string>{"impossible"});
}

TEST_CASE("the endpoint of the options goes before that of the welcome") {
    World world("mine");
    world.welcome(1, "theirs");
    world.miss(1, "a");
    world.replays.on_time(world.now);
    REQUIRE(world.sent.size() == 1);
    CHECK(world.sent[0].endpoint == "mine");
}

TEST_CASE("the oldest sidecars are forgotten") {
    World world;
    for (std::uint64_t epoch = 1; epoch <= Replays::kMaxSidecars + 1; ++epoch)
        world.welcome(epoch, std::to_string(epoch));
    CHECK_FALSE(world.replays.possible(1, world.now));
    CHECK(world.replays.possible(2, world.now));
}

TEST_CASE("a sidecar is not forgotten because another one restarts again and again") {
    const std::uint64_t last = 2 * Replays::kMaxSidecars;
    World world;
    world.welcome(1, "healthy");
    for (std::uint64_t epoch = 2; epoch <= last; ++epoch)
        world.welcome(epoch, "restarts");
    CHECK(world.replays.possible(1, world.now));
    CHECK(world.replays.possible(last, world.now));
    CHECK_FALSE(world.replays.possible(last - 1, world.now));

    World renamed("mine");
    renamed.welcome(1, "theirs", 10, "healthy:1");
    for (std::uint64_t epoch = 2; epoch <= last; ++epoch)
        renamed.welcome(epoch, "theirs", 10, "restarts:1");
    CHECK(renamed.replays.possible(1, renamed.now));
    CHECK(renamed.replays.possible(last, renamed.now));
    CHECK_FALSE(renamed.replays.possible(last - 1, renamed.now));
}

TEST_CASE("a control socket that was never within reach costs all topics one short wait, and later none") {
    World world;
    world.reachable = false;
    world.welcome(1, "nowhere");
    for (int i = 0; i < 20; ++i)
        world.miss(1, std::to_string(i));
    const Replays::Time end = world.now + Replays::kReachable;
    for (; world.now < end; world.now += Recovery::kUnsentDelay)
        CHECK(world.replays.on_time(world.now).empty());
    CHECK(world.replays.on_time(world.now).size() == 20);
    CHECK(world.replays.idle());
    CHECK_FALSE(world.replays.possible(1, world.now));

    world.now += Recovery::kRetryAfter;
    REQUIRE(world.replays.possible(1, world.now));
    world.miss(1, "later");
    CHECK(world.replays.on_time(world.now).size() == 1);
    CHECK_FALSE(world.replays.possible(1, world.now));

    world.welcome(1, "nowhere");
    world.miss(1, "after it was reached anew");
    CHECK(world.replays.on_time(world.now).empty());
    world.reachable = true;
    world.now += Recovery::kUnsentDelay;
    CHECK(world.replays.on_time(world.now).empty());
    CHECK(world.sent.size() == 1);
}

TEST_CASE("a control socket that was within reach is waited for, also when its sidecar has restarted") {
    World world;
    world.welcome(1, "here");
    world.miss(1, "a");
    world.replays.on_time(world.now);
    REQUIRE(world.sent.size() == 1);
    world.finish(0);
    world.reachable = false;
    world.welcome(2, "here");
    world.miss(2, "b");
    const Replays::Time end = world.now + 2 * world.limits.timeout;
    for (; world.now < end; world.now += Recovery::kUnsentDelay)
        CHECK(world.replays.on_time(world.now).empty());
    CHECK(world.replays.on_time(world.now).size() == 1);
}

TEST_CASE("nobody waits for an epoch that is over") {
    World world;
    world.reachable = false;
    world.welcome(1, "here");
    world.miss(1, "a");
    CHECK(world.replays.on_time(world.now).empty());
    world.welcome(2, "here");
    world.now += Recovery::kUnsentDelay;
    CHECK(world.replays.on_time(world.now).size() == 1);
    CHECK(world.replays.idle());
}

TEST_CASE("a request that could not be sent is tried again, in its turn") {
    World world;
    world.welcome(1, "here");
    world.miss(1, "a");
    world.reachable = false;
    world.replays.on_time(world.now);
    CHECK(world.replays.deadline() == world.now + Recovery::kUnsentDelay);
    world.reachable = true;
    world.now += Recovery::kUnsentDelay;
    world.replays.on_time(world.now);
    CHECK(world.sent.size() == 1);
}

TEST_CASE("a control socket that says nothing is left alone, and nobody goes on waiting for it") {
    World world;
    world.welcome(1, "silent");
    world.welcome(2, "other");
    for (int i = 0; i < 20; ++i)
        world.miss(1, std::to_string(i));
    Topic& other = world.miss(2, "other");
    world.replays.on_time(world.now);
    world.now += 1000ms;
    CHECK(world.replays.on_time(world.now).empty());
    CHECK(world.sent.size() == 2 * Replays::kMaxActive);
    world.now += 1000ms;
    CHECK(world.replays.on_time(world.now).size() == 20);
    CHECK(world.sent.back().endpoint == "other");
    CHECK(other.recovery.phase() == Recovery::Phase::Asked);
    CHECK_FALSE(world.replays.possible(1, world.now));
    CHECK(world.replays.possible(2, world.now));
    world.welcome(1, "silent");
    CHECK(world.replays.possible(1, world.now));
}

TEST_CASE("a control socket that speaks is not left alone because of one topic") {
    World world;
    world.welcome(1, "here");
    world.miss(1, "a");
    world.replays.on_time(world.now);
    world.now += 1000ms;
    world.replays.on_time(world.now);
    world.replays.heard("here", world.now);
    Topic& later = world.miss(1, "b");
    world.now += 1000ms;
    CHECK(world.replays.on_time(world.now).size() == 1);
    CHECK(world.replays.possible(1, world.now));
    CHECK(later.recovery.phase() == Recovery::Phase::Asked);
}

TEST_CASE("a topic that needs nothing any more gives its place away") {
    World world;
    world.welcome(1, "here");
    for (int i = 0; i < 10; ++i)
        world.miss(1, std::to_string(i));
    world.replays.on_time(world.now);
    for (Topic& topic : world.topics) {
        topic.recovery.on_live(topic.tracker.on_message({2, 1, false}), 0, {});
        world.replays.settle(topic);
    }
    CHECK(world.replays.idle());
    CHECK(world.replays.asker(world.sent[0].request.request_id()) == nullptr);
    CHECK_FALSE(world.replays.deadline());
}
