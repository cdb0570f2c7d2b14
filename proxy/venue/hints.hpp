// Whether a message may be something other than data, told without parsing it: it has one of a few texts near its
// beginning. Asked for every message, nearly always in vain, so that the first four bytes of each text are compared
// everywhere at once, in a loop that the compiler turns into vector instructions.
#pragma once

#include "config/profile.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::venue {

class Hints {
public:
    Hints() = default;
    explicit Hints(std::vector<std::string> texts) : texts_(std::move(texts)) {}

    bool empty() const { return texts_.empty(); }
    // In the first Profile::kHintBytes bytes, wholly.
    bool any_in(std::string_view message) const;

private:
    static constexpr std::size_t kPrefixBytes = 4;
    using Head = std::array<char, config::Profile::kHintBytes + kPrefixBytes>;

    static bool may_have(const Head& head, const std::string& text);

    std::vector<std::string> texts_;
};

}  // namespace fairlead::venue
