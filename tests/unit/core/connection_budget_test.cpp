#include "core/connection_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr Duration kNow = 1'000'000s;

TEST_CASE("so many in any span, exactly") {
    ConnectionBudget budget;
    const Rate rate{2, 10s};
    CHECK_FALSE(budget.wait(rate, kNow).has_value());
    budget.take(kNow);
    CHECK_FALSE(budget.wait(rate, kNow + 4s).has_value());
    budget.take(kNow + 4s);
    CHECK(budget.wait(rate, kNow + 5s) == 5s);
    CHECK(budget.wait(rate, kNow + 10s - 1ns) == 1ns);
    CHECK_FALSE(budget.wait(rate, kNow + 10s).has_value());
    budget.take(kNow + 10s);
    CHECK(budget.wait(rate, kNow + 10s) == 4s);
}

TEST_CASE("without a count there is no limit; callers with different limits share one memory") {
    ConnectionBudget budget;
    for (int i = 0; i < 5; ++i)
        budget.take(kNow);
    CHECK_FALSE(budget.wait({0, 10s}, kNow).has_value());
    CHECK(budget.wait({5, 10s}, kNow) == 10s);
    CHECK(budget.wait({5, 1h}, kNow) == 1h);
    CHECK_FALSE(budget.wait({6, 1h}, kNow).has_value());
}

TEST_CASE("a clock set back: attempts ahead of it count as made now, and never make anyone wait longer than the span") {
    ConnectionBudget budget;
    budget.take(kNow);
    CHECK(budget.settle(kNow - 1h));
    CHECK(budget.wait({1, 10s}, kNow - 1h) == 10s);
    CHECK_FALSE(budget.settle(kNow - 1h));
    CHECK_FALSE(budget.wait({1, 10s}, kNow - 1h + 10s).has_value());
    // Not settled, the wait is bounded all the same.
    budget.take(kNow);
    CHECK(budget.wait({1, 10s}, kNow - 1h) == 10s);
}

TEST_CASE("the memory is bounded in number and in time") {
    ConnectionBudget budget;
    for (std::size_t i = 0; i < ConnectionBudget::kMaxKept + 10; ++i)
        budget.take(kNow + Duration{static_cast<Duration::rep>(i)});
    CHECK(budget.attempts().size() == ConnectionBudget::kMaxKept);
    CHECK(budget.attempts().front() == kNow + 10ns);
    CHECK(budget.wait({1'000'000, 1s}, kNow + 10us).has_value());
    CHECK(budget.text().size() < ConnectionBudget::kMaxText);
    CHECK(budget.settle(kNow + ConnectionBudget::kLongest + 1s));
    CHECK(budget.attempts().empty());
}

TEST_CASE("what is written can be read, whatever stands behind it; anything else is noticed") {
    ConnectionBudget budget;
    CHECK(ConnectionBudget::parse(budget.text())->attempts().empty());
    for (const Duration attempt : {kNow, kNow, kNow + 3s})
        budget.take(attempt);
    const std::string text = budget.text();
    CHECK(ConnectionBudget::parse(text)->attempts() == budget.attempts());
    CHECK(ConnectionBudget::parse(text + "999\nend 5\n")->attempts() == budget.attempts());
    for (std::size_t length = 0; length < text.size(); ++length)
        REQUIRE_FALSE(ConnectionBudget::parse(text.substr(0, length)).has_value());
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == '1' ? '2' : '1';
        REQUIRE_FALSE(ConnectionBudget::parse(changed).has_value());
    }
    CHECK_FALSE(ConnectionBudget::parse(std::string(1'000'000, 'x')).has_value());
}

TEST_CASE("no span ever has more than its count, whatever the clock does but leap ahead") {
    std::mt19937_64 random(11);
    for (int run = 0; run < 100; ++run) {
        const Rate rate{static_cast<unsigned>(1 + random() % 8), std::chrono::milliseconds(1 + random() % 3000)};
        ConnectionBudget budget;
        Duration real = kNow;
        Duration set_back{0};
        std::vector<Duration> made;  // in real time
        for (int i = 0; i < 400; ++i) {
            real += std::chrono::milliseconds(random() % 300);
            if (random() % 50 == 0) set_back += std::chrono::milliseconds(random() % 5000);
            const Duration now = real - set_back;
            budget.settle(now);
            const auto wait = budget.wait(rate, now);
            if (wait) REQUIRE((*wait > 0s && *wait <= rate.per));
            if (!wait) {
                budget.take(now);
                made.push_back(real);
            }
            REQUIRE(static_cast<unsigned>(std::count_if(
                        made.begin(), made.end(), [&](Duration at) { return real - at < rate.per; })) <= rate.count);
            if (random() % 10 == 0) budget = *ConnectionBudget::parse(budget.text());
        }
        CHECK(made.size() > 1);
    }
}

}  // namespace
