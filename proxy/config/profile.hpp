// A venue as data: everything that it is particular about, as its profile (deploy/venues/*.toml) says it. What stands
// in a profile's [connection] are defaults of the connection's own keys; the rest is here. The generic profile is this
// struct as it is made: a subscription is a text that is sent as it stands, and nothing answers.
//
// A text for the venue is a template: {name} stands for a variable if `name` is one of those that its comment lists;
// any other brace is just a brace, so that JSON can be written as it is.
#pragma once

#include "core/reject_kind.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::config {

// How texts for the venue are made. Variables in every text: {now_s}, {now_ms}, {now_us} (Unix time), {nonce} (16
// random hexadecimal digits), {id} (of the request, a number that grows), every credential by its key, and what
// prepare.extract has found.
struct SubscribeConfig {
    // One topic inside of {topics}: {topic}, and its parts {1} to {4} between `separator`. JSON strings are escaped.
    std::string topic = "{topic}";
    std::string separator = ":";
    std::string text = "{topics}";  // {topics} with commas between them; {1} to {4} where `group` makes them common
    std::string unsubscribe;        // as `text`; empty = the venue knows none: only a new socket is free of a topic
    unsigned group = 0;             // topics go together only if they agree in their first `group` parts
    unsigned topics_per_message = 1;
    std::uint64_t bytes_per_message = 0;  // of the whole text; 0 = no limit
    bool acknowledged = false;            // the venue answers
    core::Duration ack_timeout = std::chrono::seconds{10};
    // How many may wait for their answers at once. 1 where an answer does not tell what it answers.
    unsigned in_flight = 16;
    bool operator==(const SubscribeConfig&) const = default;
};

struct RateConfig {
    unsigned count = 0;  // 0 = no limit
    core::Duration per = std::chrono::seconds{1};
    bool operator==(const RateConfig&) const = default;
};

struct LimitsConfig {
    std::uint64_t topic_bytes_per_socket = 0;  // of the topics' texts; 0 = no limit
    RateConfig messages;                       // that we send on one socket
    RateConfig requests;                       // of those, subscribe, unsubscribe and login texts only
    bool pings_count = false;                  // pings and pongs count as messages
    RateConfig connections;                    // attempts, per host of the URL, or of `prepare` where that has none
    bool operator==(const LimitsConfig&) const = default;
};

struct HeartbeatConfig {
    std::string text;  // that we send; empty = none
    core::Duration interval = std::chrono::seconds{20};
    core::Duration timeout = std::chrono::seconds{10};  // for a message that means HeartbeatReply; 0 = none comes
    core::Duration silence{0};  // without data, heartbeat or question for one: the connection is dead; 0 = never
    bool operator==(const HeartbeatConfig&) const = default;
};

enum class Hash { Sha256, Sha384, Sha512 };
enum class Encoding { Hex, Base64 };
enum class KeyForm { Text, Hex, Base64 };

struct LoginConfig {
    std::string text;  // sent before anything else; {signature} as well; empty = no login
    std::string sign;  // what is signed (HMAC with the credential `secret`); empty = nothing is
    Hash hash = Hash::Sha256;
    Encoding encoding = Encoding::Hex;
    KeyForm key = KeyForm::Text;
    core::Duration expires_in{0};  // added to the time in {expires_s} and {expires_ms}
    bool acknowledged = true;      // by a message that means LoginAck
    core::Duration timeout = std::chrono::seconds{10};
    bool operator==(const LoginConfig&) const = default;
};

// An HTTP request before each attempt to connect, for a token or an endpoint.
struct PrepareConfig {
    std::string url;  // https:// or http://; empty = none
    std::string method = "POST";
    std::map<std::string, std::string> headers;
    std::string body;
    std::string sign;  // as in LoginConfig, for {signature}
    Hash hash = Hash::Sha256;
    Encoding encoding = Encoding::Hex;
    KeyForm key = KeyForm::Text;
    std::map<std::string, std::string> extract;  // variable -> JSON pointer into the answer
    core::Duration timeout = std::chrono::seconds{10};
    bool operator==(const PrepareConfig&) const = default;
};

enum class Meaning {
    Ack,     // of a subscribe or unsubscribe
    Reject,  // of one
    Ready,   // the venue's welcome: texts may be sent
    LoginAck,
    LoginReject,
    HeartbeatRequest,  // to be answered with `answer`
    HeartbeatReply,    // to our heartbeat
    Heartbeat,         // the venue's own sign of life
    Drain,             // the venue announces that it will end the connection
    Error,             // of the whole connection: it is opened anew
    Notice,            // means nothing, and is no data
};

using core::RejectKind;

struct FieldTest {
    enum class Is { Present, Absent, Equal, Prefix, Contains };
    std::string field;  // JSON pointer; empty = the whole message as text
    Is is = Is::Present;
    std::string value;  // of Equal, Prefix, Contains: scalars as they are written, strings without quotes
    bool operator==(const FieldTest&) const = default;
};

// The first rule whose tests hold says what a message means. None = it is data if it has a channel.
struct MessageRule {
    Meaning means = Meaning::Notice;
    std::vector<FieldTest> when;
    std::string id;                  // JSON pointer to the id of the request that it answers; empty = it has none
    std::vector<std::string> topic;  // JSON pointers whose values, joined by the separator, are the topic it is about
    std::string
        accepted;        // Ack: JSON pointer to the list of accepted topics; those of the request that miss are refused
    std::string reason;  // JSON pointer to a text for people
    std::string channel_id;  // Ack: JSON pointer to what stands in data instead of the channel, on this socket
    RejectKind kind = RejectKind::Permanent;
    std::string answer;  // HeartbeatRequest: template; {field:/json/pointer} stands for a value of the message
    bool operator==(const MessageRule&) const = default;
};

enum class Decode {
    None,
    Gzip,
    Deflate,
    Sniff
};  // of binary messages; Sniff = gzip by its magic, else deflate, else as is

// A recorded shape: what the venue was seen to send, and what the profile makes of it. Checked by the tests.
struct ProfileExample {
    std::string text{};
    std::string is{};        // "data", or a meaning in lower case with underscores
    std::string channel{};   // data
    std::string sequence{};  // data, decimal; empty = none
    std::string previous{};  // as `sequence`: the number before it, where the message tells it
    std::string id{};
    std::string topic{};
    RejectKind kind = RejectKind::Permanent;             // reject
    std::optional<std::vector<std::string>> accepted{};  // ack; none = it does not list them
    std::string channel_id{};                            // ack
    bool operator==(const ProfileExample&) const = default;
};

// The venue's own side of the conversation, for `fairlead simulate`: what a profile does not say because the relay only
// reads it. Templates with no variables but those named here.
struct SimulatorTexts {
    // One kind of stream. {topic}, its parts {1} to {4}, {number} (grows by one), {previous} (the one before), {price},
    // {symbol} (BTCUSDT), {now_ms}, {payload} (Binance's own JSON of it), {padding} (a JSON member behind others, or
    // nothing).
    struct Data {
        std::string topic;   // what a topic of this kind contains; empty = every topic
        std::string stream;  // "trade" or "bookTicker": which numbers and which payload
        std::string text;
        bool operator==(const Data&) const = default;
    };
    std::string ack;               // {id} of the request, {op} (subscribe or unsubscribe), {topic}, {1} to {4}
    std::string reject;            // as `ack`, and {reason}
    bool per_topic = false;        // one answer for each topic, not one for the whole request
    bool accepts_unknown = false;  // a topic that does not exist is acknowledged, and stays empty
    std::string too_fast;          // as `reject`; empty = the connection is closed with 1008
    std::string heartbeat_reply;   // {id}
    std::string ready;             // the welcome; empty = none
    std::string drain;             // {now_ms}; empty = the venue has no such notice
    std::vector<Data> data;        // the first one that fits
    bool operator==(const SimulatorTexts&) const = default;
};

struct Profile {
    std::string name = "generic";
    SubscribeConfig subscribe;
    LimitsConfig limits;
    HeartbeatConfig heartbeat;
    LoginConfig login;
    PrepareConfig prepare;
    bool waits_for_ready = false;  // nothing is sent before a message that means Ready
    // A message can mean something other than data only if it has one of these in its first kHintBytes bytes, or has no
    // channel. Empty = every message is held against the rules.
    std::vector<std::string> hints;
    std::vector<MessageRule> messages;
    // What a field of the channel is called in data -> in the topic ("l2_data" -> "level2").
    std::map<std::string, std::string> aliases;
    std::vector<std::string> channel_id;  // JSON pointers to the number in data that MessageRule::channel_id named
    Decode decode = Decode::None;
    std::vector<ProfileExample> examples;
    SimulatorTexts simulator;              // nothing the relay needs
    std::vector<std::string> credentials;  // keys that a connection has to give, such as key, secret, passphrase
    bool is_generic() const { return name == "generic"; }
    bool operator==(const Profile&) const = default;

    static constexpr std::size_t kHintBytes = 256;
};

}  // namespace fairlead::config
