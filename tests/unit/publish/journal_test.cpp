#include "publish/journal.hpp"

#include "recorders.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>

using namespace fairlead;
using publish::Journal;

namespace {

constexpr std::uint64_t kEntry = Journal::kEntryBytes;

struct Topic {
    Topic(Journal& the_journal, std::string the_name)
        : journal(the_journal), name(std::move(the_name)), past(journal.open(name, next)) {}

    // False = it was not kept.
    bool add(const std::string& payload, v1::Kind kind = v1::KIND_DATA) {
        const publish::HeaderFields header{
            .kind = static_cast<std::uint32_t>(kind), .epoch = 7, .sequence = next++, .receive_time_ns = next};
        auto* keep = journal.append(*past, header, payload.size());
        if (keep) support::keep_string(*keep, payload);
        return keep != nullptr;
    }
    std::string at(std::uint64_t sequence) const {
        const Journal::Entry* entry = past->find(sequence);
        return entry ? std::string(entry->payload.view()) : "none";
    }

    Journal& journal;
    std::string name;
    std::uint64_t next = 1;
    Journal::Past* past;
};

}  // namespace

TEST_CASE("a topic holds its last messages, as many as are allowed") {
    Journal journal({.messages_per_topic = 3, .max_bytes = 1 << 20});
    Topic a(journal, "a");
    CHECK(a.past->oldest() == 0);
    CHECK(a.past->newest() == nullptr);
    for (const char* payload : {"1", "2", "3", "4", "5"})
        CHECK(a.add(payload));
    CHECK(a.past->oldest() == 3);
    CHECK(a.past->size() == 3);
    CHECK(a.at(2) == "none");
    CHECK(a.at(3) == "3");
    CHECK(a.at(5) == "5");
    CHECK(a.at(6) == "none");
    CHECK(a.past->find(4)->header.sequence == 4);
    CHECK(a.past->find(4)->header.epoch == 7);
    CHECK(journal.counters().messages == 3);
    CHECK(journal.counters().bytes == 3 * (kEntry + 1));
    CHECK(journal.counters().evicted == 0);
}

TEST_CASE("at the cap of bytes the oldest of all topics go first, and are counted") {
    Journal journal({.messages_per_topic = 100, .max_bytes = 4 * (kEntry + 10)});
    Topic a(journal, "a");
    Topic b(journal, "b");
    const std::string ten(10, 'x');
    a.add(ten);
    b.add(ten);
    a.add(ten);
    b.add(ten);
    CHECK(journal.counters().evicted == 0);
    b.add(ten);
    CHECK(a.past->oldest() == 2);
    b.add(ten);
    CHECK(b.past->oldest() == 2);
    CHECK(journal.counters().evicted == 2);
    CHECK(journal.counters().messages == 4);
    a.add(std::string(2 * ten.size() + kEntry, 'y'));
    CHECK(journal.counters().evicted == 4);
    CHECK(a.past->oldest() == 3);
    CHECK(b.past->oldest() == 3);
    CHECK(journal.counters().bytes == 4 * (kEntry + 10));
}

TEST_CASE("a burst of small messages leaves no places behind for which the next ones would have to make room") {
    Journal journal({.messages_per_topic = 100'000, .max_bytes = 4 << 20});
    Topic a(journal, "a");
    while (journal.counters().evicted == 0)
        a.add("small");
    CHECK(journal.counters().messages > 10 * Journal::kMaxSpare);
    CHECK(journal.counters().spare == 0);
    a.add(std::string((4 << 20) - kEntry, 'x'));
    CHECK(journal.counters().messages == 1);
    CHECK(journal.counters().spare == Journal::kMaxSpare - 1);  // the large one stands in another
    // Those are used before new ones are made.
    for (std::uint64_t i = 0; i < Journal::kMaxSpare; ++i)
        a.add("small");
    CHECK(journal.counters().messages == Journal::kMaxSpare);
    CHECK(journal.counters().spare == 0);
    CHECK(a.at(a.next - 1) == "small");
}

TEST_CASE("a message above the cap is not kept, nor is what it would leave a hole in") {
    Journal journal({.messages_per_topic = 100, .max_bytes = 4 * kEntry});
    Topic a(journal, "a");
    Topic b(journal, "b");
    a.add("1");
    b.add("1");
    CHECK_FALSE(a.add(std::string(3 * kEntry + 1, 'x')));
    CHECK(journal.counters().too_large == 1);
    CHECK(journal.counters().evicted == 1);
    CHECK(a.past->oldest() == 0);
    CHECK(b.past->oldest() == 1);
    a.add("3");
    CHECK(a.past->oldest() == 3);
    CHECK(a.at(2) == "none");
}

TEST_CASE("the last DATA is known behind events, as long as it is held") {
    Journal journal({.messages_per_topic = 3, .max_bytes = 1 << 20});
    Topic a(journal, "a");
    CHECK(a.past->last_data() == nullptr);
    a.add("event", v1::KIND_STATE);
    CHECK(a.past->last_data() == nullptr);
    CHECK(a.past->newest()->payload.view() == "event");
    a.add("data");
    a.add("event", v1::KIND_STATE);
    a.add("event", v1::KIND_GAP);
    CHECK(a.past->last_data()->payload.view() == "data");
    a.add("event", v1::KIND_STATE);
    CHECK(a.past->last_data() == nullptr);
}

TEST_CASE("a closed topic's past is held until the room is needed, and goes on when the topic is opened again") {
    Journal journal({.messages_per_topic = 100, .max_bytes = 3 * (kEntry + 1)});
    Topic a(journal, "a");
    Topic empty(journal, "empty");
    a.add("1");
    a.add("2");
    journal.close(*a.past);
    journal.close(*empty.past);
    CHECK(journal.find("empty") == nullptr);
    REQUIRE(journal.find("a") != nullptr);
    CHECK(journal.find("a")->oldest() == 1);
    a.past = journal.open("a", 3);
    CHECK(a.past->oldest() == 1);
    a.add("3");
    CHECK(a.past->size() == 3);
    journal.close(*a.past);

    Topic b(journal, "b");
    b.add("1");
    CHECK(journal.find("a")->oldest() == 2);
    b.add("2");
    b.add("3");
    CHECK(journal.find("a") == nullptr);
    CHECK(journal.counters().messages == 3);
}

TEST_CASE("a topic whose numbering jumped holds nothing from before") {
    Journal journal({.messages_per_topic = 100, .max_bytes = 1 << 20});
    Topic a(journal, "a");
    a.add("1");
    a.add("2");
    a.next = 10;
    a.add("10");
    CHECK(a.past->oldest() == 10);
    CHECK(a.at(2) == "none");
    journal.close(*a.past);
    CHECK(journal.open("a", 50)->oldest() == 0);
    CHECK(journal.counters().messages == 0);
    CHECK(journal.counters().bytes == 0);
}

TEST_CASE("a journal without messages or without bytes is off") {
    CHECK(Journal({.messages_per_topic = 0, .max_bytes = 1 << 20}).open("a", 1) == nullptr);
    CHECK(Journal({.messages_per_topic = 10, .max_bytes = 0}).open("a", 1) == nullptr);
    CHECK_FALSE(Journal({.messages_per_topic = 10, .max_bytes = 0}).on());
}

TEST_CASE("whatever comes, the journal holds what a plain model of it holds") {
    constexpr std::size_t kDepth = 40;
    constexpr std::uint64_t kCap = 60 * kEntry;
    std::mt19937 random(20'240'615);
    const auto below = [&](unsigned most) { return std::uniform_int_distribution<unsigned>(0, most - 1)(random); };
    Journal journal({.messages_per_topic = kDepth, .max_bytes = kCap});
    struct Kept {
        std::string topic;
        std::uint64_t sequence;
        std::string payload;
    };
    std::deque<Kept> model;  // oldest first
    std::uint64_t model_bytes = 0;
    std::uint64_t model_evicted = 0;
    const auto cost = [](const Kept& kept) { return kept.payload.size() + kEntry; };
    const auto drop = [&](std::deque<Kept>::iterator kept) {
        model_bytes -= cost(*kept);
        model.erase(kept);
    };
    std::deque<Topic> topics;
    for (const char* name : {"a", "b", "c", "d", "e"})
        topics.emplace_back(journal, name);

    for (int round = 0; round < 20'000; ++round) {
        // Busy and quiet topics, mostly small messages, now and then one that pushes out many or is too large.
        Topic& topic = topics[below(4) == 0 ? below(5) : round / 500 % 5];
        const unsigned kind = below(200);
        const std::string payload(kind == 0  ? kCap
                                  : kind < 4 ? kCap / 3
                                             : below(100),
                                  static_cast<char>('a' + below(26)));
        if (below(300) == 0) {
            journal.close(*topic.past);
            topic.past = journal.open(topic.name, topic.next);
        }
        Kept kept{topic.name, topic.next, payload};
        REQUIRE(topic.add(payload) == (cost(kept) <= kCap));
        if (cost(kept) > kCap) {
            for (auto at = model.begin(); at != model.end();) {
                const bool same = at->topic == topic.name;
                model_evicted += same ? 1 : 0;
                model_bytes -= same ? cost(*at) : 0;
                at = same ? model.erase(at) : at + 1;
            }
            continue;
        }
        const auto is_same = [&](const Kept& other) { return other.topic == topic.name; };
        if (static_cast<std::size_t>(std::count_if(model.begin(), model.end(), is_same)) == kDepth)
            drop(std::find_if(model.begin(), model.end(), is_same));
        while (model_bytes + cost(kept) > kCap) {
            drop(model.begin());
            ++model_evicted;
        }
        model_bytes += cost(kept);
        model.push_back(std::move(kept));

        REQUIRE(journal.counters().messages == model.size());
        REQUIRE(journal.counters().bytes == model_bytes);
        REQUIRE(journal.counters().bytes <= kCap);
        REQUIRE(journal.counters().evicted == model_evicted);
        if (round % 10 != 0) continue;
        std::map<std::string, std::pair<std::uint64_t, std::size_t>> spans;  // oldest, size
        for (const Kept& one : model)
            ++spans.try_emplace(one.topic, one.sequence, 0).first->second.second;
        for (const Topic& one : topics) {
            REQUIRE(one.past->oldest() == spans[one.name].first);
            REQUIRE(one.past->size() == spans[one.name].second);
            REQUIRE(one.at(one.next) == "none");
            if (one.past->oldest() > 0) REQUIRE(one.at(one.past->oldest() - 1) == "none");
        }
        for (const Kept& one : model)
            REQUIRE(journal.find(one.topic)->find(one.sequence)->payload.view() == one.payload);
    }
    CHECK(journal.counters().too_large > 0);
}
