#pragma once

#include <initializer_list>
#include <string_view>

namespace fairlead::seam {

enum class LogLevel { Debug, Info, Warning, Error };

struct LogField {
    std::string_view key;
    std::string_view value;
};

// One line for each edge: an event name, the connection it concerns (empty = the process), and fields. Never called
// for a message, never given a secret. Any thread.
class Log {
public:
    virtual ~Log() = default;
    virtual void write(LogLevel level, std::string_view connection, std::string_view event,
                       std::initializer_list<LogField> fields) = 0;
};

}  // namespace fairlead::seam
