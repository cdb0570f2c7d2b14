#include "config/load.hpp"
#include "sample.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead::config;

namespace {

Config load_good(const std::string& toml) {
    auto result = load_text(toml, "test.toml");
    if (const auto* problems = std::get_if<Problems>(&result)) {
        for (const Problem& problem : *problems)
            MESSAGE(problem.to_string());
        FAIL(toml);
    }
    return std::get<Loaded>(std::move(result)).config;
}

}  // namespace

TEST_CASE("what is printed loads to an equal configuration") {
    for (const char* text : {"", kFullSample}) {
        const Config config = load_good(text);
        const std::string printed = to_toml(config);
        CHECK(load_good(printed) == config);
        CHECK(to_toml(load_good(printed)) == printed);
    }
}

TEST_CASE("unusual texts survive printing") {
    Config config;
    ConnectionConfig& connection = config.connections["a.b"];
    connection.id = "a.b";
    connection.urls = {SecretText("ws://h/'\"\\")};
    for (const char* text :
         {"'", "\"", "\\", "'\"", "\n\r\t\x01\x7f", "h\xc3\xb6", "{\"a\":\"\\u0041\"}", "# not a comment"}) {
        connection.subscriptions.emplace_back(text);
    }
    connection.headers["X~!"] = SecretText("v");
    connection.max_message_bytes = 1025;
    connection.network.backoff_multiplier = 1.1;
    connection.network.jitter_factor = 1.0 / 3;
    connection.network.initial_delay = std::chrono::nanoseconds{1'000'001};
    CHECK(load_good(to_toml(config)) == config);
}

TEST_CASE("every key is printed, defaults too") {
    const std::string printed = to_toml(load_good("[connections.a]\nurl = \"ws://h\"\n"));
    for (const char* line : {"[stream]\n",
                             "endpoint = [\"ipc:///run/fairlead/stream.sock\"]\n",
                             "high_water_mark = 65536\n",
                             "heartbeat_interval = \"1s\"\n",
                             "slow_consumer = \"drop\"\n",
                             "socket_mode = \"0660\"\n",
                             "[control]\n",
                             "[http]\n",
                             "listen = \"127.0.0.1:9810\"\n",
                             "token_file = \"\"\n",
                             "[journal]\n",
                             "max_bytes = \"64MiB\"\n",
                             "[network]\n",
                             "max_delay = \"5m\"\n",
                             "backoff_multiplier = 2.0\n",
                             "jitter_factor = 0.1\n",
                             "[alerts]\n",
                             "history = 1000\n",
                             "[log]\n",
                             "format = \"text\"\n",
                             "[reload]\nwatch = false\n",
                             "[connections.a]\n",
                             "url = \"ws://h\"\n",
                             "stale_after = \"0s\"\n",
                             "max_message_bytes = \"16MiB\"\n",
                             "network.max_retries = 10\n"}) {
        CAPTURE(line);
        CHECK(printed.find(line) != std::string::npos);
    }
}

TEST_CASE("secrets are printed as written, passwords not at all") {
    const auto print_proxy = [](const std::string& proxy) {
        return to_toml(load_good("[connections.a]\nurl = \"ws://h\"\nproxy = \"" + proxy + "\"\n"));
    };
    const std::string secret = "http://${env:U}:${file:/run/p}@h:1";
    CHECK(print_proxy(secret).find(secret) != std::string::npos);
    CHECK(print_proxy("http://bob:${env:P}@h:1").find("http://bob:${env:P}@h:1") != std::string::npos);
    for (const char* literal : {"http://bob:hunter2@h:1", "http://hunter2@h:1", "http://${env:U}:hunter2@h:1",
                                "http://bob:hun${env:U}ter2hunter2@h:1"}) {
        const std::string printed = print_proxy(literal);
        CHECK(printed.find("hunter2") == std::string::npos);
        CHECK(printed.find("proxy = \"http://***@h:1\"") != std::string::npos);
        CHECK(std::holds_alternative<Loaded>(load_text(printed, "test.toml")));
    }
}
