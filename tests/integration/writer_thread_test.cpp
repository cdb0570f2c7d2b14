#include "net/writer_thread.hpp"

#include "net/zmq.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace std::chrono_literals;
using namespace fairlead;

namespace {

// ZeroMQ's thread for input and output; 0 = there is none, or it has no name yet.
pid_t writer_thread() {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        if (name.starts_with("ZMQbg/IO/")) return std::stoi(task.path().filename());
    }
    return 0;
}

int policy_of_writer() {
    return sched_getscheduler(writer_thread());
}

struct Stage {
    Stage() {
        net::Loop loop;
        REQUIRE(support::turn_until(loop, [&] {
            loop.turn_again();
            return writer_thread() != 0;
        }));
        REQUIRE(policy_of_writer() == SCHED_OTHER);
    }

    net::ZmqContext context;
    net::ZmqSocket socket{context, ZMQ_XPUB, 0};
    core::SteadyTime now{1h};
    net::Waits waits;
};

}  // namespace

TEST_CASE("ZeroMQ's thread is a batch thread, and an ordinary one while the machine is crowded") {
    Stage stage;
    net::WriterThread writer([&] { return stage.waits; });
    const auto second = [&](core::Duration waited_each) {
        stage.waits.runs += 1'000;
        stage.waits.waited += 1'000 * waited_each;
        stage.now += 1s;
        writer.look(stage.now);
        return policy_of_writer();
    };
    CHECK(second(10us) == SCHED_BATCH);
    CHECK(second(1ms) == SCHED_OTHER);
    CHECK(second(10us) == SCHED_BATCH);
    stage.waits.waited += 1h;
    writer.look(stage.now + 999ms);  // too soon
    CHECK(policy_of_writer() == SCHED_BATCH);
}

TEST_CASE("where the system does not tell what threads wait, or has another policy for it, it stays as it is") {
    Stage stage;
    SUBCASE("not told") {
        net::WriterThread writer([] { return std::nullopt; });
        writer.look(stage.now);
        CHECK(policy_of_writer() == SCHED_OTHER);
    }
    SUBCASE("another policy") {
        const sched_param none{};
        REQUIRE(sched_setscheduler(writer_thread(), SCHED_IDLE, &none) == 0);
        net::WriterThread writer([&] { return stage.waits; });
        writer.look(stage.now);
        CHECK(policy_of_writer() == SCHED_IDLE);
    }
}

TEST_CASE("the system tells how long this thread has waited") {
    const auto waits = net::own_waits();
    REQUIRE(waits);
    CHECK(waits->runs > 0);
    CHECK(waits->waited >= core::Duration{0});
}
