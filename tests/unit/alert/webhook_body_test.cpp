#include "alert/webhook_body.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using namespace fairlead;
using alert::Record;

namespace {

// 2026-01-02T03:04:05.678Z
constexpr core::WallTime kRaised{1'767'323'045'678ms};

Record lost() {
    return {.number = 7,
            .type = core::AlertType::ConnectionLost,
            .level = core::AlertLevel::Warning,
            .connection = "binance_ws",
            .text = R"(closed: "1006")",
            .raised = kRaised};
}

}  // namespace

TEST_CASE("times are RFC 3339") {
    CHECK(alert::rfc3339(kRaised) == "2026-01-02T03:04:05.678Z");
    CHECK(alert::rfc3339(core::WallTime{1ms}) == "1970-01-01T00:00:00.001Z");
    CHECK(alert::rfc3339(core::WallTime{999'999ns}) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("plain JSON: what stands and what is over") {
    auto over = lost();
    over.number = 8;
    over.subject = "x";
    over.resolved = kRaised + 1s;
    CHECK(alert::plain_json({lost(), over}, "host:1") ==
          R"({"instance":"host:1","alerts":[)"
          R"({"number":7,"type":"connection_lost","level":"warning","connection":"binance_ws","subject":"",)"
          R"("text":"closed: \"1006\"","time":"2026-01-02T03:04:05.678Z","resolved":false,"resolved_time":null},)"
          R"({"number":8,"type":"connection_lost","level":"warning","connection":"binance_ws","subject":"x",)"
          R"("text":"closed: \"1006\"","time":"2026-01-02T03:04:05.678Z","resolved":true,)"
          R"("resolved_time":"2026-01-02T03:04:06.678Z"}]})");
}

TEST_CASE("for an Alertmanager what stands has its end in the future, what is over its own, an event a while") {
    CHECK(alert::alertmanager_json({lost()}, "host:1", kRaised + 1s) ==
          R"([{"labels":{"alertname":"connection_lost","severity":"warning","connection":"binance_ws",)"
          R"("instance":"host:1"},"annotations":{"summary":"closed: \"1006\""},)"
          R"("startsAt":"2026-01-02T03:04:05.678Z","endsAt":"2026-01-02T03:08:06.678Z"}])");
    auto over = lost();
    over.resolved = kRaised + 2s;
    over.subject = "a@trade";
    const auto ended = alert::alertmanager_json({over}, "host:1", kRaised + 1h);
    CHECK(ended.find(R"("endsAt":"2026-01-02T03:04:07.678Z")") != std::string::npos);
    CHECK(ended.find(R"("instance":"host:1","subject":"a@trade"})") != std::string::npos);
    auto event = lost();
    event.resolved = kRaised;
    event.is_event = true;
    CHECK(alert::alertmanager_json({event}, "host:1", kRaised + 1h).find(R"("endsAt":"2026-01-02T03:09:05.678Z")") !=
          std::string::npos);
}
