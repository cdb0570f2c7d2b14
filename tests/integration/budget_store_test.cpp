// Limits of attempts that several processes keep together, through a directory.
#include "net/budget_store.hpp"

#include "fake_time.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead;
using namespace std::chrono_literals;
using net::BudgetStore;

// Wall time that keeps what it said last.
class RecordingClock final : public seam::Clock {
public:
    core::SteadyTime now() const override { return std::chrono::steady_clock::now(); }
    core::WallTime wall() const override { return last_ = std::chrono::system_clock::now(); }
    core::Duration last() const { return last_.time_since_epoch(); }

private:
    mutable core::WallTime last_{};
};

struct Stage {
    support::TemporaryDirectory directory;
    support::FakeClock clock;
    std::string path = directory / "budget";
    BudgetStore store{path, clock};

    std::string file(const std::string& host) const { return path + "/" + BudgetStore::file_name(host); }
    void write(const std::string& host, const std::string& text) const { std::ofstream(file(host)) << text; }
};

TEST_CASE("two stores on one directory share the limit of a host, and only of that host") {
    Stage stage;
    BudgetStore other(stage.path, stage.clock);
    CHECK_FALSE(stage.store.take("a.example", 2, 10s).has_value());
    stage.clock.advance(1s);
    CHECK_FALSE(other.take("a.example", 2, 10s).has_value());
    CHECK(stage.store.take("a.example", 2, 10s) == 9s);
    CHECK(other.take("a.example", 2, 10s) == 9s);
    CHECK_FALSE(other.take("b.example", 2, 10s).has_value());
    stage.clock.advance(9s);
    CHECK_FALSE(other.take("a.example", 2, 10s).has_value());
    CHECK(stage.store.counters().granted == 1);
    CHECK(stage.store.counters().refused == 1);
    CHECK(stage.store.problem().empty());
}

TEST_CASE("a host without a limit is granted, and leaves no trace") {
    Stage stage;
    CHECK_FALSE(stage.store.take("a.example", 0, 10s).has_value());
    CHECK(access(stage.file("a.example").c_str(), F_OK) != 0);
}

TEST_CASE("torn and foreign content counts as none, and is told") {
    Stage stage;
    for (const std::string text : {"garbage", "fairlead budget 1\n12", "fairlead budget 1\n5\nend 7\n"}) {
        stage.write("a.example", text);
        const auto before = stage.store.counters().unusable;
        CHECK_FALSE(stage.store.take("a.example", 1, 10s).has_value());
        CHECK(stage.store.counters().unusable == before + 1);
        CHECK(stage.store.take("a.example", 1, 10s) == 10s);
    }
    stage.write("a.example", std::string(1'000'000, 'x'));
    CHECK_FALSE(stage.store.take("a.example", 1, 10s).has_value());
    CHECK(std::ifstream(stage.file("a.example"), std::ios::ate).tellg() < 200);
}

TEST_CASE("no host's name leads out of the directory, and no two share a file") {
    CHECK(BudgetStore::file_name("stream.venue.com") == "host-stream.venue.com.budget");
    CHECK(BudgetStore::file_name("Stream.Venue.COM") == BudgetStore::file_name("stream.venue.com"));
    std::vector<std::string> names;
    const std::vector<std::string> hosts = {
        "../../etc/passwd",    "a/b", "a_b", "a:b", "a", "", std::string(300, 'a'), std::string(301, 'a'),
        std::string("a\0b", 3)};
    for (const std::string& host : hosts) {
        const std::string name = BudgetStore::file_name(host);
        CHECK(name.find_first_of(std::string("/\0", 2)) == std::string::npos);
        CHECK(name.size() < 150);
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("a directory that cannot be used: the limit holds within this process, and the problem is told") {
    support::TemporaryDirectory directory;
    support::FakeClock clock;
    BudgetStore store(directory / "missing/budget", clock);
    CHECK_FALSE(store.problem().empty());
    CHECK_FALSE(store.take("a.example", 1, 10s).has_value());
    CHECK(store.take("a.example", 1, 10s) == 10s);
    CHECK(store.counters().failed == 2);
    CHECK(store.problem().find("No such file") != std::string::npos);
    // Once it can be used, it is.
    std::filesystem::create_directories(directory / "missing/budget");
    CHECK_FALSE(store.take("b.example", 1, 10s).has_value());
    CHECK(store.problem().empty());
    // And should it be lost again, what it granted is still known.
    std::filesystem::remove_all(directory / "missing");
    CHECK(store.take("b.example", 1, 10s) == 10s);
}

TEST_CASE("what lies in the place of a file and is none is not written to") {
    Stage stage;
    std::ofstream(stage.directory / "elsewhere") << "precious";
    REQUIRE(symlink((stage.directory / "elsewhere").c_str(), stage.file("a.example").c_str()) == 0);
    REQUIRE(mkfifo(stage.file("b.example").c_str(), 0600) == 0);
    REQUIRE(mkdir(stage.file("c.example").c_str(), 0700) == 0);
    for (const char* host : {"a.example", "b.example", "c.example"}) {
        CHECK_FALSE(stage.store.take(host, 1, 10s).has_value());
        CHECK(stage.store.take(host, 1, 10s) == 10s);
        CHECK_FALSE(stage.store.problem().empty());
    }
    CHECK(std::filesystem::file_size(stage.directory / "elsewhere") == 8);
}

TEST_CASE("a file that another process holds: asked again soon, and not for ever") {
    Stage stage;
    const int held = open(stage.file("a.example").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(flock(held, LOCK_EX) == 0);
    CHECK(stage.store.take("a.example", 1, 10s) == BudgetStore::kBusyWait);
    CHECK_FALSE(stage.store.take("b.example", 1, 10s).has_value());
    stage.clock.advance(BudgetStore::kBusyLimit - 1s);
    CHECK(stage.store.take("a.example", 1, 10s) == BudgetStore::kBusyWait);
    CHECK(stage.store.counters().busy == 2);
    SUBCASE("let go") {
        close(held);
        CHECK_FALSE(stage.store.take("a.example", 1, 10s).has_value());
        CHECK(stage.store.counters().failed == 0);
    }
    SUBCASE("not let go") {
        stage.clock.advance(1s);
        CHECK_FALSE(stage.store.take("a.example", 1, 10s).has_value());
        CHECK(stage.store.take("a.example", 1, 10s) == 10s);
        CHECK(stage.store.counters().failed == 2);
        close(held);
    }
}

TEST_CASE("within one process") {
    support::FakeClock clock;
    net::LocalBudget budget(clock);
    CHECK_FALSE(budget.take("a.example", 1, 10s).has_value());
    clock.advance(4s);
    CHECK(budget.take("a.example", 1, 10s) == 6s);
    CHECK_FALSE(budget.take("b.example", 1, 10s).has_value());
    CHECK_FALSE(budget.take("a.example", 0, 10s).has_value());
    clock.advance(6s);
    CHECK_FALSE(budget.take("a.example", 1, 10s).has_value());
}

// A process that takes whenever it is let, tells when, and ends only by a signal.
pid_t start_taker(const std::string& path, unsigned count, core::Duration per, int told) {
    const pid_t child = fork();
    if (child != 0) return child;
    const RecordingClock clock;
    BudgetStore store(path, clock);
    while (true) {
        if (store.take("a.example", count, per)) continue;
        const core::Duration at = clock.last();
        if (write(told, &at, sizeof at) != sizeof at) _exit(1);
    }
}

TEST_CASE("several processes, killed at any moment, never make more attempts than allowed") {
    constexpr unsigned kCount = 5;
    constexpr core::Duration kPer = 40ms;
    constexpr std::size_t kEnough = 100;
    support::TemporaryDirectory directory;
    const std::string path = directory / "budget";
    std::array<int, 2> told{};
    REQUIRE(pipe2(told.data(), O_CLOEXEC) == 0);
    std::vector<pid_t> takers;
    for (int i = 0; i < 3; ++i)
        takers.push_back(start_taker(path, kCount, kPer, told[1]));

    std::mt19937_64 random(3);
    std::vector<core::Duration> made;
    std::size_t kills = 0;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (made.size() < kEnough && std::chrono::steady_clock::now() < deadline) {
        pollfd ready{told[0], POLLIN, 0};
        core::Duration at{};
        if (poll(&ready, 1, 1000) == 1 && read(told[0], &at, sizeof at) == sizeof at) made.push_back(at);
        if (random() % 3 != 0) continue;
        pid_t& taker = takers[random() % takers.size()];
        kill(taker, SIGKILL);
        waitpid(taker, nullptr, 0);
        ++kills;
        taker = start_taker(path, kCount, kPer, told[1]);
    }
    for (const pid_t taker : takers) {
        kill(taker, SIGKILL);
        waitpid(taker, nullptr, 0);
    }
    close(told[0]);
    close(told[1]);
    CHECK(made.size() == kEnough);
    CHECK(kills > 10);
    std::sort(made.begin(), made.end());
    for (std::size_t i = kCount; i < made.size(); ++i)
        REQUIRE(made[i] - made[i - kCount] >= kPer);
}

}  // namespace
