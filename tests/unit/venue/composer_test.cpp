#include "venue/composer.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;
using venue::Composer;
using venue::Problem;
using venue::Request;
using venue::Stamp;
using venue::Variables;

namespace {

using Topics = std::vector<std::string>;

const Stamp kStamp{
    .now = core::WallTime{std::chrono::microseconds{1'538'054'050'123'456}}, .id = 7, .nonce = "00c0ffee00c0ffee"};

std::string text_of(const std::variant<std::string, Problem>& made) {
    const auto* text = std::get_if<std::string>(&made);
    return text ? *text : "problem: " + std::get<Problem>(made).text;
}

config::Profile okx() {
    config::Profile profile;
    profile.subscribe.topic = R"({"channel":"{1}","instId":"{2}"})";
    profile.subscribe.text = R"({"op":"subscribe","args":[{topics}],"id":"{id}"})";
    profile.subscribe.unsubscribe = R"({"op":"unsubscribe","args":[{topics}]})";
    return profile;
}

config::Profile coinbase() {
    config::Profile profile;
    profile.subscribe.topic = R"("{2}")";
    profile.subscribe.text = R"({"type":"subscribe","channel":"{1}","product_ids":[{topics}]})";
    profile.subscribe.group = 1;
    return profile;
}

}  // namespace

TEST_CASE("the generic profile sends a subscription as it stands") {
    const Composer composer{config::Profile{}};
    for (const std::string text : {R"({"op":"subscribe","args":["a:b:c"],"x":{id}})", "ping", "{topic}", ""})
        CHECK(composer.subscribe(Topics{text}, {{"topic", "x"}}, kStamp) == text);
    CHECK(composer.unsubscribe(Topics{"a"}, {}, kStamp).empty());
    CHECK_FALSE(composer.has_unsubscribe());
    CHECK_FALSE(composer.has_heartbeat());
    CHECK_FALSE(composer.has_login());
    CHECK_FALSE(composer.has_prepare());
    CHECK(composer.group_of("a:b").empty());
}

TEST_CASE("topics become items of one text") {
    const Composer composer{okx()};
    CHECK(
        composer.subscribe(Topics{"books:BTC-USDT", "trades:ETH-USDT"}, {}, kStamp) ==
        R"({"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},{"channel":"trades","instId":"ETH-USDT"}],"id":"7"})");
    CHECK(composer.has_unsubscribe());
    CHECK(composer.unsubscribe(Topics{"books:BTC-USDT"}, {}, kStamp) ==
          R"({"op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT"}]})");
}

TEST_CASE("the last part that is used takes the rest, a missing one is empty") {
    const Composer composer{okx()};
    const auto args = [&](std::string topic) {
        const std::string text = composer.unsubscribe(Topics{std::move(topic)}, {}, kStamp);
        return text.substr(text.find('['));
    };
    CHECK(args("a:b:c") == R"([{"channel":"a","instId":"b:c"}]})");
    CHECK(args("a") == R"([{"channel":"a","instId":""}]})");
    CHECK(args(":b") == R"([{"channel":"","instId":"b"}]})");
    CHECK(args(R"(a:"b\)") == R"([{"channel":"a","instId":"\"b\\"}]})");
}

TEST_CASE("topics of a group share its first parts") {
    const Composer composer{coinbase()};
    CHECK(composer.group_of("ticker:BTC-USD") == "ticker");
    CHECK(composer.group_of("ticker") == "ticker");
    CHECK(composer.subscribe(Topics{"ticker:BTC-USD", "ticker:ETH-USD"}, {}, kStamp) ==
          R"({"type":"subscribe","channel":"ticker","product_ids":["BTC-USD","ETH-USD"]})");
    config::Profile two = coinbase();
    two.subscribe.group = 2;
    two.subscribe.separator = "//";
    CHECK(Composer{two}.group_of("a//b//c//d") == "a//b");
    two.subscribe.group = 1;
    two.subscribe.topic = "{topic}";
    CHECK(Composer{two}.subscribe(Topics{"a//b"}, {}, kStamp) ==
          R"({"type":"subscribe","channel":"a","product_ids":[a//b]})");
}

TEST_CASE("topics within a JSON string are escaped as a whole") {
    config::Profile kucoin;
    kucoin.subscribe.topic = "{2}";
    kucoin.subscribe.text = R"({"topic":"{1}:{topics}"})";
    kucoin.subscribe.group = 1;
    const Composer composer{kucoin};
    CHECK(composer.subscribe(Topics{"/market/level2:BTC-USDT", "/market/level2:A\"B"}, {}, kStamp) ==
          R"({"topic":"/market/level2:BTC-USDT,A\"B"})");
    CHECK(composer.item_bytes("/market/level2:A\"B") == 5);
}

TEST_CASE("a text is never longer than what its parts were said to take") {
    for (const auto& profile : {config::Profile{}, okx(), coinbase()}) {
        const Composer composer{profile};
        const Topics topics = {"ticker:BTC-USD", "ticker:ETH-USD", "ticker:\"\\"};
        std::size_t bytes = composer.overhead_bytes({}, topics.front());
        for (const auto& topic : topics)
            bytes += composer.item_bytes(topic);
        const std::size_t made = composer.subscribe(topics, {}, kStamp).size();
        CHECK(made <= bytes);
        CHECK(made + 20 + 1 >= bytes);  // the longest id, the comma behind the last item
    }
}

TEST_CASE("time, nonce, id, credentials and what was prepared are variables everywhere") {
    config::Profile profile;
    profile.credentials = {"key"};
    profile.prepare.extract = {{"token", "/data/token"}};
    profile.subscribe.topic = R"({"t":"{topic}","k":"{key}"})";
    profile.subscribe.text = R"({"args":[{topics}],"time":{now_s},"token":"{token}"})";
    profile.heartbeat.text = R"({"id":{id},"ms":{now_ms},"us":{now_us},"nonce":"{nonce}","{other}":1})";
    const Composer composer{profile};
    const Variables variables = {{"key", "k\"1"}, {"token", "t"}, {"other", "never"}};
    CHECK(composer.heartbeat(variables, kStamp) ==
          R"({"id":7,"ms":1538054050123,"us":1538054050123456,"nonce":"00c0ffee00c0ffee","{other}":1})");
    CHECK(composer.subscribe(Topics{"a"}, variables, kStamp) ==
          R"({"args":[{"t":"a","k":"k\"1"}],"time":1538054050,"token":"t"})");
    CHECK(composer.subscribe(Topics{"a"}, {}, kStamp) == R"({"args":[{"t":"a","k":""}],"time":1538054050,"token":""})");
}

TEST_CASE("an unsubscribe may name the venue's number for the channel") {
    config::Profile profile;
    profile.subscribe.unsubscribe = R"({"event":"unsubscribe","chanId":{channel_id}})";
    CHECK(Composer{profile}.unsubscribe(Topics{"book:tBTCUSD"}, {{"channel_id", "17470"}}, kStamp) ==
          R"({"event":"unsubscribe","chanId":17470})");
}

TEST_CASE("a login is signed") {
    config::Profile profile;
    profile.credentials = {"key", "secret", "passphrase"};
    profile.login.text =
        R"({"op":"login","args":[{"apiKey":"{key}","passphrase":"{passphrase}","timestamp":"{now_s}","sign":"{signature}"}]})";
    profile.login.sign = "{now_s}GET/users/self/verify";
    profile.login.encoding = config::Encoding::Base64;
    const Variables variables = {{"key", "k"}, {"secret", "22582BD0CFF14C41EDBF1AB98506286D"}, {"passphrase", "p\"p"}};
    CHECK(text_of(Composer{profile}.login(variables, kStamp)) ==
          R"({"op":"login","args":[{"apiKey":"k","passphrase":"p\"p","timestamp":"1538054050",)"
          R"("sign":"+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M="}]})");
    CHECK(text_of(Composer{profile}.login({}, kStamp)) == "problem: the credential `secret` is empty");
    profile.login.key = config::KeyForm::Base64;
    const auto refused = text_of(Composer{profile}.login({{"secret", "top-secret"}}, kStamp));
    CHECK(refused == "problem: the credential `secret` is not Base64");
}

TEST_CASE("a login without a signature needs no secret, and may expire") {
    config::Profile profile;
    profile.login.text = R"({"op":"auth","args":[{expires_s},{expires_ms},"{signature}"]})";
    profile.login.expires_in = std::chrono::seconds{60};
    CHECK(text_of(Composer{profile}.login({}, kStamp)) == R"({"op":"auth","args":[1538054110,1538054110123,""]})");
}

TEST_CASE("the request before a connection is signed as well, and a URL is encoded") {
    config::Profile profile;
    profile.credentials = {"key", "secret"};
    profile.prepare.url = "https://api.example.com/bullet?key={key}";
    profile.prepare.sign = "what do ya want for nothing?";
    profile.prepare.headers = {{"X-Sign", "{signature}"}, {"X-Time", "{now_ms}"}};
    profile.prepare.body = R"({"key":"{key}"})";
    const Composer composer{profile};
    const auto made = composer.prepare_request({{"key", "a b/\"é"}, {"secret", "Jefe"}}, kStamp);
    REQUIRE(std::holds_alternative<Request>(made));
    const auto& request = std::get<Request>(made);
    CHECK(request.method == "POST");
    CHECK(request.url == "https://api.example.com/bullet?key=a%20b%2F%22%C3%A9");
    CHECK(request.body == R"({"key":"a b/\"é"})");
    REQUIRE(request.headers.size() == 2);
    CHECK(request.headers[0].first == "X-Sign");
    CHECK(request.headers[0].second == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(request.headers[1].second == "1538054050123");
    CHECK(std::holds_alternative<Problem>(composer.prepare_request({}, kStamp)));
}

TEST_CASE("a value with a line end does not become a header") {
    config::Profile profile;
    profile.credentials = {"key"};
    profile.prepare.url = "https://api.example.com/";
    profile.prepare.headers = {{"X-Key", "{key}"}};
    const auto made = Composer{profile}.prepare_request({{"key", "a\r\nX-Evil: 1"}}, kStamp);
    REQUIRE(std::holds_alternative<Problem>(made));
    CHECK(std::get<Problem>(made).text == "the header X-Key has a line end or another control character in its value");
}

TEST_CASE("what the answer holds becomes variables, or the first that is missing is told") {
    config::Profile profile;
    profile.prepare.extract = {{"endpoint", "/data/instanceServers/0/endpoint"}, {"token", "/data/token"}};
    const Composer composer{profile};
    const auto found = composer.extract(
        R"({"data":{"token":"abc==","instanceServers":[{"pingInterval":18000,"endpoint":"wss://x.example/endpoint"}]}})");
    REQUIRE(std::holds_alternative<Variables>(found));
    CHECK(std::get<Variables>(found) == Variables{{"endpoint", "wss://x.example/endpoint"}, {"token", "abc=="}});
    CHECK(composer.url("{endpoint}?token={token}&connectId={nonce}", std::get<Variables>(found), kStamp) ==
          "wss://x.example/endpoint?token=abc%3D%3D&connectId=00c0ffee00c0ffee");
    const auto problem = [&](std::string_view body) { return std::get<std::string>(composer.extract(body)); };
    CHECK(problem(R"({"data":{"token":"secret"}})") == "the answer has no /data/instanceServers/0/endpoint");
    CHECK(problem(R"({"data":{"token":"","instanceServers":[{"endpoint":"wss://x"}]}})") ==
          "the answer has no /data/token");
    CHECK(problem("<html>") == "the answer is no JSON");
    CHECK(problem("") == "the answer is no JSON");
}

TEST_CASE("a heartbeat is answered with what it holds") {
    config::MessageRule rule;
    rule.answer = R"({"pong":{field:/ping},"text":"{field:/a/0}","id":{id},"none":"{field:/none}"})";
    CHECK(Composer{config::Profile{}}.answer(rule, R"({"ping":1492420473027,"a":["x\"y"]})", {}, kStamp) ==
          R"({"pong":1492420473027,"text":"x\"y","id":7,"none":""})");
    rule.answer = "pong";
    CHECK(Composer{config::Profile{}}.answer(rule, "ping", {}, kStamp) == "pong");
}
