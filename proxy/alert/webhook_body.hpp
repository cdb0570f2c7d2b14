// What is sent to a webhook.
#pragma once

#include "alert/record.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::alert {

// {"instance": …, "alerts": [{number, type, level, connection, subject, text, time, resolved, resolved_time}, …]}
std::string plain_json(const std::vector<Record>& records, std::string_view instance);

// The body of POST /api/v2/alerts of Prometheus' Alertmanager. What stands ends kStandsFor after `now` unless it is
// sent again until then, whatever that Alertmanager's resolve_timeout; an event ends kEventLasts after it.
std::string alertmanager_json(const std::vector<Record>& records, std::string_view instance, core::WallTime now);

inline constexpr core::Duration kStandsFor = std::chrono::minutes{4};
inline constexpr core::Duration kEventLasts = std::chrono::minutes{5};

// RFC 3339 in UTC, with milliseconds: "2026-01-02T03:04:05.678Z".
std::string rfc3339(core::WallTime time);

}  // namespace fairlead::alert
