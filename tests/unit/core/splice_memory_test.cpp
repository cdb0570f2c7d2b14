#include "core/splice_memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kBegin{1000s};

SpliceMemory::Entry entry(std::uint64_t key, std::uint64_t serial, SpliceMemory::Legs legs, SteadyTime left = kBegin) {
    return {.key = key, .serial = serial, .left = left, .brought_by = legs};
}

TEST_CASE("the oldest of a key is found that none of the legs has brought") {
    SpliceMemory memory(100);
    memory.add(entry(5, 1, 0b11));
    memory.add(entry(5, 2, 0b01));
    memory.add(entry(6, 3, 0b01));
    memory.add(entry(5, 4, 0b01));
    REQUIRE(memory.find(5, 0b10, 0) != nullptr);
    CHECK(memory.find(5, 0b10, 0)->serial == 2);
    CHECK(memory.find(5, 0b10, 3)->serial == 4);
    CHECK(memory.find(5, 0b100, 0)->serial == 1);
    CHECK(memory.find(5, 0b01, 0) == nullptr);
    CHECK(memory.find(5, 0b10, 5) == nullptr);
    CHECK(memory.find(7, 0b10, 0) == nullptr);
    CHECK(memory.count(5) == 2);
    CHECK(memory.count(6) == 1);
    CHECK(memory.count(7) == 0);
}

TEST_CASE("an empty one finds nothing, and gives its storage back") {
    SpliceMemory memory(0);
    CHECK(memory.find(5, 1, 0) == nullptr);
    memory.add(entry(5, 1, 1));
    memory.add(entry(6, 2, 1));
    CHECK(memory.size() == 1);
    CHECK(memory.newest() == kBegin);
    memory.forget_before(kBegin);
    CHECK(memory.size() == 1);
    memory.forget_before(kBegin + 1ns);
    CHECK(memory.size() == 0);
    memory.shrink();
    CHECK(memory.count(6) == 0);
    memory.add(entry(7, 3, 1));
    CHECK(memory.count(7) == 1);
}

// The same, in the plainest way.
class Model {
public:
    explicit Model(std::size_t limit) : limit_(limit) {}

    SpliceMemory::Entry* find(std::uint64_t key, SpliceMemory::Legs legs, std::uint64_t since) {
        for (SpliceMemory::Entry& one : entries) {
            if (one.key == key && one.serial >= since && (one.brought_by & legs) == 0) return &one;
        }
        return nullptr;
    }

    unsigned count(std::uint64_t key) const {
        const auto found =
            std::count_if(entries.begin(), entries.end(), [key](const auto& one) { return one.key == key; });
        return static_cast<unsigned>(std::min<std::ptrdiff_t>(found, 2));
    }

    void add(const SpliceMemory::Entry& one) {
        if (entries.size() == limit_) entries.pop_front();
        entries.push_back(one);
    }

    void forget_before(SteadyTime time) {
        while (!entries.empty() && entries.front().left < time)
            entries.pop_front();
    }

    std::deque<SpliceMemory::Entry> entries;

private:
    std::size_t limit_;
};

// Two legs bring keys at random, few or many different ones, as a splice would have it.
void compare(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::size_t limit = 1 + random() % 300;
    const std::uint64_t keys = 1 + random() % (seed % 2 == 0 ? 10 : 1000);
    SpliceMemory memory(limit);
    Model model(limit);
    SteadyTime now = kBegin;
    for (std::uint64_t serial = 1; serial <= 1500; ++serial) {
        const std::uint64_t key = (random() % keys) << (seed % 3 * 28);
        const auto leg = static_cast<SpliceMemory::Legs>(1U << (random() % 2));
        const std::uint64_t since = seed % 5 == 0 ? 700 : 0;
        REQUIRE(memory.count(key) == model.count(key));
        SpliceMemory::Entry* expected = model.find(key, leg, since);
        SpliceMemory::Entry* found = memory.find(key, leg, since);
        REQUIRE((found == nullptr) == (expected == nullptr));
        if (found != nullptr) {
            REQUIRE(found->serial == expected->serial);
            found->brought_by = static_cast<SpliceMemory::Legs>(found->brought_by | leg);
            expected->brought_by = found->brought_by;
        } else {
            memory.add(entry(key, serial, leg, now));
            model.add(entry(key, serial, leg, now));
        }
        now += Duration{static_cast<Duration::rep>(random() % 1000)};
        if (random() % 4 == 0) {
            memory.forget_before(now - 100us);
            model.forget_before(now - 100us);
        }
        REQUIRE(memory.size() == model.entries.size());
        if (memory.size() == 0 && random() % 2 == 0) memory.shrink();
    }
}

TEST_CASE("whatever comes, it finds what a plain search finds") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        compare(seed);
    }
}

}  // namespace
