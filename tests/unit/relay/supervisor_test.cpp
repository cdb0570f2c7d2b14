#include "relay/supervisor.hpp"

#include "world.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace fairlead;
using fairlead::support::World;

namespace {

config::ConnectionConfig connection(const std::string& id) {
    config::ConnectionConfig config;
    config.id = id;
    config.urls = {config::SecretText("ws://venue/" + id)};
    return config;
}

config::Config two_connections() {
    config::Config config;
    config.connections = {{"a", connection("a")}, {"b", connection("b")}};
    return config;
}

}  // namespace

TEST_CASE("every connection is opened, and heartbeats go out in each interval") {
    World world;
    relay::Supervisor supervisor(two_connections(), world.services);
    supervisor.start();
    CHECK(world.venue.attempts() == 2);
    world.timers.advance(5s);
    CHECK(world.sink.of(v1::KIND_HEARTBEAT, "state/a/").size() == 5);
    CHECK(world.sink.of(v1::KIND_HEARTBEAT, "state/b/").size() == 5);
}

TEST_CASE("the end closes every socket with 1001 and ends every topic") {
    World world;
    relay::Supervisor supervisor(two_connections(), world.services);
    supervisor.start();
    world.venue.last().accept();
    supervisor.shut_down();
    CHECK(world.venue.last().closed_with == 1001);
    for (const auto* topic : {"data/a/all/", "state/a/", "data/b/all/", "state/b/"}) {
        const auto last = world.sink.on(topic).back();
        CHECK(last.header.kind() == v1::KIND_END);
        CHECK(last.as<v1::End>().code() == v1::END_CODE_SHUTDOWN);
    }
    const auto told = world.sink.of(v1::KIND_STATE, "data/b/all/").back().as<v1::ConnectionEvent>();
    CHECK(told.cause() == v1::CAUSE_SHUTDOWN);
    CHECK(world.timers.armed() == 0);
    CHECK(supervisor.add(connection("late")).code == v1::CODE_UNAVAILABLE);
}

TEST_CASE("connections can be added and removed; the others do not notice") {
    World world;
    relay::Supervisor supervisor(two_connections(), world.services);
    supervisor.start();
    CHECK(supervisor.add(connection("a")).code == v1::CODE_EXISTS);
    CHECK(supervisor.add(connection("c")).code == v1::CODE_OK);
    world.venue.last().accept();
    world.venue.last().say("12345");
    CHECK(supervisor.remove("c").code == v1::CODE_OK);
    CHECK(supervisor.remove("c").code == v1::CODE_NOT_FOUND);
    CHECK(world.sink.on("data/c/all/").back().as<v1::End>().code() == v1::END_CODE_REMOVED);
    CHECK(world.sink.of(v1::KIND_END, "data/a/all/").empty());
    v1::Status status;
    supervisor.describe(status);
    CHECK(status.connections() == 2);
    CHECK(status.messages() == 1);  // totals never shrink
    CHECK(status.bytes() == 5);
    CHECK(status.epoch() == 77);
}

TEST_CASE("one connection or all are described") {
    World world;
    relay::Supervisor supervisor(two_connections(), world.services);
    v1::Connections all;
    CHECK(supervisor.describe("", all).code == v1::CODE_OK);
    CHECK(all.connections_size() == 2);
    v1::Connections one;
    CHECK(supervisor.describe("b", one).code == v1::CODE_OK);
    CHECK(one.connections(0).id() == "b");
    v1::Connections none;
    CHECK(supervisor.describe("z", none).code == v1::CODE_NOT_FOUND);
    CHECK(none.connections_size() == 0);
}
