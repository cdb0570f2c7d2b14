#include "core/message_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kNow{1000s};
constexpr auto kRequest = MessageKind::Request;
constexpr auto kOther = MessageKind::Other;

TEST_CASE("without limits, everything may be sent at once") {
    MessageBudget budget({}, {});
    for (int i = 0; i < 1000; ++i)
        budget.spend(kRequest, kNow);
    CHECK(budget.may_send(kRequest, kNow));
    CHECK_FALSE(budget.allowed_at(kOther).has_value());
}

TEST_CASE("a window is held a little longer, because what leaves evenly may arrive in a bunch") {
    CHECK(MessageBudget::delivery_margin({5, 1s}) == 100ms);
    CHECK(MessageBudget::delivery_margin({5, 100ms}) == 10ms);
    CHECK(MessageBudget::delivery_margin({480, 1h}) == 100ms);
}

TEST_CASE("requests count as messages, other messages not as requests") {
    MessageBudget budget({3, 1s}, {1, 1s});
    budget.spend(kRequest, kNow);
    CHECK_FALSE(budget.may_send(kRequest, kNow));
    CHECK(budget.may_send(kOther, kNow));
    budget.spend(kOther, kNow + 100ms);
    budget.spend(kOther, kNow + 200ms);
    CHECK(budget.allowed_at(kOther) == kNow + 1100ms);
    CHECK(budget.allowed_at(kRequest) == kNow + 1100ms);
    CHECK(budget.may_send(kOther, kNow + 1100ms));
}

TEST_CASE("what cannot wait is sent over the limit, and those after it wait for it") {
    MessageBudget budget({2, 1s}, {});
    for (int i = 0; i < 4; ++i)
        budget.spend(kOther, kNow + i * 100ms);
    CHECK(budget.allowed_at(kOther) == kNow + 200ms + 1100ms);
}

TEST_CASE("what was not sent is given back") {
    MessageBudget budget({1, 1s}, {1, 1s});
    budget.spend(kRequest, kNow);
    budget.give_back(kRequest, kNow - 1s);  // another
    CHECK_FALSE(budget.may_send(kRequest, kNow));
    budget.give_back(kRequest, kNow);
    CHECK(budget.may_send(kRequest, kNow));
}

TEST_CASE("too fast: requests pause, longer each time; answers during a pause make it no longer") {
    MessageBudget budget({}, {});
    SteadyTime now = kNow;
    for (const Duration pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        budget.too_fast(now);
        CHECK_FALSE(budget.may_send(kRequest, now));
        CHECK(budget.may_send(kOther, now));
        budget.too_fast(now + pause / 2);
        CHECK(budget.allowed_at(kRequest) == now + pause);
        now += pause;
        CHECK(budget.may_send(kRequest, now));
    }
    now += MessageBudget::kSlowFor;
    CHECK_FALSE(budget.is_slow(now));
    budget.too_fast(now);
    CHECK(budget.allowed_at(kRequest) == now + 1s);
}

TEST_CASE("after it, half the pace; a pause and the slow pace outlive the socket") {
    MessageBudget budget({4, 1s}, {1, 1s});
    budget.too_fast(kNow);
    budget.begin_session({4, 1s}, {1, 1s});
    CHECK(budget.allowed_at(kRequest) == kNow + 1s);
    SteadyTime now = kNow + 1s;
    budget.spend(kRequest, now);
    CHECK(budget.allowed_at(kRequest) == now + 2200ms);  // one in two spans is half of one in one
    budget.spend(kOther, now);
    CHECK(budget.allowed_at(kOther) == now + 1100ms);
    CHECK(budget.is_slow(now));
    now += MessageBudget::kSlowFor - 100ms;
    budget.spend(kRequest, now);
    CHECK(budget.allowed_at(kRequest) == now + 1100ms);  // slow no longer than that
}

TEST_CASE("half of no limit is ten a second") {
    MessageBudget budget({}, {});
    budget.too_fast(kNow);
    const SteadyTime now = kNow + 1s;
    for (int i = 0; i < 10; ++i) {
        CHECK(budget.may_send(kRequest, now));
        budget.spend(kRequest, now);
    }
    CHECK(budget.allowed_at(kRequest) == now + 1s);
    CHECK(budget.may_send(kOther, now));
}

TEST_CASE("no span of time ever has more than its count, whatever is sent when") {
    std::mt19937_64 random(7);
    for (int run = 0; run < 50; ++run) {
        const Rate messages{static_cast<unsigned>(1 + random() % 10), std::chrono::milliseconds(100 + random() % 2000)};
        const Rate requests{static_cast<unsigned>(1 + random() % 10), std::chrono::milliseconds(100 + random() % 5000)};
        MessageBudget budget(messages, requests);
        std::vector<SteadyTime> all;
        std::vector<SteadyTime> asked;
        SteadyTime now = kNow;
        std::size_t most = 0;
        for (int i = 0; i < 500; ++i) {
            now += std::chrono::milliseconds(random() % 100);
            const MessageKind kind = random() % 2 == 0 ? kRequest : kOther;
            const auto allowed = budget.allowed_at(kind);
            REQUIRE(budget.may_send(kind, now) == (!allowed || *allowed <= now));
            if (random() % 100 == 0) budget.too_fast(now);
            if (!budget.may_send(kind, now)) continue;
            budget.spend(kind, now);
            all.push_back(now);
            if (kind == kRequest) asked.push_back(now);
            const auto within = [now](const std::vector<SteadyTime>& times, Duration span) {
                return static_cast<std::size_t>(
                    std::count_if(times.begin(), times.end(), [=](SteadyTime time) { return now - time < span; }));
            };
            REQUIRE(within(all, messages.per) <= messages.count);
            REQUIRE(within(asked, requests.per) <= requests.count);
            most = std::max(most, within(all, messages.per));
        }
        CHECK(most > 0);
    }
}

}  // namespace
