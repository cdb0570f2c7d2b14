#include "control/service.hpp"

#include "config/profile_sample.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;

namespace {

struct Desk : support::World {
    explicit Desk(const std::function<void(config::Config&)>& change = {}) {
        if (change) change(config);
        auto& connection = config.connections["a"];
        connection.id = "a";
        connection.urls = {config::SecretText("ws://venue/a")};
        supervisor = std::make_unique<relay::Supervisor>(config, services);
        service = std::make_unique<control::Service>(*supervisor, recovery, clock,
                                                     [](v1::Status& status) { status.set_version("v"); });
        supervisor->start();
        venue.last().accept();
    }

    // The replies so far are kept in `replies`.
    void ask(const std::string& body, const std::string& peer = "me") {
        service->handle(peer, body, [this](const std::string& bytes) {
            v1::Reply reply;
            REQUIRE(reply.ParseFromString(bytes));
            replies.push_back(reply);
        });
    }
    v1::Reply answer(const v1::Request& request) {
        ask(request.SerializeAsString());
        REQUIRE_FALSE(replies.empty());
        return replies.back();
    }

    std::vector<v1::Reply> replies;  // outlives what still replies when it goes
    control::Recovery recovery{publisher, clock, timers};
    config::Config config;
    std::unique_ptr<relay::Supervisor> supervisor;
    std::unique_ptr<control::Service> service;
};

v1::Request send_request(std::uint64_t id, const std::string& text) {
    v1::Request request;
    request.set_request_id(id);
    request.mutable_send()->set_connection("a");
    request.mutable_send()->set_payload(text);
    return request;
}

v1::Request pause_request(std::uint64_t id, const std::string& connection = "a") {
    v1::Request request;
    request.set_request_id(id);
    request.mutable_pause()->set_connection(connection);
    return request;
}

}  // namespace

TEST_CASE("what is not a request gets an answer") {
    Desk desk;
    desk.ask("\xff\xff\xff");
    desk.ask("");
    desk.ask(std::string(control::Service::kMaxRequestBytes + 1, 'x'));
    REQUIRE(desk.replies.size() == 3);
    for (const auto& reply : desk.replies) {
        CHECK(reply.code() == v1::CODE_INVALID);
        CHECK_FALSE(reply.message().empty());
    }
    CHECK(desk.service->counters().refused == 3);
}

TEST_CASE("status tells of the process and of the relay") {
    Desk desk;
    v1::Request request;
    request.set_request_id(5);
    request.mutable_get_status();
    const auto reply = desk.answer(request);
    CHECK(reply.request_id() == 5);
    CHECK(reply.code() == v1::CODE_OK);
    CHECK(reply.status().version() == "v");
    CHECK(reply.status().connected() == 1);
    CHECK(reply.status().epoch() == 77);
}

TEST_CASE("a repeated request has one effect and one answer for each time that it was asked") {
    Desk desk;
    const auto body = send_request(9, "once").SerializeAsString();
    desk.ask(body);
    desk.ask(body);  // before the first answer
    CHECK(desk.replies.empty());
    desk.venue.last().drain();
    CHECK(desk.replies.size() == 2);
    desk.ask(body);  // after it
    CHECK(desk.replies.size() == 3);
    CHECK(desk.venue.last().sent.size() == 1);
    for (const auto& reply : desk.replies)
        CHECK(reply.code() == v1::CODE_OK);
}

TEST_CASE("an answer is forgotten after a minute; another peer, id or body is another request") {
    Desk desk;
    const auto body = send_request(9, "once").SerializeAsString();
    desk.ask(body);
    desk.venue.last().drain();
    desk.ask(body, "somebody else");
    desk.ask(send_request(10, "once").SerializeAsString());
    desk.ask(send_request(9, "another").SerializeAsString());
    CHECK(desk.venue.last().sent.size() == 4);
    desk.venue.last().drain();
    desk.clock.advance(61s);
    desk.ask(body);
    CHECK(desk.venue.last().sent.size() == 5);
}

TEST_CASE("a request without an id is never remembered") {
    Desk desk;
    const auto body = send_request(0, "x").SerializeAsString();
    desk.ask(body);
    desk.ask(body);
    CHECK(desk.venue.last().sent.size() == 2);
}

TEST_CASE("commands for connections that do not exist say so") {
    Desk desk;
    CHECK(desk.answer(pause_request(1, "nobody")).code() == v1::CODE_NOT_FOUND);
    v1::Request request;
    request.mutable_subscribe()->set_connection("nobody");
    request.mutable_subscribe()->add_channels("x");
    CHECK(desk.answer(request).code() == v1::CODE_NOT_FOUND);
    request.mutable_send()->set_connection("nobody");
    CHECK(desk.answer(request).code() == v1::CODE_NOT_FOUND);
    request.mutable_list_connections()->set_connection("nobody");
    CHECK(desk.answer(request).code() == v1::CODE_NOT_FOUND);
    CHECK(desk.answer(pause_request(2)).code() == v1::CODE_OK);
}

TEST_CASE("a connection is added with all its keys, or refused with every reason") {
    Desk desk;
    v1::Request request;
    auto& add = *request.mutable_add_connection();
    add.set_connection("b");
    add.set_url("ws://venue/ b");
    CHECK(desk.answer(request).code() == v1::CODE_INVALID);
    add.set_url("ws://venue/b");
    add.add_subscriptions("{\"op\":\"sub\\n\"}");
    add.set_options("network.initial_delay = \"3s\"\nstale_aftr = \"1s\"\nlegs = 0");
    const auto refused = desk.answer(request);
    CHECK(refused.code() == v1::CODE_INVALID);
    CHECK(refused.message().find("stale_after") != std::string::npos);
    CHECK(refused.message().find("legs") != std::string::npos);
    add.set_options("network.initial_delay = \"3s\"\nstale_after = \"1m\"");
    CHECK(desk.answer(request).code() == v1::CODE_OK);
    CHECK(desk.venue.last().request.url == "ws://venue/b");
    desk.venue.last().accept();
    CHECK(desk.venue.last().sent.front().first == "{\"op\":\"sub\\n\"}");
    CHECK(desk.answer(request).code() == v1::CODE_EXISTS);
}

TEST_CASE("secrets cannot be asked for over the control socket") {
    Desk desk;
    v1::Request request;
    auto& add = *request.mutable_add_connection();
    add.set_connection("b");
    add.set_url("ws://venue/?${env:HOME}");
    CHECK(desk.answer(request).code() == v1::CODE_INVALID);
    add.set_url("ws://venue/");
    add.set_options("headers.X = \"${file:/etc/hostname}\"");
    CHECK(desk.answer(request).code() == v1::CODE_INVALID);
    add.set_options("proxy = \"http://${env:HOME}:3128\"");
    CHECK(desk.answer(request).code() == v1::CODE_INVALID);
    add.set_profile("bybit-private");
    add.set_options("credentials = { key = \"x\", secret = \"${env:HOME}\" }");
    const auto refused = desk.answer(request);
    CHECK(refused.code() == v1::CODE_INVALID);
    CHECK(refused.message().find("credentials: secrets") != std::string::npos);
    request.mutable_subscribe()->set_connection("a");
    request.mutable_subscribe()->add_channels("${file:/etc/hostname}");
    CHECK(desk.answer(request).code() == v1::CODE_INVALID);
    CHECK(desk.venue.attempts() == 1);
    CHECK(desk.venue.last().sent.empty());
}

TEST_CASE("a connection that is added finds profiles of one's own, also those of a configuration that came later") {
    const config::ProfileFolder first;
    const config::ProfileFolder second;
    first.write("mine", "[connection]\nurl = \"ws://venue/first\"\n");
    second.write("mine", "[connection]\nurl = \"ws://venue/second\"\n");
    Desk desk;
    v1::Request request;
    auto& add = *request.mutable_add_connection();
    const auto add_as = [&](const std::string& id) {
        add.set_connection(id);
        add.set_profile("mine");
        return desk.answer(request).code();
    };
    CHECK(add_as("b") == v1::CODE_INVALID);
    v1::ReloadResult result;
    desk.config.profiles.directories = {first.path("")};
    desk.supervisor->reload(desk.config, /*dry_run=*/true, result);
    CHECK(add_as("b") == v1::CODE_INVALID);
    desk.supervisor->reload(desk.config, /*dry_run=*/false, result);
    CHECK(add_as("b") == v1::CODE_OK);
    CHECK(desk.venue.last().request.url == "ws://venue/first");
    desk.config.profiles.directories = {second.path("")};
    desk.supervisor->reload(desk.config, /*dry_run=*/false, result);
    CHECK(add_as("c") == v1::CODE_OK);
    CHECK(desk.venue.last().request.url == "ws://venue/second");
}

TEST_CASE("profiles of one's own are known from the start") {
    const config::ProfileFolder folder;
    folder.write("mine", "[connection]\nurl = \"ws://venue/mine\"\n");
    Desk desk([&folder](config::Config& config) { config.profiles.directories = {folder.path("")}; });
    v1::Request request;
    request.mutable_add_connection()->set_connection("b");
    request.mutable_add_connection()->set_profile("mine");
    CHECK(desk.answer(request).code() == v1::CODE_OK);
    CHECK(desk.venue.last().request.url == "ws://venue/mine");
}

TEST_CASE("a peer that asks too much is refused, the others are served") {
    Desk desk;
    v1::Request request;
    request.mutable_get_status();
    const auto body = request.SerializeAsString();
    for (int i = 0; i < 2'100; ++i)
        desk.ask(body, "greedy");
    CHECK(desk.replies.back().code() == v1::CODE_LIMITED);
    CHECK(desk.replies.size() == 2'100);
    desk.ask(body, "modest");
    CHECK(desk.replies.back().code() == v1::CODE_OK);
    desk.clock.advance(1s);
    desk.ask(body, "greedy");
    CHECK(desk.replies.back().code() == v1::CODE_OK);
}

TEST_CASE("the number of peers that are remembered is bounded") {
    Desk desk;
    v1::Request request;
    request.mutable_get_status();
    const auto body = request.SerializeAsString();
    for (std::size_t i = 0; i < control::Service::kMaxPeers + 10; ++i)
        desk.ask(body, std::to_string(i));
    CHECK(desk.replies.back().code() == v1::CODE_LIMITED);
    desk.clock.advance(1s);  // those who have asked little are forgotten
    desk.ask(body, "new");
    CHECK(desk.replies.back().code() == v1::CODE_OK);
}

TEST_CASE("a text that is no UTF-8 is not sent as text") {
    Desk desk;
    CHECK(desk.answer(send_request(1, "\xff")).code() == v1::CODE_INVALID);
    CHECK(desk.venue.last().sent.empty());
    auto binary = send_request(2, "\xff");
    binary.mutable_send()->set_binary(true);
    desk.ask(binary.SerializeAsString());
    CHECK(desk.venue.last().sent.size() == 1);
}

TEST_CASE("an answer is never forgotten early: too many commands are refused instead") {
    Desk desk;
    std::uint64_t accepted = 0;
    for (std::uint64_t id = 1; id < 100'000; ++id) {
        if (id % 500 == 0) desk.clock.advance(500ms);
        desk.ask(pause_request(id, "nobody").SerializeAsString());
        if (desk.replies.back().code() == v1::CODE_LIMITED) break;
        ++accepted;
    }
    CHECK(accepted == control::AnswerCache::kMaxEntriesOfPeer);
    CHECK(desk.replies.back().request_id() == accepted + 1);
    desk.ask(pause_request(7, "nobody").SerializeAsString(), "somebody else");
    CHECK(desk.replies.back().code() == v1::CODE_NOT_FOUND);
    desk.clock.advance(61s);
    CHECK(desk.answer(pause_request(1'000'000, "nobody")).code() == v1::CODE_NOT_FOUND);
}
