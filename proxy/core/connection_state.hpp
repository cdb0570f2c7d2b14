#pragma once

#include <string_view>

namespace fairlead::core {

// The five states of a connection, by these names on every surface. The same order as fairlead.v1.ConnectionState
// (which begins at 1); a unit test holds the two together.
//
//   Disconnected   not started, paused or removed. No socket, no timer. Left by start or resume.
//   Connecting     an attempt is under way: lookup, TCP, TLS, upgrade. Timer: connection_timeout.
//   Connected      the socket is open. Timers: ping, pong, stale, stable. Left by an end, a timer or a command.
//   Reconnecting   waiting before the next attempt. Timer: backoff. Left when it fires or by a command.
//   Failed         given up after max_retries. Timer: failed_retry_interval, if set. Left by it or by a command.
enum class ConnectionState { Disconnected, Connecting, Connected, Reconnecting, Failed };

std::string_view to_string(ConnectionState state);

}  // namespace fairlead::core
