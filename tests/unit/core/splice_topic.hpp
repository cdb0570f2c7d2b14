// A topic whose legs bring messages of one character each, which is also its key; what becomes of them is a text.
#pragma once

#include "core/splice.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::test {

inline constexpr core::SteadyTime kBegin{std::chrono::seconds{1000}};
inline constexpr unsigned kA = 0;
inline constexpr unsigned kB = 1;
inline constexpr unsigned kC = 2;

inline std::string text_of(const std::vector<core::HeldMessage>& messages) {
    std::string text;
    for (const core::HeldMessage& message : messages)
        text += message.bytes;
    return text;
}

class Topic {
public:
    explicit Topic(const core::SpliceSettings& settings = {}) : splice(settings, legs) {}

    void run(unsigned leg) {
        legs.begin(leg);
        legs.open(leg);
    }

    // What leaves, in order; '-' for a duplicate, '.' for what is held.
    std::string bring(unsigned leg, std::string_view messages) {
        std::string text;
        for (const char& one : messages) {
            last = offer(leg, std::string_view(&one, 1));
            text += text_of(last.before);
            if (last.verdict == core::SpliceVerdict::Leaves) text += one;
            if (last.verdict == core::SpliceVerdict::Duplicate) text += '-';
            if (last.verdict == core::SpliceVerdict::Held) text += '.';
            text += text_of(last.after);
        }
        return text;
    }

    core::SpliceResult offer(unsigned leg, std::string_view bytes) {
        return splice.offer({.leg = leg, .key = static_cast<std::uint64_t>(bytes.front()), .bytes = bytes, .now = now});
    }

    std::string release() { return text_of(splice.release(now)); }

    core::SpliceLegs legs{};
    core::Splice splice;
    core::SteadyTime now = kBegin;
    core::SpliceResult last{};
};

// A runs, B has joined behind it and is aligned.
inline Topic& with_two_legs(Topic& topic) {
    topic.run(kA);
    topic.run(kB);
    topic.bring(kA, "a");
    topic.bring(kB, "a");
    topic.legs.settle(kB);
    return topic;
}

}  // namespace fairlead::test
