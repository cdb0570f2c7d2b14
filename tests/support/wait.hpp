// Waiting for a condition with a deadline, instead of sleeping.
#pragma once

#include "net/loop.hpp"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

namespace fairlead::support {

// Turns the loop until `done`; false when that takes too long.
inline bool turn_until(net::Loop& loop, const std::function<bool()>& done,
                       std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    bool overdue = false;
    const auto timer = loop.create([&overdue] { overdue = true; });
    timer->arm(std::chrono::steady_clock::now() + patience);
    while (!done()) {
        if (overdue) return false;
        loop.turn();
    }
    return true;
}

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "fairlead-test-XXXXXX").string();
        path_ = mkdtemp(pattern.data()) ? pattern : std::string("/nonexistent");
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace fairlead::support
