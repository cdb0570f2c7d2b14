// Lists in header fields.
#pragma once

#include <string_view>
#include <vector>

namespace fairlead::websocket {

// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

// The parts between the separators, trimmed; an empty text is one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

// ASCII letters only.
bool equal_ignoring_case(std::string_view left, std::string_view right);

}  // namespace fairlead::websocket
