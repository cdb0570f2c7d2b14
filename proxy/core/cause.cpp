#include "core/cause.hpp"

namespace fairlead::core {
namespace {

std::string_view in_words(Cause cause) {
    switch (cause) {
        case Cause::Unspecified:
            return "the cause is not known";
        case Cause::Start:
            return "it was started";
        case Cause::Command:
            return "it was commanded";
        case Cause::Shutdown:
            return "fairlead ends";
        case Cause::PeerClosed:
            return "the venue closed it";
        case Cause::ConnectionLost:
            return "the socket ended without a close frame";
        case Cause::PongTimeout:
            return "no pong came in time";
        case Cause::Stale:
            return "no data came";
        case Cause::ResolveFailed:
            return "the name lookup failed";
        case Cause::ConnectFailed:
            return "the venue accepts no connection";
        case Cause::TlsFailed:
            return "TLS failed";
        case Cause::UpgradeRefused:
            return "the venue refused the upgrade";
        case Cause::Timeout:
            return "the attempt took too long";
        case Cause::ProtocolError:
            return "the venue broke the WebSocket protocol";
        case Cause::MessageTooBig:
            return "the venue sent a message that is too big";
        case Cause::MaxRetries:
            return "it gave up";
        case Cause::Config:
            return "a setting cannot be used";
        case Cause::BackoffOver:
            return "the wait is over";
        case Cause::Rotation:
            return "a new socket has taken over";
        case Cause::Age:
            return "the socket has reached its age limit";
        case Cause::Drain:
            return "the venue announced that it will end the connection";
        case Cause::FailBack:
            return "the preferred endpoint is tried again";
        case Cause::Reload:
            return "the settings have changed";
        case Cause::VenueSequence:
            return "the venue's numbers have a hole";
        case Cause::Pool:
            return "it is not needed any more";
        case Cause::PrepareFailed:
            return "the request before connecting failed";
        case Cause::LoginFailed:
            return "the login failed";
        case Cause::Budget:
            return "the venue's limit of connections is used up";
        case Cause::VenueSilent:
            return "the venue is silent";
        case Cause::VenueError:
            return "the venue told an error";
        case Cause::Subscription:
            return "a subscription has changed";
    }
    return "the cause is not known";
}

}  // namespace

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

std::string explain(Cause cause, std::string_view detail) {
    std::string text(in_words(cause));
    if (detail.empty()) return text;
    // Their details name only what it was about.
    const bool leads = cause == Cause::ResolveFailed || cause == Cause::TlsFailed || cause == Cause::Config ||
                       cause == Cause::Unspecified;
    return leads ? text.append(": ").append(detail) : std::string(detail);
}

}  // namespace fairlead::core
