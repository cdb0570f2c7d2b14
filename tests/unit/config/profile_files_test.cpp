// Where profiles are found, what they extend, and what becomes of their defaults under the keys of a connection.
#include "config/profile_files.hpp"

#include "config/load.hpp"
#include "profile_sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

using namespace fairlead::config;
using namespace std::chrono_literals;

namespace {

constexpr const char* kBase = R"(
[connection]
url = "wss://base/ws"
channel = "/stream"
dedupe = ["/a", "/b"]
rotation = { max_age = "23h", overlap = "10s" }
sequence = { field = "/u", previous = "/pu", repair = "rotate" }
headers.Origin = "https://base"

[subscribe]
text = 'base {topics}'
topics_per_message = 10
)";

std::string describe(const Problems& problems) {
    std::string result;
    for (const Problem& problem : problems)
        result += problem.to_string() + "\n";
    return result;
}

struct Files : ProfileFolder {
    // A configuration file in the folder, with this one connection.
    std::variant<Loaded, Problems> load(const std::string& keys, const std::string& above = "") const {
        return load_text(above + "[connections.a]\n" + keys, path("fairlead.toml"));
    }
    ConnectionConfig good(const std::string& keys, const std::string& above = "") const {
        auto result = load(keys, above);
        if (const auto* problems = std::get_if<Problems>(&result)) FAIL(describe(*problems));
        return std::get<Loaded>(std::move(result)).config.connections.at("a");
    }
    // The one that there must be.
    Problem bad(const std::string& keys, const std::string& above = "") const {
        const auto result = load(keys, above);
        REQUIRE(std::holds_alternative<Problems>(result));
        const Problems& problems = std::get<Problems>(result);
        CAPTURE(describe(problems));
        REQUIRE(problems.size() == 1);
        return problems[0];
    }
};

bool says(const Problem& problem, std::string_view text) {
    return problem.message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a profile gives what a connection leaves out") {
    const Files files;
    files.write("venues/base", kBase);
    const ConnectionConfig connection = files.good("profile = \"base\"\nsubscriptions = [\"a\", \"b\"]\n");
    CHECK(connection.profile == "base");
    CHECK(connection.venue.name == "base");
    CHECK(connection.venue.subscribe.text == "base {topics}");
    CHECK(connection.urls == std::vector{SecretText("wss://base/ws")});
    CHECK(connection.rotation == RotationConfig{23h, 0.05, {}, 10s});
    CHECK(connection.subscriptions.size() == 2);
}

TEST_CASE("a key that the connection has wins") {
    const Files files;
    files.write("venues/base", kBase);
    const ConnectionConfig connection = files.good(
        "profile = \"base\"\nurls = [\"wss://x\", \"wss://y\"]\ndedupe = \"/c\"\nrotation.overlap = \"5s\"\n"
        "headers.X = \"1\"\nsequence.repair = \"none\"\n");
    CHECK(connection.urls == std::vector{SecretText("wss://x"), SecretText("wss://y")});
    CHECK(connection.dedupe == std::vector<std::string>{"/c"});
    CHECK(connection.rotation == RotationConfig{23h, 0.05, {}, 5s});
    CHECK(connection.headers.size() == 2);
    CHECK(connection.sequence == SequenceConfig{"/u", "/pu", "", 1, RepairMode::None});
}

TEST_CASE("a sequence that is named anew is not mixed with the profile's") {
    const Files files;
    files.write("venues/base", kBase);
    CHECK(files.good("profile = \"base\"\nsequence.field = \"/t\"\n").sequence == SequenceConfig{"/t", "", "", 1, {}});
    CHECK(files.good("profile = \"base\"\nsequence.field = \"\"\n").sequence == SequenceConfig{});
}

TEST_CASE("the defaults of a profile are above [network] and below the connection") {
    const Files files;
    files.write("venues/base", std::string("[connection.network]\nping_interval = \"0s\"\nmax_retries = 4\n"));
    const std::string above = "[network]\nmax_delay = \"9s\"\nping_interval = \"7s\"\npong_timeout = \"2s\"\n";
    const auto network = files.good("profile = \"base\"\nurl = \"ws://h\"\nnetwork.max_retries = 5\n", above).network;
    CHECK(network.max_delay == 9s);
    CHECK(network.ping_interval == 0s);
    CHECK(network.max_retries == 5);
}

TEST_CASE("one's own profiles come before those beside the file, and both before the shipped ones") {
    const Files files;
    files.write("venues/okx", "[connection]\nurl = \"wss://beside\"\n");
    CHECK(files.good("profile = \"okx\"\n").urls.front().written() == "wss://beside");
    files.write("mine/okx", "[connection]\nurl = \"wss://mine\"\n");
    const std::string mine = "[profiles]\ndir = \"mine\"\n";
    CHECK(files.good("profile = \"okx\"\n", mine).urls.front().written() == "wss://mine");
    CHECK(files.bad("url = \"ws://h\"\n", "[profiles]\ndir = \"none\"\n").key == "profiles.dir");
    files.write("more/other", "[connection]\nurl = \"wss://other\"\n");
    ::setenv("FAIRLEAD_VENUES", ("/nonexistent::" + files.path("more")).c_str(), 1);
    CHECK(files.good("profile = \"other\"\n").urls.front().written() == "wss://other");
    ::unsetenv("FAIRLEAD_VENUES");
    CHECK(says(files.bad("profile = \"other\"\n"), "no profile that is known"));
}

TEST_CASE("subscriptions must fit on the sockets that the profile's limit of bytes allows") {
    const Files files;
    files.write("venues/narrow", std::string(kBase) + "[limits]\ntopic_bytes_per_socket = 10\n");
    const std::string head = "profile = \"narrow\"\nsubscriptions = [";
    const auto connection = files.good(head + "\"0123456789\", \"b\"]\n");
    CHECK(connection.is_pooled());
    CHECK(pool_settings(connection) == fairlead::core::PoolSettings{.bytes_per_socket = 10});

    const Problem too_long = files.bad(head + "\"a\", \"0123456789a\"]\n");
    CHECK(too_long.key == "connections.a.subscriptions");
    CHECK(says(too_long, "`0123456789a…` has 11 bytes, but the venue takes 10 on a socket"));
    CHECK(says(too_long, "profile `narrow`"));

    std::string many;
    for (int i = 100; i < 165; ++i)
        many += "\"topic" + std::to_string(i) + "\", ";
    const Problem too_many = files.bad(head + many + "]\n");
    CHECK(says(too_many, "only the first 64 of 65 can be carried: 64 sockets of 10 bytes of topics each"));
    CHECK(says(files.bad("profile = \"narrow\"\nchannel = []\n"), "topic_bytes_per_socket"));
}

TEST_CASE("an unknown profile is told with the known ones") {
    const Files files;
    files.write("venues/base", kBase);
    const Problem problem = files.bad("profile = \"bsae\"\n");
    CHECK(problem.line == 2);
    CHECK(problem.column == 11);
    CHECK(problem.key == "connections.a.profile");
    CHECK(says(problem, "must be "));
    CHECK(says(problem, "base"));
    CHECK(says(problem, "generic"));
    CHECK(says(problem, "did you mean `base`?"));
    for (const char* name : {"../base", "/etc/passwd", "", ".", "venues/base"}) {
        CAPTURE(name);
        CHECK(says(files.bad("profile = \"" + std::string(name) + "\"\n"), "no profile that is known"));
    }
}

TEST_CASE("what is wrong in a profile is told once, at the profile's place") {
    const Files files;
    const std::string file = files.write("venues/base", "[connection]\nlegs = 9\n[subscribe]\ntext = 1\n");
    const auto result = load_text("[connections.a]\nprofile = \"base\"\n[connections.b]\nprofile = \"base\"\n",
                                  files.path("fairlead.toml"));
    REQUIRE(std::holds_alternative<Problems>(result));
    const std::string expected = file + ":2:8: connection.legs: 9 is out of range; must be from 1 to 4\n" + file +
                                 ":4:8: subscribe.text: is an integer, must be a string\n";
    CHECK(describe(std::get<Problems>(result)) == expected);
}

TEST_CASE("a default that does not go with a connection's key is told where the key is") {
    const Files files;
    files.write("venues/base", kBase);
    const Problem problem = files.bad("profile = \"base\"\nrotation.overlap = \"10m\"\nrotation.max_age = \"20m\"\n");
    CHECK(problem.file == files.path("fairlead.toml"));
    CHECK(problem.line == 4);
    const Problem of_profile = files.bad(
        "profile = \"base\"\nrotation.overlap = \"10m\"\n"
        "rotation.max_age = \"15m\"\n");
    CHECK(of_profile.key == "connections.a.rotation.max_age");
    files.write("venues/short", "extends = \"base\"\n[connection]\nrotation.max_age = \"30s\"\n");
    const Problem other = files.bad("profile = \"short\"\nrotation.overlap = \"20s\"\n");
    CHECK(other.file == files.path("venues/short.toml"));
    CHECK(other.line == 3);
}

TEST_CASE("a profile extends another: tables are merged, lists replaced") {
    const Files files;
    files.write("venues/base", kBase);
    files.write("venues/child",
                "extends = \"base\"\n[connection]\nurl = \"wss://child\"\ndedupe = [\"/c\"]\n"
                "rotation.max_age = \"1h\"\n[subscribe]\nseparator = \"@\"\n");
    files.write("venues/grandchild", "extends = \"child\"\n[subscribe]\ntopics_per_message = 3\n");
    const ConnectionConfig connection = files.good("profile = \"grandchild\"\n");
    CHECK(connection.venue.name == "grandchild");
    CHECK(connection.venue.subscribe.text == "base {topics}");
    CHECK(connection.venue.subscribe.separator == "@");
    CHECK(connection.venue.subscribe.topics_per_message == 3);
    CHECK(connection.urls == std::vector{SecretText("wss://child")});
    CHECK(connection.dedupe == std::vector<std::string>{"/c"});
    CHECK(connection.rotation == RotationConfig{1h, 0.05, {}, 10s});
}

TEST_CASE("a profile that extends its own name amends the next one of that name") {
    const Files files;
    files.write("venues/base", kBase);
    files.write("mine/base", "extends = \"base\"\n[connection]\nurl = \"wss://amended\"\n");
    const ConnectionConfig connection = files.good("profile = \"base\"\n", "[profiles]\ndir = \"mine\"\n");
    CHECK(connection.urls == std::vector{SecretText("wss://amended")});
    CHECK(connection.venue.subscribe.text == "base {topics}");
}

TEST_CASE("a chain of profiles that does not end is an error") {
    const Files files;
    files.write("venues/x", "extends = \"y\"\n");
    const std::string last = files.write("venues/y", "\nextends = \"x\"\n");
    const Problem circle = files.bad("profile = \"x\"\n");
    CHECK(circle.file == last);
    CHECK(circle.line == 2);
    CHECK(says(circle, "ends where it began"));
    files.write("venues/alone", "extends = \"alone\"\n");
    CHECK(says(files.bad("profile = \"alone\"\n"), "no profile that is known"));
    files.write("venues/lost", "extends = \"nobody\"\n");
    CHECK(says(files.bad("profile = \"lost\"\n"), "\"nobody\" is no profile"));
    files.write("venues/p0", kBase);
    for (int i = 1; i <= 9; ++i)
        files.write("venues/p" + std::to_string(i), "extends = \"p" + std::to_string(i - 1) + "\"\n");
    CHECK(files.good("profile = \"p8\"\n").venue.subscribe.text == "base {topics}");
    CHECK(says(files.bad("profile = \"p9\"\n"), "too many"));
}

TEST_CASE("a login is used with all of its credentials, or none") {
    const Files files;
    files.write("venues/base",
                "credentials = [\"key\", \"secret\"]\n[connection]\nurl = \"wss://h\"\n"
                "[login]\nacknowledged = false\ntext = '{key}{signature}'\nsign = \"x\"\n");
    CHECK(files.good("profile = \"base\"\n").credentials.empty());
    CHECK(files.good("profile = \"base\"\ncredentials = {}\n").credentials.empty());
    const auto all = files.good("profile = \"base\"\ncredentials = { key = \"k\", secret = \"${file:/run/s}\" }\n");
    CHECK(all.credentials.at("secret") == SecretText("${file:/run/s}"));
    const Problem some = files.bad("profile = \"base\"\ncredentials = { key = \"k\" }\n");
    CHECK(some.key == "connections.a.credentials");
    CHECK(says(some, "missing: secret"));
    CHECK(says(files.bad("profile = \"base\"\ncredentials = { key = \"k\", secrt = \"s\", secret = \"s\" }\n"),
               "did you mean `secret`?"));
    CHECK(says(files.bad("profile = \"base\"\ncredentials = { key = \"\", secret = \"s\" }\n"), "is empty"));
    CHECK(says(files.bad("profile = \"base\"\ncredentials = { key = \"k\", secret = \"${env:}\" }\n"), "environment"));
}

TEST_CASE("what is signed before a connection needs the credentials") {
    const Files files;
    files.write("venues/base",
                "credentials = [\"key\", \"secret\"]\n[connection]\nurl = \"wss://h/{token}\"\n"
                "[prepare]\nurl = \"https://h\"\nsign = \"x\"\nextract = { token = \"/t\" }\n");
    CHECK(says(files.bad("profile = \"base\"\n"), "needs key, secret; missing: key, secret"));
    CHECK(files.good("profile = \"base\"\ncredentials = { key = \"k\", secret = \"s\" }\n").credentials.size() == 2);
}

TEST_CASE("topics, and what lives from them") {
    const Files files;
    files.write("venues/base", kBase);
    const Problem twice = files.bad("profile = \"base\"\nsubscriptions = [\"x\", \"y\", \"x\"]\n");
    CHECK(twice.key == "connections.a.subscriptions[2]");
    CHECK(says(twice, "\"x\" is in the list already"));
    const ConnectionConfig connection =
        files.good("profile = \"base\"\non_demand = true\non_demand_linger = \"1m\"\nchannel_stale_after = \"5s\"\n");
    CHECK(connection.on_demand);
    CHECK(connection.on_demand_linger == 1min);
    CHECK(connection.channel_stale_after == 5s);
    CHECK(files.bad("profile = \"base\"\nchannel = []\non_demand = true\n").key == "connections.a.on_demand");
}

TEST_CASE("a URL of one's own may have the variables of the profile, and no others") {
    const Files files;
    files.write("venues/base",
                "[connection]\nurl = \"{endpoint}?token={token}\"\n[prepare]\nurl = \"https://h\"\n"
                "extract = { token = \"/t\", endpoint = \"/e\" }\n");
    CHECK(files.good("profile = \"base\"\nurl = \"wss://h/{token}?id={nonce}\"\n").urls.size() == 1);
    const Problem unknown = files.bad("profile = \"base\"\nurl = \"wss://h/{tokn}\"\n");
    CHECK(unknown.line == 3);
    CHECK(says(unknown, "did you mean `token`?"));
    CHECK(says(files.bad("profile = \"base\"\nurl = \"http://h/{token}\"\n"), "the scheme must be"));
}

TEST_CASE("a connection that is added at run time has profiles too") {
    const Files files;
    files.write("venues/base", kBase);
    const auto added = load_connection("b", "profile = \"base\"\n", NetworkConfig{}, {files.path("venues")});
    REQUIRE(std::holds_alternative<ConnectionConfig>(added));
    CHECK(std::get<ConnectionConfig>(added).urls == std::vector{SecretText("wss://base/ws")});
    const auto shipped_only = load_connection("b", "profile = \"base\"\n", NetworkConfig{});
    REQUIRE(std::holds_alternative<Problems>(shipped_only));
    CHECK(std::get<Problems>(shipped_only)[0].to_string().starts_with("request:1:11: connections.b.profile: \"base\""));
}

TEST_CASE("what is printed with a profile loads to an equal configuration") {
    const Files files;
    files.write("venues/base", kBase);
    files.write("venues/login",
                "extends = \"base\"\ncredentials = [\"key\"]\n[login]\nacknowledged = false\n"
                "text = '{key}'\n");
    for (const char* keys :
         {"profile = \"base\"\nsequence.field = \"\"\n", "profile = \"base\"\nlegs = 2\non_demand = true\n",
          "profile = \"login\"\ncredentials.key = \"${env:KEY}\"\n"}) {
        const auto loaded = std::get<Loaded>(files.load(keys));
        const auto again = load_text(to_toml(loaded.config), files.path("fairlead.toml"));
        REQUIRE(std::holds_alternative<Loaded>(again));
        CHECK(std::get<Loaded>(again).config == loaded.config);
    }
    const auto literal = std::get<Loaded>(files.load("profile = \"login\"\ncredentials.key = \"hunter2\"\n"));
    CHECK(to_toml(literal.config).find("hunter2") == std::string::npos);
}
