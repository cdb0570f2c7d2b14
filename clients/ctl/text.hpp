// Numbers, times, names and payloads as people read them. Pure.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::ctl {

// "CONNECTED", "CONNECTION_STATE_" -> "connected". A number without a name stays a number.
std::string connection_state(v1::ConnectionState state);
std::string cause(v1::Cause cause);
std::string liveness(v1::Liveness liveness);
std::string subscription_state(v1::SubscriptionState state);
std::string code(v1::Code code);
std::string gap_cause(v1::GapCause cause);
std::string alert_level(v1::AlertLevel level);
std::string reason(const v1::Gap& gap);  // "peer_closed: going away"; "-" when it is not known

// "gap: the connection to the venue was away from 12:34:56.789012 to 12:34:58.000001 (stale); 12 messages"
std::string gap_text(const v1::Gap& gap);

std::string clock_time(std::uint64_t ns);   // since the Unix epoch -> "12:34:56.789012" UTC; 0 -> "-"
std::string date_time(std::uint64_t ns);    // "2026-01-31T12:34:56Z"; 0 -> "-"
std::string duration_ms(std::uint64_t ms);  // "850ms", "1.5s", "2m03s", "5h00m", "3d04h"

// The beginning of a payload on one line: control characters and what is not UTF-8 as \n, \t, \xNN, backslash doubled;
// binary as hexadecimal digits. Something was left out when it ends in "...".
std::string printable(std::string_view payload, bool binary, std::size_t max_bytes);

std::string or_dash(const std::string& text);  // "-" for nothing

// Of every cause together.
std::uint64_t gaps_of(const v1::ConnectionStatus& connection);

// Columns two spaces apart, as wide as they need; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace fairlead::ctl
