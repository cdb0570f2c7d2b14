// The enumerations of core and those of the published contract are two lists of the same things, because core does not
// know protobuf. Here they are held together: values, order and names.
#include "core/cause.hpp"
#include "core/connection_state.hpp"
#include "core/subscription_state.hpp"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/stream.pb.h"

#include <doctest/doctest.h>

#include <cctype>
#include <string>
#include <string_view>

namespace {

namespace core = fairlead::core;
namespace v1 = fairlead::v1;

std::string lower_after(std::string_view prefix, std::string name) {
    REQUIRE(name.substr(0, prefix.size()) == prefix);
    name.erase(0, prefix.size());
    for (char& letter : name)
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return name;
}

TEST_CASE("every cause of the contract is a cause of core of the same value and name") {
    for (int value = 0; value <= v1::Cause_MAX; ++value) {
        REQUIRE(v1::Cause_IsValid(value));
        const std::string name = lower_after("CAUSE_", v1::Cause_Name(static_cast<v1::Cause>(value)));
        CHECK(core::to_string(static_cast<core::Cause>(value)) == name);
    }
    CHECK(static_cast<int>(core::Cause::Subscription) == v1::Cause_MAX);
}

TEST_CASE("every connection state of the contract is one of core, counted from 1") {
    for (int value = 1; value <= v1::ConnectionState_MAX; ++value) {
        const std::string name =
            lower_after("CONNECTION_STATE_", v1::ConnectionState_Name(static_cast<v1::ConnectionState>(value)));
        CHECK(core::to_string(static_cast<core::ConnectionState>(value - 1)) == name);
    }
    CHECK(static_cast<int>(core::ConnectionState::Failed) + 1 == v1::ConnectionState_MAX);
}

TEST_CASE("every subscription state of the contract is one of core, counted from 1") {
    for (int value = 1; value <= v1::SubscriptionState_MAX; ++value) {
        const std::string name =
            lower_after("SUBSCRIPTION_STATE_", v1::SubscriptionState_Name(static_cast<v1::SubscriptionState>(value)));
        CHECK(core::to_string(static_cast<core::SubscriptionState>(value - 1)) == name);
    }
    CHECK(static_cast<int>(core::SubscriptionState::Rejected) + 1 == v1::SubscriptionState_MAX);
}

TEST_CASE("a value that is no member has a name for logs all the same") {
    CHECK(core::to_string(static_cast<core::Cause>(999)) == "unknown");
}

}  // namespace
