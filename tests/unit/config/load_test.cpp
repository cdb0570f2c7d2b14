#include "config/load.hpp"

#include "sample.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using namespace fairlead::config;
using namespace std::chrono_literals;

namespace {

std::string describe(const Problems& problems) {
    std::string result;
    for (const Problem& problem : problems)
        result += problem.to_string() + "\n";
    return result;
}

Loaded load_good(std::string_view toml) {
    auto result = load_text(toml, "test.toml");
    if (const auto* problems = std::get_if<Problems>(&result)) FAIL(describe(*problems));
    return std::get<Loaded>(std::move(result));
}

}  // namespace

TEST_CASE("every key reaches its setting") {
    const Config config = load_good(kFullSample).config;
    CHECK(config.stream.endpoints ==
          std::vector<std::string>{"ipc:///run/fairlead/stream.sock", "tcp://127.0.0.1:9811"});
    CHECK(config.stream.high_water_mark == 1000);
    CHECK(config.stream.heartbeat_interval == 2s);
    CHECK(config.stream.slow_consumer == SlowConsumer::Disconnect);
    CHECK(config.stream.socket_mode == 0600);
    CHECK(config.control.endpoint == "tcp://[::1]:9812");
    CHECK(config.http == HttpConfig{"127.0.0.1:9999", "/run/secrets/token"});
    CHECK(config.journal == JournalConfig{2048, 128 << 20});
    CHECK(config.network ==
          NetworkConfig{7, 250ms, 90s, 1.75, 0.25, 10s, 5s, 20s, 4s, 6, 4, 30s, 1h, "/run/fairlead/budget"});
    CHECK(config.alerts.history == 50);
    REQUIRE(config.alerts.channels.size() == 3);
    CHECK(config.alerts.channels.at("stream") == AlertChannelConfig{AlertLevel::Warning, false, SecretText{}});
    CHECK(config.alerts.channels.at("webhook").level == AlertLevel::Critical);
    CHECK(config.alerts.channels.at("webhook").format == WebhookFormat::Alertmanager);
    CHECK(config.alerts.channels.at("webhook").queue == 200);
    CHECK(config.alerts.channels.at("webhook").ca_file == "/etc/fairlead/ca.pem");
    CHECK(config.alerts.channels.at("webhook").url.written() == "https://alerts.example/hook?key=${env:HOOK_KEY}");
    CHECK(config.log == LogConfig{"debug", LogFormat::Json});
    CHECK(config.reload.watch);
}

TEST_CASE("every key of a connection reaches its setting") {
    const Config config = load_good(kFullSample).config;
    REQUIRE(config.connections.size() == 2);
    const ConnectionConfig& one = config.connections.at("one");
    CHECK(one.id == "one");
    CHECK(one.profile == "generic");
    CHECK(one.urls == std::vector{SecretText("wss://stream.example:9443/ws?key=${env:API_KEY}")});
    CHECK(one.subscriptions ==
          std::vector{SecretText(R"({"op":"subscribe","args":["a"]})"), SecretText("it's \"quoted\"\n")});
    CHECK(one.channel == std::vector<std::string>{"/stream", "/data/a~1b"});
    CHECK(one.headers.at("Authorization").written() == "Bearer ${file:/run/secrets/venue}");
    CHECK(one.headers.at("X-Plain").written() == "1");
    CHECK(one.subprotocol == "v1.json, v2.json");
    CHECK(one.fail_back_after == 2min);
    CHECK(one.legs == 2);
    CHECK(one.topics_per_socket == 200);
    CHECK(one.dedupe == std::vector<std::string>{"/data/s", "/data/t"});
    CHECK(one.dedupe_window == 20s);
    CHECK(one.rotation == RotationConfig{23h, 0.1, 4U, 10s});
    CHECK(one.drain == DrainConfig{"/e", "serverShutdown"});
    CHECK(one.sequence == SequenceConfig{"/data/t", "/data/pu", "", 2, RepairMode::Rotate});
    CHECK(one.last_value);
    CHECK(one.transport == "native");
    CHECK(one.compression);
    CHECK(one.stale_after == 45s);
    CHECK(one.max_message_bytes == 1 << 20);
    CHECK(one.max_topics == 500);
    CHECK(one.tls == TlsConfig{"/etc/ca.pem", "/etc/cert.pem", "/etc/key.pem", "venue.example"});
    CHECK(one.proxy.has_secret());
    const ConnectionConfig& two = config.connections.at("two.b");
    CHECK(two.urls == std::vector{SecretText("ws://127.0.0.1:9801/s"), SecretText("wss://127.0.0.1:9802/s")});
    CHECK(two.endpoints == EndpointOrder::RoundRobin);
    CHECK(two.channel == std::vector<std::string>{"/s"});
    CHECK(two.headers.at("Origin").written() == "https://example.org");
}

TEST_CASE("a connection's network settings override [network], which overrides the defaults") {
    const Config config = load_good(kFullSample).config;
    NetworkConfig expected = config.network;
    expected.max_delay = 10s;
    expected.max_retries = 0;
    CHECK(config.connections.at("one").network == expected);
    expected = config.network;
    expected.ping_interval = 0s;
    CHECK(config.connections.at("two.b").network == expected);
}

TEST_CASE("[network] applies to connections that stand above it") {
    const Config config = load_good("[connections.a]\nurl = \"ws://h\"\n[network]\nmax_retries = 3\n").config;
    CHECK(config.connections.at("a").network.max_retries == 3);
}

TEST_CASE("an empty file gives the defaults, and says that there are no connections") {
    const Loaded loaded = load_good("");
    CHECK(loaded.config == Config{});
    REQUIRE(loaded.notices.size() == 1);
    CHECK(loaded.notices[0].key == "connections");
}

TEST_CASE("whether [http] is written is known, and is no part of what it says") {
    CHECK_FALSE(load_good("").config.http.written);
    const Loaded loaded = load_good("[http]\nlisten = \"127.0.0.1:9810\"\n");
    CHECK(loaded.config.http.written);
    CHECK(loaded.config == Config{});
}

TEST_CASE("HTTP outside loopback needs a token") {
    CHECK(load_good("[http]\nlisten = \"0.0.0.0:9810\"\ntoken_file = \"/run/token\"\n").config.http.token_file ==
          "/run/token");
    CHECK(load_good("[http]\nlisten = \"localhost:0\"\n").config.http.listen == "localhost:0");
}

TEST_CASE("what is allowed at the edges") {
    const char* const texts[] = {
        "[connections.a]\nurl = \"${env:URL}\"\n",
        "[connections.a]\nurl = \"${env:URL}/path\"\n",
        "[connections.a]\nurl = \"wss://${env:HOST}:${env:PORT}/${file:/key}\"\n",
        "[connections.a]\nurl = \"wss://[${env:HOST}]/\"\n",
        "[connections.a]\nurl = \"ws://h\"\nchannel = \"\"\n",
        "[connections.a]\nurl = \"ws://h\"\nchannel = []\nsubscriptions = []\nproxy = \"\"\nsubprotocol = \"\"\n",
        "[connections.a]\nurl = \"ws://h\"\ntls.ca_file = \"\"\n",
        "[connections.a]\nurl = \"ws://h\"\nproxy = \"http://[::1]:3128\"\n",
        "[connections.a]\nurl = \"ws://h\"\nproxy = \"${env:PROXY}\"\n",
        "[connections.a]\nurl = \"ws://h\"\nnetwork = { max_retries = 1, max_delay = \"2s\" }\n",
        "[connections.a]\nurl = \"${env:URL}\"\ntls.ca_file = \"/ca.pem\"\n",
        "[network]\nping_interval = \"10s\"\npong_timeout = \"10s\"\n",
        "[network]\nping_interval = \"0s\"\npong_timeout = \"10s\"\n",
        "[network]\njitter_factor = 0\nbackoff_multiplier = 1\n",
        "[network]\njitter_factor = 1.0\nmax_delay = \"1d\"\n",
        "[stream]\nhigh_water_mark = 0\nheartbeat_interval = \"100ms\"\n",
        "[stream]\nendpoint = \"tcp://localhost:1\"\n[control]\nendpoint = \"tcp://[::1]:1\"\n",
        "[http]\nlisten = \"\"\n",
        "[journal]\nmax_bytes = 0\n",
    };
    for (const char* text : texts) {
        CAPTURE(text);
        CHECK(load_good(text).config != Config{});
    }
}

TEST_CASE("loading leaves secrets alone") {
    const Config config = load_good("[connections.a]\nurl = \"wss://h/${env:FAIRLEAD_TEST_NEVER_SET}\"\n").config;
    CHECK(config.connections.at("a").urls.front().display() == "wss://h/${env:FAIRLEAD_TEST_NEVER_SET}");
}

TEST_CASE("a file that cannot be read is one problem without a line") {
    for (const char* path : {"/nonexistent/fairlead.toml", "/"}) {
        const auto result = load_file(path);
        REQUIRE(std::holds_alternative<Problems>(result));
        const Problems& problems = std::get<Problems>(result);
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].line == 0);
        CHECK(problems[0].to_string().starts_with(std::string(path) + ": cannot be "));
    }
}

TEST_CASE("a file is loaded under its own name") {
    const std::filesystem::path path = std::filesystem::temp_directory_path() / "fairlead_load_test.toml";
    std::ofstream(path) << "[stream]\nnonsense = 1\n";
    const auto result = load_file(path.string());
    std::filesystem::remove(path);
    REQUIRE(std::holds_alternative<Problems>(result));
    CHECK(std::get<Problems>(result)[0].to_string() == path.string() + ":2:1: stream.nonsense: unknown key");
}

TEST_CASE("the files in deploy/config load without an error or a notice") {
    const std::filesystem::path folder =
        std::filesystem::path(__FILE__).parent_path() / ".." / ".." / ".." / "deploy" / "config";
    const auto load = [&](const char* name) {
        auto result = load_file((folder / name).string());
        if (const auto* problems = std::get_if<Problems>(&result)) FAIL(describe(*problems));
        CHECK(std::get<Loaded>(result).notices.empty());
        return std::get<Loaded>(std::move(result)).config;
    };
    CHECK(load("production.toml").network == NetworkConfig{});
    CHECK(load("development.toml").network == NetworkConfig{5, 1s, 1min, 2.0, 0.1, 30s, 30s, 30s, 10s, 3, 2, 10s, 0s});
    CHECK(load("high-load.toml").network ==
          NetworkConfig{15, 500ms, 10min, 1.5, 0.2, 15s, 15s, 15s, 5s, 10, 5, 10s, 0s});
    const ConnectionConfig example = load("production.toml").connections.at("example");
    CHECK(example.urls.front().written() == "ws://127.0.0.1:9801");
    CHECK(example.subscriptions.size() == 1);
    CHECK(example.channel == std::vector<std::string>{"/s"});
}

TEST_CASE("a connection is loaded alone, over the running defaults") {
    NetworkConfig defaults;
    defaults.max_retries = 99;
    const auto result = load_connection(
        "added", "url = \"ws://127.0.0.1:1\"\nsubscriptions = [\"x\"]\nnetwork.max_delay = \"7s\"\n", defaults);
    REQUIRE(std::holds_alternative<ConnectionConfig>(result));
    const auto& connection = std::get<ConnectionConfig>(result);
    CHECK(connection.id == "added");
    CHECK(connection.network.max_retries == 99);
    CHECK(connection.network.max_delay == 7s);
}

TEST_CASE("a connection alone has all its problems told, under its own key") {
    const auto result = load_connection("bad id", "ulr = \"ws://h\"\nlegs = 0\n", NetworkConfig{});
    REQUIRE(std::holds_alternative<Problems>(result));
    const std::string text = describe(std::get<Problems>(result));
    CHECK(text.find("request:1:1: connections.bad id: the name of a connection") != std::string::npos);
    CHECK(text.find("request:1:1: connections.bad id.ulr: unknown key; did you mean `url`?") != std::string::npos);
    CHECK(text.find("connections.bad id.url: is missing") != std::string::npos);
    CHECK(text.find("request:2:8: connections.bad id.legs: 0 is out of range") != std::string::npos);

    CHECK(std::holds_alternative<Problems>(load_connection("a", std::string(300'000, '\n'), NetworkConfig{})));
    CHECK(std::holds_alternative<Problems>(load_connection("a", "url = ", NetworkConfig{})));
}
