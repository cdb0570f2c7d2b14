// The two questions of the soak, asked of each message as it comes: has this consumer had every number of fairlead's,
// once and in order, or was told which are missing; and is every number of the venue's there, or in exactly one gap
// that names its neighbours.
#pragma once

#include "fairlead/envelope.hpp"
#include "fairlead/subscriber.hpp"
#include "fault_log.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::soak {

struct Violation {
    std::uint64_t at_ns = 0;
    std::string text{};
};

// What one topic told one consumer, in words; for the report.
class Recent {
public:
    void note(std::string text);
    std::string text() const;

private:
    static constexpr std::size_t kKept = 12;
    std::deque<std::string> lines_;
};

// Fairlead's numbers on one topic, as one life of one consumer sees them. What takes a number without showing it to
// callbacks (events and gaps of the upstream) is counted; the next message proves the count.
class Ledger {
public:
    using Problem = std::optional<std::string>;

    Problem on_message(const client::Message& message);
    Problem on_numbered_event();
    Problem on_gap(const client::Gap& gap);
    void on_heartbeat(std::uint64_t epoch, std::uint64_t next_sequence);
    // Everything up to the last heartbeat is accounted for.
    bool is_proven() const { return heard_ && *heard_ == Heard{epoch_, next_}; }
    std::string describe() const;

private:
    struct Heard {
        std::uint64_t epoch = 0;
        std::uint64_t next = 0;
        bool operator==(const Heard&) const = default;
    };

    bool known_ = false;
    bool new_epoch_ = false;  // announced; the next message tells which
    std::uint64_t epoch_ = 0;
    std::uint64_t next_ = 0;  // the number that comes next; as long as !known_, how many came without one
    std::uint64_t recovered_to_ = 0;
    std::optional<Heard> heard_;
};

// The venue's numbers on one topic, as the one consumer sees them that loses nothing.
class VenueLedger {
public:
    VenueLedger(std::string topic, Connections connection) : topic_(std::move(topic)), connection_(connection) {}

    Ledger::Problem on_number(std::uint64_t number, std::uint64_t at_ns, std::vector<Claim>& claims);
    void on_gap(const client::Gap& gap);

private:
    struct Told {
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        std::uint64_t count = 0;
        std::uint64_t from_ns = 0;
        v1::Cause reason = v1::CAUSE_UNSPECIFIED;
    };

    Claim claim(Oddity oddity, std::uint64_t number, std::uint64_t at_ns) const;
    Ledger::Problem on_hole(std::uint64_t number, std::uint64_t at_ns, std::vector<Claim>& claims);

    std::string topic_;
    Connections connection_;
    std::uint64_t last_ = 0;
    std::uint64_t last_ns_ = 0;
    bool blurred_ = false;  // the consumer itself has missed something since
    std::vector<Told> told_;
};

// The number in a payload of the simulated venue; 0 = it has none.
std::uint64_t venue_number(std::string_view payload);

}  // namespace fairlead::soak
