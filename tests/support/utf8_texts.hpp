// Markus Kuhn's list of right and wrong sequences.
#pragma once

#include <string>
#include <vector>

namespace fairlead::support {

inline const std::vector<std::string> kValidUtf8 = {
    "",
    "plain",
    std::string(1, '\0'),
    "\x7f",
    "\xc2\x80",          // U+0080, the first of two bytes
    "\xdf\xbf",          // U+07FF, the last
    "\xe0\xa0\x80",      // U+0800
    "\xed\x9f\xbf",      // U+D7FF, before the surrogates
    "\xee\x80\x80",      // U+E000, after them
    "\xef\xbf\xbd",      // U+FFFD
    "\xef\xbf\xbe",      // U+FFFE, no character but a code point
    "\xef\xbf\xbf",      // U+FFFF
    "\xf0\x90\x80\x80",  // U+10000
    "\xf4\x8f\xbf\xbf",  // U+10FFFF, the last of all
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    "\xe2\x82\xac 5 \xf0\x9f\x93\x88",
};

inline const std::vector<std::string> kInvalidUtf8 = {
    "\x80",  // continuations of nothing
    "\xbf",
    "\x80\xbf\x80",
    "\xc0 ",  // beginnings without a continuation
    "\xdf ",
    "\xe0 ",
    "\xef\xbf ",
    "\xf0\x90\x80 ",
    "\xc3",  // ends inside a character
    "\xe2\x82",
    "\xf0\x9f\x93",
    "\xe2\x82\xc3\xa4",  // a character inside another
    "\xc0\xaf",          // overlong forms
    "\xe0\x80\xaf",
    "\xf0\x80\x80\xaf",
    "\xf8\x80\x80\x80\xaf",
    "\xfc\x80\x80\x80\x80\xaf",
    "\xc1\xbf",
    "\xe0\x9f\xbf",
    "\xf0\x8f\xbf\xbf",
    "\xc0\x80",
    "\xed\xa0\x80",  // surrogates, alone and in pairs
    "\xed\xbf\xbf",
    "\xed\xa0\x80\xed\xb0\x80",
    "\xf4\x90\x80\x80",  // above U+10FFFF
    "\xf5\x80\x80\x80",
    "\xf7\xbf\xbf\xbf",
    "\xf8\x88\x80\x80\x80",
    "\xfe",  // never in UTF-8
    "\xff",
};

}  // namespace fairlead::support
