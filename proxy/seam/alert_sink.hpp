#pragma once

#include "core/alert_rules.hpp"

#include <string>

namespace fairlead::seam {

// Where a connection tells what may be an alert. Never blocks. Relay thread only; never called for a message.
class AlertSink {
public:
    virtual ~AlertSink() = default;
    virtual void on_edge(const std::string& connection, const core::AlertInput& input) = 0;
};

}  // namespace fairlead::seam
