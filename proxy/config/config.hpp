// The configuration as a value: checked completely, once, by load(). After that no code asks whether a setting is
// valid.
#pragma once

#include "config/profile.hpp"
#include "config/secret_text.hpp"
#include "core/alert.hpp"
#include "core/pool.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::config {

enum class SlowConsumer {
    Drop,        // what does not fit into its queue is lost to that consumer, and counted
    Disconnect,  // a consumer that stops reading is disconnected as well; it sees the gap on its return
};

struct StreamConfig {
    std::vector<std::string> endpoints = {"ipc:///run/fairlead/stream.sock"};  // ipc:// or tcp:// on loopback
    int high_water_mark = 65536;  // messages per consumer; 0 = without bound (memory grows with a stuck consumer)
    core::Duration heartbeat_interval = std::chrono::seconds{1};
    SlowConsumer slow_consumer = SlowConsumer::Drop;
    unsigned socket_mode = 0660;  // of the socket files of stream and control
    bool operator==(const StreamConfig&) const = default;
};

struct ControlConfig {
    std::string endpoint = "ipc:///run/fairlead/control.sock";
    bool operator==(const ControlConfig&) const = default;
};

struct HttpConfig {
    std::string listen = "127.0.0.1:9810";  // empty = off; port 0 = any free one
    std::string token_file;                 // whose first line changes need; required outside loopback
    // Not a key: the section is there. Without it, a second sidecar that finds the port taken goes on without HTTP.
    bool written = false;
    bool operator==(const HttpConfig& other) const { return listen == other.listen && token_file == other.token_file; }
};

struct JournalConfig {
    std::uint64_t messages_per_topic = 1024;
    std::uint64_t max_bytes = std::uint64_t{64} << 20;
    bool operator==(const JournalConfig&) const = default;
};

// How a connection is opened, kept and given up. The defaults are the production profile.
struct NetworkConfig {
    unsigned max_retries = 10;  // attempts without a stable connection before `failed`; 0 = without end
    core::Duration initial_delay = std::chrono::seconds{1};
    core::Duration max_delay = std::chrono::minutes{5};
    double backoff_multiplier = 2.0;
    double jitter_factor = 0.1;
    // Between two looks for channels that are dead (channel_stale_after), and at most a tenth of the silence that is
    // looked for; in steps of stream.heartbeat_interval. Pings, stale_after and the answers of the venue have times of
    // their own: without channel_stale_after it changes nothing.
    core::Duration health_check_interval = std::chrono::seconds{30};
    core::Duration connection_timeout = std::chrono::seconds{30};  // one attempt: lookup, TCP, TLS and upgrade together
    core::Duration ping_interval = std::chrono::seconds{30};       // 0 = no pings
    core::Duration pong_timeout = std::chrono::seconds{10};
    unsigned max_consecutive_failures = 5;                   // alerts turn critical here
    unsigned alert_threshold = 3;                            // alerts turn warning here
    core::Duration stable_after = std::chrono::seconds{10};  // held this long, the backoff begins anew
    core::Duration failed_retry_interval{0};                 // `failed` tries again after this; 0 = only by command
    // Of [network] only, for the whole sidecar: where those of one machine share a venue's limit of connections; empty
    // = not shared.
    std::string budget_dir{};
    bool operator==(const NetworkConfig&) const = default;
};

using core::AlertLevel;

enum class WebhookFormat { Json, Alertmanager };

struct AlertChannelConfig {
    AlertLevel level = AlertLevel::Info;
    bool enabled = true;
    // Webhook only.
    SecretText url{};                            // of an Alertmanager: without or with its path, /api/v2/alerts
    WebhookFormat format = WebhookFormat::Json;  // plain JSON, or the API (v2) of Prometheus' Alertmanager
    unsigned queue = 1000;                       // alerts that wait for it; the oldest makes room
    std::string ca_file{};                       // PEM; empty = the system's store
    bool operator==(const AlertChannelConfig&) const = default;
};

struct AlertsConfig {
    unsigned history = 1000;  // alerts that can be listed
    // stream, log, webhook: the first two are there, a webhook only where it is set.
    std::map<std::string, AlertChannelConfig> channels = {{"log", {.level = AlertLevel::Warning}}, {"stream", {}}};
    bool operator==(const AlertsConfig&) const = default;
};

enum class LogFormat { Text, Json };

struct ReloadConfig {
    bool watch = false;  // reload when the file has changed, besides SIGHUP and the command; needs inotify
    bool operator==(const ReloadConfig&) const = default;
};

struct LogConfig {
    std::string level = "info";  // debug | info | warning | error
    LogFormat format = LogFormat::Text;
    bool operator==(const LogConfig&) const = default;
};

struct TlsConfig {
    std::string ca_file;      // PEM; empty = the system's store
    std::string cert_file;    // client certificate chain, PEM
    std::string key_file;     // its key, PEM; empty = in cert_file
    std::string server_name;  // SNI and certificate name where they differ from the URL's host
    bool operator==(const TlsConfig&) const = default;
};

enum class EndpointOrder { Priority, RoundRobin };

// Replacing a socket by a new one while it still works.
struct RotationConfig {
    core::Duration max_age{0};                          // of a socket; 0 = never for its age
    double jitter_factor = 0.05;                        // max_age is shortened by up to this part of it
    std::optional<unsigned> preferred_hour;             // 0 to 23, UTC; empty = none
    core::Duration overlap = std::chrono::seconds{30};  // at most, until the new socket takes over
    bool operator==(const RotationConfig&) const = default;
};

// By which message a venue announces that it will end the connection.
struct DrainConfig {
    std::string field;  // JSON pointer; empty = it never does
    std::string value;  // that the field then has
    bool operator==(const DrainConfig&) const = default;
};

enum class RepairMode { None, Resubscribe, Rotate };

// The venue's own numbers in its messages, per channel.
struct SequenceConfig {
    std::string field;       // JSON pointer to the number; empty = there is none
    std::string previous{};  // JSON pointer to the number of the message before; empty = the venue does not tell it
    // Instead of `previous`: JSON pointer to the first number inside of a message that covers several, of which `field`
    // is the last. What a message covers once more is no hole. A message without it has just its one number.
    std::string first{};
    unsigned step = 1;                     // between two messages; 0 = numbers only grow, and holes cannot be seen
    RepairMode repair = RepairMode::None;  // the most that is done about a hole, besides telling it
    bool operator==(const SequenceConfig&) const = default;

    // Messages say themselves what stands before them.
    bool tells_previous() const { return !previous.empty() || !first.empty(); }
};

struct ConnectionConfig {
    std::string id;  // [A-Za-z0-9_.-], 1 to 64 characters
    std::string profile = "generic";
    Profile venue;                                  // what that name means
    std::map<std::string, SecretText> credentials;  // for the profile's login: key, secret, passphrase …
    std::vector<SecretText> urls;                   // `url` or `urls`
    EndpointOrder endpoints = EndpointOrder::Priority;
    core::Duration fail_back_after = std::chrono::minutes{5};  // stable on a lesser endpoint; 0 = never
    std::vector<SecretText> subscriptions;  // generic: texts, sent as they are on every (re)connection
    std::vector<std::string> channel;       // JSON pointers to the channel of a message; empty = channel `all`
    std::map<std::string, SecretText> headers;
    std::string subprotocol;  // Sec-WebSocket-Protocol to offer
    bool on_demand = false;   // a consumer's subscription to data/<id>/<topic>/ subscribes upstream
    core::Duration on_demand_linger = std::chrono::seconds{30};  // kept after the last consumer has gone
    unsigned legs = 1;                                           // redundant sockets that carry the same
    unsigned topics_per_socket = 0;  // subscriptions on one socket; above, further sockets are opened; 0 = no limit
    std::vector<std::string>
        dedupe;  // JSON pointers to what makes a message the same on every socket; empty = its bytes
    core::Duration dedupe_window = std::chrono::seconds{10};  // for which a message is remembered
    RotationConfig rotation;
    DrainConfig drain;
    SequenceConfig sequence;
    bool last_value = false;        // a consumer that subscribes gets the last message of each topic once more
    core::Duration stale_after{0};  // silence of data that ends the connection; 0 = never
    // Silence of one channel, while others of its kind go on, after which it is subscribed again; 0 = never.
    core::Duration channel_stale_after{0};
    std::uint64_t max_message_bytes = std::uint64_t{16} << 20;
    unsigned max_topics = 10000;       // further channels go to `unrouted`
    std::string transport = "native";  // or "lws": libwebsockets' own role
    bool compression = false;
    TlsConfig tls;
    SecretText proxy;  // http://user:password@host:port; for the request of the profile's `prepare` as well
    NetworkConfig network;
    bool operator==(const ConnectionConfig&) const = default;

    // More than one socket may be needed, because the venue limits what one carries.
    bool is_pooled() const { return topics_per_socket > 0 || venue.limits.topic_bytes_per_socket > 0; }
};

// Of the sockets that carry its subscriptions, redundant legs apart.
core::PoolSettings pool_settings(const ConnectionConfig& connection);

// Where profiles of one's own are.
struct ProfilesConfig {
    std::string dir;  // relative to the file; empty = only those beside it, in `venues`
    // Not a key: all that are searched before the shipped ones. As it is made: of a file in the working directory.
    std::vector<std::string> directories = {"venues"};
    bool operator==(const ProfilesConfig&) const = default;
};

struct Config {
    StreamConfig stream;
    ControlConfig control;
    HttpConfig http;
    JournalConfig journal;
    NetworkConfig network;
    AlertsConfig alerts;
    LogConfig log;
    ReloadConfig reload;
    ProfilesConfig profiles;
    std::map<std::string, ConnectionConfig> connections;
    bool operator==(const Config&) const = default;
};

}  // namespace fairlead::config
