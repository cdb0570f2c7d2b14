#include "core/subscription_set.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using AddResult = SubscriptionSet::AddResult;
using Names = std::vector<std::string>;

Names names(const SubscriptionSet& set) {
    Names result;
    for (const Subscription& subscription : set)
        result.push_back(subscription.name);
    return result;
}

SubscriptionState state_of(const SubscriptionSet& set, std::string_view name) {
    const Subscription* subscription = set.find(name);
    REQUIRE(subscription != nullptr);
    return subscription->state;
}

TEST_CASE("subscriptions are kept in the order in which they were added, each once") {
    SubscriptionSet set(10);
    CHECK(set.empty());
    CHECK(set.add("b") == AddResult::Added);
    CHECK(set.add("a") == AddResult::Added);
    CHECK(set.add("b") == AddResult::AlreadyThere);
    CHECK(set.size() == 2);
    CHECK((names(set) == Names{"b", "a"}));
}

TEST_CASE("a removed subscription is gone, and comes back at the end") {
    SubscriptionSet set(10);
    set.add("a");
    set.add("b");
    CHECK(set.remove("a"));
    CHECK_FALSE(set.remove("a"));
    CHECK(set.find("a") == nullptr);
    set.add("a");
    CHECK((names(set) == Names{"b", "a"}));
}

TEST_CASE("a name may be removed by the view that the set itself gave out") {
    SubscriptionSet set(10);
    set.add(std::string(100, 'x'));
    CHECK(set.remove(set.begin()->name));
    CHECK(set.empty());
}

TEST_CASE("a full set refuses what is new and keeps what is there") {
    SubscriptionSet set(2);
    set.add("a");
    set.add("b");
    CHECK(set.add("c") == AddResult::Full);
    CHECK(set.add("a") == AddResult::AlreadyThere);
    CHECK(set.size() == 2);
    set.remove("a");
    CHECK(set.add("c") == AddResult::Added);
    CHECK(SubscriptionSet(0).add("a") == AddResult::Full);
}

TEST_CASE("outside of a session nothing is handed out") {
    SubscriptionSet set(10);
    set.add("a");
    CHECK(set.take_pending().empty());
    CHECK(state_of(set, "a") == SubscriptionState::Pending);
    set.begin_session();
    set.end_session();
    CHECK(set.take_pending().empty());
    CHECK(set.find("a")->times_sent == 0);
}

TEST_CASE("a session hands out each subscription exactly once, in order") {
    SubscriptionSet set(10);
    set.add("b");
    set.add("a");
    set.begin_session();
    CHECK((set.take_pending() == Names{"b", "a"}));
    CHECK(state_of(set, "a") == SubscriptionState::Sent);
    CHECK(set.find("a")->times_sent == 1);
    CHECK(set.take_pending().empty());
    set.add("c");
    set.add("a");
    CHECK((set.take_pending() == Names{"c"}));
    CHECK(set.find("a")->times_sent == 1);
}

TEST_CASE("a subscription that was removed before it was taken is not handed out") {
    SubscriptionSet set(10);
    set.add("a");
    set.add("b");
    set.begin_session();
    set.remove("a");
    CHECK((set.take_pending() == Names{"b"}));
    set.remove("b");
    set.add("b");
    CHECK((set.take_pending() == Names{"b"}));
}

TEST_CASE("ten sessions send exactly the intent ten times") {
    SubscriptionSet set(1000);
    Names intent;
    for (int i = 0; i < 1000; ++i) {
        intent.push_back("channel" + std::to_string(i));
        set.add(intent.back());
    }
    for (std::uint64_t session = 1; session <= 10; ++session) {
        set.begin_session();
        CHECK(set.take_pending() == intent);
        CHECK(set.take_pending().empty());
        set.mark_flowing("channel7");
        set.end_session();
        CHECK(state_of(set, "channel7") == SubscriptionState::Pending);
        CHECK(set.find("channel999")->times_sent == session);
    }
    CHECK(names(set) == intent);
}

TEST_CASE("a session that begins without the end of the one before sends everything again") {
    SubscriptionSet set(10);
    set.add("a");
    set.begin_session();
    set.take_pending();
    set.begin_session();
    CHECK(state_of(set, "a") == SubscriptionState::Pending);
    CHECK((set.take_pending() == Names{"a"}));
    CHECK(set.find("a")->times_sent == 2);
}

TEST_CASE("flowing needs data of a subscription that this session has sent") {
    SubscriptionSet set(10);
    set.add("a");
    CHECK_FALSE(set.mark_flowing("unknown"));
    CHECK_FALSE(set.mark_flowing("a"));
    set.begin_session();
    CHECK_FALSE(set.mark_flowing("a"));
    CHECK(state_of(set, "a") == SubscriptionState::Pending);
    set.take_pending();
    CHECK(set.mark_flowing("a"));
    CHECK(set.mark_flowing("a"));
    CHECK(state_of(set, "a") == SubscriptionState::Flowing);
    CHECK(set.take_pending().empty());
    set.end_session();
    CHECK_FALSE(set.mark_flowing("a"));
}

TEST_CASE("names are bytes: an empty one and one with NUL are names like others") {
    SubscriptionSet set(10);
    CHECK(set.add("") == AddResult::Added);
    CHECK(set.add(std::string_view{"\0", 1}) == AddResult::Added);
    CHECK(set.size() == 2);
    CHECK(set.remove(""));
    CHECK(set.find(std::string_view{"\0", 1}) != nullptr);
}

}  // namespace

TEST_CASE("what could not be sent is pending again, as if it had not been taken") {
    fairlead::core::SubscriptionSet set(10);
    set.add("a");
    set.add("b");
    set.begin_session();
    CHECK(set.take_pending().size() == 2);
    set.put_back("b");
    set.put_back("b");
    set.put_back("unknown");
    CHECK(set.pending() == 1);
    CHECK(set.find("b")->times_sent == 0);
    CHECK(set.take_pending() == std::vector<std::string>{"b"});
    CHECK(set.find("b")->times_sent == 1);
    CHECK(set.pending() == 0);
}
