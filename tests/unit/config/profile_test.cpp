#include "config/load.hpp"
#include "profile_sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace fairlead::config;
using namespace std::chrono_literals;

namespace {

std::string describe(const Problems& problems) {
    std::string result;
    for (const Problem& problem : problems)
        result += problem.to_string() + "\n";
    return result;
}

ConnectionConfig load_good(const std::string& toml) {
    const ProfileFolder folder;
    auto result = load_profile(folder.write("own", toml));
    if (const auto* problems = std::get_if<Problems>(&result)) FAIL(describe(*problems));
    return std::get<ConnectionConfig>(std::move(result));
}

struct Row {
    std::string toml;
    unsigned line;
    std::string key;
    std::string message;
};

// Each is one problem, there.
void check_rows(const std::vector<Row>& rows) {
    const ProfileFolder folder;
    for (const Row& row : rows) {
        const std::string file = folder.write("own", row.toml);
        const auto result = load_profile(file);
        CAPTURE(row.toml);
        REQUIRE(std::holds_alternative<Problems>(result));
        const Problems& problems = std::get<Problems>(result);
        CAPTURE(describe(problems));
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].file == file);
        CHECK(problems[0].line == row.line);
        CHECK(problems[0].key == row.key);
        CHECK(problems[0].message.find(row.message) != std::string::npos);
    }
}

const std::string kAck = "[[messages]]\nmeans = \"ack\"\nwhen = [{ field = \"/result\" }]\n";
const std::string kPong = "[[messages]]\nmeans = \"heartbeat_reply\"\nwhen = [{ field = \"/pong\" }]\n";
const std::string kQuestion = "[[messages]]\nmeans = \"heartbeat_request\"\nwhen = [{ field = \"/a\" }]\n";

}  // namespace

TEST_CASE("every key of a profile reaches its member") {
    const ConnectionConfig connection = load_good(kFullProfile);
    const Profile& profile = connection.venue;
    CHECK(profile.name == "own");
    CHECK_FALSE(profile.is_generic());
    CHECK(profile.hints == std::vector<std::string>{R"("result")", R"("event")"});
    CHECK(profile.waits_for_ready);
    CHECK(profile.decode == Decode::Sniff);
    CHECK(profile.credentials == std::vector<std::string>{"key", "secret"});
    CHECK(profile.channel_id == std::vector<std::string>{"/chanId"});
    CHECK(profile.aliases == std::map<std::string, std::string>{{"l2_data", "level2"}});
    const SubscribeConfig& subscribe = profile.subscribe;
    CHECK(subscribe.text == R"({"op":"subscribe","channel":"{1}","args":[{topics}],"id":{id}})");
    CHECK(subscribe.unsubscribe == R"({"op":"unsubscribe","channel":"{1}","args":[{topics}],"id":{id}})");
    CHECK(subscribe.topic == R"({"instId":"{2}"})");
    CHECK(subscribe.separator == "@");
    CHECK(subscribe.group == 1);
    CHECK(subscribe.topics_per_message == 20);
    CHECK(subscribe.bytes_per_message == 4096);
    CHECK(subscribe.acknowledged);
    CHECK(subscribe.ack_timeout == 5s);
    CHECK(subscribe.in_flight == 8);
    CHECK(profile.limits == LimitsConfig{65536, {5, 1s}, {480, 1h}, true, {300, 5min}});
    CHECK(profile.heartbeat == HeartbeatConfig{"ping", 15s, 5s, 40s});
    CHECK(profile.login == LoginConfig{R"({"op":"login","args":["{key}",{expires_ms},"{signature}"]})",
                                       "GET/realtime{expires_ms}", Hash::Sha384, Encoding::Base64, KeyForm::Hex, 10s,
                                       false, 3s});
    CHECK(profile.prepare == PrepareConfig{"https://venue.example/token?at={now_ms}",
                                           "GET",
                                           {{"X-Key", "{key}"}, {"X-Sign", "{signature}"}},
                                           "{now_s}",
                                           "{now_ms}GET/token",
                                           Hash::Sha512,
                                           Encoding::Base64,
                                           KeyForm::Base64,
                                           {{"token", "/data/token"}, {"host", "/data/0/endpoint"}},
                                           4s});
}

TEST_CASE("the rules and examples of a profile keep their order and every key") {
    const Profile profile = load_good(kFullProfile).venue;
    REQUIRE(profile.messages.size() == 5);
    const MessageRule& ack = profile.messages[0];
    CHECK(ack.means == Meaning::Ack);
    using Is = FieldTest::Is;
    CHECK(ack.when == std::vector<FieldTest>{
                          {"/result", Is::Present, ""}, {"/code", Is::Absent, ""}, {"/event", Is::Equal, "subscribe"}});
    CHECK(ack.id == "/id");
    CHECK(ack.topic == std::vector<std::string>{"/arg/channel", "/arg/instId"});
    CHECK(ack.accepted == "/result");
    CHECK(ack.channel_id == "/chanId");
    const MessageRule& reject = profile.messages[1];
    CHECK(reject.means == Meaning::Reject);
    CHECK(reject.when == std::vector<FieldTest>{{"/event", Is::Prefix, "err"}, {"", Is::Contains, "too many"}});
    CHECK(reject.kind == RejectKind::Rate);
    CHECK(reject.reason == "/msg");
    CHECK(profile.messages[3].answer == R"({"pong":{field:/ping}})");
    CHECK(profile.messages[4].means == Meaning::HeartbeatReply);
    REQUIRE(profile.examples.size() == 3);
    CHECK(profile.examples[0] ==
          ProfileExample{.text = R"({"stream":"a","data":{"u":7}})", .is = "data", .channel = "a", .sequence = "7"});
    CHECK(profile.examples[1].is == "ack");
    CHECK(profile.examples[1].id == "3");
    CHECK(profile.examples[1].topic == "a:b");
    CHECK(profile.examples[1].accepted == std::vector<std::string>{"a:b"});
    CHECK(profile.examples[1].channel_id == "5");
    CHECK(profile.examples[2].kind == RejectKind::Rate);
    CHECK_FALSE(profile.examples[2].accepted);
}

TEST_CASE("a profile's defaults of a connection's keys are read") {
    const ConnectionConfig connection = load_good(kFullProfile);
    CHECK(connection.urls == std::vector{SecretText("wss://{host}/ws?token={token}&id={nonce}")});
    CHECK(connection.channel == std::vector<std::string>{"/stream"});
    CHECK(connection.rotation.max_age == 23h);
    CHECK(connection.drain == DrainConfig{"/e", "serverShutdown"});
    CHECK(connection.sequence == SequenceConfig{"/data/u", "/data/pu", "", 1, RepairMode::Resubscribe});
    CHECK(connection.network.ping_interval == 0s);
}

TEST_CASE("the first number inside of a message stands instead of the one before, and is printed") {
    const ConnectionConfig connection =
        load_good("[connection]\nsequence = { field = \"/u\", first = \"/U\", step = 0 }\n");
    CHECK(connection.sequence == SequenceConfig{"/u", "", "/U", 0, RepairMode::None});
    Config config;
    config.connections["a"] = connection;
    CHECK(to_toml(config).find("sequence.first = \"/U\"\n") != std::string::npos);
}

TEST_CASE("an empty profile is one that sends its topics as they are") {
    Profile expected;
    expected.name = "own";
    CHECK(load_good("").venue == expected);
}

TEST_CASE("a profile's wrong keys and forms are told at their places") {
    check_rows({
        {"hint = []\n", 1, "hint", "did you mean `hints`?"},
        {"[subscribe]\ntopics = 'x'\n", 2, "subscribe.topics", "did you mean `topic`?"},
        {"[connection]\nchanel = \"/a\"\n", 2, "connection.chanel", "did you mean `channel`?"},
        {"[connection]\nsubscriptions = []\n", 2, "connection.subscriptions", "unknown key"},
        {"[connection]\nchannel = \"a\"\n", 2, "connection.channel", "must begin with /"},
        {"decode = \"zip\"\n", 1, "decode", "must be none, gzip, deflate or sniff"},
        {"credentials = [\"Key\"]\n", 1, "credentials[0]", "must be made of"},
        {"credentials = [\"nonce\"]\n", 1, "credentials[0]", "a variable of its own"},
        {"[limits]\nmessages = \"5\"\n", 2, "limits.messages", "COUNT/DURATION"},
        {"[limits]\nmessages = \"5/0s\"\n", 2, "limits.messages", "COUNT/DURATION"},
        {"[limits]\nrequests = \"-5/1s\"\n", 2, "limits.requests", "COUNT/DURATION"},
        {"[limits]\nconnections = 5\n", 2, "limits.connections", "must be a string"},
        {"[limits]\npings_count = true\n", 2, "limits.pings_count", "without messages"},
        {"messages = 1\n", 1, "messages", "must be a list of tables"},
        {"messages = [1]\n", 1, "messages[0]", "must be a table"},
        {"[[messages]]\nmeans = \"acc\"\nwhen = [{ field = \"/a\" }]\n", 2, "messages[0].means", "mean `ack`?"},
        {"[[messages]]\nwhen = [{ field = \"/a\" }]\n", 1, "messages[0].means", "is missing"},
        {"[[messages]]\nmeans = \"ack\"\n", 1, "messages[0].when", "would be every message"},
        {"[[messages]]\nmeans = \"ack\"\nwhen = [{ field = \"a\" }]\n", 3, "messages[0].when[0].field", "must begin"},
        {"[[messages]]\nmeans = \"ack\"\nwhen = [{ is = \"absent\" }]\n", 3, "messages[0].when[0].field", "is missing"},
        {"[[messages]]\nmeans = \"ack\"\nwhen = [{ field = \"\" }]\n", 3, "messages[0].when[0].field", "always"},
        {"[[messages]]\nmeans = \"ack\"\nwhen = [{ field = \"/a\", is = \"equal\" }]\n", 3, "messages[0].when[0].is",
         "needs value"},
        {kAck + "id = \"id\"\n", 4, "messages[0].id", "must begin with /"},
        {kAck + "kind = \"rate\"\n", 4, "messages[0].kind", "only in a rule of reject"},
        {kAck + "answer = \"x\"\n", 4, "messages[0].answer", "only in a rule of heartbeat_request"},
        {kQuestion, 1, "messages[0].answer", "is missing"},
        {"[[examples]]\nis = \"data\"\n", 1, "examples[0].text", "is missing"},
        {"[[examples]]\ntext = \"{}\"\nis = \"data\"\nid = \"1\"\n", 4, "examples[0].id", "no meaning with this"},
        {"[[examples]]\ntext = \"{}\"\nis = \"notice\"\nchannel = \"1\"\n", 4, "examples[0].channel", "no meaning"},
        {"[[examples]]\ntext = \"{}\"\nis = \"ack\"\nkind = \"rate\"\n", 4, "examples[0].kind", "no meaning"},
        {"[[examples]]\ntext = \"{}\"\nis = \"reject\"\nkind = \"rat\"\n", 4, "examples[0].kind", "mean `rate`?"},
        {"[[examples]]\ntext = \"{}\"\nis = \"data\"\naccepted = []\n", 4, "examples[0].accepted", "no meaning"},
        {"[[examples]]\ntext = \"{}\"\nis = \"reject\"\nchannel_id = \"1\"\n", 4, "examples[0].channel_id",
         "no meaning"},
        {"extends = 1\n", 1, "extends", "must be the name of a profile"},
        {"a = \n", 1, "", "value"},
    });
}

TEST_CASE("a variable that does not exist is a misspelling") {
    check_rows({
        {"[subscribe]\ntext = '{\"a\":[{topics}],\"b\":{idd}}'\n", 2, "subscribe.text", "did you mean `id`?"},
        {"[subscribe]\ntext = '{\"a\":[{topic}]}{topics}'\n", 2, "subscribe.text", "did you mean `topics`?"},
        {"[subscribe]\ntopic = '{topics}'\n", 2, "subscribe.topic", "did you mean `topic`?"},
        {"[subscribe]\ntext = '{\"a\":1}'\n", 2, "subscribe.text", "names no {topics}"},
        {"[subscribe]\ntext = '{topics}{1}'\ntopics_per_message = 2\n", 2, "subscribe.text",
         "group must be at least 1"},
        {"[heartbeat]\ntimeout = \"0s\"\ntext = '{signature}'\n", 3, "heartbeat.text", "no variable here"},
        {"[heartbeat]\ntimeout = \"0s\"\ntext = '{field:/a}'\n", 3, "heartbeat.text", "only `answer`"},
        {"credentials = [\"key\"]\n[login]\nacknowledged = false\ntext = '{key}{signature}'\n", 4, "login.text",
         "{signature} is no variable here"},
        {kQuestion + "answer = \"{nonc}\"\n", 4, "messages[0].answer", "did you mean `nonce`?"},
        {"[subscribe]\ntopic = '{1}-{5}'\n", 2, "subscribe.topic", "{5} is no variable here"},
        {"[subscribe]\ntext = '{topics}{10}'\n", 2, "subscribe.text", "{10} is no variable here"},
        {"[heartbeat]\ntimeout = \"0s\"\ntext = '{1}'\n", 3, "heartbeat.text", "{1} is no variable here"},
        {kQuestion + "answer = '{field:ping}'\n", 4, "messages[0].answer", "{field:ping}: ping is not a JSON pointer"},
        {kQuestion + "answer = '{\"a\":\"{field:/a~}\"}'\n", 4, "messages[0].answer", "write ~ as ~0"},
        {kQuestion + "answer = '{field:}'\n", 4, "messages[0].answer", "which field"},
        {"[connection]\nurl = \"wss://h/{token}\"\n", 2, "connection.url", "{token} is no variable of a URL"},
        {"credentials = [\"key\"]\n[connection]\nurl = \"wss://h/{key}\"\n", 3, "connection.url", "{key} is no"},
        {"[prepare]\nurl = \"https://h/\"\nextract = { nonce = \"/a\" }\n", 3, "prepare.extract.nonce", "already"},
        {"[prepare]\nurl = \"https://h/\"\nextract = { Token = \"/a\" }\n", 3, "prepare.extract.Token", "made of a-z"},
        {"[prepare]\nurl = \"https://h/\"\nextract = { token = \"a\" }\n", 3, "prepare.extract.token", "begin with /"},
    });
}

TEST_CASE("settings of a profile that cannot be meant together") {
    const std::string subscribe = "[subscribe]\nacknowledged = true\n";
    check_rows({
        {subscribe, 2, "subscribe.acknowledged", "needs a rule in [[messages]] that means ack"},
        {subscribe + kAck, 1, "subscribe.in_flight", "must be 1"},
        {subscribe + kAck + "id = \"/id\"\n", 1, "subscribe.text", "sends no {id}"},
        {"[subscribe]\nin_flight = 1\n", 2, "subscribe.in_flight", "without acknowledged"},
        {"[subscribe]\ngroup = 1\n", 2, "subscribe.group", "one topic per message"},
        {"[subscribe]\ntopics_per_message = 5\n[connection]\nchannel = \"/a\"\ntopics_per_socket = 4\n", 2,
         "subscribe.topics_per_message", "more than the 4"},
        {"[connection]\nurl = \"ws://h\"\n[limits]\ntopic_bytes_per_socket = \"18KB\"\n", 1, "connection.channel",
         "needed with the profile's topic_bytes_per_socket"},
        {"[limits]\nrequests = \"6/1s\"\nmessages = \"5/1s\"\n", 2, "limits.requests", "more than messages"},
        {"[limits]\nrequests = \"11/2s\"\nmessages = \"5/1s\"\n", 2, "limits.requests", "more than messages"},
        {"[heartbeat]\ninterval = \"5s\"\ntimeout = \"5s\"\ntext = \"ping\"\n" + kPong, 3, "heartbeat.timeout",
         "less than interval"},
        {"[heartbeat]\nsilence = \"5s\"\ninterval = \"30s\"\n", 3, "heartbeat.interval", "without text"},
        {"[heartbeat]\ntext = \"ping\"\n", 2, "heartbeat.text", "that means heartbeat_reply"},
        {"[login]\nacknowledged = false\ntext = \"x\"\n", 3, "login.text", "needs credentials"},
        {"credentials = [\"key\"]\n[login]\ntext = \"x\"\n", 3, "login.text", "that means login_ack"},
        {"credentials = [\"key\"]\n[login]\nacknowledged = false\ntext = \"x\"\nsign = \"x\"\n", 5, "login.sign",
         "needs \"secret\""},
        {"[login]\nsign = \"x\"\n", 2, "login.sign", "without text"},
        {"[prepare]\nurl = \"https://h/\"\n", 2, "prepare.url", "extract names nothing"},
        {"[prepare]\nbody = \"x\"\n", 2, "prepare.body", "without url"},
        {"[prepare]\nurl = \"wss://h/\"\nextract = { token = \"/a\" }\n", 2, "prepare.url", "http:// or https://"},
        {"waits_for_ready = true\n", 1, "waits_for_ready", "that means ready"},
        {"channel_id = \"/a\"\n", 1, "channel_id", "no rule"},
        {kAck + "channel_id = \"/a\"\n", 1, "channel_id", "is missing"},
    });
}

TEST_CASE("a limit of requests may be as high as that of messages lets it count") {
    for (const char* requests : {"5/1s", "10/2s", "3/100ms", "480/1h", "20/1500ms", "0/1s"})
        load_good(std::string("[limits]\nmessages = \"10/1s\"\nrequests = \"") + requests + "\"\n");
    load_good("[limits]\nrequests = \"10/1s\"\n");
}

TEST_CASE("a damaged profile loads or is explained") {
    const ProfileFolder folder;
    const std::string text = kFullProfile;
    int refused = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin) + 1;
        const auto result = load_profile(folder.write("own", text.substr(0, begin) + text.substr(end)));
        begin = end;
        if (std::holds_alternative<ConnectionConfig>(result)) continue;
        ++refused;
        const Problems& problems = std::get<Problems>(result);
        CHECK_FALSE(problems.empty());
        CHECK(std::ranges::all_of(problems, [](const Problem& problem) { return problem.line > 0; }));
    }
    CHECK(refused > 20);
}

TEST_CASE("the simulator's texts reach their members") {
    const auto read = load_good(R"([simulator]
ack = '{"id":{id},"op":"{op}","topic":"{topic}"}'
reject = '{"id":{id},"why":"{reason}"}'
per_topic = true
accepts_unknown = true
too_fast = '{"slow":"{reason}"}'
heartbeat_reply = "pong"
ready = "welcome"
drain = '{"end":{now_ms}}'
[[simulator.data]]
topic = "books"
stream = "bookTicker"
text = '{"topic":"{topic}","n":{number}}'
)");
    SimulatorTexts expected;
    expected.ack = R"({"id":{id},"op":"{op}","topic":"{topic}"})";
    expected.reject = R"({"id":{id},"why":"{reason}"})";
    expected.per_topic = true;
    expected.accepts_unknown = true;
    expected.too_fast = R"({"slow":"{reason}"})";
    expected.heartbeat_reply = "pong";
    expected.ready = "welcome";
    expected.drain = R"({"end":{now_ms}})";
    expected.data = {{.topic = "books", .stream = "bookTicker", .text = R"({"topic":"{topic}","n":{number}})"}};
    CHECK(read.venue.simulator == expected);
}

TEST_CASE("the simulator's wrong texts are told at their places") {
    const std::string data = "[[simulator.data]]\nstream = \"trade\"\ntext = \"{number}\"\n";
    check_rows({
        {"[simulator]\nack = \"{reason}\"\n" + data, 2, "simulator.ack", "{reason} is no variable here"},
        {"[simulator]\nack = \"{now_ms}\"\n" + data, 2, "simulator.ack", "{now_ms} is no variable here"},
        {"[simulator]\nack = \"ok\"\n", 1, "simulator.data", "is missing"},
        {"[simulator]\nakc = \"ok\"\n" + data, 2, "simulator.akc", "unknown key"},
        {"[[simulator.data]]\nstream = \"quote\"\ntext = \"a\"\n", 2, "simulator.data[0].stream", "bookTicker"},
        {"[[simulator.data]]\nstream = \"trade\"\n", 1, "simulator.data[0].text", "is missing"},
    });
}
