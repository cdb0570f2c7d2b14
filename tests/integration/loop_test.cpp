#include "net/loop.hpp"

#include "wait.hpp"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using fairlead::net::Loop;
using fairlead::support::turn_until;

namespace {

std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

// Whichever takes the turns, the epoll or libwebsockets.
class Turns {
public:
    explicit Turns(Loop& loop) {
        SUBCASE("turns of its own") {}
        SUBCASE("libwebsockets takes the turns") {
            attention_.emplace(loop);
        }
    }

private:
    std::optional<Loop::Attention> attention_;
};

}  // namespace

TEST_CASE("timers fire in the order of their deadlines, never early") {
    Loop loop;
    const Turns turns(loop);
    std::vector<int> fired;
    const auto start = now();
    auto late = loop.create([&] { fired.push_back(2); });
    auto early = loop.create([&] { fired.push_back(1); });
    auto never = loop.create([&] { fired.push_back(3); });
    late->arm(start + 20ms);
    early->arm(start + 5ms);
    never->arm(start + 1ms);
    never->cancel();
    REQUIRE(turn_until(loop, [&] { return fired.size() == 2; }));
    CHECK(fired == std::vector<int>{1, 2});
    CHECK(now() >= start + 20ms);
}

TEST_CASE("arming replaces; a timer may destroy itself; a deadline that is past fires in a later turn") {
    Loop loop;
    const Turns turns(loop);
    int count = 0;
    std::unique_ptr<fairlead::seam::Timer> timer;
    timer = loop.create([&] {
        ++count;
        timer.reset();
    });
    timer->arm(now() + 1h);
    timer->arm(now() - 1h);
    CHECK(count == 0);
    REQUIRE(turn_until(loop, [&] { return count == 1; }));
    CHECK(timer == nullptr);
}

TEST_CASE("a timer that arms itself anew does not starve the loop") {
    Loop loop;
    const Turns turns(loop);
    int again = 0;
    bool other = false;
    std::unique_ptr<fairlead::seam::Timer> greedy;
    greedy = loop.create([&] {
        ++again;
        greedy->arm(now());
    });
    greedy->arm(now());
    loop.post([&] { other = true; });
    REQUIRE(turn_until(loop, [&] { return other && again > 2; }));
}

TEST_CASE("calls come from other threads in order, on the loop's thread") {
    Loop loop;
    const Turns turns(loop);
    std::vector<int> calls;
    const auto here = std::this_thread::get_id();
    std::thread other([&] {
        for (int i = 0; i < 1'000; ++i)
            loop.post([&, i] {
                if (std::this_thread::get_id() == here) calls.push_back(i);
            });
    });
    CHECK(turn_until(loop, [&] { return calls.size() == 1'000; }));
    other.join();
    CHECK(std::is_sorted(calls.begin(), calls.end()));
}

TEST_CASE("a descriptor is watched for as long as it is readable") {
    Loop loop;
    const Turns turns(loop);
    const int fd = eventfd(0, EFD_NONBLOCK);
    int seen = 0;
    loop.watch(fd, [&] {
        ++seen;
        if (seen < 3) return;  // left readable: called again
        eventfd_t value = 0;
        eventfd_read(fd, &value);
    });
    eventfd_write(fd, 1);
    REQUIRE(turn_until(loop, [&] { return seen == 3; }));
    eventfd_write(fd, 1);
    REQUIRE(turn_until(loop, [&] { return seen == 4; }));
    close(fd);
}

TEST_CASE("a socket is watched in the loop's own turns, until its watch ends: also while events are handed out") {
    Loop loop;
    const int first = eventfd(1, EFD_NONBLOCK);
    const int second = eventfd(1, EFD_NONBLOCK);
    int seen = 0;
    std::unique_ptr<Loop::SocketWatch> watches[2];
    const auto end_both = [&] {
        ++seen;
        watches[0].reset();
        watches[1].reset();
    };
    watches[0] = loop.watch_socket(first, end_both);
    watches[1] = loop.watch_socket(second, end_both);
    bool posted = false;
    {
        const Loop::Attention attention(loop);
        loop.post([&] { posted = true; });
        REQUIRE(turn_until(loop, [&] { return posted; }));
        CHECK(seen == 0);  // libwebsockets polls its sockets itself
    }
    REQUIRE(turn_until(loop, [&] { return seen > 0; }));
    loop.post([&] { posted = false; });
    REQUIRE(turn_until(loop, [&] { return !posted; }));
    CHECK(seen == 1);
    close(first);
    close(second);
}

TEST_CASE("calls after the end are dropped, also those from other threads") {
    Loop loop;
    bool called = false;
    loop.post([&] { called = true; });
    loop.close();
    std::thread other([&] { loop.post([&] { called = true; }); });
    other.join();
    loop.turn_again();
    loop.close();
    CHECK_FALSE(called);
}
