// What an attempt to connect needs: its URL, the request before it, its place in the venue's limit, its endpoint.
#include "fake_http_client.hpp"
#include "live_connection.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;

namespace {

// Grants all but the next `refusals`.
struct RecordingBudget final : seam::Budget {
    std::optional<core::Duration> take(std::string_view host, unsigned, core::Duration) override {
        hosts.emplace_back(host);
        if (refusals == 0) return std::nullopt;
        --refusals;
        return core::Duration{5s};
    }
    std::vector<std::string> hosts;
    int refusals = 0;
};

config::ConnectionConfig at(const std::vector<std::string>& urls) {
    auto config = support::numbered_config();
    config.sequence = {};
    config.profile = config.venue.name = "test";
    config.venue.limits.connections = {.count = 1, .per = 5s};
    config.urls.clear();
    for (const auto& url : urls)
        config.urls.emplace_back(url);
    return config;
}

config::ConnectionConfig with_token(const std::string& url) {
    auto config = at({url});
    config.venue.prepare.url = "https://api.venue.example/token";
    config.venue.prepare.extract = {{"token", "/token"}, {"endpoint", "/endpoint"}};
    return config;
}

struct Attempting : support::World {
    explicit Attempting(const config::ConnectionConfig& config) {
        services.http = &http;
        services.budget = &budget;
        connection = std::make_unique<relay::Connection>(config, services);
    }
    std::string url_of(std::size_t attempt) { return venue.at(attempt).request.url; }

    support::FakeHttpClient http;
    RecordingBudget budget;
    std::unique_ptr<relay::Connection> connection;
};

}  // namespace

TEST_CASE("variables of a URL are filled in for every attempt, with a request before it and without") {
    Attempting one(at({"ws://venue/ws?c={nonce}&n={id}"}));
    one.connection->start();
    CHECK(one.url_of(0) == "ws://venue/ws?c=8000000080000000&n=1");
    CHECK(one.venue.at(0).request.shown_host.empty());
    Attempting other(with_token("ws://venue/ws?t={token}"));
    other.connection->start();
    other.http.answer(200, R"({"token":"a/b","endpoint":"ws://there/"})");
    CHECK(other.url_of(0) == "ws://venue/ws?t=a%2Fb");
    CHECK(other.venue.at(0).request.shown_host == "the endpoint that the venue named");
}

TEST_CASE("the generic profile sends a URL as it stands") {
    auto config = at({"ws://venue/ws?c={nonce}"});
    config.venue.name = "generic";
    Attempting attempting(config);
    attempting.connection->start();
    CHECK(attempting.url_of(0) == "ws://venue/ws?c={nonce}");
}

TEST_CASE("the request before an attempt goes the same way as the attempt") {
    auto config = with_token("wss://venue/ws?t={token}");
    config.proxy = config::SecretText("http://user:word@proxy:3128");
    config.tls.ca_file = "/ca.pem";
    Attempting attempting(config);
    attempting.connection->start();
    CHECK(attempting.http.request().proxy == "http://user:word@proxy:3128");
    CHECK(attempting.http.request().ca_file == "/ca.pem");
    attempting.http.answer(200, R"({"token":"t","endpoint":"e"})");
    CHECK(attempting.venue.at(0).request.proxy == "http://user:word@proxy:3128");
}

TEST_CASE("a venue's attempts are counted by host: every port, and for a URL that is told first, the teller") {
    struct Row {
        config::ConnectionConfig config;
        const char* host;
    };
    const Row rows[] = {
        {at({"wss://Venue.example:9443/ws"}), "venue.example"},
        {at({"wss://venue.example:443/ws?c={nonce}"}), "venue.example"},
        {with_token("wss://ws.venue.example/ws?t={token}"), "ws.venue.example"},
        {with_token("{endpoint}?t={token}"), "api.venue.example"},
        {at({"{endpoint}"}), "test"},
    };
    for (const auto& row : rows) {
        Attempting attempting(row.config);
        attempting.connection->start();
        CHECK(attempting.budget.hosts == std::vector<std::string>{row.host});
    }
}

TEST_CASE("an endpoint is left for its own failures, not for limits and commands") {
    auto config = at({"ws://first/", "ws://second/"});
    config.network.max_consecutive_failures = 2;
    Attempting attempting(config);
    SUBCASE("attempts that the venue's limit puts off") {
        attempting.budget.refusals = 3;
        attempting.connection->start();
        attempting.timers.advance(20s);
        REQUIRE(attempting.venue.attempts() == 1);
        CHECK(attempting.url_of(0) == "ws://first/");
    }
    SUBCASE("commands while it connects") {
        attempting.connection->start();
        for (int command = 0; command < 3; ++command) {
            attempting.connection->reconnect(/*hard=*/true);
            attempting.timers.advance(2s);
        }
        REQUIRE(attempting.venue.attempts() == 4);
        CHECK(attempting.url_of(3) == "ws://first/");
    }
    SUBCASE("failures") {
        attempting.connection->start();
        for (int failure = 0; failure < 2; ++failure) {
            attempting.venue.last().end({.cause = core::Cause::ConnectFailed});
            attempting.timers.advance(10s);
        }
        REQUIRE(attempting.venue.attempts() == 3);
        CHECK(attempting.url_of(2) == "ws://second/");
    }
}
