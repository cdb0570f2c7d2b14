// What of the life of one connection is an alert, how grave it is, and when it is over. The table is in README.md of
// the alert room.
//
// Most alerts stand until what they tell is over, and are not raised again meanwhile, unless they have become graver.
// ReconnectSuccess and UpstreamGap are events: over as soon as they are told.
//
// A connection that flaps must not flood: of each type and level at most kBurst alerts are raised at once, and
// kPerMinute in the long run. What stands and could not be told is told at a later edge, if it still stands then; what
// was never told is counted, and the next of its kind says how many there were.
//
// Not thread-safe. `now` must not go backwards.
#pragma once

#include "core/alert.hpp"
#include "core/rate_limit.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::core {

enum class AlertEdge {
    // Of one socket; `subject` says which, empty = the only one.
    AttemptBegins,
    AttemptFailed,
    GaveUp,  // that was the last attempt
    Connected,
    Stopped,  // on purpose
    // Of the connection as a whole.
    Lost,    // none of its sockets is connected any more, and nobody wanted that
    Closed,  // on purpose: it was paused or removed, or the process ends
    StaleBegins,
    StaleEnds,
    // Of one subscription, which is the `subject`.
    Rejected,
    Accepted,  // or not wanted any more
    // Of one topic, which is the `subject`: messages are missing though a socket was connected.
    Gap,
};

// Consecutive failures from which on an alert has the level.
struct AlertThresholds {
    unsigned warning = 3;
    unsigned critical = 5;
};

struct AlertInput {
    AlertEdge edge = AlertEdge::Connected;
    std::string subject{};
    std::string detail{};  // for people, never a secret: why, or to which endpoint; GaveUp: and after how many attempts
    unsigned attempt = 0;  // AttemptBegins: which one
    unsigned failures = 0;  // in a row, of the socket
    AlertThresholds thresholds{};
};

struct AlertAction {
    enum class What {
        Raise,    // what stands of the same type and subject gives way to it
        Event,    // raised, and over at once
        Resolve,  // only type and subject are set
    };
    What what = What::Raise;
    AlertType type = AlertType::ReconnectAttempt;
    AlertLevel level = AlertLevel::Info;
    std::string subject{};  // which subscription or topic; empty = the connection
    std::string text{};
};
using AlertActions = std::vector<AlertAction>;  // in the order in which they are to be done

class AlertRules {
public:
    AlertActions step(const AlertInput& input, SteadyTime now);

    static constexpr double kBurst = 5;
    static constexpr double kPerMinute = 1;
    static constexpr std::size_t kMaxSubjects = 1'000;  // rejected subscriptions that stand at once

private:
    using Key = std::pair<AlertType, std::string>;  // type and subject
    struct Condition {
        AlertLevel level = AlertLevel::Info;
        std::string text{};
        std::optional<AlertLevel> told{};
    };
    struct Limit {
        RateLimit bucket;
        std::uint64_t untold = 0;
    };
    struct Step {
        SteadyTime now;
        AlertActions actions{};
    };

    void attempt_begins(const AlertInput& input);
    void attempt_failed(const AlertInput& input);
    void gave_up(const AlertInput& input, Step& step);
    void connected(const AlertInput& input, Step& step);
    void stopped(const AlertInput& input, Step& step);
    void closed(Step& step);
    void rejected(const AlertInput& input, Step& step);

    void set(AlertType type, const std::string& subject, AlertLevel level, std::string text);
    void clear(AlertType type, const std::string& subject, Step& step);
    void event(AlertType type, AlertLevel level, const std::string& subject, const std::string& text, Step& step);
    void forget_socket(const std::string& socket, Step& step);
    void tell_what_stands(Step& step);
    Limit& limit(AlertType type, AlertLevel level, SteadyTime now);
    static std::string told_text(const std::string& text, Limit& limit);

    std::map<std::string, unsigned> failing_;  // sockets, and their failures in a row
    std::set<std::string> given_up_;           // those of them that make no more attempts
    bool lost_ = false;
    std::map<Key, Condition> conditions_;
    std::map<std::pair<AlertType, AlertLevel>, Limit> limits_;
};

}  // namespace fairlead::core
