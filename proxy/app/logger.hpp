// seam::Log on spdlog: lines to stderr, as text or as JSON. Written by a thread of its own from a bounded queue, so
// that a terminal or a pipe which takes nothing cannot stop the relay; what does not fit is lost, oldest first. Nor can
// it stop the end of the process: a line for which there is no room within kPatience is lost. How many were lost is
// told when there is room again.
#pragma once

#include "config/config.hpp"
#include "seam/log.hpp"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace fairlead::app {

class Logger final : public seam::Log {
public:
    // The caller keeps `fd`.
    explicit Logger(const config::LogConfig& config, int fd = STDERR_FILENO);
    // Writes what is queued.
    ~Logger() override;

    void write(seam::LogLevel level, std::string_view connection, std::string_view event,
               std::initializer_list<seam::LogField> fields) override;

    // debug, info, warning or error. Any thread.
    void set_level(const std::string& level);

    static constexpr std::size_t kQueuedLines = 1'024;  // preallocated: 400 bytes each
    static constexpr std::chrono::milliseconds kPatience{100};
    static constexpr std::size_t kMaxLineBytes = 4'096;  // a pipe that has room has room for as much

private:
    const config::LogFormat format_;
    std::shared_ptr<spdlog::details::thread_pool> pool_;
    std::shared_ptr<spdlog::logger> logger_;
};

// `connection=id event key=value key="with spaces"`; empty values are left out.
std::string text_line(std::string_view connection, std::string_view event,
                      std::initializer_list<seam::LogField> fields);
// `"connection":"id","event":"…","key":"value"`: the inside of a JSON object.
std::string json_line(std::string_view connection, std::string_view event,
                      std::initializer_list<seam::LogField> fields);

}  // namespace fairlead::app
