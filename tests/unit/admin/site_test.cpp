#include "admin/site.hpp"

#include "fake_time.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>

using namespace fairlead;
using namespace std::chrono_literals;
using admin::Json;

namespace {

// A site whose relay is the test: `reply` is what it answers, `asked` what it was asked.
struct Stage {
    v1::Request asked;
    v1::Reply reply;
    bool answers = true;

    support::FakeClock clock;
    metrics::SnapshotExchange snapshots;
    admin::Desk desk{[this](const std::string& request, const std::function<void(std::string)>& replied) {
                         REQUIRE(asked.ParseFromString(request));
                         if (answers) replied(reply.SerializeAsString());
                     },
                     10ms};
    admin::Site site{admin::Guard("127.0.0.1", nullptr), desk, snapshots, clock};

    admin::HttpAnswer ask(const std::string& method, const std::string& path, const std::string& query = "",
                          const std::string& body = "") {
        return site.handle({.method = method,
                            .path = path,
                            .query = query,
                            .host = "localhost:9810",
                            .body = body,
                            .local_port = 9810});
    }
    Json json(const admin::HttpAnswer& answer) const { return Json::parse(answer.body, nullptr, false); }
};

}  // namespace

TEST_CASE("codes of the relay become those of HTTP") {
    struct Row {
        v1::Code code;
        int status;
        const char* name;
    };
    const Row rows[] = {{v1::CODE_INVALID, 400, "invalid"},     {v1::CODE_NOT_FOUND, 404, "not_found"},
                        {v1::CODE_EXISTS, 409, "exists"},       {v1::CODE_UNAVAILABLE, 503, "unavailable"},
                        {v1::CODE_LIMITED, 429, "limited"},     {v1::CODE_INTERNAL, 500, "internal"},
                        {v1::CODE_UNSPECIFIED, 500, "internal"}};
    for (const auto& [code, status, name] : rows) {
        Stage stage;
        stage.reply.set_code(code);
        stage.reply.set_message("as it is");
        const auto answer = stage.ask("POST", "/api/v1/network/connections/a/pause");
        CHECK(answer.status == status);
        CHECK(stage.json(answer).dump() == std::string(R"({"error":{"code":")") + name + R"(","message":"as it is"}})");
    }
}

TEST_CASE("each command is asked as it was meant") {
    Stage stage;
    stage.reply.set_code(v1::CODE_OK);
    stage.reply.set_message("done");
    CHECK(stage.json(stage.ask("POST", "/api/v1/network/connections/a/reconnect", "hard=true")).dump() ==
          R"({"code":"ok","message":"done"})");
    CHECK(stage.asked.reconnect().connection() == "a");
    CHECK(stage.asked.reconnect().hard());
    stage.ask("POST", "/api/v1/reload", "dry_run=1");
    CHECK(stage.asked.reload().dry_run());
    stage.ask("POST", "/api/v1/alerts/channels/webhook", "", R"({"enabled":false,"level":"critical"})");
    CHECK(stage.asked.set_alert_channel().channel() == "webhook");
    CHECK(stage.asked.set_alert_channel().has_enabled());
    CHECK_FALSE(stage.asked.set_alert_channel().enabled());
    CHECK(stage.asked.set_alert_channel().level() == v1::ALERT_LEVEL_CRITICAL);
    stage.ask("POST", "/api/v1/log-level", "", R"({"level":"debug"})");
    CHECK(stage.asked.set_log_level().level() == "debug");
    stage.ask("POST", "/api/v1/drain");
    CHECK(stage.asked.has_drain());
    stage.ask("GET", "/api/v1/gaps", "prefix=data/a/&since=1970-01-01T00:00:01Z");
    CHECK(stage.asked.list_gaps().prefix() == "data/a/");
    CHECK(stage.asked.list_gaps().since_ns() == 1'000'000'000);
    stage.ask("GET", "/api/v1/consumers", "open");
    CHECK(stage.asked.list_consumers().open_only());
}

TEST_CASE("a bad argument never reaches the relay") {
    Stage stage;
    CHECK(stage.ask("GET", "/api/v1/alerts", "level=loud").status == 400);
    CHECK(stage.ask("POST", "/api/v1/log-level", "", "{}").status == 400);
    CHECK(stage.ask("POST", "/api/v1/log-level", "", "nonsense").status == 400);
    CHECK(stage.asked.command_case() == v1::Request::COMMAND_NOT_SET);
    stage.snapshots.put({.taken_at = stage.clock.now()});
    for (const auto* path : {"/livez", "/readyz", "/startupz", "/metrics", "/"}) {
        CHECK(stage.ask("GET", path).status == 200);
        CHECK(stage.ask("GET", path, "verbos").status == 400);
    }
    CHECK(stage.ask("GET", "/readyz", "verbose=perhaps").status == 400);
    for (const auto* path : {"/livez", "/readyz", "/startupz"})
        CHECK(stage.ask("GET", path, "verbose").status == 200);
}

TEST_CASE("a relay that does not answer in time is told") {
    Stage stage;
    stage.answers = false;
    CHECK(stage.ask("GET", "/api/v1/status").status == 504);
}

TEST_CASE("probes read the picture: whether the relay answers others makes no difference to them") {
    Stage stage;
    stage.answers = false;
    metrics::Snapshot snapshot{.taken_at = stage.clock.now()};
    auto& connection = *snapshot.connections.add_connections();
    connection.set_id("a");
    stage.snapshots.put(snapshot);
    CHECK(stage.ask("GET", "/startupz").body == "starting\n");
    CHECK(stage.ask("GET", "/readyz").body == "not ready\n");
    CHECK(stage.ask("GET", "/readyz", "verbose").body == "a: disconnected\n");
    connection.set_status(v1::CONNECTION_STATE_CONNECTED);
    connection.set_ready(true);
    connection.set_last_connected_ns(1);
    stage.snapshots.put(snapshot);
    CHECK(stage.ask("GET", "/startupz").status == 200);
    CHECK(stage.ask("GET", "/readyz").status == 200);
    snapshot.status.set_draining(true);
    stage.snapshots.put(snapshot);
    CHECK(stage.ask("GET", "/readyz", "verbose").body == "draining\n");
    CHECK(stage.asked.command_case() == v1::Request::COMMAND_NOT_SET);
}

TEST_CASE("a closed desk lets nobody wait") {
    admin::Desk desk([](const std::string&, const std::function<void(std::string)>&) {}, 1h);
    std::thread closer([&desk] { desk.close(); });
    CHECK_FALSE(desk.ask({}).has_value());
    closer.join();
}

TEST_CASE("a reply that comes late, when the desk has gone, hurts nobody") {
    std::function<void(std::string)> late;
    {
        admin::Desk desk([&late](const std::string&, std::function<void(std::string)> replied) { late = replied; },
                         1ms);
        CHECK_FALSE(desk.ask({}).has_value());
    }
    late(v1::Reply().SerializeAsString());
    CHECK(late);
}

TEST_CASE("the picture of a loop that stands still is too old") {
    Stage stage;
    for (const auto* path : {"/livez", "/readyz", "/startupz"})
        CHECK(stage.ask("GET", path).status == 503);
    stage.snapshots.put({.taken_at = stage.clock.now()});
    CHECK(stage.ask("GET", "/livez").status == 200);
    stage.clock.advance(5s);
    CHECK(stage.ask("GET", "/livez").status == 200);
    stage.clock.advance(1ms);
    CHECK(stage.ask("GET", "/livez").status == 503);
    CHECK(stage.ask("GET", "/readyz").body == "the relay loop stands still\n");
}

TEST_CASE("a picture is rendered once, however many scrape it, and the next one is another text") {
    Stage stage;
    CHECK(stage.ask("GET", "/metrics").body.empty());
    const auto show = [&stage](std::uint32_t topics) {
        metrics::Snapshot snapshot{.taken_at = stage.clock.now()};
        snapshot.status.set_topics(topics);
        stage.snapshots.put(std::move(snapshot));
    };
    show(17);
    const auto first = stage.ask("GET", "/metrics").body;
    CHECK(first.find(" 17\n") != std::string::npos);
    CHECK(stage.ask("GET", "/metrics").body == first);  // the process's own numbers would have changed
    show(18);
    CHECK(stage.ask("GET", "/metrics").body.find(" 18\n") != std::string::npos);
}

TEST_CASE("the description has every route, and no other") {
    Stage stage;
    const Json paths = stage.json(stage.ask("GET", "/openapi.json"))["paths"];
    std::size_t operations = 0;
    for (const auto& route : admin::routes()) {
        std::string path = route.pattern;
        if (const auto colon = path.find(':'); colon != std::string::npos) {
            const auto end = std::min(path.find('/', colon), path.size());
            path = path.substr(0, colon) + "{" + path.substr(colon + 1, end - colon - 1) + "}" + path.substr(end);
        }
        CAPTURE(path);
        REQUIRE(paths.contains(path));
        CHECK(paths[path].contains(route.method == "GET" ? "get" : "post"));
        ++operations;
    }
    std::size_t described = 0;
    for (const auto& [path, methods] : paths.items())
        described += methods.size();
    CHECK(described == operations + 1);  // itself
}

TEST_CASE("files are served under their names, and nothing else") {
    Stage stage;
    const auto page = stage.ask("GET", "/");
    CHECK(page.status == 200);
    CHECK(page.content_type == "text/html; charset=utf-8");
    CHECK(page.body.starts_with("<!doctype html>"));
    const auto description = stage.ask("GET", "/openapi.json");
    CHECK(description.content_type == "application/json");
    CHECK(stage.json(description)["openapi"] == "3.0.3");
    CHECK(stage.ask("GET", "/index.html").status == 404);
    CHECK(stage.ask("GET", "/etc/passwd").status == 404);
    CHECK(stage.ask("POST", "/").status == 405);
}
