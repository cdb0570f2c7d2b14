#include "alert/alerts.hpp"
#include "control/service.hpp"
#include "fake_http_client.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace fairlead;

namespace {

struct Desk : support::World {
    Desk() {
        service.serve_alerts(alerts);
        alerts.on_edge("gone", {.edge = core::AlertEdge::Lost});
    }
    v1::Reply answer(v1::Request request, control::Service& asked) {
        request.set_request_id(++last_id);
        v1::Reply reply;
        asked.handle("me", request.SerializeAsString(),
                     [&](const std::string& bytes) { REQUIRE(reply.ParseFromString(bytes)); });
        return reply;
    }
    v1::Reply answer(const v1::Request& request) { return answer(request, service); }

    std::uint64_t last_id = 0;
    support::FakeHttpClient http;
    alert::Alerts alerts{{publisher, log, {http, timers, clock, random}}, "host:1", {}};
    control::Recovery recovery{publisher, clock, timers};
    config::Config config;
    relay::Supervisor supervisor{config, services};
    control::Service service{supervisor, recovery, clock, [](v1::Status&) {}};
};

v1::Request list(const std::string& connection) {
    v1::Request request;
    request.mutable_list_alerts()->set_connection(connection);
    return request;
}

v1::Request list_channels() {
    v1::Request request;
    request.mutable_list_alert_channels();
    return request;
}

v1::Request set_channel(const std::string& channel, int level) {
    v1::Request request;
    request.mutable_set_alert_channel()->set_channel(channel);
    request.mutable_set_alert_channel()->set_level(static_cast<v1::AlertLevel>(level));
    return request;
}

}  // namespace

TEST_CASE("alerts are listed, also those of a connection that has gone") {
    Desk desk;
    for (const auto* connection : {"", "gone"}) {
        const auto reply = desk.answer(list(connection));
        CHECK(reply.code() == v1::CODE_OK);
        CHECK(reply.alerts().alerts_size() == 1);
        CHECK(reply.alerts().raised() == 1);
    }
    CHECK(desk.answer(list("nobody")).code() == v1::CODE_NOT_FOUND);
}

TEST_CASE("channels are listed, and set with an answer that shows them") {
    Desk desk;
    CHECK(desk.answer(list_channels()).alert_channels().channels_size() == 2);
    const auto set = desk.answer(set_channel("log", v1::ALERT_LEVEL_CRITICAL));
    CHECK(set.code() == v1::CODE_OK);
    REQUIRE(set.alert_channels().channels_size() == 2);
    CHECK(set.alert_channels().channels(0).channel() == "log");
    CHECK(set.alert_channels().channels(0).level() == v1::ALERT_LEVEL_CRITICAL);
}

TEST_CASE("what cannot be set changes nothing and says why") {
    Desk desk;
    CHECK(desk.answer(set_channel("email", v1::ALERT_LEVEL_INFO)).code() == v1::CODE_NOT_FOUND);
    CHECK(desk.answer(set_channel("webhook", v1::ALERT_LEVEL_INFO)).code() == v1::CODE_NOT_FOUND);
    CHECK(desk.answer(set_channel("log", 7)).code() == v1::CODE_INVALID);
    CHECK(desk.answer(set_channel("log", 0)).code() == v1::CODE_INVALID);
    CHECK(desk.answer(list_channels()).alert_channels().channels(0).level() == v1::ALERT_LEVEL_WARNING);
}

TEST_CASE("without alerts the answer is that there are none to be had") {
    Desk desk;
    control::Service bare{desk.supervisor, desk.recovery, desk.clock, [](v1::Status&) {}};
    for (const auto& request : {list(""), list_channels(), set_channel("log", v1::ALERT_LEVEL_INFO)})
        CHECK(desk.answer(request, bare).code() == v1::CODE_UNAVAILABLE);
}
