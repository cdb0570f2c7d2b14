#include "venue/hints.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace fairlead;
using venue::Hints;

TEST_CASE("a hint is found anywhere in the first bytes, and not behind them") {
    constexpr std::size_t kBytes = config::Profile::kHintBytes;
    for (const std::string text : {"x", "\"op\"", "\"result\"", "serverShutdown", "ab"}) {
        const Hints hints{{"never there", text}};
        for (std::size_t at = 0; at <= kBytes + 8; ++at) {
            const std::string message = std::string(at, '.') + text + std::string(40, '.');
            CHECK_MESSAGE(hints.any_in(message) == (at + text.size() <= kBytes), at);
            CHECK(hints.any_in(std::string(at, '.') + text) == (at + text.size() <= kBytes));
        }
    }
    CHECK_FALSE(Hints{{"\"result\""}}.any_in(""));
    CHECK_FALSE(Hints{{"\"result\""}}.any_in(R"({"resul":1})"));
    CHECK_FALSE(Hints{}.any_in("anything"));
    CHECK(Hints{}.empty());
}

TEST_CASE("hints are found in random messages just where a plain search finds them") {
    std::minstd_rand random{1};
    const std::vector<std::string> texts = {"aab", "abab", "\"ba\"a", std::string(5, '\0')};
    const Hints hints{texts};
    int found = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string message(random() % 300, ' ');
        for (char& c : message)
            c = "ab\"\0cdef"[random() % 8];
        const std::string head = message.substr(0, config::Profile::kHintBytes);
        bool is_there = false;
        for (const auto& text : texts)
            is_there = is_there || head.find(text) != std::string::npos;
        found += is_there ? 1 : 0;
        REQUIRE(hints.any_in(message) == is_there);
    }
    CHECK(found > 1'000);
    CHECK(found < 19'000);
}
