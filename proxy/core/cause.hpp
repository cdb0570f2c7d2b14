#pragma once

#include <string>
#include <string_view>

namespace fairlead::core {

// Why a connection changed state. The same values and order as fairlead.v1.Cause, whose comments say what each means;
// a unit test holds the two together.
enum class Cause {
    Unspecified = 0,
    Start,
    Command,
    Shutdown,
    PeerClosed,
    ConnectionLost,
    PongTimeout,
    Stale,
    ResolveFailed,
    ConnectFailed,
    TlsFailed,
    UpgradeRefused,
    Timeout,
    ProtocolError,
    MessageTooBig,
    MaxRetries,
    Config,
    BackoffOver,
    Rotation,
    Age,
    Drain,
    FailBack,
    Reload,
    VenueSequence,
    Pool,
    PrepareFailed,
    LoginFailed,
    Budget,
    VenueSilent,
    VenueError,
    Subscription,
};

// "peer_closed" and so on, for logs.
std::string_view to_string(Cause cause);
// Why, as one reads it aloud: the detail of a change where it says it all, else what the cause adds to it. Never empty
// and without an end mark.
std::string explain(Cause cause, std::string_view detail);

}  // namespace fairlead::core
