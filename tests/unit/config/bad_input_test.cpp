// What bad input gets: for each mistake its place, its key and what to do; all mistakes of a file together.
#include "config/load.hpp"
#include "sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace fairlead::config;

namespace {

struct Row {
    std::string toml;
    unsigned line;
    unsigned column;
    std::string key;
    std::string message;  // a part of it
};

std::string describe(const Problems& problems) {
    std::string result;
    for (const Problem& problem : problems)
        result += problem.to_string() + "\n";
    return result;
}

void check_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        CAPTURE(row.toml);
        const auto result = load_text(row.toml, "f");
        CHECK(std::holds_alternative<Problems>(result));
        if (!std::holds_alternative<Problems>(result)) continue;
        const Problems& problems = std::get<Problems>(result);
        CAPTURE(describe(problems));
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].file == "f");
        CHECK(problems[0].line == row.line);
        CHECK(problems[0].column == row.column);
        CHECK(problems[0].key == row.key);
        CHECK(problems[0].message.find(row.message) != std::string::npos);
    }
}

// A connection with a good URL in lines 1 and 2, then `line`.
std::string connection(const std::string& line) {
    return "[connections.a]\nurl = \"wss://h\"\n" + line + "\n";
}

std::string with_url(const std::string& url) {
    return "[connections.a]\nurl = \"" + url + "\"\n";
}

}  // namespace

TEST_CASE("syntax errors and duplicates have their place") {
    check_rows({
        {"[stream", 1, 8, "", "end-of-file"},
        {"a = \n", 1, 5, "", "value"},
        {"[log]\nlevel = \"info\"\nlevel = \"debug\"\n", 3, 9, "", "level"},
        {"[=]\n", 1, 2, "", "expected bare key"},
        {"[", 1, 2, "", "end-of-file"},
        {"[log]\n[stream]\n[log]\n", 3, 1, "", "log"},
        {"[log]\nlevel = \"\xff\"\n", 2, 9, "", "utf-8"},
        {"[log]\n\n# ...\nx = " + std::string(300, '[') + "\n", 4, 261, "", "nest"},
    });
}

TEST_CASE("what the parser cannot be given is refused before") {
    std::string dots;
    for (int i = 0; i < 10'000; ++i)
        dots += ".x";
    check_rows({
        {"[log]\nx" + dots + " = 1\n", 2, 130, "", "too many dots"},
        {"[log]\nx = { y = '.\\', x" + dots + " = 1}\n", 2, 146, "", "too many dots"},
        {"[log]\nh\xc3\xb6he = 1\n", 2, 2, "", "only ASCII"},
        {"[log]\nlevel = \xe2\x80\x9cinfo\n", 2, 9, "", "quotes are"},
        {"[log]\nlevel = \"\xc3\xb6\" \xc3\xb6\n", 2, 13, "", "only ASCII"},
        {"x = {y = \"\"\"a\"\"\"\"\", \xc3\xb6 = 1}\n", 1, 21, "", "only ASCII"},
        {"x = \"\"\"a\\\n\n  \xc3\xb6\"\"\"\n", 3, 3, "", "backslash"},
        {"x = \"\"\"\\\xc3\xb6\"\"\"\n", 1, 9, "", "backslash"},
    });
}

TEST_CASE("strings and comments may hold dots and characters beyond ASCII") {
    const std::string dots(1000, '.');
    const std::string subscriptions = "[connections.a]\nurl = \"ws://h\"\nsubscriptions = ";
    for (const std::string& text :
         {"\xef\xbb\xbf# h\xc3\xb6he " + dots + "\n", "# " + dots, subscriptions + "[\"\xc3\xb6\\\"" + dots + "\"]\n",
          subscriptions + "['\xc3\xb6\\" + dots + "']\n",
          subscriptions + "[\"\"\"\n\\\"\xc3\xb6\n\n" + dots + "\"\"\"\"\", '''\n\xc3\xb6\\''']\n",
          subscriptions + "[\"\"\"\\\n  x\"\"\"]\n"}) {
        CAPTURE(text);
        const auto result = load_text(text, "f");
        if (std::holds_alternative<Problems>(result)) FAIL(describe(std::get<Problems>(result)));
    }
}

TEST_CASE("unknown keys name the nearest known one") {
    check_rows({
        {"[strem]\n", 1, 2, "strem", "unknown key; did you mean `stream`?"},
        {"x = 1\n", 1, 1, "x", "unknown key"},
        {"[stream]\nhigh_watermark = 1\n", 2, 1, "stream.high_watermark", "did you mean `high_water_mark`?"},
        {"[control]\nendpoints = \"x\"\n", 2, 1, "control.endpoints", "did you mean `endpoint`?"},
        {"[http]\nport = 1\n", 2, 1, "http.port", "unknown key"},
        {"[journal]\nmax_byte = 1\n", 2, 1, "journal.max_byte", "did you mean `max_bytes`?"},
        {"[network]\nmax_retrys = 1\n", 2, 1, "network.max_retrys", "did you mean `max_retries`?"},
        {"[alerts]\nhistroy = 1\n", 2, 1, "alerts.histroy", "did you mean `history`?"},
        {"[alerts.channels.email]\n", 1, 18, "alerts.channels.email", "unknown key"},
        {"[alerts.channels.log]\nqueue = 5\n", 2, 1, "alerts.channels.log.queue", "unknown key"},
        {"[alerts.channels.log]\nurl = \"http://h\"\n", 2, 1, "alerts.channels.log.url", "unknown key"},
        {"[log]\nlvl = \"info\"\n", 2, 1, "log.lvl", "did you mean `level`?"},
        {"[reload]\nwach = true\n", 2, 1, "reload.wach", "did you mean `watch`?"},
        {connection("subscription = []"), 3, 1, "connections.a.subscription", "did you mean `subscriptions`?"},
        {connection("tls.cafile = \"x\""), 3, 5, "connections.a.tls.cafile", "did you mean `ca_file`?"},
        {connection("network.pong_timout = \"1s\""), 3, 9, "connections.a.network.pong_timout", "`pong_timeout`?"},
    });
}

TEST_CASE("a wrong type names the found and the expected one") {
    check_rows({
        {"stream = 1\n", 1, 10, "stream", "is an integer, must be a table"},
        {"[[stream]]\n", 1, 1, "stream", "is a list, must be a table"},
        {"connections = \"x\"\n", 1, 15, "connections", "is a string, must be a table"},
        {"[connections]\na = 1\n", 2, 5, "connections.a", "is an integer, must be a table"},
        {"[stream]\nendpoint = 1\n", 2, 12, "stream.endpoint", "is an integer, must be a string or a list of strings"},
        {"[stream]\nendpoint = [true]\n", 2, 13, "stream.endpoint[0]", "is a boolean, must be a string"},
        {"[stream]\nhigh_water_mark = \"1\"\n", 2, 19, "stream.high_water_mark", "is a string, must be an integer"},
        {"[stream]\nhigh_water_mark = 1.5\n", 2, 19, "stream.high_water_mark", "is a number, must be an integer"},
        {"[stream]\nheartbeat_interval = 1\n", 2, 22, "stream.heartbeat_interval", "in quotes: \"1s\""},
        {"[stream]\nheartbeat_interval = 1.5\n", 2, 22, "stream.heartbeat_interval", "a duration such as"},
        {"[stream]\nsocket_mode = 660\n", 2, 15, "stream.socket_mode", "is an integer, must be a string"},
        {"[control]\nendpoint = []\n", 2, 12, "control.endpoint", "is a list, must be a string"},
        {"[journal]\nmax_bytes = true\n", 2, 13, "journal.max_bytes", "is a boolean, must be a size"},
        {"[network]\njitter_factor = \"0.1\"\n", 2, 17, "network.jitter_factor", "is a string, must be a number"},
        {"[network]\nmax_retries = 2020-01-01\n", 2, 15, "network.max_retries", "is a date or a time"},
        {"[alerts.channels.log]\nenabled = \"yes\"\n", 2, 11, "alerts.channels.log.enabled", "true or false"},
        {connection("subscriptions = \"x\""), 3, 17, "connections.a.subscriptions", "must be a list of strings"},
        {connection("subscriptions = [\"x\", 2]"), 3, 23, "connections.a.subscriptions[1]", "is an integer"},
        {connection("headers = \"x\""), 3, 11, "connections.a.headers", "is a string, must be a table"},
        {connection("headers.X = 1"), 3, 13, "connections.a.headers.X", "is an integer, must be a string"},
        {connection("tls = true"), 3, 7, "connections.a.tls", "is a boolean, must be a table"},
    });
}

TEST_CASE("a value out of range names the range") {
    check_rows({
        {"[stream]\nhigh_water_mark = -1\n", 2, 19, "stream.high_water_mark", "-1 is out of range; must be from 0"},
        {"[stream]\nhigh_water_mark = 2147483648\n", 2, 19, "stream.high_water_mark", "to 2147483647"},
        {"[stream]\nheartbeat_interval = \"99ms\"\n", 2, 22, "stream.heartbeat_interval", "must be from 100ms to 30s"},
        {"[stream]\nheartbeat_interval = \"31s\"\n", 2, 22, "stream.heartbeat_interval", "31s is out of range"},
        {"[network]\nmax_retries = -1\n", 2, 15, "network.max_retries", "must be from 0 to 1000000"},
        {"[network]\ninitial_delay = \"0s\"\n", 2, 17, "network.initial_delay", "must be from 1ms to 1d"},
        {"[network]\nbackoff_multiplier = 0.9\n", 2, 22, "network.backoff_multiplier", "must be from 1 to 100"},
        {"[network]\nbackoff_multiplier = nan\n", 2, 22, "network.backoff_multiplier", "nan is out of range"},
        {"[network]\njitter_factor = 1.1\n", 2, 17, "network.jitter_factor", "must be from 0 to 1"},
        {"[network]\njitter_factor = -0.1\n", 2, 17, "network.jitter_factor", "must be from 0 to 1"},
        {"[network]\nconnection_timeout = \"0s\"\n", 2, 22, "network.connection_timeout", "must be from 1ms to 1h"},
        {"[network]\nping_interval = \"1us\"\n", 2, 17, "network.ping_interval", "must be 0s or from 1ms"},
        {"[network]\nalert_threshold = 0\n", 2, 19, "network.alert_threshold", "must be from 1"},
        {"[alerts]\nhistory = -5\n", 2, 11, "alerts.history", "must be from 0"},
        {"[journal]\nmax_bytes = -5\n", 2, 13, "journal.max_bytes", "cannot be negative"},
        {"[journal]\nmax_bytes = \"2000GiB\"\n", 2, 13, "journal.max_bytes", "must be from 0B to 1024GiB"},
        {connection("max_message_bytes = 0"), 3, 21, "connections.a.max_message_bytes", "must be from 1B to 1GiB"},
        {connection("max_topics = 0"), 3, 14, "connections.a.max_topics", "must be from 1"},
        {connection("legs = 9"), 3, 8, "connections.a.legs", "must be from 1 to 4"},
        {connection("stale_after = \"25h\""), 3, 15, "connections.a.stale_after", "1d1h is out of range"},
    });
}

TEST_CASE("a text of the wrong form says the right one") {
    check_rows({
        {"[stream]\nheartbeat_interval = \"1\"\n", 2, 22, "stream.heartbeat_interval", "is not a duration"},
        {"[stream]\nheartbeat_interval = \"1.5s\"\n", 2, 22, "stream.heartbeat_interval", "whole numbers"},
        {"[stream]\nslow_consumer = \"dorp\"\n", 2, 17, "stream.slow_consumer",
         "drop or disconnect; did you mean `drop`?"},
        {"[stream]\nsocket_mode = \"0888\"\n", 2, 15, "stream.socket_mode", "octal"},
        {"[stream]\nsocket_mode = \"rw\"\n", 2, 15, "stream.socket_mode", "octal"},
        {"[stream]\nsocket_mode = \"7777\"\n", 2, 15, "stream.socket_mode", "octal"},
        {"[stream]\nsocket_mode = \"0060\"\n", 2, 15, "stream.socket_mode", "owner"},
        {"[journal]\nmax_bytes = \"64 MiB\"\n", 2, 13, "journal.max_bytes", "is not a size"},
        {"[log]\nlevel = \"warn\"\n", 2, 9, "log.level", "debug, info, warning or error"},
        {"[log]\nformat = \"xml\"\n", 2, 10, "log.format", "text or json"},
        {"[alerts.channels.webhook]\n", 1, 18, "alerts.channels.webhook.url", "needs its url"},
        {"[alerts.channels.webhook]\nurl = \"http://h\"\nformat = \"slack\"\n", 3, 10, "alerts.channels.webhook.format",
         "must be"},
        {"[alerts.channels.webhook]\nurl = \"http://h\"\nqueue = 0\n", 3, 9, "alerts.channels.webhook.queue",
         "must be from 1"},
        {"[alerts.channels.webhook]\nurl = \"ftp://h\"\n", 2, 7, "alerts.channels.webhook.url", "http:// or https://"},
        {"[http]\nlisten = \"9810\"\n", 2, 10, "http.listen", "the port is missing; write host:port"},
        {"[http]\nlisten = \"0.0.0.0:9810\"\n", 2, 10, "http.listen", "is outside loopback: set token_file"},
        {"[http]\nlisten = \"[::1]:9810\"\n", 2, 10, "http.listen", "IPv4 only"},
        {"[connections.\"a b\"]\nurl = \"ws://h\"\n", 1, 14, "connections.a b", "1 to 64 characters"},
        {"[connections.\"\"]\nurl = \"ws://h\"\n", 1, 14, "connections.", "1 to 64 characters"},
        {connection("channel = \"stream\""), 3, 11, "connections.a.channel", "must begin with /"},
        {connection("channel = [\"/a\", \"/b~2\"]"), 3, 18, "connections.a.channel[1]", "~0"},
        {connection("channel = \"/b~\""), 3, 11, "connections.a.channel", "~0"},
        {connection("channel = [\"/a\", \"/a\"]"), 3, 18, "connections.a.channel[1]", "already"},
        {connection("subscriptions = [\"\"]"), 3, 18, "connections.a.subscriptions[0]", "is empty"},
        {connection("headers.\"a b\" = \"\""), 3, 17, "connections.a.headers.a b", "name of a header"},
        {connection("headers.Host = \"x\""), 3, 16, "connections.a.headers.Host", "set by fairlead itself"},
        {connection("headers.Sec-WebSocket-Protocol = \"x\""), 3, 34, "connections.a.headers.Sec-WebSocket-Protocol",
         "subprotocol"},
        {connection("headers.X = \"a\\r\\nb\""), 3, 13, "connections.a.headers.X", "line breaks"},
        {connection("headers = { X = \"1\", x = \"2\" }"), 3, 26, "connections.a.headers.x", "is there already"},
        {connection("subprotocol = \"a b\""), 3, 15, "connections.a.subprotocol", "a name, or names"},
        {connection("subprotocol = \"a,\""), 3, 15, "connections.a.subprotocol", "a name, or names"},
        {connection("proxy = \"socks5://h:1\""), 3, 9, "connections.a.proxy", "must be http://host:port"},
        {connection("proxy = \"http://h\""), 3, 9, "connections.a.proxy", "the port is missing"},
        {connection("proxy = \"http://h:1/x\""), 3, 9, "connections.a.proxy", "must be http://host:port"},
    });
}

TEST_CASE("a URL that cannot be dialled says why") {
    check_rows({
        {"[connections.a]\n", 1, 14, "connections.a.url", "is missing"},
        {connection("urls = [\"wss://h\"]"), 3, 8, "connections.a.urls", "one of the two"},
        {"[connections.a]\nurls = []\n", 2, 8, "connections.a.urls", "the list is empty"},
        {"[connections.a]\nurls = [\"ws://h\", \"http://h\"]\n", 2, 19, "connections.a.urls[1]", "the scheme must be"},
        {with_url("https://h"), 2, 7, "connections.a.url", "the scheme must be ws:// or wss://"},
        {with_url(""), 2, 7, "connections.a.url", "not a URL"},
        {with_url("ws://"), 2, 7, "connections.a.url", "the host is missing"},
        {with_url("ws://h:70000"), 2, 7, "connections.a.url", "from 1 to 65535"},
        {with_url("ws://user:pw@h"), 2, 7, "connections.a.url", "headers.Authorization"},
        {with_url("ws://${env:U}:${env:P}@h"), 2, 7, "connections.a.url", "headers.Authorization"},
        {with_url("ws://h/#x"), 2, 7, "connections.a.url", "fragment"},
        {with_url("http://${env:HOST}"), 2, 7, "connections.a.url", "the scheme must be"},
        {with_url("http://[${env:HOST}]"), 2, 7, "connections.a.url", "the scheme must be"},
        {with_url("wss://${env:HOST"), 2, 7, "connections.a.url", "not closed"},
        {with_url("wss://${vault:x}"), 2, 7, "connections.a.url", "must be ${env:NAME} or ${file:/path}"},
        {with_url("wss://${env:}"), 2, 7, "connections.a.url", "name of an environment variable"},
        {with_url("wss://h/${file:relative}"), 2, 7, "connections.a.url", "absolute path"},
        {connection("tls.ca_file = \"${env:CA}\""), 3, 15, "connections.a.tls.ca_file", "not replaced here"},
    });
}

TEST_CASE("local endpoints stay local and apart") {
    const auto endpoint = [](const std::string& text) { return "[stream]\nendpoint = \"" + text + "\"\n"; };
    check_rows({
        {endpoint("ipc://relative"), 2, 12, "stream.endpoint", "absolute path"},
        {endpoint("ipc:///"), 2, 12, "stream.endpoint", "absolute path"},
        {endpoint("ipc:///" + std::string(107, 'a')), 2, 12, "stream.endpoint", "108 bytes"},
        {endpoint("inproc://x"), 2, 12, "stream.endpoint", "must be ipc:///absolute/path or tcp://127.0.0.1:port"},
        {endpoint("tcp://0.0.0.0:1"), 2, 12, "stream.endpoint", "does not encrypt its local sockets"},
        {endpoint("tcp://10.0.0.1:1"), 2, 12, "stream.endpoint", "outside loopback"},
        {endpoint("tcp://*:1"), 2, 12, "stream.endpoint", "not a host name"},
        {endpoint("tcp://127.0.0.1"), 2, 12, "stream.endpoint", "the port is missing"},
        {endpoint("tcp://127.0.0.1:0"), 2, 12, "stream.endpoint", "from 1 to 65535"},
        {"[stream]\nendpoint = []\n", 2, 12, "stream.endpoint", "the list is empty"},
        {"[stream]\nendpoint = [\"ipc:///a\", \"ipc:///a\"]\n", 2, 25, "stream.endpoint[1]", "already"},
        {"[stream]\nendpoint = [\"ipc:///a\", \"ipc:///./a\"]\n", 2, 12, "stream.endpoint", "same socket"},
        {endpoint("ipc:///run/fairlead/control.sock"), 2, 12, "stream.endpoint", "cannot be the same"},
        {"[control]\nendpoint = \"ipc:///run//fairlead/stream.sock\"\n", 2, 12, "control.endpoint",
         "cannot be the same"},
        {"[stream]\nendpoint = \"tcp://localhost:1\"\n[control]\nendpoint = \"tcp://127.0.0.1:1\"\n", 4, 12,
         "control.endpoint", "cannot be the same"},
        {"[control]\nendpoint = \"x\"\n", 2, 12, "control.endpoint", "must be ipc:"},
    });
}

TEST_CASE("impossible combinations are refused where they are set") {
    check_rows({
        {"[network]\ninitial_delay = \"10m\"\n", 2, 17, "network.initial_delay", "not be greater than max_delay"},
        {"[network]\nmax_delay = \"500ms\"\n", 2, 13, "network.max_delay", "not be greater than max_delay"},
        {connection("network.max_delay = \"10ms\""), 3, 21, "connections.a.network.max_delay",
         "initial_delay must not"},
        {"[network]\npong_timeout = \"31s\"\n", 2, 16, "network.pong_timeout", "one ping is outstanding"},
        {"[network]\nping_interval = \"5s\"\n", 2, 17, "network.ping_interval", "one ping is outstanding"},
        {connection("tls.key_file = \"/k\""), 3, 16, "connections.a.tls.key_file", "needs cert_file"},
        {"[connections.a]\nurl = \"ws://h\"\ntls.server_name = \"x\"\n", 3, 19, "connections.a.tls.server_name",
         "no meaning on a ws:// URL"},
    });
}

TEST_CASE("what needs topics is refused where texts are sent as they are") {
    check_rows({
        {connection("on_demand = true"), 3, 13, "connections.a.on_demand", "needs a profile whose topics are channels"},
        {connection("channel_stale_after = \"5s\""), 3, 23, "connections.a.channel_stale_after", "needs a profile"},
        {connection("credentials = { key = \"x\" }"), 3, 15, "connections.a.credentials", "no use for any"},
        {"[network]\nbudget_dir = \"run\"\n", 2, 14, "network.budget_dir", "absolute path"},
        {connection("network.budget_dir = \"/run\""), 3, 22, "connections.a.network.budget_dir", "into [network]"},
    });
}

TEST_CASE("settings of continuity that cannot be meant") {
    check_rows({
        {connection("legs = 5"), 3, 8, "connections.a.legs", "out of range"},
        {connection("transport = \"lws\"\ncompression = true"), 4, 15, "connections.a.compression",
         "needs transport = \"native\""},
        {connection("dedupe = \"t\""), 3, 10, "connections.a.dedupe", "must begin with"},
        {connection("last_value = true") + "\n[journal]\nmax_bytes = 0\n", 3, 14, "connections.a.last_value",
         "needs the journal"},
        {connection("rotation.preferred_hour = 4"), 3, 27, "connections.a.rotation.preferred_hour", "without max_age"},
        {connection("rotation = { max_age = \"1h\", preferred_hour = 24 }"), 3, 47,
         "connections.a.rotation.preferred_hour", "out of range"},
        {connection("drain.field = \"/e\""), 3, 15, "connections.a.drain.field", "go together"},
        {connection("drain.value = \"x\""), 3, 15, "connections.a.drain.value", "go together"},
        {connection("sequence.step = 1"), 3, 17, "connections.a.sequence.step", "no meaning without field"},
        {connection("sequence.previous = \"/p\""), 3, 21, "connections.a.sequence.previous",
         "no meaning without field"},
        {connection("sequence.first = \"/U\""), 3, 18, "connections.a.sequence.first", "no meaning without field"},
        {connection("sequence = { field = \"/t\", first = \"U\" }"), 3, 36, "connections.a.sequence.first",
         "must begin"},
        {connection("sequence = { field = \"/t\", first = \"/U\", previous = \"/p\" }"), 3, 36,
         "connections.a.sequence.first", "beside previous"},
        {connection("sequence = { field = \"/t\", repair = \"pray\" }"), 3, 37, "connections.a.sequence.repair",
         "must be none, resubscribe or rotate"},
    });
}

TEST_CASE("ten errors in one file are ten problems, in the order of the file") {
    const auto result = load_text(R"([stream]
heartbeat_interval = 1
sokcet_mode = "0660"
high_water_mark = -1
[connections.a]
url = "http://h"
legs = 5
channel = "s"
network.jitter_factor = 2
network.initial_delay = "6m"
[log]
level = "loud"
[network]
max_retries = "many"
)",
                                  "f");
    REQUIRE(std::holds_alternative<Problems>(result));
    const Problems& problems = std::get<Problems>(result);
    CAPTURE(describe(problems));
    REQUIRE(problems.size() == 10);
    std::vector<unsigned> lines;
    for (const Problem& problem : problems)
        lines.push_back(problem.line);
    CHECK(lines == std::vector<unsigned>{2, 3, 4, 6, 7, 8, 9, 10, 12, 14});
}

TEST_CASE("a password does not appear in what is said about it") {
    for (const char* line :
         {"proxy = \"http://bob:hunter2@\"", "proxy = \"http://bob:hunter2/x@h:1\"", "proxy = \"bob:hunter2@h:1\"",
          "urls = [\"ws://bob:hunter2@h\"]", "urls = [\"ws://bob:hunter2\"]", "headers.X = \"hunter2\\n\""}) {
        CAPTURE(line);
        const auto result = load_text(connection(line), "f");
        REQUIRE(std::holds_alternative<Problems>(result));
        CHECK(describe(std::get<Problems>(result)).find("hunter2") == std::string::npos);
    }
}

TEST_CASE("control characters of a key do not reach the terminal") {
    const auto result = load_text("\"a\\u001b[31m\" = 1\n", "f");
    REQUIRE(std::holds_alternative<Problems>(result));
    CHECK(std::get<Problems>(result)[0].to_string() == "f:1:1: a?[31m: unknown key");
}

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

// Loads the lines; whatever comes out must be a Config or problems that name a line. Returns whether it was a Config.
bool loads_or_explains(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    const auto result = load_text(text, "f");
    if (std::holds_alternative<Loaded>(result)) return true;
    const Problems& problems = std::get<Problems>(result);
    CAPTURE(text);
    CHECK_FALSE(problems.empty());
    CHECK(std::all_of(problems.begin(), problems.end(), [](const Problem& p) { return p.line > 0; }));
    return false;
}

}  // namespace

TEST_CASE("a damaged file loads or is explained") {
    const std::vector<std::string> lines = lines_of(kFullSample);
    REQUIRE(loads_or_explains(lines));
    static constexpr std::array kReplacements = {'"', '\'', '[', '}', '=', '.', '$', '\\', '-', '9', '\0', '\xff'};
    int refused = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::vector<std::string> without = lines;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        loads_or_explains(without);

        std::vector<std::string> twice = lines;
        twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
        const bool is_blank = lines[i].empty() || lines[i].starts_with('#');
        CHECK(loads_or_explains(twice) == is_blank);

        for (std::size_t at = 0; at < lines[i].size(); ++at) {
            for (std::size_t k = 0; k < 3; ++k) {  // all of them within every four characters
                std::vector<std::string> garbled = lines;
                garbled[i][at] = kReplacements[(at * 3 + k) % kReplacements.size()];
                if (!loads_or_explains(garbled)) ++refused;
            }
            std::vector<std::string> cut = lines;
            cut[i].resize(at);
            loads_or_explains(cut);
        }
    }
    CHECK(refused > 1000);
}
