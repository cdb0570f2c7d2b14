#include "control/replay_cursor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace fairlead;
using control::ReplayCursor;
using publish::Held;

namespace {

constexpr v1::EndCode kOk = v1::END_CODE_OK;
constexpr v1::EndCode kTruncated = v1::END_CODE_TRUNCATED;

std::vector<std::uint64_t> run(ReplayCursor& cursor, const Held& held) {
    std::vector<std::uint64_t> sent;
    while (const auto number = cursor.next(held)) {
        sent.push_back(*number);
        cursor.advance();
    }
    return sent;
}

}  // namespace

TEST_CASE("what is sent of what was asked for, and how it ends") {
    struct Row {
        const char* about;
        std::uint64_t from, to;
        Held held;
        std::uint64_t first, last;  // sent; 0 = nothing
        v1::EndCode code;
    };
    const std::vector<Row> rows = {
        {"all of it", 1, 0, {1, 6}, 1, 5, kOk},
        {"what there is", 0, 0, {3, 6}, 3, 5, kOk},
        {"a part", 2, 4, {1, 6}, 2, 4, kOk},
        {"one", 3, 3, {1, 6}, 3, 3, kOk},
        {"to a number that does not exist yet", 4, 100, {1, 6}, 4, 5, kOk},
        {"from the number that comes next", 6, 0, {1, 6}, 0, 0, kOk},
        {"from a number that does not exist yet", 9, 0, {1, 6}, 0, 0, kOk},
        {"the oldest are gone", 1, 0, {3, 6}, 3, 5, kTruncated},
        {"all that was asked for is gone", 1, 2, {3, 6}, 0, 0, kTruncated},
        {"just before the oldest", 2, 2, {3, 6}, 0, 0, kTruncated},
        {"nothing is held", 2, 0, {0, 6}, 0, 0, kTruncated},
        {"nothing is held, and nothing was named", 0, 0, {0, 6}, 0, 0, kOk},
        {"a topic without messages", 0, 0, {0, 1}, 0, 0, kOk},
        {"a topic without messages, from the first", 1, 0, {0, 1}, 0, 0, kOk},
    };
    for (const Row& row : rows) {
        CAPTURE(row.about);
        ReplayCursor cursor(row.from, row.to, row.held);
        const auto sent = run(cursor, row.held);
        CHECK(cursor.code() == row.code);
        REQUIRE(sent.size() == (row.first == 0 ? 0 : row.last - row.first + 1));
        if (row.first != 0) {
            CHECK(sent.front() == row.first);
            CHECK(sent.back() == row.last);
        }
        CHECK_FALSE(cursor.next(row.held).has_value());
    }
}

TEST_CASE("it ends with the latest at the time of the request") {
    ReplayCursor cursor(1, 0, {1, 4});
    CHECK(run(cursor, {1, 100}) == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(cursor.code() == kOk);
}

TEST_CASE("what is forgotten on the way is skipped, and told at the end") {
    ReplayCursor cursor(1, 0, {1, 11});
    CHECK(cursor.next({1, 11}) == 1);
    cursor.advance();
    CHECK(cursor.next({2, 12}) == 2);
    CHECK(cursor.next({7, 17}) == 7);
    CHECK(run(cursor, {7, 17}) == std::vector<std::uint64_t>{7, 8, 9, 10});
    CHECK(cursor.code() == kTruncated);
}

TEST_CASE("when everything is forgotten on the way it ends at once") {
    for (const Held& held : {Held{0, 20}, Held{11, 20}}) {
        ReplayCursor cursor(1, 0, {1, 11});
        cursor.next({1, 11});
        cursor.advance();
        CHECK_FALSE(cursor.next(held).has_value());
        CHECK(cursor.code() == kTruncated);
        CHECK_FALSE(cursor.next({1, 20}).has_value());
    }
}

TEST_CASE("whatever happens on the way: in order, each once, and OK only when nothing is missing") {
    std::mt19937 random(7);
    const auto below = [&](unsigned most) { return std::uniform_int_distribution<std::uint64_t>(0, most - 1)(random); };
    for (int round = 0; round < 5'000; ++round) {
        Held held{1 + below(20), 0};
        held.next = held.oldest + 1 + below(30);
        const std::uint64_t from = 1 + below(50);
        const std::uint64_t to = from + below(30);
        const std::uint64_t last = std::min(to, held.next - 1);
        ReplayCursor cursor(from, to, held);
        std::vector<std::uint64_t> sent;
        while (const auto number = cursor.next(held)) {
            REQUIRE(*number >= held.oldest);
            REQUIRE(*number <= last);
            if (!sent.empty()) REQUIRE(*number > sent.back());
            sent.push_back(*number);
            cursor.advance();
            held.next += below(3);
            held.oldest = std::min(held.oldest + below(3), held.next - 1);
        }
        const std::size_t asked = from > last ? 0 : last - from + 1;
        REQUIRE(sent.size() <= asked);
        REQUIRE(cursor.code() == (sent.size() == asked ? kOk : kTruncated));
    }
}
