// What `top` shows, as text: two looks at a sidecar become a picture that fits the terminal. Pure.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::ctl {

// One look at a sidecar.
struct Look {
    std::chrono::steady_clock::time_point time{};
    v1::Status status{};
    v1::Connections connections{};
};

struct Screen {
    std::size_t columns = 0;  // 0 = as wide as it takes
    std::size_t lines = 0;    // 0 = as many as it takes
    bool colours = false;
};

// Rates are those since `before`; without it, or after the sidecar has begun anew, they are "-". Every line ends in a
// newline. Columns that do not fit are left out from the right, and connections that do not fit are counted.
std::string top_text(const Look* before, const Look& now, const Screen& screen);

// One line: {"status":{…},"connections":{…},"rates":{id:{"messages_per_second":1.0,"bytes_per_second":9.0}}}
std::string top_json(const Look* before, const Look& now);

// "7", "1.2k", "34.5M"; nothing below zero.
std::string short_number(double number);

// The beginning of the text, at most `columns` characters of UTF-8; "~" at its end if something was left out.
std::string cut(std::string_view text, std::size_t columns);

}  // namespace fairlead::ctl
