#include "app/config_record.hpp"

#include "config/load.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using namespace fairlead;

namespace {

core::WallTime at(core::Duration since_epoch) {
    return core::WallTime(since_epoch);
}

config::Config config_with(const std::string& url) {
    config::Config config;
    config.connections["a"].id = "a";
    config.connections["a"].urls = {config::SecretText(url)};
    return config;
}

v1::ConfigResult described(const app::ConfigRecord& record) {
    v1::ConfigResult result;
    record.describe(result);
    return result;
}

}  // namespace

TEST_CASE("SHA-256 in hexadecimal") {
    CHECK(app::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(app::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a record tells what is in force, from where and since when; no reload is none") {
    const app::ConfigRecord record(config_with("ws://h/"), "/etc/f.toml", at(5s));
    const auto result = described(record);
    CHECK(result.toml() == config::to_toml(record.in_force()));
    CHECK(result.digest() == app::sha256(result.toml()));
    CHECK(result.file() == "/etc/f.toml");
    CHECK(result.loaded_ns() == 5'000'000'000U);
    CHECK(result.last_reload().time_ns() == 0);
    CHECK(result.last_reload().succeeded() == 0);
}

TEST_CASE("a reload that was done is another configuration; one that failed leaves it, and both are counted") {
    app::ConfigRecord record(config_with("ws://h/"), "f", at(1s));
    const auto before = described(record);
    record.applied(config_with("ws://other/"), "a rotated", at(2s));
    auto result = described(record);
    CHECK(result.digest() != before.digest());
    CHECK(result.toml().find("ws://other/") != std::string::npos);
    CHECK(result.loaded_ns() == 2'000'000'000U);
    CHECK(result.last_reload().ok());

    record.refused("f:1:1: unknown key", at(3s));
    CHECK(described(record).digest() == result.digest());
    v1::Status status;
    record.describe(status);
    CHECK(status.config_loaded_ns() == 2'000'000'000U);
    CHECK_FALSE(status.last_reload().ok());
    CHECK(status.last_reload().time_ns() == 3'000'000'000U);
    CHECK(status.last_reload().detail() == "f:1:1: unknown key");
    CHECK(status.last_reload().succeeded() == 1);
    CHECK(status.last_reload().failed() == 1);
}

TEST_CASE("no password that is written out is told; what is no secret itself is told as written") {
    auto config = config_with("wss://me:hunter2@venue.example/ws?x=${env:TOKEN}");
    auto& connection = config.connections["a"];
    connection.urls.emplace_back("wss://also:hunter3@venue.example/");
    connection.urls.emplace_back("wss://${env:USER}:${file:/run/secrets/password}@venue.example/");
    connection.proxy = config::SecretText("http://corp:hunter4@proxy:3128");
    connection.headers["X-Api-Key"] = config::SecretText("hunter5");
    config.alerts.channels["webhook"].url = config::SecretText("https://bot:hunter6@hooks.example/x");
    const auto toml = described(app::ConfigRecord(config, "f", at(1s))).toml();
    CHECK(toml.find("hunter") == std::string::npos);
    CHECK(toml.find("venue.example/ws?x=${env:TOKEN}") != std::string::npos);
    CHECK(toml.find("wss://${env:USER}:${file:/run/secrets/password}@venue.example/") != std::string::npos);
}
