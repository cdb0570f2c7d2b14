// What only the process knows or can do: its consumers, its configuration, its log, its end.
#pragma once

#include "fairlead/v1/control.pb.h"
#include "relay/outcome.hpp"

#include <string>

namespace fairlead::control {

// Relay thread only. Each may be called at any time while the service is in use.
class Process {
public:
    Process() = default;
    virtual ~Process() = default;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    virtual void describe_consumers(bool open_only, v1::Consumers& list) const = 0;
    // The configuration in force, without any secret.
    virtual void describe_config(v1::ConfigResult& result) const = 0;
    // `level` is debug, info, warning or error.
    virtual relay::Outcome set_log_level(const std::string& level) = 0;
    // The orderly end. It begins in a later turn of the loop, so that the reply leaves before.
    virtual relay::Outcome drain() = 0;
};

}  // namespace fairlead::control
