#pragma once

#include "core/alert.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::alert {

// An alert that was raised.
struct Record {
    std::uint64_t number = 0;  // counts from 1
    core::AlertType type = core::AlertType::ReconnectAttempt;
    core::AlertLevel level = core::AlertLevel::Info;
    std::string connection{};
    std::string subject{};  // which subscription or topic; empty = the connection
    std::string text{};     // one line; never a secret
    core::WallTime raised{};
    std::optional<core::WallTime> resolved{};  // since when what it told is over; empty = it stands
    bool is_event = false;                     // was over as soon as it was told
};

}  // namespace fairlead::alert
