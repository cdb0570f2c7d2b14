#pragma once

#include "config/load.hpp"

#include <cstddef>
#include <string>
#include <variant>

namespace fairlead::config {

// The whole file, or one problem without a line. More than `max_bytes` is taken for the wrong file.
std::variant<std::string, Problem> read_file_text(const std::string& path, std::size_t max_bytes);

}  // namespace fairlead::config
