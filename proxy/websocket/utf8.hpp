// UTF-8 that arrives in pieces which may end in the middle of a character.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fairlead::websocket {

bool is_utf8(std::string_view text);

// How many bytes of `text`, which begins with a character, are whole characters, if what follows them can still become
// one: 0 to 3 bytes less than its size. Nothing = however it goes on, it is not UTF-8. The answer depends on the bytes
// alone, not on how many of them are looked at in one call.
std::optional<std::size_t> whole_characters(std::string_view text);

}  // namespace fairlead::websocket
