// What a flow sends and when: the wish, batches, limits, sessions.
#include "core/subscription_flow.hpp"

#include "subscription_flow_text.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using fairlead::test::drain;
using fairlead::test::states_of;
using fairlead::test::text_of;
using State = SubscriptionState;

constexpr SteadyTime kNow{1000s};

// A venue that answers with ids.
FlowSettings answering() {
    FlowSettings settings;
    settings.topics_per_message = 3;
    settings.acknowledged = true;
    settings.can_unsubscribe = true;
    return settings;
}

FlowSettings silent() {
    FlowSettings settings;
    settings.topics_per_message = 3;
    return settings;
}

void add(SubscriptionFlow& flow, const std::string& names) {
    for (const char name : names)
        REQUIRE(flow.add(std::string(1, name), "", 1));
}

FlowAnswer to(std::uint64_t id) {
    FlowAnswer answer;
    answer.id = id;
    return answer;
}

TEST_CASE("nothing is sent outside a session, and everything once in each, in order of addition") {
    SubscriptionFlow flow(silent(), 10);
    add(flow, "abcd");
    CHECK(drain(flow, kNow) == "");
    CHECK_FALSE(flow.next_deadline().has_value());
    flow.begin_session(kNow);
    CHECK(flow.next_deadline() <= kNow);
    CHECK(drain(flow, kNow) == "#1 +a,b,c | #2 +d");
    CHECK(drain(flow, kNow) == "");
    flow.end_session(kNow);
    CHECK(drain(flow, kNow) == "");
    CHECK(states_of(flow) == "a pending, b pending, c pending, d pending");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#3 +a,b,c | #4 +d");
    CHECK(flow.find("a")->times_sent() == 2);
}

TEST_CASE("a topic is added once, up to the bound") {
    SubscriptionFlow flow(silent(), 2);
    CHECK(flow.add("a", "", 1));
    CHECK_FALSE(flow.add("a", "", 1));
    CHECK(flow.add("b", "", 1));
    CHECK_FALSE(flow.add("c", "", 1));
    CHECK(flow.size() == 2);
    CHECK(flow.find("c") == nullptr);
    CHECK_FALSE(flow.remove("c"));
    CHECK_FALSE(flow.remove("a"));
    CHECK(flow.add("c", "", 1));
}

TEST_CASE("only topics of one group share a message; the oldest topic decides whose turn it is") {
    SubscriptionFlow flow(silent(), 10);
    for (const auto& [name, group] : {std::pair{"a", "x"}, {"b", "y"}, {"c", "x"}, {"d", "y"}, {"e", "x"}, {"f", "x"}})
        REQUIRE(flow.add(name, group, 1));
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a,c,e | #2 +b,d | #3 +f");
}

TEST_CASE("a message is no longer than allowed, but a topic that is too long by itself is sent by itself") {
    FlowSettings settings = silent();
    settings.topics_per_message = 100;
    settings.bytes_per_message = 50;
    settings.overhead_bytes = 20;
    SubscriptionFlow flow(settings, 10);
    for (const auto& [name, bytes] : {std::pair{"a", 14U}, {"b", 14U}, {"c", 1U}, {"d", 100U}, {"e", 1U}})
        REQUIRE(flow.add(name, "", bytes));
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a,b | #2 +c | #3 +d | #4 +e");
}

TEST_CASE("no more messages await answers than allowed") {
    FlowSettings settings = answering();
    settings.topics_per_message = 1;
    settings.in_flight = 2;
    SubscriptionFlow flow(settings, 10);
    add(flow, "abc");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a | #2 +b");
    CHECK(flow.next_deadline() == kNow + settings.ack_timeout);
    flow.acknowledged(to(2), kNow);
    CHECK(drain(flow, kNow) == "#3 +c");
    CHECK(flow.in_flight() == 2);
}

TEST_CASE("requests and everything else share the limit of messages") {
    FlowSettings settings = silent();
    settings.topics_per_message = 1;
    settings.messages = {3, 1s};
    settings.requests = {2, 10s};
    settings.ack_timeout = 1min;
    SubscriptionFlow flow(settings, 10);
    add(flow, "abcd");
    flow.begin_session(kNow);
    flow.spend(kNow);
    CHECK(drain(flow, kNow) == "#1 +a | #2 +b");
    CHECK_FALSE(flow.may_send(kNow));
    CHECK(flow.may_send_at() == kNow + 1100ms);
    CHECK(flow.may_send(kNow + 1100ms));
    CHECK_FALSE(flow.may_send(kNow + 1100ms, MessageKind::Request));
    CHECK(flow.next_deadline() == kNow + 10100ms);
    CHECK(drain(flow, kNow + 10100ms - 1ns) == "");
    CHECK(drain(flow, kNow + 10100ms) == "#3 +c | #4 +d");
}

TEST_CASE("a login before the session counts against the limits of its socket") {
    FlowSettings settings = silent();
    settings.requests = {1, 10s};
    SubscriptionFlow flow(settings, 10);
    add(flow, "a");
    flow.spend(kNow, MessageKind::Request);
    flow.begin_session(kNow + 1s);
    CHECK(drain(flow, kNow + 1s) == "");
    flow.end_session(kNow + 2s);
    flow.begin_session(kNow + 3s);
    CHECK(drain(flow, kNow + 3s) == "#1 +a");
}

TEST_CASE("a new socket has limits of its own") {
    FlowSettings settings = silent();
    settings.requests = {1, 10s};
    SubscriptionFlow flow(settings, 10);
    add(flow, "a");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a");
    flow.begin_session(kNow + 1s);
    CHECK(drain(flow, kNow + 1s) == "#2 +a");
}

TEST_CASE("what the queue has no room for is pending again, and its share of the limit is free again") {
    FlowSettings settings = answering();
    settings.requests = {1, 10s};
    SubscriptionFlow flow(settings, 10);
    add(flow, "abcd");
    flow.begin_session(kNow);
    const auto send = flow.next(kNow);
    REQUIRE(send.has_value());
    flow.not_sent(*send, kNow);
    CHECK(states_of(flow) == "a pending, b pending, c pending, d pending");
    CHECK(flow.find("a")->times_sent() == 0);
    CHECK(flow.in_flight() == 0);
    CHECK_FALSE(flow.next_deadline().has_value());  // until the queue has room, no time helps
    CHECK(text_of(flow.next(kNow)) == "#2 +a,b,c");
    CHECK(text_of(flow.acknowledged(to(1), kNow)) == "");
}

TEST_CASE("what cannot be written is quarantined until the next session") {
    SubscriptionFlow flow(silent(), 10);
    add(flow, "a");
    flow.begin_session(kNow);
    const auto send = flow.next(kNow);
    CHECK(text_of(flow.unsendable(*send, "no secret", kNow)) == "a sent>rejected: no secret");
    CHECK(flow.settled());
    CHECK(flow.find("a")->retry_at() == kNow + 1min);
    CHECK(text_of(flow.tick(kNow + 1min)) == "a rejected>pending: no secret");
    CHECK(drain(flow, kNow + 1min) == "#2 +a");
    flow.begin_session(kNow + 2min);
    CHECK(drain(flow, kNow + 2min) == "#3 +a");
}

TEST_CASE("what is removed is unsubscribed, in batches; what was never sent needs nothing") {
    SubscriptionFlow flow(answering(), 10);
    add(flow, "abc");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a,b,c");
    flow.acknowledged(to(1), kNow);
    add(flow, "d");
    CHECK_FALSE(flow.remove("d"));
    CHECK_FALSE(flow.remove("a"));
    CHECK_FALSE(flow.remove("b"));
    CHECK(flow.find("a") == nullptr);
    CHECK(drain(flow, kNow) == "#2 -a,b");
    CHECK(text_of(flow.acknowledged(to(2), kNow)) == "");
    CHECK(states_of(flow) == "c acknowledged");
}

TEST_CASE("where nothing is answered, an unsubscription counts once it has been sent") {
    FlowSettings settings = silent();
    settings.can_unsubscribe = true;
    SubscriptionFlow flow(settings, 10);
    add(flow, "a");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a");
    flow.remove("a");
    const auto send = flow.next(kNow);
    CHECK(text_of(send) == "#2 -a");
    flow.not_sent(*send, kNow);
    CHECK(drain(flow, kNow) == "#3 -a");
    add(flow, "a");
    CHECK(drain(flow, kNow) == "#4 +a");
}

TEST_CASE("a venue without unsubscription: a carried topic needs a new socket, and can simply be wanted again") {
    SubscriptionFlow flow(silent(), 10);
    add(flow, "ab");
    CHECK_FALSE(flow.remove("b"));
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a");
    flow.flowing("a", kNow);
    CHECK(flow.remove("a"));
    CHECK(flow.empty());
    CHECK(flow.flowing("a", kNow).empty());
    add(flow, "a");
    CHECK(states_of(flow) == "a flowing");
    CHECK(drain(flow, kNow) == "");
    CHECK(flow.remove("a"));
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "");
}

TEST_CASE("wanted again before its unsubscription was sent: as if it had never been removed") {
    SubscriptionFlow flow(answering(), 10);
    add(flow, "a");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#1 +a");
    flow.remove("a");
    add(flow, "a");
    CHECK(drain(flow, kNow) == "");
    flow.acknowledged(to(1), kNow);
    CHECK(states_of(flow) == "a acknowledged");
    flow.remove("a");
    add(flow, "a");
    CHECK(states_of(flow) == "a acknowledged");
    CHECK(drain(flow, kNow) == "");
}

TEST_CASE("removed while its subscription is under way: unsubscribed after the answer") {
    SubscriptionFlow flow(answering(), 10);
    add(flow, "a");
    flow.begin_session(kNow);
    drain(flow, kNow);
    flow.remove("a");
    CHECK(drain(flow, kNow) == "");
    SUBCASE("yes") {
        CHECK(flow.acknowledged(to(1), kNow).empty());
        CHECK(drain(flow, kNow) == "#2 -a");
    }
    SUBCASE("no: there is nothing to take back") {
        CHECK(flow.rejected(to(1), RejectKind::Permanent, kNow).empty());
        CHECK(drain(flow, kNow) == "");
        CHECK_FALSE(flow.next_deadline().has_value());
    }
    SUBCASE("silence: it may be carried") {
        CHECK(flow.tick(kNow + 10s).empty());
        CHECK(drain(flow, kNow + 10s) == "#2 -a");
    }
}

TEST_CASE("wanted again while its unsubscription is under way: subscribed after the answer") {
    SubscriptionFlow flow(answering(), 10);
    add(flow, "a");
    flow.begin_session(kNow);
    drain(flow, kNow);
    flow.acknowledged(to(1), kNow);
    flow.remove("a");
    CHECK(drain(flow, kNow) == "#2 -a");
    add(flow, "a");
    CHECK(states_of(flow) == "a pending");
    CHECK(flow.flowing("a", kNow).empty());  // the last of the old subscription
    CHECK(drain(flow, kNow) == "");
    CHECK(flow.acknowledged(to(1), kNow).empty());  // repeated
    CHECK(states_of(flow) == "a pending");
    SUBCASE("done") {
        flow.acknowledged(to(2), kNow);
    }
    SUBCASE("refused: it was not there") {
        flow.rejected(to(2), RejectKind::Permanent, kNow);
    }
    CHECK(drain(flow, kNow) == "#3 +a");
    CHECK(flow.acknowledged(to(2), kNow).empty());  // repeated
    CHECK(text_of(flow.acknowledged(to(3), kNow)) == "a sent>acknowledged");
    // And the last wish of several.
    flow.remove("a");
    CHECK(drain(flow, kNow) == "#4 -a");
    add(flow, "a");
    flow.remove("a");
    flow.acknowledged(to(4), kNow);
    CHECK(drain(flow, kNow) == "");
    CHECK(flow.empty());
}

TEST_CASE("subscribing again: first the venue is told to stop, if it knows how") {
    FlowSettings settings = answering();
    SUBCASE("it knows") {
        SubscriptionFlow flow(settings, 10);
        add(flow, "ab");
        CHECK(flow.resubscribe("a", kNow).empty());  // no session
        flow.begin_session(kNow);
        drain(flow, kNow);
        CHECK(flow.resubscribe("a", kNow).empty());  // is under way
        flow.acknowledged(to(1), kNow);
        CHECK(text_of(flow.resubscribe("a", kNow)) == "a acknowledged>pending");
        CHECK(flow.flowing("a", kNow).empty());  // of the old subscription
        CHECK(drain(flow, kNow) == "#2 -a");
        CHECK_FALSE(flow.settled());
        flow.acknowledged(to(2), kNow);
        CHECK(drain(flow, kNow) == "#3 +a");
        CHECK(text_of(flow.acknowledged(to(3), kNow)) == "a sent>acknowledged");
        CHECK(text_of(flow.resubscribe_all(kNow)) == "a acknowledged>pending; b acknowledged>pending");
        CHECK(drain(flow, kNow) == "#4 -a,b");
    }
    SUBCASE("it does not") {
        settings.can_unsubscribe = false;
        SubscriptionFlow flow(settings, 10);
        add(flow, "a");
        flow.begin_session(kNow);
        drain(flow, kNow);
        flow.acknowledged(to(1), kNow);
        flow.resubscribe("a", kNow);
        CHECK(drain(flow, kNow) == "#2 +a");
    }
}

TEST_CASE("data proves a subscription of this session, and of no other") {
    SubscriptionFlow flow(silent(), 10);
    add(flow, "a");
    CHECK(flow.flowing("a", kNow).empty());
    flow.begin_session(kNow);
    CHECK(flow.flowing("a", kNow).empty());
    CHECK(flow.flowing("unknown", kNow).empty());
    drain(flow, kNow);
    CHECK(text_of(flow.flowing("a", kNow + 1s)) == "a sent>flowing");
    CHECK(flow.flowing("a", kNow + 2s).empty());
    CHECK(flow.find("a")->since() == kNow + 1s);
    CHECK(text_of(flow.stale("a", "silent for 1m", kNow + 1min)) == "a flowing>stale: silent for 1m");
    CHECK(flow.stale("a", "silent for 2m", kNow + 2min).empty());
    CHECK(flow.last_change().to == State::Stale);
    CHECK(text_of(flow.flowing("a", kNow + 3min)) == "a stale>flowing");
    flow.end_session(kNow + 4min);
    CHECK(flow.flowing("a", kNow + 4min).empty());
    CHECK(flow.stale("a", "silent", kNow + 4min).empty());
}

TEST_CASE("settled: nothing pending, and nothing unanswered where there are answers") {
    SubscriptionFlow quiet(silent(), 10);
    CHECK_FALSE(quiet.settled());
    add(quiet, "a");
    quiet.begin_session(kNow);
    CHECK_FALSE(quiet.settled());
    drain(quiet, kNow);
    CHECK(quiet.settled());

    SubscriptionFlow flow(answering(), 10);
    flow.begin_session(kNow);
    CHECK(flow.settled());
    add(flow, "ab");
    drain(flow, kNow);
    CHECK_FALSE(flow.settled());
    flow.flowing("a", kNow);
    CHECK_FALSE(flow.settled());
    flow.flowing("b", kNow);
    CHECK(flow.settled());
}

TEST_CASE("ids are never used twice, whoever takes them") {
    SubscriptionFlow flow(silent(), 10);
    CHECK(flow.take_id() == 1);
    add(flow, "a");
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#2 +a");
    CHECK(flow.take_id() == 3);
    flow.begin_session(kNow);
    CHECK(drain(flow, kNow) == "#4 +a");
}

TEST_CASE("changed settings hold for what is sent from now on") {
    SubscriptionFlow flow(silent(), 10);
    add(flow, "abcd");
    flow.begin_session(kNow);
    CHECK(text_of(flow.next(kNow)) == "#1 +a,b,c");
    FlowSettings settings = silent();
    settings.topics_per_message = 1;
    flow.configure(settings);
    add(flow, "e");
    CHECK(drain(flow, kNow) == "#2 +d | #3 +e");
}

}  // namespace
