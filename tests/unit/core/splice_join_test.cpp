// What the header says of a leg that joins: behind, ahead, unclear, given up, gone.
#include "core/splice.hpp"
#include "splice_topic.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace fairlead::core;
using namespace fairlead::test;
using namespace std::chrono_literals;

TEST_CASE("a joining leg that is behind brings what has left, and is aligned") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kA, "abcd");
    CHECK_FALSE(topic.splice.is_aligned(kB));
    CHECK(topic.bring(kB, "b") == "-");
    CHECK(topic.splice.is_aligned(kB));
    CHECK(topic.bring(kB, "cde") == "--e");
    CHECK(topic.bring(kA, "e") == "-");
}

TEST_CASE("a joining leg that is ahead waits until another one brings what it holds") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    CHECK(topic.bring(kB, "def") == "...");
    CHECK(topic.bring(kA, "abc") == "abc");
    CHECK_FALSE(topic.splice.is_aligned(kB));
    CHECK(topic.bring(kA, "d") == "def");
    CHECK(text_of(topic.last.after) == "ef");
    CHECK(topic.splice.is_aligned(kB));
    CHECK(topic.bring(kA, "efg") == "--g");
    CHECK(topic.bring(kB, "g") == "-");
}

TEST_CASE("what a joining leg holds and the other never brought leaves before the message that aligns it") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    SUBCASE("ahead") {
        CHECK(topic.bring(kB, "xde") == "...");
        CHECK(topic.bring(kA, "d") == "xde");
        CHECK(text_of(topic.last.before) == "x");
    }
    SUBCASE("behind") {
        CHECK(topic.bring(kA, "d") == "d");
        CHECK(topic.bring(kB, "xd") == ".x-");
        CHECK(text_of(topic.last.before) == "x");
    }
    CHECK(topic.splice.is_aligned(kB));
}

TEST_CASE("a message that is not the only one of its key proves nothing") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    SUBCASE("repeated in what has left") {
        topic.bring(kA, "hh");
        CHECK(topic.bring(kB, "h") == ".");
    }
    SUBCASE("repeated in what has left, and brought by the other leg once more") {
        topic.bring(kA, "hh");
        topic.bring(kB, "h");
        CHECK(topic.bring(kA, "h") == "h");
    }
    SUBCASE("repeated in what waits, and brought by the other leg") {
        topic.bring(kB, "hh");
        CHECK(topic.bring(kA, "h") == "h");
    }
    SUBCASE("repeated by what waits and what comes") {
        topic.bring(kB, "hh");
        topic.bring(kA, "h");
        CHECK(topic.bring(kB, "h") == ".");
    }
    CHECK_FALSE(topic.splice.is_aligned(kB));
}

TEST_CASE("copies among what waits are dropped when the leg is aligned") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kA, "hh");
    CHECK(topic.bring(kB, "hh") == "..");
    CHECK(topic.bring(kA, "u") == "u");
    CHECK(topic.bring(kB, "u") == "-");
    CHECK(topic.bring(kB, "h") == "h");
    CHECK(topic.bring(kA, "h") == "-");
}

TEST_CASE("an old message of the same content is no proof: it is rather a heartbeat") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kA, "h");
    topic.now += 1001ms;
    CHECK(topic.bring(kB, "h") == ".");
    CHECK_FALSE(topic.splice.is_aligned(kB));
}

TEST_CASE("what left before the message that aligns a leg is not expected of it any more") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kA, "hu");
    SUBCASE("behind") {
        CHECK(topic.bring(kB, "u") == "-");
    }
    SUBCASE("ahead") {
        CHECK(topic.bring(kB, "v") == ".");
        CHECK(topic.bring(kA, "v") == "v");
    }
    topic.legs.settle(kB);
    topic.legs.end(kA);
    CHECK(topic.bring(kB, "h") == "h");
}

TEST_CASE("two joining legs that bring the same still wait for one that has its place") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.run(kC);
    CHECK(topic.bring(kB, "bc") == "..");
    CHECK(topic.bring(kC, "bcd") == "...");
    CHECK(topic.bring(kA, "ab") == "abcd");
    CHECK(topic.splice.is_aligned(kB));
    CHECK(topic.splice.is_aligned(kC));
    CHECK(topic.bring(kB, "d") == "-");
    CHECK(topic.bring(kA, "cde") == "--e");
}

TEST_CASE("nothing waits longer than hold; the leg has its place on this topic from then on") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    CHECK_FALSE(topic.splice.next_release().has_value());
    topic.bring(kB, "c");
    topic.now += 400ms;
    topic.bring(kB, "d");
    CHECK(topic.splice.next_release() == kBegin + 1s);
    topic.now = kBegin + 1s - 1ns;
    CHECK(topic.release().empty());
    CHECK_FALSE(topic.splice.is_aligned(kB));
    topic.now += 1ns;
    CHECK(topic.release() == "cd");
    CHECK(topic.splice.is_aligned(kB));
    CHECK_FALSE(topic.splice.next_release().has_value());
    CHECK(topic.bring(kB, "e") == "e");
    CHECK(topic.bring(kA, "cde") == "---");
}

TEST_CASE("of a leg that is settled nothing waits") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kB, "cd");
    topic.legs.settle(kB);
    SUBCASE("released") {
        CHECK(topic.release() == "cd");
        CHECK(topic.bring(kB, "e") == "e");
    }
    SUBCASE("with its next message at the latest") {
        CHECK(topic.bring(kB, "e") == "cde");
    }
    CHECK(topic.bring(kA, "cde") == "---");
}

TEST_CASE("copies of what has left are not among what is released") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kA, "hh");
    topic.bring(kB, "hhc");
    topic.now += 1s;
    CHECK(topic.release() == "c");
}

TEST_CASE("when the last other leg is gone nothing waits") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kB, "cd");
    topic.legs.end(kA);
    CHECK(topic.legs.is_settled(kB));
    CHECK(topic.release() == "cd");
    CHECK(topic.bring(kB, "e") == "e");
}

TEST_CASE("what a leg that is gone left waiting") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.bring(kB, "cd");
    topic.legs.end(kB);
    CHECK(topic.release().empty());
    SUBCASE("leaves in its place when another leg brings it") {
        CHECK(topic.bring(kA, "abcd") == "abcd-");
    }
    SUBCASE("leaves when hold has passed") {
        topic.now += 1s;
        CHECK(topic.release() == "cd");
        CHECK(topic.bring(kA, "cde") == "--e");
    }
    SUBCASE("leaves when no leg is left") {
        topic.legs.end(kA);
        CHECK(topic.release() == "cd");
    }
    SUBCASE("leaves before the first message of a new leg of its number") {
        topic.run(kB);
        CHECK(topic.bring(kB, "e") == "cd.");
        CHECK(topic.bring(kA, "cde") == "--e");
        CHECK(topic.splice.is_aligned(kB));
    }
    SUBCASE("is no copy by which a new leg of its number is known") {
        topic.run(kB);
        CHECK(topic.bring(kA, "c") == "cd");
        CHECK_FALSE(topic.splice.is_aligned(kB));
        CHECK(topic.bring(kB, "c") == "-");
        CHECK(topic.splice.is_aligned(kB));
    }
}

TEST_CASE("what a leg that is gone left waiting leaves together with what waits of the others, as it came") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    topic.run(kC);
    topic.bring(kB, "cd");
    topic.bring(kC, "de");
    topic.legs.end(kB);
    topic.legs.end(kA);
    CHECK(topic.release() == "cde");
}

TEST_CASE("above max_held_bytes everything that waits leaves") {
    SpliceSettings settings;
    settings.max_held_bytes = 3;
    Topic topic(settings);
    topic.run(kA);
    topic.run(kB);
    topic.run(kC);
    CHECK(topic.bring(kB, "c") == ".");
    CHECK(topic.bring(kC, "cd") == "..");
    CHECK(topic.bring(kB, "d") == "cd-");
    CHECK(topic.splice.is_aligned(kB));
    CHECK(topic.splice.is_aligned(kC));
    CHECK(topic.bring(kA, "cd") == "--");
}

TEST_CASE("what waits keeps everything it came with") {
    Topic topic;
    topic.run(kA);
    topic.run(kB);
    const WallTime received{1234s};
    topic.splice.offer({.leg = kB,
                        .key = 77,
                        .bytes = "bytes",
                        .binary = true,
                        .received = received,
                        .now = kBegin,
                        .session = 5,
                        .venue_sequence = 99});
    topic.now += 1s;
    const std::vector<HeldMessage> released = topic.splice.release(topic.now);
    REQUIRE(released.size() == 1);
    CHECK(released[0].leg == kB);
    CHECK(released[0].key == 77);
    CHECK(released[0].bytes == "bytes");
    CHECK(released[0].binary);
    CHECK(released[0].received == received);
    CHECK(released[0].since == kBegin);
    CHECK(released[0].session == 5);
    CHECK(released[0].venue_sequence == 99);
}

}  // namespace
