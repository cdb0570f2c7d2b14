#include "net/resolver.hpp"

#include "wait.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

using namespace fairlead;

namespace {

net::Resolved resolve(const std::string& host, bool ipv4_only = false) {
    net::Loop loop;
    net::Resolver resolver(loop);
    std::optional<net::Resolved> answer;
    const auto wanted = std::make_shared<bool>();
    resolver.resolve(host, ipv4_only, wanted, [&](const net::Resolved& resolved) { answer = resolved; });
    CHECK_FALSE(answer);  // in a later turn, always
    CHECK(support::turn_until(
        loop, [&] { return answer.has_value(); }, std::chrono::seconds{60}));
    return answer.value_or(std::string("no answer"));
}

}  // namespace

TEST_CASE("numeric addresses are their own answer") {
    CHECK(std::get<net::Addresses>(resolve("127.0.0.1")) == net::Addresses{"127.0.0.1"});
    CHECK(std::get<net::Addresses>(resolve("::1")) == net::Addresses{"::1"});
}

TEST_CASE("a name has every address once") {
    const auto addresses = std::get<net::Addresses>(resolve("localhost"));
    CHECK_FALSE(addresses.empty());
    for (const auto& address : addresses)
        CHECK((address == "127.0.0.1" || address == "::1"));
    CHECK(std::get<net::Addresses>(resolve("localhost", true)) == net::Addresses{"127.0.0.1"});
}

TEST_CASE("a name without an address says why") {
    CHECK_FALSE(std::get<std::string>(resolve("no-such-host.invalid")).empty());
    CHECK_FALSE(std::get<std::string>(resolve("::1", true)).empty());
}

TEST_CASE("answers that nobody waits for any more are dropped") {
    net::Loop loop;
    bool called = false;
    const auto wanted = std::make_shared<bool>();
    {
        net::Resolver resolver(loop);
        for (int i = 0; i < 100; ++i)
            resolver.resolve("localhost", false, wanted, [&](const net::Resolved&) { called = true; });
        resolver.resolve("127.0.0.1", false, wanted, [&](const net::Resolved&) { called = true; });
    }
    bool later = false;
    loop.post([&] { later = true; });
    REQUIRE(support::turn_until(loop, [&] { return later; }));
    CHECK_FALSE(called);
}

TEST_CASE("many lookups at once are all answered") {
    net::Loop loop;
    net::Resolver resolver(loop);
    int answers = 0;
    const auto wanted = std::make_shared<bool>();
    for (int i = 0; i < 500; ++i)
        resolver.resolve("localhost", false, wanted, [&](const net::Resolved&) { ++answers; });
    CHECK(support::turn_until(
        loop, [&] { return answers == 500; }, std::chrono::seconds{60}));
}

TEST_CASE("who is not wanted any more gets no answer, the others do") {
    net::Loop loop;
    net::Resolver resolver(loop);
    auto gone = std::make_shared<bool>();
    const auto wanted = std::make_shared<bool>();
    bool called_for_gone = false;
    int answers = 0;
    for (const auto* host : {"localhost", "127.0.0.1"}) {
        resolver.resolve(host, false, gone, [&](const net::Resolved&) { called_for_gone = true; });
        resolver.resolve(host, false, wanted, [&](const net::Resolved&) { ++answers; });
    }
    gone.reset();
    CHECK(support::turn_until(loop, [&] { return answers == 2; }));
    CHECK_FALSE(called_for_gone);
}
