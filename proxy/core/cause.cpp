#include "core/cause.hpp"

namespace fairlead::core {

std::string_view to_string(Cause cause) {
    switch (cause) {
        case Cause::Unspecified:
            return "unspecified";
        case Cause::Start:
            return "start";
        case Cause::Command:
            return "command";
        case Cause::Shutdown:
            return "shutdown";
        case Cause::PeerClosed:
            return "peer_closed";
        case Cause::ConnectionLost:
            return "connection_lost";
        case Cause::PongTimeout:
            return "pong_timeout";
        case Cause::Stale:
            return "stale";
        case Cause::ResolveFailed:
            return "resolve_failed";
        case Cause::ConnectFailed:
            return "connect_failed";
        case Cause::TlsFailed:
            return "tls_failed";
        case Cause::UpgradeRefused:
            return "upgrade_refused";
        case Cause::Timeout:
            return "timeout";
        case Cause::ProtocolError:
            return "protocol_error";
        case Cause::MessageTooBig:
            return "message_too_big";
        case Cause::MaxRetries:
            return "max_retries";
        case Cause::Config:
            return "config";
        case Cause::BackoffOver:
            return "backoff_over";
        case Cause::Rotation:
            return "rotation";
        case Cause::Age:
            return "age";
        case Cause::Drain:
            return "drain";
        case Cause::FailBack:
            return "fail_back";
        case Cause::Reload:
            return "reload";
        case Cause::VenueSequence:
            return "venue_sequence";
        case Cause::Pool:
            return "pool";
        case Cause::PrepareFailed:
            return "prepare_failed";
        case Cause::LoginFailed:
            return "login_failed";
        case Cause::Budget:
            return "budget";
        case Cause::VenueSilent:
            return "venue_silent";
        case Cause::VenueError:
            return "venue_error";
        case Cause::Subscription:
            return "subscription";
    }
    return "unknown";
}

}  // namespace fairlead::core
