// A changed configuration: each connection gets what has changed for it, and no more.
#include "live_connection.hpp"
#include "relay/supervisor.hpp"

#include <functional>

using namespace std::chrono_literals;
using namespace fairlead;
using config::ConnectionConfig;
using relay::ReloadAction;

namespace {

config::Config two_connections() {
    config::Config config;
    for (const auto* id : {"one", "two"}) {
        auto connection = support::numbered_config();
        connection.id = id;
        config.connections[id] = connection;
    }
    return config;
}

struct Reloading : support::World {
    explicit Reloading(const config::Config& config = two_connections()) : supervisor(config, services) {
        supervisor.start();
        venue.at(0).accept();
        venue.at(1).accept();
        venue.at(0).drain();
        venue.at(1).drain();
        timers.advance(2s);
    }
    std::string reload(const config::Config& config, bool dry_run = false) {
        v1::ReloadResult result;
        supervisor.reload(config, dry_run, result);
        CHECK(result.applied() == !dry_run);
        std::string text;
        for (const auto& change : result.changes())
            text += change.connection() + " " + change.action() + "; ";
        return text;
    }
    relay::Supervisor supervisor;
};

}  // namespace

TEST_CASE("what each changed setting needs") {
    struct Row {
        const char* key;
        ReloadAction action;
        std::function<void(ConnectionConfig&)> change;
    };
    const Row rows[] = {
        {"", ReloadAction::Keep, [](auto&) {}},
        {"urls", ReloadAction::Rotate, [](auto& c) { c.urls = {config::SecretText("ws://other/ws")}; }},
        {"profile", ReloadAction::Replace, [](auto& c) { c.venue.subscribe.text = "other {topics}"; }},
        {"credentials", ReloadAction::Rotate, [](auto& c) { c.credentials["key"] = config::SecretText("1"); }},
        {"on_demand_linger", ReloadAction::Update, [](auto& c) { c.on_demand_linger = 1s; }},
        {"channel_stale_after", ReloadAction::Update, [](auto& c) { c.channel_stale_after = 5s; }},
        {"headers", ReloadAction::Rotate, [](auto& c) { c.headers["X"] = config::SecretText("1"); }},
        {"tls", ReloadAction::Rotate, [](auto& c) { c.tls.ca_file = "/ca.pem"; }},
        {"proxy", ReloadAction::Rotate, [](auto& c) { c.proxy = config::SecretText("http://p:1"); }},
        {"transport", ReloadAction::Rotate, [](auto& c) { c.transport = "other"; }},
        {"compression", ReloadAction::Rotate, [](auto& c) { c.compression = true; }},
        {"subprotocol", ReloadAction::Rotate, [](auto& c) { c.subprotocol = "x"; }},
        {"max_message_bytes", ReloadAction::Rotate, [](auto& c) { c.max_message_bytes = 7; }},
        {"subscriptions", ReloadAction::Update, [](auto& c) { c.subscriptions.emplace_back("SUB b"); }},
        {"subscriptions", ReloadAction::Rotate, [](auto& c) { c.subscriptions.clear(); }},
        {"network", ReloadAction::Update, [](auto& c) { c.network.max_delay = 9s; }},
        {"network", ReloadAction::Rotate, [](auto& c) { c.network.ping_interval = 9s; }},
        {"dedupe", ReloadAction::Replace, [](auto& c) { c.dedupe = {"/x"}; }},
        {"stale_after", ReloadAction::Rotate, [](auto& c) { c.stale_after = 9s; }},
        {"rotation", ReloadAction::Update, [](auto& c) { c.rotation.max_age = 9h; }},
        {"channel", ReloadAction::Replace, [](auto& c) { c.channel = {"/x"}; }},
        {"sequence", ReloadAction::Update, [](auto& c) { c.sequence.repair = config::RepairMode::Rotate; }},
        {"sequence", ReloadAction::Replace, [](auto& c) { c.sequence.step = 2; }},
        {"sequence", ReloadAction::Replace, [](auto& c) { c.sequence.first = "/U"; }},
        {"legs", ReloadAction::Replace, [](auto& c) { c.legs = 2; }},
        {"topics_per_socket", ReloadAction::Replace, [](auto& c) { c.topics_per_socket = 2; }},
        {"last_value", ReloadAction::Replace, [](auto& c) { c.last_value = true; }},
    };
    for (const auto& row : rows) {
        const auto running = support::numbered_config();
        auto wanted = running;
        row.change(wanted);
        const auto plan = relay::plan_reload(running, wanted);
        CHECK_MESSAGE(plan.action == row.action, row.key);
        CHECK(plan.detail == row.key);
    }
}

TEST_CASE("an equal configuration changes nothing") {
    Reloading world;
    const auto sent = world.sink.messages.size();
    CHECK(world.reload(two_connections()).empty());
    CHECK(world.venue.attempts() == 2);
    CHECK(world.sink.messages.size() == sent);
}

TEST_CASE("a changed url rotates that connection; the other keeps its socket") {
    Reloading world;
    auto config = two_connections();
    config.connections["one"].urls = {config::SecretText("ws://other/ws")};
    CHECK(world.reload(config, /*dry_run=*/true) == "one rotated; ");
    CHECK(world.venue.attempts() == 2);
    CHECK(world.reload(config) == "one rotated; ");
    REQUIRE(world.venue.attempts() == 3);
    CHECK(world.venue.at(2).request.url == "ws://other/ws");
    CHECK_FALSE(world.venue.at(0).closed_with);
    world.venue.at(2).accept();
    world.venue.at(2).drain();
    world.timers.advance(1s);
    CHECK(world.venue.at(0).closed_with);
    CHECK_FALSE(world.venue.at(1).closed_with);
    CHECK(world.reload(config).empty());
}

TEST_CASE("subscriptions that come in are sent on the socket that is there") {
    Reloading world;
    auto config = two_connections();
    config.connections["two"].subscriptions.emplace_back("SUB b");
    CHECK(world.reload(config) == "two updated; ");
    CHECK(world.venue.at(1).sent.back().first == "SUB b");
    CHECK(world.venue.attempts() == 2);
}

TEST_CASE("connections come and go with the file; those added by command stay") {
    Reloading world;
    auto by_command = support::numbered_config();
    by_command.id = "by_command";
    CHECK(world.supervisor.add(by_command).code == v1::CODE_OK);
    auto config = two_connections();
    config.connections.erase("one");
    auto three = support::numbered_config();
    three.id = "three";
    config.connections["three"] = three;
    CHECK(world.reload(config) == "one removed; three added; ");
    CHECK(world.venue.at(0).closed_with);
    CHECK(world.supervisor.find("one") == nullptr);
    CHECK(world.supervisor.find("three") != nullptr);
    CHECK(world.supervisor.find("by_command") != nullptr);
    config.connections["by_command"] = by_command;
    CHECK(world.reload(config) == "by_command kept; ");
}

TEST_CASE("what cannot be changed on a running connection replaces it, and its numbers go on") {
    Reloading world;
    world.venue.at(0).say(R"({"s":"A","t":1})");
    auto config = two_connections();
    config.connections["one"].legs = 2;
    CHECK(world.reload(config) == "one replaced; ");
    CHECK(world.venue.at(0).closed_with);
    REQUIRE(world.venue.attempts() == 4);
    world.venue.at(2).accept();
    world.venue.at(2).say(R"({"s":"A","t":5})");
    const auto messages = world.sink.on("data/one/A/");
    CHECK(support::has_no_holes(messages));
    CHECK(messages.back().header.kind() == v1::KIND_DATA);
    CHECK(messages.back().header.sequence() > 1);
}

TEST_CASE("a secret that cannot be had fails the rotation and leaves the running socket alone") {
    Reloading world;
    auto config = two_connections();
    config.connections["one"].urls = {config::SecretText("ws://venue/${env:FAIRLEAD_TEST_NEVER_SET}")};
    world.reload(config);
    CHECK_FALSE(world.venue.at(0).closed_with);
    CHECK(world.supervisor.find("one")->state() == core::ConnectionState::Connected);
}

TEST_CASE("a replaced connection keeps what commands have made of it") {
    Reloading world;
    relay::Connection* one = world.supervisor.find("one");
    one->subscribe({"SUB by command"}, [](const relay::Outcome&) {});
    one->pause();
    auto config = two_connections();
    config.connections["one"].legs = 2;
    CHECK(world.reload(config) == "one replaced; ");
    CHECK(world.venue.attempts() == 2);
    one = world.supervisor.find("one");
    CHECK(one->is_paused());
    one->resume();
    REQUIRE(world.venue.attempts() == 4);
    world.venue.at(2).accept();
    CHECK(world.venue.at(2).sent.back().first == "SUB by command");
}

TEST_CASE("settings that change while a rotation is under way are those of the socket that takes over") {
    Reloading world;
    world.supervisor.find("one")->rotate();
    REQUIRE(world.venue.attempts() == 3);
    auto config = two_connections();
    config.connections["one"].urls = {config::SecretText("ws://other/ws")};
    CHECK(world.reload(config) == "one rotated; ");
    REQUIRE(world.venue.attempts() == 4);
    CHECK(world.venue.at(2).closed_with);
    CHECK(world.venue.at(3).request.url == "ws://other/ws");
}

TEST_CASE("what finds no room beside the subscriptions of commands is refused before anything is changed") {
    auto config = two_connections();
    config.connections["two"].topics_per_socket = 1;
    Reloading world(config);
    std::vector<std::string> many;
    for (int i = 0; i < 62; ++i)
        many.push_back(fmt::format("SUB by command {}", i));
    relay::Connection* two = world.supervisor.find("two");
    two->subscribe(many, [](const relay::Outcome& outcome) { CHECK(outcome.code == v1::CODE_OK); });
    auto one_more = config;
    one_more.connections["two"].subscriptions.emplace_back("SUB b");
    CHECK(world.supervisor.may_reload(one_more).code == v1::CODE_OK);
    auto two_more = one_more;
    two_more.connections["two"].subscriptions.emplace_back("SUB c");
    const auto outcome = world.supervisor.may_reload(two_more);
    CHECK(outcome.code == v1::CODE_UNAVAILABLE);
    CHECK(outcome.message == "connection `two`: a connection holds 64 subscriptions at most: none was kept");
    // What leaves makes room.
    two_more.connections["two"].subscriptions.erase(two_more.connections["two"].subscriptions.begin());
    CHECK(world.supervisor.may_reload(two_more).code == v1::CODE_OK);
    CHECK(world.reload(two_more) == "two rotated; ");
    CHECK(world.supervisor.find("two")->config() == two_more.connections["two"]);
    // Of one that would be made anew, those of commands count as well.
    two_more.connections["two"].last_value = true;
    CHECK(world.supervisor.may_reload(two_more).code == v1::CODE_OK);
    two_more.connections["two"].subscriptions.emplace_back("SUB d");
    CHECK(world.supervisor.may_reload(two_more).code == v1::CODE_UNAVAILABLE);
}
