#include "venue/hints.hpp"

#include <cstring>

namespace fairlead::venue {

bool Hints::any_in(std::string_view message) const {
    const std::string_view looked_at = message.substr(0, config::Profile::kHintBytes);
    Head head{};
    if (!looked_at.empty()) std::memcpy(head.data(), looked_at.data(), looked_at.size());
    for (const std::string& text : texts_)
        if (may_have(head, text) && looked_at.find(text) != std::string_view::npos) return true;
    return false;
}

// True wherever the text is; seldom elsewhere.
bool Hints::may_have(const Head& head, const std::string& text) {
    if (text.size() < kPrefixBytes) return true;
    const char a = text[0];
    const char b = text[1];
    const char c = text[2];
    const char d = text[3];
    // Without a branch, so that it is done for many bytes at once: a byte that differs is left over.
    unsigned found = 0;
    for (std::size_t i = 0; i < config::Profile::kHintBytes; ++i) {
        const int differs = (head[i] ^ a) | (head[i + 1] ^ b) | (head[i + 2] ^ c) | (head[i + 3] ^ d);
        found += differs == 0 ? 1U : 0U;
    }
    return found != 0;
}

}  // namespace fairlead::venue
