// RFC 6455 sections 5 to 8 as tables: what a venue sends, and what a client makes of it. The decoder is fed with them,
// and both transports get them over real sockets, where a case that has no end is given one: a close frame of 1000.
#pragma once

#include "utf8_texts.hpp"
#include "websocket_frames.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::support {

struct ProtocolCase {
    std::string name;
    std::string bytes;
    Told told;
    std::optional<Told> lws{};  // what libwebsockets' own role tells instead
};
using ProtocolCases = std::vector<ProtocolCase>;

inline constexpr std::uint64_t kMessageLimit = 100'000;
// libwebsockets' own role ends the socket without a word.
inline const Told kFailsSilently = {"fail silently"};

inline std::string letters(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
        text.push_back(static_cast<char>('a' + i % 26));
    return text;
}

inline ProtocolCases message_cases() {
    using namespace std::string_literals;
    ProtocolCases cases = {
        {"nothing", "", {}},
        {"the example of RFC 6455 5.7", "\x81\x05Hello", {"text:Hello"}},
        {"an empty text", text_frame(""), {"text:"}},
        {"an empty binary", frame(0x82, ""), {"binary:"}},
        {"binary that is not UTF-8", frame(0x82, "\xff\x00\xfe"s), {"binary:\xff\x00\xfe"s}},
        {"a text with a zero byte", text_frame("a\0b"s), {"text:a\0b"s}},
        {"two in a row", text_frame("one") + frame(0x82, "two"), {"text:one", "binary:two"}},
    };
    for (const std::size_t size : {1U, 2U, 124U, 125U, 126U, 127U, 128U, 65'534U, 65'535U, 65'536U, 65'537U, 100'000U})
        cases.push_back({std::to_string(size) + " bytes",
                         text_frame(letters(size)) + text_frame("next"),
                         {"text:" + letters(size), "text:next"}});
    return cases;
}

// libwebsockets' own role takes every length whose highest bit is clear.
inline ProtocolCases length_cases() {
    return {
        {"125 in two bytes", head(0x81, 125, 2) + letters(125), {"fail 1002"}, Told{"text:" + letters(125)}},
        {"0 in two bytes", head(0x81, 0, 2), {"fail 1002"}, Told{"text:"}},
        {"126 in two bytes", head(0x81, 126, 2) + letters(126), {"text:" + letters(126)}},
        {"65535 in eight bytes",
         head(0x82, 65'535, 8) + letters(65'535),
         {"fail 1002"},
         Told{"binary:" + letters(65'535)}},
        {"0 in eight bytes", head(0x82, 0, 8), {"fail 1002"}, Told{"binary:"}},
        {"5 in eight bytes", head(0x82, 5, 8) + "Hello", {"fail 1002"}, Told{"binary:Hello"}},
        {"the highest bit", head(0x82, std::uint64_t{1} << 63, 8), {"fail 1002"}, kFailsSilently},
        {"all bits", head(0x82, ~std::uint64_t{0}, 8), {"fail 1002"}, kFailsSilently},
    };
}

// libwebsockets' own role judges a frame when 64 KiB of it have come.
inline ProtocolCases limit_cases() {
    const auto some = letters(70'000);
    return {
        {"one more", head(0x81, kMessageLimit + 1, 8) + some, {"fail 1009"}},
        {"the largest length there is", head(0x82, (std::uint64_t{1} << 63) - 1, 8) + some, {"fail 1009"}},
        {"just the limit", head(0x82, kMessageLimit, 8) + letters(kMessageLimit), {"binary:" + letters(kMessageLimit)}},
        {"fragments that add up to one more",
         frame(0x02, letters(kMessageLimit)) + head(0x80, 1, 0) + "z",
         {"fail 1009"}},
        {"fragments that add up to the limit",
         frame(0x02, letters(kMessageLimit - 1)) + frame(0x80, "z"),
         {"binary:" + letters(kMessageLimit - 1) + "z"}},
        {"fragments whose sum overflows",
         frame(0x02, "a") + head(0x00, (std::uint64_t{1} << 63) - 1, 8) + some,
         {"fail 1009"}},
        {"it counts from message to message anew",
         frame(0x82, letters(kMessageLimit)) + frame(0x82, "more"),
         {"binary:" + letters(kMessageLimit), "binary:more"}},
    };
}

// Every opcode with every set of reserved bits; what is no whole message is also sent as one that goes on.
inline ProtocolCases opcode_cases() {
    ProtocolCases cases;
    const auto refused = [&cases](const std::string& name, int first) {
        cases.push_back({name + std::to_string(first), frame(first, ""), {"fail 1002"}, kFailsSilently});
    };
    for (int opcode = 0; opcode < 16; ++opcode) {
        const bool is_data = opcode == 1 || opcode == 2;
        const bool is_known = is_data || (opcode >= 8 && opcode <= 10);
        const auto good = opcode == 8    ? "close 0  -> 0"
                          : opcode == 9  ? "ping:"
                          : opcode == 10 ? "pong:"
                          : opcode == 1  ? "text:"
                                         : "binary:";
        for (int reserved = 0; reserved < 8; ++reserved) {
            const int first = kFin | reserved << 4 | opcode;
            if (is_known && reserved == 0)
                cases.push_back({"first byte " + std::to_string(first), frame(first, ""), {good}});
            else
                refused("first byte ", first);
            if (!is_data) refused("unfinished ", first & 0x7f);
        }
    }
    return cases;
}

// libwebsockets' own role takes the mask off.
inline ProtocolCases mask_cases() {
    return {
        {"text", "\x81\x85\x01\x02\x03\x04xxxxx", {"fail 1002"}, Told{"text:yz{|y"}},
        {"ping", "\x89\x80\x01\x02\x03\x04", {"fail 1002"}, Told{"ping:"}},
        {"close", "\x88\x82\x01\x02\x03\x04xx", {"fail 1002"}, Told{"close 31098  -> 31098"}},
    };
}

inline ProtocolCases fragment_cases() {
    return {
        {"two", frame(0x01, "Hel") + frame(0x80, "lo"), {"text:Hello"}},
        {"five, some of them empty",
         frame(0x01, "") + frame(0, "a") + frame(0, "") + frame(0, "b") + frame(0x80, ""),
         {"text:ab"}},
        {"all of them empty", frame(0x02, "") + frame(0, "") + frame(0x80, ""), {"binary:"}},
        {"large ones",
         frame(0x02, letters(40'000)) + frame(0x80, letters(50'000)),
         {"binary:" + letters(40'000) + letters(50'000)}},
        {"a ping inside", frame(0x01, "Hel") + frame(0x89, "?") + frame(0x80, "lo"), {"ping:?", "text:Hello"}},
        {"many control frames inside",
         frame(0x02, "a") + frame(0x89, "1") + frame(0x8a, "2") + frame(0, "b") + frame(0x89, letters(125)) +
             frame(0x80, "c") + frame(0x8a, ""),
         {"ping:1", "pong:2", "ping:" + letters(125), "binary:abc", "pong:"}},
        {"a close inside ends it", frame(0x01, "Hel") + close_frame(1001) + frame(0x80, "lo"), {"close 1001  -> 1001"}},
        {"a continuation of nothing", frame(0x80, "x"), {"fail 1002"}, kFailsSilently},
        {"an unfinished continuation of nothing", frame(0x00, "x"), {"fail 1002"}, kFailsSilently},
        {"a continuation after a whole message",
         text_frame("a") + frame(0x80, "x"),
         {"text:a", "fail 1002"},
         Told{"text:a", "fail silently"}},
        {"a continuation after the last",
         frame(0x01, "a") + frame(0x80, "b") + frame(0x80, "c"),
         {"text:ab", "fail 1002"},
         Told{"text:ab", "fail silently"}},
        {"a new message inside", frame(0x01, "a") + text_frame("b"), {"fail 1002"}, kFailsSilently},
        {"a new unfinished message inside", frame(0x01, "a") + frame(0x02, "b"), {"fail 1002"}, kFailsSilently},
    };
}

inline ProtocolCases control_cases() {
    return {
        {"a ping of 125", frame(0x89, letters(125)), {"ping:" + letters(125)}},
        {"a ping of 126", frame(0x89, letters(126)), {"fail 1002"}, kFailsSilently},
        {"a pong of 70000", head(0x8a, 70'000, 8), {"fail 1002"}, kFailsSilently},
        {"a close of 126", frame(0x88, big_endian(1000, 2) + letters(124)), {"fail 1002"}, kFailsSilently},
        {"half a ping", frame(0x09, "x"), {"fail 1002"}, kFailsSilently},
        {"a ping with a short length in two bytes", head(0x89, 5, 2) + "Hello", {"fail 1002"}, kFailsSilently},
        {"pongs nobody asked for", frame(0x8a, "") + frame(0x8a, "x"), {"pong:", "pong:x"}},
    };
}

inline ProtocolCases close_cases() {
    return {
        {"without a code", frame(0x88, ""), {"close 0  -> 0"}},
        {"half a code", frame(0x88, "\x03"), {"fail 1002"}, Told{"close 0  -> 0"}},
        {"with a reason", close_frame(1000, "bye"), {"close 1000 bye -> 1000"}},
        {"the longest reason", close_frame(1001, letters(123)), {"close 1001 " + letters(123) + " -> 1001"}},
        {"what follows is passed over", close_frame(1000) + text_frame("late"), {"close 1000  -> 1000"}},
        {"a second one is passed over",
         close_frame(1000) + close_frame(1001),
         {"close 1000  -> 1000"},
         Told{"close 1001  -> 1001"}},
    };
}

// The first and the last of every range of codes, and each that is reserved. libwebsockets' own role tells 1002 for
// those below 3000 that it does not know, and takes those above 4999.
inline ProtocolCases close_code_cases() {
    ProtocolCases cases;
    for (const int code : {0,    1,    999,  1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010,  1011,
                           1012, 1013, 1014, 1015, 1016, 1999, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65'535}) {
        const auto told = [](int shown) {
            const auto text = std::to_string(shown);
            return Told{"close " + text + " why -> " + text};
        };
        const bool is_good =
            (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        const bool is_changed = code < 1000 || (code >= 1004 && code <= 1006) || (code >= 1012 && code < 3000);
        ProtocolCase row{"code " + std::to_string(code), close_frame(static_cast<std::uint16_t>(code), "why"),
                         is_good ? told(code) : Told{"fail 1002"}};
        if (!is_good && code > 0) row.told.front() += " for " + std::to_string(code);
        if (is_changed || !is_good) row.lws = told(is_changed ? 1002 : code);
        cases.push_back(row);
    }
    return cases;
}

// In a message and in the reason of a close frame, which libwebsockets' own role does not check.
inline ProtocolCases utf8_cases() {
    ProtocolCases cases;
    for (const auto& text : kValidUtf8) {
        cases.push_back({"text", text_frame(text), {"text:" + text}});
        cases.push_back({"reason", close_frame(1001, text), {"close 1001 " + text + " -> 1001"}});
    }
    for (const auto& text : kInvalidUtf8) {
        cases.push_back({"wrong text", text_frame(text), {"fail 1007"}});
        cases.push_back({"wrong reason",
                         close_frame(1001, text),
                         {"close 1001 " + text + " -> 1007"},
                         Told{"close 1001 " + text + " -> 1001"}});
    }
    const std::string euro = "\xe2\x82\xac";
    for (std::size_t cut = 0; cut <= euro.size(); ++cut)
        cases.push_back({"a character across fragments",
                         frame(0x01, euro.substr(0, cut)) + frame(0x80, euro.substr(cut)),
                         {"text:" + euro}});
    cases.push_back({"half a character across fragments", frame(0x01, "\xe2") + frame(0x80, "\x82"), {"fail 1007"}});
    return cases;
}

}  // namespace fairlead::support
