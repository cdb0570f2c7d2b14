#include "app/logger.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>

namespace fairlead::app {
namespace {

spdlog::level::level_enum to_spdlog(seam::LogLevel level) {
    switch (level) {
        case seam::LogLevel::Debug:
            return spdlog::level::debug;
        case seam::LogLevel::Info:
            return spdlog::level::info;
        case seam::LogLevel::Warning:
            return spdlog::level::warn;
        case seam::LogLevel::Error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

// Never waits for longer than kPatience; once nothing is taken, not at all until something is. What was lost, here and
// in the queue, is told before the next line.
class PatientSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    using Overruns = std::function<std::size_t()>;  // of the queue, since the start

    PatientSink(int fd, config::LogFormat format, Overruns overruns)
        : fd_(fd), format_(format), overruns_(std::move(overruns)) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        if (!has_room() || !tell_lost(message)) {
            ++unwritten_;
            return;
        }
        write(message);
    }
    void flush_() override {}

    bool has_room() {
        pollfd room{fd_, POLLOUT, 0};
        const auto patience = blocked_ ? std::chrono::milliseconds{0} : Logger::kPatience;
        blocked_ = poll(&room, 1, static_cast<int>(patience.count())) <= 0;
        return !blocked_;
    }

    // False = there is no room for another line behind it.
    bool tell_lost(const spdlog::details::log_msg& message) {
        const auto lost = unwritten_ + overruns_();
        if (lost == told_) return true;
        const auto count = fmt::to_string(lost - std::exchange(told_, lost));
        const auto text = format_ == config::LogFormat::Json ? json_line("", "log_lines_lost", {{"count", count}})
                                                             : text_line("", "log_lines_lost", {{"count", count}});
        write({message.time, message.source, message.logger_name, spdlog::level::warn, text});
        return has_room();
    }

    void write(const spdlog::details::log_msg& message) {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        if (line.size() > Logger::kMaxLineBytes) {
            line.resize(Logger::kMaxLineBytes);
            line[line.size() - 1] = '\n';
        }
        // A failure here has nobody left to be told to.
        [[maybe_unused]] const auto written = ::write(fd_, line.data(), line.size());
    }

    const int fd_;
    const config::LogFormat format_;
    const Overruns overruns_;
    bool blocked_ = false;
    std::size_t unwritten_ = 0;
    std::size_t told_ = 0;
};

// Control characters would let a venue's text forge lines.
void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += {'\\', c};
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
            out += c;
    }
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text);
    out += '"';
}

bool is_plain(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
    return true;
}

}  // namespace

std::string text_line(std::string_view connection, std::string_view event,
                      std::initializer_list<seam::LogField> fields) {
    std::string line = connection.empty() ? std::string(event) : fmt::format("connection={} {}", connection, event);
    for (const auto& [key, value] : fields) {
        if (value.empty()) continue;
        line += fmt::format(" {}=", key);
        if (is_plain(value))
            line += value;
        else
            append_quoted(line, value);
    }
    return line;
}

std::string json_line(std::string_view connection, std::string_view event,
                      std::initializer_list<seam::LogField> fields) {
    std::string line = "\"event\":";
    append_quoted(line, event);
    const auto add = [&line](std::string_view key, std::string_view value) {
        if (value.empty()) return;
        line += ',';
        append_quoted(line, key);
        line += ':';
        append_quoted(line, value);
    };
    add("connection", connection);
    for (const auto& [key, value] : fields)
        add(key, value);
    return line;
}

Logger::Logger(const config::LogConfig& config, int fd) : format_(config.format) {
    pool_ = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    auto overruns = [pool = pool_.get()] { return pool->overrun_counter(); };  // whose thread calls it
    logger_ = std::make_shared<spdlog::async_logger>("fairlead",
                                                     std::make_shared<PatientSink>(fd, format_, std::move(overruns)),
                                                     pool_, spdlog::async_overflow_policy::overrun_oldest);
    const char* pattern = format_ == config::LogFormat::Json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                                             : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    set_level(config.level);
}

Logger::~Logger() = default;

void Logger::set_level(const std::string& level) {
    logger_->set_level(spdlog::level::from_str(level));
}

void Logger::write(seam::LogLevel level, std::string_view connection, std::string_view event,
                   std::initializer_list<seam::LogField> fields) {
    const auto at = to_spdlog(level);
    if (!logger_->should_log(at)) return;
    const auto line = format_ == config::LogFormat::Json ? json_line(connection, event, fields)
                                                         : text_line(connection, event, fields);
    logger_->log(at, "{}", line);
}

}  // namespace fairlead::app
