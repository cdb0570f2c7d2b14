// Text must be UTF-8: right and wrong sequences, each cut at every byte.
#include "websocket/utf8.hpp"

#include "utf8_texts.hpp"
#include "websocket_frames.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead;
using namespace fairlead::support;
using namespace std::string_literals;

constexpr websocket::DecoderSettings kSettings{.max_message_bytes = 10'000};

// As one message: whole, in two fragments cut at every byte, and in fragments of one byte.
void check_message(const std::string& text, const Told& told) {
    CAPTURE(text);
    std::minstd_rand random(1);
    std::vector<std::string> forms = {text_frame(text)};
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        forms.push_back(frame(0x01, text.substr(0, cut)) + frame(0x80, text.substr(cut)));
    std::string bytewise = frame(0x01, "");
    for (const char c : text)
        bytewise += frame(0x00, std::string(1, c));
    forms.push_back(bytewise + frame(0x80, ""));
    for (const auto& form : forms) {
        CHECK(decode(kSettings, form) == told);
        CHECK(decode_in_pieces(kSettings, form, 1, random) == told);
        CHECK(decode_in_pieces(kSettings, form, 5, random) == told);
    }
}

}  // namespace

TEST_CASE("right text is delivered, wrong text refused, wherever it is cut") {
    for (const auto& before : {""s, "before "s, std::string(200, 'x')}) {
        for (const auto& after : {""s, " after"s, std::string(200, 'y')}) {
            for (const auto& text : kValidUtf8)
                check_message(before + text + after, {"text:" + before + text + after});
            for (const auto& text : kInvalidUtf8)
                check_message(before + text + after, {"fail 1007"});
        }
    }
}

TEST_CASE("wrong text is refused before the message ends, as soon as nothing can mend it") {
    for (const auto& wrong : {"\xff"s, "\xc0"s, "\xed\xa0"s, "\xe0\x80"s, "\xf4\x90"s, "\xf0\x8f"s, "a\x80"s}) {
        CHECK(decode(kSettings, frame(0x01, wrong)) == Told{"fail 1007"});
        CHECK(decode(kSettings, head(0x81, 9'000, 2) + wrong) == Told{"fail 1007"});
    }
    for (const auto& open : {"\xe2"s, "\xe2\x82"s, "\xf0\x9f"s, "\xf4\x8f\xbf"s, "\xed\x9f"s})
        CHECK(decode(kSettings, frame(0x01, open)).empty());
}

TEST_CASE("whole characters are counted up to the one that is not finished") {
    CHECK(websocket::whole_characters("") == 0);
    CHECK(websocket::whole_characters("abc") == 3);
    CHECK(websocket::whole_characters("a\xc3\xa4") == 3);
    CHECK(websocket::whole_characters("a\xc3") == 1);
    CHECK(websocket::whole_characters("\xf0\x9f\x93") == 0);
    CHECK(websocket::whole_characters("\xe2\x82\xac\xe2\x82") == 3);
    CHECK_FALSE(websocket::whole_characters("\x80"));
    CHECK_FALSE(websocket::whole_characters("\xf0\x9f\x93\x88\x80"));
    CHECK_FALSE(websocket::whole_characters("\xf5"));
}
