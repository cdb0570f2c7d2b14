#include "net/consumer_list.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using net::ConsumerList;

namespace {

core::WallTime at(core::Duration since_epoch) {
    return core::WallTime(since_epoch);
}

std::vector<std::string> peers(const ConsumerList& list, bool open_only) {
    std::vector<std::string> names;
    for (const auto* entry : list.entries(open_only))
        names.push_back(entry->peer);
    return names;
}

}  // namespace

TEST_CASE("a consumer is listed from its beginning, and after its end with the reason") {
    ConsumerList list;
    list.opened(7, "process 4711 (python3)", "ipc:///s", at(1s));
    REQUIRE(list.entries(true).size() == 1);
    CHECK(list.entries(true)[0]->reason.empty());
    CHECK(list.entries(true)[0]->until == core::WallTime{});
    list.closed(7, "closed by the consumer", at(5s));
    CHECK(list.entries(true).empty());
    REQUIRE(list.entries(false).size() == 1);
    const auto& entry = *list.entries(false)[0];
    CHECK(entry.peer == "process 4711 (python3)");
    CHECK(entry.endpoint == "ipc:///s");
    CHECK(entry.since == at(1s));
    CHECK(entry.until == at(5s));
    CHECK(entry.reason == "closed by the consumer");
    CHECK(list.open() == 0);
    CHECK(list.opened_in_all() == 1);
}

TEST_CASE("those that have ended come first, in the order of their ends; then the open ones by age") {
    ConsumerList list;
    list.opened(9, "old", "", at(1s));
    list.opened(3, "young", "", at(2s));
    list.opened(5, "second to go", "", at(3s));
    list.opened(4, "first to go", "", at(4s));
    list.closed(4, "", at(5s));
    list.closed(5, "", at(6s));
    CHECK(peers(list, false) == std::vector<std::string>{"first to go", "second to go", "old", "young"});
    CHECK(peers(list, true) == std::vector<std::string>{"old", "young"});
}

TEST_CASE("a descriptor that comes again is another consumer; one that is not open cannot end") {
    ConsumerList list;
    list.closed(7, "nobody", at(1s));
    CHECK(list.entries(false).empty());
    list.opened(7, "first", "", at(1s));
    list.opened(7, "second", "", at(2s));
    CHECK(peers(list, true) == std::vector<std::string>{"second"});
    CHECK(peers(list, false) == std::vector<std::string>{"first", "second"});
    CHECK(list.entries(false)[0]->reason == "its end was not seen");
    CHECK(list.opened_in_all() == 2);
}

TEST_CASE("the list of those that have ended is bounded, and what is forgotten is counted") {
    ConsumerList list;
    for (std::size_t i = 0; i < ConsumerList::kMaxClosed + 3; ++i) {
        list.opened(1, std::to_string(i), "", at(1s));
        list.closed(1, "", at(2s));
    }
    CHECK(list.entries(false).size() == ConsumerList::kMaxClosed);
    CHECK(list.entries(false)[0]->peer == "3");
    CHECK(list.forgotten() == 3);
    CHECK(list.opened_in_all() == ConsumerList::kMaxClosed + 3);
}

TEST_CASE("the reason of an end is told by what can be seen of it") {
    CHECK(net::end_reason({.handshake_failure = "refused", .seen = true, .peer_has_ended = true}) ==
          "handshake failed: refused");
    CHECK(net::end_reason({}) == "it left at once");
    CHECK(net::end_reason({.seen = true, .peer_has_ended = true, .has_unsent = true}) == "closed by the consumer");
    CHECK(net::end_reason({.seen = true, .has_unsent = true}) == "disconnected as slow: it did not read");
    CHECK(net::end_reason({.seen = true}) == "protocol error, or no sign of life");
}

TEST_CASE("a process is named by its number and its name, whatever it calls itself") {
    CHECK(net::process_peer(4711, 1000, "python3") == "process 4711 (python3)");
    CHECK(net::process_peer(4711, 1000, "") == "process 4711");
    CHECK(net::process_peer(4711, 1000, "a\nb\x1b[31m\xff") == "process 4711 (a?b?[31m?)");
    CHECK(net::process_peer(0, 1000, "python3") == "a process of another container (uid 1000)");
}
