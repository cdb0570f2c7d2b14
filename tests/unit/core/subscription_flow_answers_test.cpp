// What the venue's answers and its silence mean: whose they are, and what becomes of each topic.
#include "core/subscription_flow.hpp"
#include "subscription_flow_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using fairlead::test::drain;
using fairlead::test::states_of;
using fairlead::test::text_of;
using State = SubscriptionState;

constexpr SteadyTime kNow{1000s};

FlowSettings answering() {
    FlowSettings settings;
    settings.topics_per_message = 4;
    settings.acknowledged = true;
    settings.can_unsubscribe = true;
    return settings;
}

FlowAnswer to(std::uint64_t id, const std::string& reason = {}) {
    FlowAnswer answer;
    answer.id = id;
    answer.reason = reason;
    return answer;
}

FlowAnswer about(const std::string& topic, const std::string& reason = {}) {
    FlowAnswer answer;
    answer.topic = topic;
    answer.reason = reason;
    return answer;
}

FlowAnswer to(std::uint64_t id, const std::string& topic, const std::string& reason) {
    FlowAnswer answer = about(topic, reason);
    answer.id = id;
    return answer;
}

// A flow in a session, with these topics sent.
struct Scene {
    explicit Scene(const std::string& names, const FlowSettings& settings = answering()) : flow(settings, 100) {
        for (const char name : names)
            REQUIRE(flow.add(std::string(1, name), "", 1));
        flow.begin_session(kNow);
        sent = drain(flow, kNow);
    }

    std::string yes(const FlowAnswer& answer, SteadyTime now = kNow) { return text_of(flow.acknowledged(answer, now)); }
    std::string no(const FlowAnswer& answer, SteadyTime now = kNow) {
        return text_of(flow.rejected(answer, RejectKind::Permanent, now));
    }

    SubscriptionFlow flow;
    std::string sent;
};

TEST_CASE("an answer with an id is about that message, or about none") {
    Scene scene("abcdef");
    REQUIRE(scene.sent == "#1 +a,b,c,d | #2 +e,f");
    CHECK(scene.yes(to(3)) == "");
    CHECK(scene.yes(to(2)) == "e sent>acknowledged; f sent>acknowledged");
    CHECK(scene.yes(to(2)) == "");
    CHECK(scene.flow.unmatched_answers() == 2);
    CHECK(scene.flow.in_flight() == 1);
}

TEST_CASE("an answer with a topic is about it alone; its message is answered when all of its topics are") {
    Scene scene("ab");
    CHECK(scene.yes(about("b")) == "b sent>acknowledged");
    CHECK(scene.flow.in_flight() == 1);
    CHECK(scene.yes(to(1, "a", "")) == "a sent>acknowledged");
    CHECK(scene.flow.in_flight() == 0);
    CHECK(scene.yes(about("a")) == "");
}

TEST_CASE("an answer with neither is about the oldest message") {
    Scene scene("abcdef");
    CHECK(scene.yes({}) == "a sent>acknowledged; b sent>acknowledged; c sent>acknowledged; d sent>acknowledged");
    CHECK(scene.no({}) == "e sent>pending: refused in a batch; f sent>pending: refused in a batch");
    CHECK(scene.yes({}) == "");
}

TEST_CASE("a topic in another spelling says no more than the id") {
    Scene scene("ab");
    CHECK(scene.yes(to(1, "A", "")) == "a sent>acknowledged; b sent>acknowledged");
}

TEST_CASE("an answer that lists what it accepts refuses the rest") {
    Scene scene("abc");
    FlowAnswer answer = to(1);
    answer.names_accepted = true;
    answer.accepted = {"a", "c", "x"};
    CHECK(scene.yes(answer) == "a sent>acknowledged; b sent>rejected: not among the accepted; c sent>acknowledged");
    CHECK(scene.flow.settled());
}

TEST_CASE("a refused topic is quarantined, tried again alone at growing intervals, and free when it is accepted") {
    Scene scene("abc");
    CHECK(scene.no(about("b", "unknown symbol")) == "b sent>rejected: unknown symbol");
    CHECK(scene.yes(about("a")) == "a sent>acknowledged");
    CHECK(scene.yes(about("c")) == "c sent>acknowledged");
    CHECK(scene.flow.settled());
    SteadyTime now = kNow;
    std::uint64_t id = 1;
    for (const Duration wait : {Duration{1min}, Duration{2min}, Duration{4min}, Duration{8min}, Duration{16min},
                                Duration{32min}, Duration{1h}, Duration{1h}}) {
        CHECK(scene.flow.find("b")->retry_at() == now + wait);
        CHECK(scene.flow.next_deadline() == now + wait);
        CHECK(text_of(scene.flow.tick(now + wait - 1ns)) == "");
        now += wait;
        CHECK(text_of(scene.flow.tick(now)) == "b rejected>pending: unknown symbol");
        scene.flow.add("new" + std::to_string(++id), "", 1);
        const auto alone = scene.flow.next(now);
        CHECK(alone->topics == std::vector<std::string>{"b"});
        const auto others = scene.flow.next(now);
        scene.flow.acknowledged(to(others->id), now);
        CHECK(scene.no(to(alone->id, "unknown symbol"), now) == "b sent>rejected: unknown symbol");
    }
    now += 1h;
    scene.flow.tick(now);
    const auto last = scene.flow.next(now);
    CHECK(scene.yes(to(last->id), now) == "b sent>acknowledged");
    CHECK_FALSE(scene.flow.find("b")->retry_at().has_value());
    CHECK(scene.no(about("b", "delisted"), now) == "b acknowledged>rejected: delisted");
    CHECK(scene.flow.find("b")->retry_at() == now + 1min);
}

TEST_CASE("a refused batch is halved until the culprit is alone") {
    FlowSettings settings = answering();
    settings.topics_per_message = 8;
    Scene scene("abcdefgh", settings);
    std::string sent = scene.sent;
    std::string log;
    while (!sent.empty()) {
        log += sent + "\n";
        const std::uint64_t id = std::stoull(sent.substr(1));
        if (sent.find('f') != std::string::npos)
            scene.no(to(id, "bad request"));
        else
            scene.yes(to(id));
        sent = drain(scene.flow, kNow);
    }
    CHECK(log == "#1 +a,b,c,d,e,f,g,h\n#2 +a,b,c,d\n#3 +e,f,g,h\n#4 +e,f\n#5 +e\n#6 +f\n#7 +g,h\n");
    CHECK(scene.flow.count(State::Acknowledged) == 7);
    CHECK(scene.flow.find("f")->detail() == "bad request");
    CHECK(scene.flow.settled());
}

TEST_CASE("halves keep to themselves: other topics go on, what flows or was removed is not asked again") {
    Scene scene("abcd");
    scene.flow.flowing("a", kNow);
    scene.flow.remove("b");
    scene.no(to(1, "bad"));
    scene.flow.add("e", "", 1);
    CHECK(drain(scene.flow, kNow) == "#2 +c | #3 +e");
    scene.flow.remove("d");
    scene.yes(to(2));
    CHECK(drain(scene.flow, kNow) == "");
    CHECK(states_of(scene.flow) == "a flowing, c acknowledged, e sent");
}

TEST_CASE("a half that the queue has no room for, or that is answered with `too fast`, stays a half") {
    Scene scene("abcd");
    scene.no(to(1, "bad"));
    const auto half = scene.flow.next(kNow);
    REQUIRE(text_of(half) == "#2 +a,b");
    scene.flow.not_sent(*half, kNow);
    CHECK(drain(scene.flow, kNow) == "#3 +a,b");
    scene.flow.rejected(to(3), RejectKind::Rate, kNow);
    CHECK(drain(scene.flow, kNow + 1s) == "#4 +a,b");
    scene.flow.tick(kNow + 11s);
    CHECK(drain(scene.flow, kNow + 11s) == "#5 +c,d");  // in turn
    scene.yes(to(5), kNow + 11s);
    CHECK(drain(scene.flow, kNow + 11s) == "#6 +a,b");
}

TEST_CASE("subscribed already is as good as accepted") {
    Scene scene("ab");
    const auto changes = scene.flow.rejected(to(1, "already subscribed"), RejectKind::Duplicate, kNow);
    CHECK(text_of(changes) == "a sent>acknowledged; b sent>acknowledged");
}

TEST_CASE("a refusal that may pass: again after a growing wait, and quarantined if it does not pass") {
    Scene scene("a");
    SteadyTime now = kNow;
    for (std::uint64_t id = 1; id <= SubscriptionFlow::kRetries; ++id) {
        const Duration wait = SubscriptionFlow::kFirstRetry * (1 << (id - 1));
        const auto changes = scene.flow.rejected(to(id, "busy"), RejectKind::Retryable, now);
        CHECK(text_of(changes) == "a sent>pending: busy");
        CHECK_FALSE(scene.flow.settled());
        CHECK(scene.flow.next_deadline() == now + wait);
        scene.flow.tick(now + wait - 1ns);
        CHECK(drain(scene.flow, now + wait - 1ns) == "");
        now += wait;
        CHECK(text_of(scene.flow.tick(now)) == "");
        CHECK(drain(scene.flow, now) == "#" + std::to_string(id + 1) + " +a");
    }
    const auto changes = scene.flow.rejected(to(6, "busy"), RejectKind::Retryable, now);
    CHECK(text_of(changes) == "a sent>rejected: busy");
}

TEST_CASE("too fast: everything waits, longer each time, then half the pace for a while") {
    FlowSettings settings = answering();
    settings.topics_per_message = 1;
    settings.messages = {4, 1s};
    Scene scene("abcdefgh", settings);
    REQUIRE(scene.sent == "#1 +a | #2 +b | #3 +c | #4 +d");
    CHECK(text_of(scene.flow.rejected(to(4, "slow down"), RejectKind::Rate, kNow)) == "d sent>pending: slow down");
    CHECK(scene.flow.is_slow(kNow));
    CHECK(drain(scene.flow, kNow + 999ms) == "");
    SteadyTime now = kNow + 1100ms;
    CHECK(drain(scene.flow, now) == "#5 +d | #6 +e");
    scene.flow.rejected(to(6), RejectKind::Rate, now);
    now += 1999ms;
    CHECK(drain(scene.flow, now) == "");
    now += 1ms;
    CHECK(scene.flow.next_deadline() == now);
    CHECK(drain(scene.flow, now) == "#7 +e | #8 +f");
    now += MessageBudget::kSlowFor;
    CHECK_FALSE(scene.flow.is_slow(now));
}

TEST_CASE("no answer: once more with another id, then quarantined; a late yes still counts") {
    Scene scene("ab");
    CHECK(scene.flow.next_deadline() == kNow + 10s);
    CHECK(text_of(scene.flow.tick(kNow + 10s - 1ns)) == "");
    CHECK(text_of(scene.flow.tick(kNow + 10s)) ==
          "a sent>pending: no answer within 10s; b sent>pending: no answer within 10s");
    scene.flow.add("c", "", 1);  // not with those that got no answer
    CHECK(drain(scene.flow, kNow + 10s) == "#2 +a,b | #3 +c");
    SUBCASE("late, while the repetition is under way") {
        CHECK(scene.yes(to(1), kNow + 11s) == "a sent>acknowledged; b sent>acknowledged");
        CHECK(scene.yes(to(2), kNow + 12s) == "");
        CHECK(text_of(scene.flow.tick(kNow + 1min)) == "c sent>pending: no answer within 10s");
    }
    SUBCASE("a late no waits for the answer to the repetition") {
        CHECK(scene.no(to(1, "bad"), kNow + 11s) == "");
        CHECK(scene.yes(to(2), kNow + 12s) == "a sent>acknowledged; b sent>acknowledged");
    }
    SUBCASE("never") {
        scene.yes(to(3), kNow + 11s);
        CHECK(text_of(scene.flow.tick(kNow + 20s)) ==
              "a sent>rejected: no answer within 10s; b sent>rejected: no answer within 10s");
        CHECK(scene.flow.settled());
        CHECK(scene.flow.find("a")->retry_at() == kNow + 80s);
        SUBCASE("tried again") {
            scene.flow.tick(kNow + 80s);
            CHECK(drain(scene.flow, kNow + 80s) == "#4 +a,b");
        }
        SUBCASE("late, after all") {
            CHECK(scene.yes(to(2), kNow + 21s) == "a rejected>acknowledged; b rejected>acknowledged");
            CHECK_FALSE(scene.flow.next_deadline().has_value());
        }
        SUBCASE("data instead") {
            CHECK(text_of(scene.flow.flowing("a", kNow + 21s)) == "a rejected>flowing");
        }
        SUBCASE("the silence of one socket says nothing about the next") {
            scene.flow.begin_session(kNow + 30s);
            CHECK(drain(scene.flow, kNow + 30s) == "#4 +a,b | #5 +c");
        }
    }
}

TEST_CASE("a venue that names one culprit and drops the rest has answered: the rest is not left alone") {
    Scene scene("abcd");
    std::uint64_t id = 1;
    SteadyTime now = kNow;
    for (const std::string culprit : {"a", "b", "c"}) {
        CHECK(scene.no(to(id, culprit, "bad"), now) == culprit + " sent>rejected: bad");
        now += 10s;
        scene.flow.tick(now);
        CHECK(scene.flow.find("d")->state() == State::Pending);
        id = scene.flow.next(now)->id;
    }
    CHECK(scene.yes(to(id), now) == "d sent>acknowledged");
}

TEST_CASE("answers of an earlier session match nothing") {
    Scene scene("a");
    scene.flow.begin_session(kNow + 1s);
    CHECK(drain(scene.flow, kNow + 1s) == "#2 +a");
    CHECK(scene.yes(to(1), kNow + 1s) == "");
    CHECK(scene.no(to(1, "bad"), kNow + 1s) == "");
    CHECK(states_of(scene.flow) == "a sent");
    CHECK(scene.yes(to(2), kNow + 2s) == "a sent>acknowledged");
}

TEST_CASE("data before the answer: the answer changes nothing, whatever it says") {
    Scene scene("a");
    scene.flow.flowing("a", kNow);
    SUBCASE("yes") {
        CHECK(scene.yes(to(1)) == "");
    }
    SUBCASE("no") {
        CHECK(scene.no(to(1, "bad")) == "");
    }
    SUBCASE("too fast") {
        CHECK(scene.flow.rejected(to(1), RejectKind::Rate, kNow).empty());
    }
    SUBCASE("silence") {
        CHECK(scene.flow.tick(kNow + 10s).empty());
    }
    CHECK(states_of(scene.flow) == "a flowing");
    CHECK(scene.flow.in_flight() == 0);
}

TEST_CASE("what the venue has refused waits through sessions, and on other sockets") {
    Scene scene("ab");
    scene.no(about("b", "unknown symbol"));
    scene.flow.begin_session(kNow + 10s);
    CHECK(drain(scene.flow, kNow + 10s) == "#2 +a");
    CHECK(states_of(scene.flow) == "a sent, b rejected");

    SubscriptionFlow other(answering(), 10);
    for (const char* name : {"b", "c"})
        other.add(name, "", 1);
    other.adopt(scene.flow);
    CHECK(other.find("b")->detail() == "unknown symbol");
    CHECK(other.find("b")->retry_at() == kNow + 1min);
    other.begin_session(kNow + 10s);
    CHECK(drain(other, kNow + 10s) == "#1 +c");
    other.acknowledged(to(1), kNow + 10s);
    CHECK(other.next_deadline() == kNow + 1min);
    other.tick(kNow + 1min);
    CHECK(drain(other, kNow + 1min) == "#2 +b");
    other.rejected(to(2, "unknown symbol"), RejectKind::Permanent, kNow + 1min);
    CHECK(other.find("b")->retry_at() == kNow + 3min);

    // A wait that ended between two sockets: its next session begins with it.
    scene.flow.end_session(kNow + 20s);
    CHECK(scene.flow.tick(kNow + 1h).empty());
    scene.flow.begin_session(kNow + 1h);
    CHECK(scene.flow.next_deadline() <= kNow + 1h);
    CHECK(text_of(scene.flow.tick(kNow + 1h)) == "b rejected>pending: unknown symbol");
    CHECK(drain(scene.flow, kNow + 1h) == "#3 +b | #4 +a");
}

TEST_CASE("named in a command, a quarantined topic is tried at once; with all others it is not") {
    Scene scene("ab");
    scene.no(about("b", "bad"));
    scene.yes(about("a"));
    CHECK(text_of(scene.flow.resubscribe_all(kNow)) == "a acknowledged>pending");
    CHECK(drain(scene.flow, kNow) == "#2 -a");
    CHECK(text_of(scene.flow.resubscribe("b", kNow)) == "b rejected>pending: bad");
    CHECK(drain(scene.flow, kNow) == "#3 +b");
}

TEST_CASE("a venue that does not answer: sent is accepted, but a refusal is heard") {
    FlowSettings settings = answering();
    settings.acknowledged = false;
    settings.in_flight = 1;
    Scene scene("abcdef", settings);
    REQUIRE(scene.sent == "#1 +a,b,c,d | #2 +e,f");
    CHECK(scene.flow.settled());
    CHECK(scene.flow.in_flight() == 0);
    SUBCASE("of a topic") {
        CHECK(scene.no(about("b", "bad")) == "b sent>rejected: bad");
        CHECK(scene.no(about("unknown", "bad")) == "");
    }
    SUBCASE("of a batch: halves, the second when the first was not refused in time") {
        scene.no(to(2, "bad"));
        CHECK(drain(scene.flow, kNow) == "#3 +e");
        CHECK(scene.flow.next_deadline() == kNow + 10s);
        CHECK(text_of(scene.flow.tick(kNow + 10s)) == "");
        CHECK(drain(scene.flow, kNow + 10s) == "#4 +f");
        CHECK(scene.no(to(4, "bad"), kNow + 11s) == "f sent>rejected: bad");
    }
    SUBCASE("of nothing in particular") {
        CHECK(scene.no({}) == "");
        CHECK(scene.flow.unmatched_answers() == 1);
    }
}

TEST_CASE("an unsubscription without an answer is sent once more, and then counts as done") {
    Scene scene("a");
    scene.yes(to(1));
    scene.flow.remove("a");
    CHECK(drain(scene.flow, kNow) == "#2 -a");
    scene.flow.add("a", "", 1);
    scene.flow.tick(kNow + 10s);
    CHECK(drain(scene.flow, kNow + 10s) == "#3 +a");  // wanted again: no need to wait any longer
    CHECK(text_of(scene.flow.tick(kNow + 20s)) == "a sent>pending: no answer within 10s");
    scene.flow.remove("a");
    CHECK(drain(scene.flow, kNow + 20s) == "#4 -a");  // it may be carried
    scene.flow.tick(kNow + 30s);
    CHECK(drain(scene.flow, kNow + 30s) == "#5 -a");
    scene.flow.tick(kNow + 40s);
    CHECK_FALSE(scene.flow.next_deadline().has_value());
    CHECK(scene.yes(to(5), kNow + 41s) == "");
    CHECK(scene.flow.empty());
}

}  // namespace
