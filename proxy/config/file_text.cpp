#include "config/file_text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fairlead::config {

std::variant<std::string, Problem> read_file_text(const std::string& path, std::size_t max_bytes) {
    const auto failed = [&](std::string_view what) {
        return Problem{path, 0, 0, "", fmt::format("{}: {}", what, std::strerror(errno))};
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file) return failed("cannot be opened");
    std::string text(max_bytes + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return failed("cannot be read");
    if (text.size() > max_bytes) {
        return Problem{path, 0, 0, "", fmt::format("is larger than {} MiB; is it the right file?", max_bytes >> 20)};
    }
    return text;
}

}  // namespace fairlead::config
