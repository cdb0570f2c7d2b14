#include "core/topic.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>

namespace {

using namespace fairlead::core;
using namespace std::string_literals;

TEST_CASE("topics have the three shapes of the contract") {
    CHECK(data_topic("binance_ws", "btcusdt@trade") == "data/binance_ws/btcusdt@trade/");
    CHECK(data_topic("binance_ws", kUnroutedChannel) == "data/binance_ws/unrouted/");
    CHECK(state_topic("binance_ws") == "state/binance_ws/");
    CHECK(system_topic() == "system/");
}

TEST_CASE("the topic of a channel is no prefix of the topic of a longer one") {
    const std::string shorter = data_topic("c", "BTCUSD").value();
    const std::string longer = data_topic("c", "BTCUSDT").value();
    CHECK(longer.substr(0, shorter.size()) != shorter);
}

TEST_CASE("what would break a topic is percent-encoded with upper-case digits") {
    CHECK(encode_channel("a/b") == "a%2Fb");
    CHECK(encode_channel("100%") == "100%25");
    CHECK(encode_channel("a b") == "a%20b");
    CHECK(encode_channel("\0"s) == "%00");
    CHECK(encode_channel("a\tb\r\n") == "a%09b%0D%0A");
    CHECK(encode_channel("\x1f\x7f") == "%1F%7F");
}

TEST_CASE("every other ASCII character stays") {
    for (char character = '!'; character <= '~'; ++character) {
        if (character == '/' || character == '%') continue;
        CHECK(encode_channel(std::string(1, character)) == std::string(1, character));
    }
}

TEST_CASE("valid UTF-8 stays") {
    for (const std::string channel :
         {"\xc3\xa9", "\xe4\xba\xa4\xe6\x98\x93", "\xf0\x9f\x9a\x80", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
          "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        CHECK(encode_channel(channel) == channel);
    }
}

TEST_CASE("bytes that are not part of valid UTF-8 are percent-encoded") {
    CHECK(encode_channel("\x80") == "%80");                       // a continuation alone
    CHECK(encode_channel("\xff") == "%FF");                       // never a byte of UTF-8
    CHECK(encode_channel("\xc3") == "%C3");                       // cut off
    CHECK(encode_channel("\xe4\xba") == "%E4%BA");                // cut off
    CHECK(encode_channel("\xf0\x9f\x9a") == "%F0%9F%9A");         // cut off
    CHECK(encode_channel("\xc0\xaf") == "%C0%AF");                // overlong '/'
    CHECK(encode_channel("\xc1\xbf") == "%C1%BF");                // overlong
    CHECK(encode_channel("\xe0\x9f\xbf") == "%E0%9F%BF");         // overlong
    CHECK(encode_channel("\xf0\x8f\xbf\xbf") == "%F0%8F%BF%BF");  // overlong
    CHECK(encode_channel("\xed\xa0\x80") == "%ED%A0%80");         // a surrogate
    CHECK(encode_channel("\xf4\x90\x80\x80") == "%F4%90%80%80");  // above U+10FFFF
    CHECK(encode_channel("\xf5\x80\x80\x80") == "%F5%80%80%80");  // above U+10FFFF
    CHECK(encode_channel("a\xc3(\xc3\xa9") == "a%C3(\xc3\xa9");   // and what follows stays
}

TEST_CASE("an empty channel has no topic") {
    CHECK_FALSE(encode_channel("").has_value());
    CHECK_FALSE(data_topic("c", "").has_value());
}

TEST_CASE("a channel may be 255 bytes long after encoding, and no longer") {
    CHECK(encode_channel(std::string(255, 'a')) == std::string(255, 'a'));
    CHECK_FALSE(encode_channel(std::string(256, 'a')).has_value());
    CHECK(encode_channel(std::string(85, ' ')).value().size() == 255);
    CHECK_FALSE(encode_channel(std::string(86, ' ')).has_value());
    CHECK_FALSE(data_topic("c", std::string(256, 'a')).has_value());
    CHECK_FALSE(data_topic("c", std::string(1'000'000, '/')).has_value());
}

TEST_CASE("random bytes give topics in which every byte is allowed, and different channels different ones") {
    std::mt19937_64 random(11);
    std::set<std::string> channels;
    std::set<std::string> encoded_channels;
    for (int i = 0; i < 20'000; ++i) {
        std::string channel(1 + random() % 6, '\0');
        for (char& byte : channel)
            byte = static_cast<char>(random());
        const std::string encoded = encode_channel(channel).value();
        for (const char byte : encoded) {
            const auto value = static_cast<unsigned char>(byte);
            REQUIRE(value > 0x20);
            REQUIRE(value != 0x7f);
            REQUIRE(byte != '/');
        }
        // Encoding what is already clean apart from '%' changes nothing else: no stray byte was left.
        std::string again = encode_channel(encoded).value();
        for (std::size_t at = 0; (at = again.find("%25", at)) != std::string::npos; ++at)
            again.erase(at + 1, 2);
        REQUIRE(again == encoded);
        channels.insert(channel);
        encoded_channels.insert(encoded);
    }
    CHECK(channels.size() == encoded_channels.size());
}

}  // namespace

TEST_CASE("decoding gives the channel back") {
    for (const std::string channel : {"BTCUSDT", "a/b c%d", "%", "%4", "100%zz", "\xc3\xa4/\xff"}) {
        const auto encoded = fairlead::core::encode_channel(channel);
        REQUIRE(encoded);
        CHECK(fairlead::core::decode_channel(*encoded) == channel);
    }
    CHECK(fairlead::core::decode_channel("%4").size() == 2);
    CHECK(fairlead::core::decode_channel("a%zz%41") == "a%zzA");
}
