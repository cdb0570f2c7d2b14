// A client's frame, put together by hand so that the decoder under test is not its own judge.
#pragma once

#include <string>
#include <string_view>

namespace fairlead::test {

inline std::string client_frame(unsigned char first, std::string_view payload) {
    constexpr std::string_view mask = "\x37\xfa\x21\x3d";
    std::string frame(1, static_cast<char>(first));
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(0x80 | payload.size()));
    } else if (payload.size() <= 0xffff) {
        frame.push_back(static_cast<char>(0xfe));
        frame.push_back(static_cast<char>(payload.size() >> 8));
        frame.push_back(static_cast<char>(payload.size()));
    } else {
        frame.push_back(static_cast<char>(0xff));
        for (int shift = 56; shift >= 0; shift -= 8)
            frame.push_back(static_cast<char>(payload.size() >> shift));
    }
    frame.append(mask);
    for (std::size_t i = 0; i < payload.size(); ++i)
        frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    return frame;
}

}  // namespace fairlead::test
