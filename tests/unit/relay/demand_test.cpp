// Topics that are subscribed because consumers ask for them.
#include "live_connection.hpp"
#include "relay/reload.hpp"

#include <string>

using namespace std::chrono_literals;
using namespace fairlead;
using support::LiveConnection;

namespace {

config::ConnectionConfig on_demand() {
    auto config = support::numbered_config();
    config.sequence = {};
    config.profile = config.venue.name = "test";
    config.venue.subscribe.unsubscribe = "un {topics}";
    config.subscriptions.clear();
    config.on_demand = true;
    config.on_demand_linger = 1min;
    return config;
}

bool carries(const LiveConnection& world, const std::string& topic) {
    v1::Subscriptions list;
    world.connection->describe(list);
    for (const auto& one : list.subscriptions())
        if (one.channel() == topic) return true;
    return false;
}

}  // namespace

TEST_CASE("a changed linger holds for the topics that are left from then on") {
    LiveConnection world(on_demand());
    world.accept(0);
    auto changed = on_demand();
    changed.on_demand_linger = 5s;
    const auto plan = relay::plan_reload(world.connection->config(), changed);
    CHECK(plan.action == relay::ReloadAction::Update);
    world.connection->apply(changed, plan);
    world.connection->demand("A", true);
    world.connection->demand("A", false);
    CHECK(carries(world, "A"));
    world.timers.advance(6s);
    world.connection->tick();
    CHECK_FALSE(carries(world, "A"));
    CHECK(world.venue.at(0).sent.back().first == "un A");
}

TEST_CASE("what finds no room is subscribed as soon as there is some, and told once") {
    auto config = on_demand();
    config.topics_per_socket = 1;
    config.on_demand_linger = 0s;
    LiveConnection world(config);
    const auto topic = [](int number) { return fmt::format("T{}", number); };
    const int room = 64;  // sockets
    for (int number = 0; number < room + 3; ++number)
        world.connection->demand(topic(number), true);
    const auto told = [&world] {
        std::size_t lines = 0;
        for (const auto& line : world.log.lines)
            lines += line.find("demand_refused") != std::string::npos ? 1 : 0;
        return lines;
    };
    for (int tick = 0; tick < 5; ++tick)
        world.connection->tick();
    for (int number = room; number < room + 3; ++number)
        CHECK_FALSE(carries(world, topic(number)));
    CHECK(told() == 3);
    world.connection->demand(topic(room), false);  // goes before its turn
    world.connection->demand(topic(5), false);
    world.connection->tick();
    CHECK_FALSE(carries(world, topic(room)));
    CHECK(carries(world, topic(room + 1)) != carries(world, topic(room + 2)));
    world.connection->demand(topic(6), false);
    world.connection->tick();
    CHECK(carries(world, topic(room + 1)));
    CHECK(carries(world, topic(room + 2)));
    CHECK(told() == 3);
}
