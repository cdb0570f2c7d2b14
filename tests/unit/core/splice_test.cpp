// What the header says of legs that have their place, and of what is remembered.
#include "core/splice.hpp"

#include "splice_topic.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::core;
using namespace fairlead::test;
using namespace std::chrono_literals;

TEST_CASE("a leg that runs alone brings what leaves, also what the venue repeats, and nothing is remembered") {
    Topic topic;
    topic.run(kA);
    CHECK(topic.splice.is_aligned(kA));
    CHECK(topic.bring(kA, "abcaab") == "abcaab");
    CHECK(topic.splice.remembered() == 0);
    CHECK(topic.splice.is_idle(topic.now));
}

TEST_CASE("of two legs the first copy leaves, whoever brings it, and the other is dropped") {
    Topic topic;
    with_two_legs(topic);
    CHECK(topic.bring(kA, "b") == "b");
    CHECK(topic.bring(kB, "bcd") == "-cd");
    CHECK(topic.bring(kA, "cde") == "--e");
    CHECK(topic.bring(kB, "e") == "-");
}

TEST_CASE("a duplicate tells by how much it came later") {
    Topic topic;
    with_two_legs(topic);
    topic.bring(kA, "b");
    topic.now += 7ms;
    topic.bring(kB, "b");
    CHECK(topic.last.delay == 7ms);
}

TEST_CASE("a message that the venue repeats leaves as often as one leg brings it") {
    Topic topic;
    with_two_legs(topic);
    SUBCASE("one leg after the other") {
        CHECK(topic.bring(kA, "hhh") == "hhh");
        CHECK(topic.bring(kB, "hhhh") == "---h");
        CHECK(topic.bring(kA, "h") == "-");
    }
    SUBCASE("by turns") {
        for (int i = 0; i < 5; ++i) {
            CHECK(topic.bring(kA, "h") == "h");
            CHECK(topic.bring(kB, "h") == "-");
        }
    }
    SUBCASE("crossed") {
        CHECK(topic.bring(kA, "hh") == "hh");
        CHECK(topic.bring(kB, "h") == "-");
        CHECK(topic.bring(kA, "h") == "h");
        CHECK(topic.bring(kB, "hhh") == "--h");
    }
}

TEST_CASE("three legs: one copy leaves, two are dropped") {
    Topic topic;
    with_two_legs(topic);
    topic.run(kC);
    CHECK(topic.bring(kC, "b") == ".");
    CHECK(topic.bring(kB, "b") == "b");
    CHECK(topic.splice.is_aligned(kC));
    CHECK(topic.bring(kA, "bc") == "-c");
    CHECK(topic.bring(kC, "cd") == "-d");
    CHECK(topic.bring(kB, "cd") == "--");
    CHECK(topic.bring(kA, "d") == "-");
}

TEST_CASE("what left before a leg began is no copy of what it brings") {
    Topic topic;
    with_two_legs(topic);
    topic.bring(kA, "x");
    topic.run(kC);
    topic.legs.settle(kC);
    CHECK(topic.bring(kC, "x") == "x");
    CHECK(topic.bring(kB, "x") == "-");
}

TEST_CASE("what left while a leg was connecting may come on it") {
    Topic topic;
    topic.run(kA);
    topic.legs.begin(kB);
    CHECK(topic.bring(kA, "ab") == "ab");
    topic.legs.open(kB);
    CHECK(topic.bring(kB, "ab") == "--");
}

TEST_CASE("a leg that came back is a new one") {
    Topic topic;
    with_two_legs(topic);
    topic.bring(kB, "b");
    topic.legs.end(kB);
    CHECK_FALSE(topic.splice.is_aligned(kB));
    topic.run(kB);
    CHECK_FALSE(topic.splice.is_aligned(kB));
    CHECK(topic.bring(kA, "bc") == "-c");
    CHECK(topic.bring(kB, "c") == "-");
    CHECK(topic.splice.is_aligned(kB));
}

TEST_CASE("after window a message is forgotten") {
    Topic topic;
    with_two_legs(topic);
    topic.bring(kA, "b");
    topic.now += 10s;
    CHECK_FALSE(topic.splice.is_idle(topic.now));
    SUBCASE("not yet") {
        CHECK(topic.bring(kB, "b") == "-");
    }
    SUBCASE("now") {
        topic.now += 1ns;
        CHECK(topic.splice.is_idle(topic.now));
        CHECK(topic.bring(kB, "b") == "b");
        CHECK(topic.splice.remembered() == 1);
    }
}

TEST_CASE("no more than max_remembered messages are remembered, the latest") {
    SpliceSettings settings;
    settings.max_remembered = 3;
    Topic topic(settings);
    with_two_legs(topic);
    topic.bring(kA, "bcde");
    CHECK(topic.splice.remembered() == 3);
    CHECK(topic.bring(kB, "cde") == "---");
    CHECK(topic.bring(kB, "b") == "b");
}

TEST_CASE("what waits keeps a topic from being idle") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kB, "b");
    CHECK_FALSE(topic.splice.is_idle(topic.now + 1h));
}

TEST_CASE("has_flowed_since tells whether another leg has brought something since the leg began") {
    Topic topic;
    topic.run(kA);
    topic.bring(kA, "a");
    topic.run(kB);
    CHECK_FALSE(topic.splice.has_flowed_since(kB));
    topic.bring(kB, "b");
    CHECK_FALSE(topic.splice.has_flowed_since(kB));
    CHECK(topic.splice.has_flowed_since(kA));
    topic.bring(kA, "b");
    CHECK(topic.splice.has_flowed_since(kB));
    topic.run(kC);
    CHECK_FALSE(topic.splice.has_flowed_since(kC));
    topic.bring(kA, "a");
    CHECK(topic.splice.has_flowed_since(kC));
}

TEST_CASE("a copy that came right before a leg began has not flowed since") {
    Topic topic;
    with_two_legs(topic);
    topic.run(kC);
    CHECK_FALSE(topic.splice.has_flowed_since(kC));
    topic.bring(kA, "b");
    CHECK(topic.bring(kB, "b") == "-");
    CHECK(topic.splice.has_flowed_since(kC));
}

TEST_CASE("which legs are settled") {
    SpliceLegs legs;
    legs.begin(kA);
    CHECK_FALSE(legs.is_open(kA));
    CHECK(legs.open_legs() == 0);
    legs.open(kA);
    CHECK(legs.is_open(kA));
    CHECK(legs.is_settled(kA));
    legs.begin(kB);
    legs.open(kB);
    legs.begin(kC);
    legs.open(kC);
    CHECK(legs.open_legs() == 3);
    CHECK_FALSE(legs.is_settled(kB));
    SUBCASE("a joining leg that ends changes nothing for the others") {
        legs.end(kC);
        CHECK_FALSE(legs.is_settled(kB));
        CHECK(legs.open_legs() == 2);
    }
    SUBCASE("one that is left behind by a settled one joins on") {
        legs.settle(kB);
        legs.end(kA);
        CHECK_FALSE(legs.is_settled(kC));
    }
    SUBCASE("those that are left and all join settle") {
        legs.end(kA);
        CHECK(legs.is_settled(kB));
        CHECK(legs.is_settled(kC));
        CHECK_FALSE(legs.is_settled(kA));
    }
    SUBCASE("a leg that only connects is nothing to join") {
        legs.end(kB);
        legs.end(kC);
        legs.begin(kB);
        legs.end(kA);
        CHECK_FALSE(legs.is_settled(kB));
        legs.open(kB);
        CHECK(legs.is_settled(kB));
    }
    SUBCASE("an attempt that fails ends without having been open") {
        legs.end(kC);
        legs.begin(kC);
        legs.end(kC);
        legs.end(kC);
        CHECK(legs.open_legs() == 2);
    }
}

TEST_CASE("every leg that there can be") {
    Topic topic;
    for (unsigned leg = 0; leg < SpliceLegs::kMaxLegs; ++leg)
        topic.run(leg);
    CHECK(topic.bring(0, "a") == "a");
    for (unsigned leg = 1; leg < SpliceLegs::kMaxLegs; ++leg)
        CHECK(topic.bring(leg, "a") == "-");
    CHECK(topic.bring(SpliceLegs::kMaxLegs - 1, "b") == "b");
    for (unsigned leg = 0; leg + 1 < SpliceLegs::kMaxLegs; ++leg)
        CHECK(topic.bring(leg, "b") == "-");
}

}  // namespace
