// The configuration in force, and what became of the attempts to load another.
#pragma once

#include "config/config.hpp"
#include "core/time.hpp"
#include "fairlead/v1/control.pb.h"

#include <cstdint>
#include <string>

namespace fairlead::app {

class ConfigRecord {
public:
    // `file` is where it came from; empty = from no file.
    ConfigRecord(config::Config config, std::string file, core::WallTime loaded);

    const config::Config& in_force() const { return config_; }
    const std::string& file() const { return file_; }

    // A reload that was done, and one that changed nothing because of an error.
    void applied(config::Config config, std::string detail, core::WallTime at);
    void refused(std::string detail, core::WallTime at);

    void describe(v1::Status& status) const;
    // Its text has ${…} as written, and no password that is written out.
    void describe(v1::ConfigResult& result) const;

private:
    void describe(v1::ReloadOutcome& outcome) const;

    config::Config config_;
    const std::string file_;
    core::WallTime loaded_;
    core::WallTime last_reload_{};  // the epoch = there was none
    bool last_ok_ = false;
    std::string last_detail_;
    std::uint64_t succeeded_ = 0;
    std::uint64_t failed_ = 0;
};

// In hexadecimal.
std::string sha256(std::string_view text);

}  // namespace fairlead::app
