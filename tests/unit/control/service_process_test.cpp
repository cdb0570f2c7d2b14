#include "control/process.hpp"
#include "control/service.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace fairlead;

namespace {

class FakeProcess final : public control::Process {
public:
    explicit FakeProcess(std::vector<std::string>& story) : story_(story) {}
    void describe_consumers(bool open_only, v1::Consumers& list) const override {
        list.set_opened(7);
        list.add_consumers()->set_peer(open_only ? "open" : "all");
    }
    void describe_config(v1::ConfigResult& result) const override { result.set_toml("[stream]\n"); }
    relay::Outcome set_log_level(const std::string& level) override {
        story_.push_back("level " + level);
        return {v1::CODE_OK, "set"};
    }
    relay::Outcome drain() override {
        story_.emplace_back("drain");
        return {v1::CODE_OK, "ends"};
    }

private:
    std::vector<std::string>& story_;
};

struct Desk : support::World {
    v1::Reply ask(const v1::Request& request) {
        v1::Reply reply;
        service.handle("me", request.SerializeAsString(),
                       [&reply](const std::string& bytes) { REQUIRE(reply.ParseFromString(bytes)); });
        CHECK(reply.code() != v1::CODE_UNSPECIFIED);
        return reply;
    }

    std::vector<std::string> story;
    config::Config config;
    relay::Supervisor supervisor{config, services};
    control::Recovery recovery{publisher, clock, timers};
    FakeProcess process{story};
    control::Service service{supervisor, recovery, clock, [](v1::Status&) {}};
};

std::vector<v1::Request> requests() {
    std::vector<v1::Request> list(4);
    list[0].mutable_list_consumers();
    list[1].mutable_get_config();
    list[2].mutable_set_log_level()->set_level("debug");
    list[3].mutable_drain();
    return list;
}

}  // namespace

TEST_CASE("without a process, what concerns it is unavailable") {
    Desk desk;
    for (const auto& request : requests()) {
        const auto reply = desk.ask(request);
        CHECK(reply.code() == v1::CODE_UNAVAILABLE);
        CHECK_FALSE(reply.message().empty());
    }
}

TEST_CASE("each command about the process reaches it, and its answer comes back") {
    Desk desk;
    desk.service.serve_process(desk.process);
    std::vector<v1::Reply> replies;
    for (const auto& request : requests())
        replies.push_back(desk.ask(request));
    for (const auto& reply : replies)
        CHECK(reply.code() == v1::CODE_OK);
    CHECK(replies[0].consumers().consumers(0).peer() == "all");
    CHECK(replies[0].consumers().opened() == 7);
    CHECK(replies[1].config().toml() == "[stream]\n");
    CHECK(replies[2].message() == "set");
    CHECK(replies[3].message() == "ends");
    CHECK(desk.story == std::vector<std::string>{"level debug", "drain"});
    v1::Request open;
    open.mutable_list_consumers()->set_open_only(true);
    CHECK(desk.ask(open).consumers().consumers(0).peer() == "open");
}

TEST_CASE("a level that the log does not have is refused") {
    Desk desk;
    desk.service.serve_process(desk.process);
    for (const char* level : {"", "trace", "INFO", "off"}) {
        v1::Request request;
        request.mutable_set_log_level()->set_level(level);
        CHECK(desk.ask(request).code() == v1::CODE_INVALID);
    }
    CHECK(desk.story.empty());
}
