// The shipped profiles: each one loads, does what its examples say, and speaks as its venue's documentation does.
#include "config/load.hpp"
#include "config/profile_section.hpp"
#include "venue/composer.hpp"
#include "venue/lint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace fairlead;
using namespace std::chrono_literals;

namespace {

std::filesystem::path folder() {
    return std::filesystem::path(__FILE__).parent_path() / ".." / ".." / ".." / "deploy" / "venues";
}

config::ConnectionConfig load(const std::string& name) {
    auto loaded = config::load_profile((folder() / (name + ".toml")).string());
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) FAIL(problems->front().to_string());
    return std::get<config::ConnectionConfig>(std::move(loaded));
}

std::vector<std::string> names() {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(folder()))
        if (entry.path().extension() == ".toml") result.push_back(entry.path().stem().string());
    std::ranges::sort(result);
    return result;
}

config::ConnectionConfig configured(const std::string& profile, const std::string& keys) {
    auto loaded = config::load_connection("a", "profile = \"" + profile + "\"\n" + keys, config::NetworkConfig{});
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) FAIL(problems->front().to_string());
    return std::get<config::ConnectionConfig>(std::move(loaded));
}

const venue::Stamp kStamp = {.now = core::WallTime{1'700'000'000s}, .id = 1, .nonce = "0123456789abcdef"};
const venue::Variables kCredentials = {{"key", "k3y"}, {"secret", "s3cret"}, {"passphrase", "pass\"word"}};

std::string login_of(const std::string& profile) {
    const auto text = venue::Composer(load(profile).venue).login(kCredentials, kStamp);
    REQUIRE(std::holds_alternative<std::string>(text));
    return std::get<std::string>(text);
}

std::string subscribe_of(const std::string& profile, const std::vector<std::string>& topics) {
    return venue::Composer(load(profile).venue).subscribe(topics, kCredentials, kStamp);
}

}  // namespace

TEST_CASE("every shipped profile loads, and does what its examples say") {
    const auto all = names();
    CHECK(all.size() >= 11);
    for (const std::string& name : all) {
        CAPTURE(name);
        const auto connection = load(name);
        for (const auto& wrong : venue::check_examples(connection)) {
            CAPTURE(connection.venue.examples[wrong.index].text);
            FAIL_CHECK("example ", wrong.index, " ", wrong.message);
        }
    }
}

TEST_CASE("every venue is there, with examples of data and of everything that its rules tell") {
    const auto all = names();
    for (const char* name : {"binance-spot", "binance-usdm", "okx", "bybit", "coinbase", "kraken", "deribit", "bitmex",
                             "bitfinex", "gate", "kucoin"})
        CHECK(std::ranges::count(all, name) == 1);
    for (const std::string& name : all) {
        CAPTURE(name);
        const auto connection = load(name);
        CHECK_FALSE(connection.urls.empty());
        CHECK(connection.venue.limits.connections.count > 0);
        std::set<std::pair<std::string_view, config::RejectKind>> shown;
        for (const auto& example : connection.venue.examples)
            shown.emplace(example.is, example.kind);
        CHECK(shown.contains({"data", config::RejectKind::Permanent}));
        const bool is_variant = name.find('-') != std::string::npos && name != "binance-spot";
        for (const auto& rule : connection.venue.messages) {
            CAPTURE(config::meaning_name(rule.means));
            CAPTURE(config::kind_name(rule.kind));
            if (!is_variant) CHECK(shown.contains({config::meaning_name(rule.means), rule.kind}));
        }
    }
}

TEST_CASE("hints hide nothing: without them every example means the same") {
    for (const std::string& name : names()) {
        CAPTURE(name);
        auto connection = load(name);
        connection.venue.hints.clear();
        CHECK(venue::check_examples(connection).empty());
    }
}

TEST_CASE("an example that is not so is told") {
    auto connection = load("okx");
    const auto check = [&](config::ProfileExample example) {
        connection.venue.examples = {std::move(example)};
        const auto wrong = venue::check_examples(connection);
        return wrong.empty() ? std::string{} : wrong.front().message;
    };
    const std::string data = R"({"arg":{"channel":"books","instId":"X"},"data":[{"seqId":7}]})";
    const std::string ack = R"({"id":"1","event":"subscribe","arg":{"channel":"books","instId":"X"}})";
    const std::string refusal = R"({"event":"error","code":"60012","msg":"Invalid request"})";
    CHECK(check({.text = data, .is = "data", .channel = "books:X", .sequence = "7"}).empty());
    CHECK(check({.text = data, .is = "data", .channel = "books", .sequence = "7"}) ==
          "has channel `books:X`, not `books`");
    CHECK(check({.text = data, .is = "data", .channel = "books:X"}) == "has sequence `7`, where none is said");
    CHECK(check({.text = "{}", .is = "data", .channel = "books"}) == "has no channel `books`");
    CHECK(check({.text = data, .is = "ack"}) == "is data of channel `books:X`, not ack");
    CHECK(check({.text = "{}", .is = "ack"}) == "means nothing that a rule tells, not ack");
    CHECK(check({.text = ack, .is = "notice"}) == "means ack, not notice");
    CHECK(check({.text = ack, .is = "ack", .id = "2"}) == "has id `1`, not `2`");
    CHECK(check({.text = ack, .is = "ack", .id = "1", .topic = "books:X"}).empty());
    CHECK(check({.text = refusal, .is = "reject"}).empty());
    connection.venue.subscribe.in_flight = 2;
    CHECK(check({.text = refusal, .is = "reject"}) ==
          "tells neither id nor topic, so that subscribe.in_flight must be 1");
    CHECK(check({.text = ack, .is = "ack", .id = "1", .topic = "books:X"}).empty());
    CHECK(check({.text = ack, .is = "ack", .id = "1", .topic = "books:X", .accepted = {{"books:X"}}}) ==
          "has no accepted `[books:X]`");
    CHECK(check({.text = ack, .is = "ack", .id = "1", .topic = "books:X", .channel_id = "5"}) ==
          "has no channel_id `5`");
}

TEST_CASE("an example of a refusal tells its kind, of a list what was accepted, of a number what it is") {
    const auto check = [](const char* profile, config::ProfileExample example) {
        auto connection = load(profile);
        connection.venue.examples = {std::move(example)};
        const auto wrong = venue::check_examples(connection);
        return wrong.empty() ? std::string{} : wrong.front().message;
    };
    using Kind = config::RejectKind;
    const std::string rate = R"({"id":"14","type":"error","code":509,"data":"too fast"})";
    CHECK(check("kucoin", {.text = rate, .is = "reject", .id = "14", .kind = Kind::Rate}).empty());
    CHECK(check("kucoin", {.text = rate, .is = "reject", .id = "14"}) == "has kind `rate`, not `permanent`");
    const std::string two = R"({"jsonrpc":"2.0","id":3,"result":["a","b"]})";
    CHECK(check("deribit", {.text = two, .is = "ack", .id = "3", .accepted = {{"a", "b"}}}).empty());
    CHECK(check("deribit", {.text = two, .is = "ack", .id = "3", .accepted = {{"a"}}}) ==
          "has accepted `[a, b]`, not `[a]`");
    CHECK(check("deribit", {.text = two, .is = "ack", .id = "3"}) == "has accepted `[a, b]`, where none is said");
    const std::string number = R"({"event":"subscribed","channel":"book","chanId":10,"symbol":"tBTCUSD"})";
    CHECK(check("bitfinex", {.text = number, .is = "ack", .topic = "book:tBTCUSD", .channel_id = "10"}).empty());
    CHECK(check("bitfinex", {.text = number, .is = "ack", .topic = "book:tBTCUSD", .channel_id = "11"}) ==
          "has channel_id `10`, not `11`");
}

TEST_CASE("subscriptions are spelled as the venues want them") {
    CHECK(subscribe_of("binance-spot", {"btcusdt@trade", "btcusdt@depth"}) ==
          R"({"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@depth"],"id":1})");
    CHECK(subscribe_of("okx", {"books:BTC-USDT", "trades:BTC-USDT-SWAP"}) ==
          R"({"id":"1","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},)"
          R"({"channel":"trades","instId":"BTC-USDT-SWAP"}]})");
    CHECK(subscribe_of("bybit", {"orderbook.50.BTCUSDT"}) ==
          R"({"req_id":"1","op":"subscribe","args":["orderbook.50.BTCUSDT"]})");
    CHECK(subscribe_of("coinbase", {"level2:BTC-USD", "level2:ETH-USD"}) ==
          R"({"type":"subscribe","channel":"level2","product_ids":["BTC-USD","ETH-USD"]})");
    CHECK(subscribe_of("kraken", {"book:BTC/USD"}) ==
          R"({"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]},"req_id":1})");
    CHECK(
        subscribe_of("deribit", {"trades.BTC-PERPETUAL.100ms"}) ==
        R"({"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["trades.BTC-PERPETUAL.100ms"]}})");
    CHECK(subscribe_of("bitmex", {"orderBookL2_25:XBTUSD"}) ==
          R"({"op":"subscribe","args":["orderBookL2_25:XBTUSD"]})");
    CHECK(subscribe_of("bitfinex", {"book:tBTCUSD"}) == R"({"event":"subscribe","channel":"book","symbol":"tBTCUSD"})");
    CHECK(subscribe_of("bitfinex-candles", {"candles:trade:1m:tBTCUSD"}) ==
          R"({"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD"})");
    CHECK(
        subscribe_of("gate", {"spot.trades:BTC_USDT", "spot.trades:ETH_USDT"}) ==
        R"({"time":1700000000,"id":1,"channel":"spot.trades","event":"subscribe","payload":["BTC_USDT","ETH_USDT"]})");
    CHECK(subscribe_of("gate-books", {"spot.order_book_update:BTC_USDT"}) ==
          R"({"time":1700000000,"id":1,"channel":"spot.order_book_update","event":"subscribe",)"
          R"("payload":["BTC_USDT","100ms"]})");
    CHECK(subscribe_of("kucoin", {"/market/level2:BTC-USDT", "/market/level2:ETH-USDT"}) ==
          R"({"id":"1","type":"subscribe","topic":"/market/level2:BTC-USDT,ETH-USDT",)"
          R"("privateChannel":false,"response":true})");
    CHECK(venue::Composer(load("kraken-private").venue)
              .subscribe(std::vector<std::string>{"executions"}, {{"token", "t0ken"}}, kStamp) ==
          R"({"method":"subscribe","params":{"channel":"executions","token":"t0ken"},"req_id":1})");
}

TEST_CASE("an unsubscription of Bitfinex names the channel's number") {
    CHECK(venue::Composer(load("bitfinex").venue)
              .unsubscribe(std::vector<std::string>{"book:tBTCUSD"}, {{"channel_id", "10092"}}, kStamp) ==
          R"({"event":"unsubscribe","chanId":10092})");
}

// The signatures were made with Python's hmac module.
TEST_CASE("logins are signed as the venues want them") {
    CHECK(login_of("okx-private") ==
          R"({"op":"login","args":[{"apiKey":"k3y","passphrase":"pass\"word","timestamp":"1700000000",)"
          R"("sign":"6m3c4Z85hxw7Mb6Fn6QGVsQdNy49nlKRkZFIx9/dmBE="}]})");
    CHECK(
        login_of("bybit-private") ==
        R"({"req_id":"1","op":"auth","args":["k3y",1700000010000,"7428a4a22694ad4a65b2a6fe8d983e3e5ba96cd658faab065bef9154f41f6589"]})");
    CHECK(
        login_of("bitmex") ==
        R"({"op":"authKeyExpires","args":["k3y",1700000060,"de7845bc2ec087b411f6fe4b813c4a595c6296a371bd29f8ebb9e2a4ffba5047"]})");
    CHECK(
        login_of("bitfinex-private") ==
        R"({"event":"auth","apiKey":"k3y","authSig":"c921fbbffd2f4d3a0ed61d93866c6b3f4c34447f8aa0dcc6bc2ae17a4e4a4855e10a0cca9e78fbf79207bb2ed6f46874",)"
        R"("authPayload":"AUTH1700000000000000","authNonce":"1700000000000000"})");
    CHECK(
        login_of("binance-spot-user") ==
        R"({"id":"login","method":"userDataStream.subscribe.signature","params":{"apiKey":"k3y",)"
        R"("timestamp":1700000000000,"signature":"40ea54c8e8ec48194e6ec0da285e6a99e41b395f87f5dace78a764a56af41a42"}})");
    CHECK(
        login_of("deribit").find(
            R"("signature":"648cc81985861f453900e2eccff1ca82086f8984541312504177e775953bd398","nonce":"0123456789abcdef")") !=
        std::string::npos);
}

TEST_CASE("signatures that venues have published") {
    struct Row {
        const char* profile;
        const char* sign;
        const char* secret;
        const char* signature;
    };
    const Row rows[] = {
        {"binance-spot-user",
         "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
         "timestamp=1499827319559",
         "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
         "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"},
        {"deribit", "1576074319000\n1iqt2wls\n", "AMANDASECRECT",
         "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1"},
        {"bitmex", "GET/api/v1/instrument1518064236", "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO",
         "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.profile);
        config::Profile profile = load(row.profile).venue;
        profile.login.sign = row.sign;
        const auto text = venue::Composer(profile).login({{"key", "k"}, {"secret", row.secret}}, kStamp);
        REQUIRE(std::holds_alternative<std::string>(text));
        CHECK(std::get<std::string>(text).find(row.signature) != std::string::npos);
    }
}

TEST_CASE("KuCoin's token and endpoint become the URL") {
    const auto connection = load("kucoin");
    const venue::Composer composer(connection.venue);
    const auto request = composer.prepare_request({}, kStamp);
    REQUIRE(std::holds_alternative<venue::Request>(request));
    CHECK(std::get<venue::Request>(request).url == "https://api.kucoin.com/api/v1/bullet-public");
    const auto found = composer.extract(
        R"({"code":"200000","data":{"token":"2neA+/=","instanceServers":[{"endpoint":"wss://ws-api-spot.kucoin.com/",)"
        R"("encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}]}})");
    REQUIRE(std::holds_alternative<venue::Variables>(found));
    CHECK(composer.url(connection.urls.front().written(), std::get<venue::Variables>(found), kStamp) ==
          "wss://ws-api-spot.kucoin.com/?token=2neA%2B%2F%3D&connectId=0123456789abcdef");
}

TEST_CASE("KuCoin's private token is asked for with a signature") {
    const auto request =
        venue::Composer(load("kucoin-private").venue)
            .prepare_request({{"key", "k3y"}, {"secret", "s3cret"}, {"signed_passphrase", "sp"}}, kStamp);
    REQUIRE(std::holds_alternative<venue::Request>(request));
    const auto& headers = std::get<venue::Request>(request).headers;
    const std::map<std::string, std::string> by_name(headers.begin(), headers.end());
    CHECK(by_name.at("KC-API-SIGN") == "NfCnxnVmZKvyiyh/Zu7ilAlZ3nd16pVPn9+YrPbxluc=");
    CHECK(by_name.at("KC-API-TIMESTAMP") == "1700000000000");
    CHECK(by_name.at("KC-API-PASSPHRASE") == "sp");
}

TEST_CASE("what would be sent is shown without secrets, in messages as the limits allow") {
    const auto connection = configured("bybit-private",
                                       "subscriptions = [\"order\", \"wallet\"]\n"
                                       "credentials = { key = \"hunter1\", secret = \"hunter2\" }\n");
    std::vector<std::string> lines;
    for (const auto& sent : venue::texts_to_send(connection))
        lines.push_back(sent.what + " " + sent.text);
    CHECK(lines == std::vector<std::string>{
                       R"(login {"req_id":"1","op":"auth","args":["{key}",946684810000,"{signature}"]})",
                       R"(subscribe {"req_id":"2","op":"subscribe","args":["order","wallet"]})",
                       R"(unsubscribe {"req_id":"3","op":"unsubscribe","args":["order"]})",
                       R"(heartbeat {"req_id":"3","op":"ping"})",
                   });
}

TEST_CASE("topics of different groups, and too many of one, are sent apart") {
    std::string topics;
    for (int i = 0; i < 60; ++i)
        topics += "\"ticker:P" + std::to_string(i) + "\", ";
    const auto sent = venue::texts_to_send(configured("coinbase", "subscriptions = [" + topics + "\"level2:X\"]\n"));
    REQUIRE(sent.size() == 4);
    CHECK(sent[0].text.find("\"P49\"") != std::string::npos);
    CHECK(sent[0].text.find("\"P50\"") == std::string::npos);
    CHECK(sent[1].text.find("\"P50\"") != std::string::npos);
    CHECK(sent[2].text == R"({"type":"subscribe","channel":"level2","product_ids":["X"]})");
    CHECK(sent[3].what == "unsubscribe");
}

TEST_CASE("a message stays below the bytes that its venue takes") {
    std::string topics;
    for (int i = 100; i < 160; ++i)
        topics += "\"books:" + std::string(80, 'X') + std::to_string(i) + "\", ";
    const auto sent = venue::texts_to_send(configured("okx", "subscriptions = [" + topics + "]\n"));
    std::size_t subscribes = 0;
    for (const auto& [what, text] : sent) {
        if (what != "subscribe") continue;
        ++subscribes;
        CHECK(text.size() <= 4000);
    }
    CHECK(subscribes == 2);
}
