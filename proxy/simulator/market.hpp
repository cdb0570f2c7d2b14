// The venue's data: a trade and a quote stream for each symbol, prices on a seeded random walk. Messages come into
// being by the clock, whether or not anybody listens, so the ids that an outage has cost are known. Message n of a
// stream is the same in every run of a scenario, but for its times.
#pragma once

#include "core/time.hpp"
#include "simulator/scenario.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::simulator {

class Market {
public:
    // A stream is named by its index; `json` lasts for the call.
    using Publish = std::function<void(std::size_t stream, std::string_view json)>;

    explicit Market(const Scenario& scenario);

    std::size_t stream_count() const { return symbols_.size() * 2; }
    // "btcusdt@trade"
    std::string stream_name(std::size_t stream) const;
    std::optional<std::size_t> find(std::string_view stream_name) const;
    // "BTCUSDT"
    std::string_view symbol(std::size_t stream) const { return symbols_[stream / 2].upper; }
    std::int64_t price_cents(std::size_t stream) const { return symbols_[stream / 2].price_cents; }
    // What makes each message longer, as a JSON member behind others; may be empty.
    std::string_view padding() const { return padding_; }
    // The id of the latest message; one less than the first id = none yet.
    std::uint64_t last_id(std::size_t stream) const;
    // The next message has id 1 again.
    void renumber(std::size_t stream);

    // Only wanted streams are published; the others grow all the same.
    void want(std::size_t stream, bool wanted);
    // When the next message comes into being; empty = never.
    std::optional<core::Duration> next_due() const;
    // Everything up to `now` (since the start). After a pause of more than a second, as of a stopped process, the
    // messages of the time before that second do not come into being at all.
    void advance(core::Duration now, std::int64_t wall_ms, const Publish& publish);

private:
    struct Symbol {
        std::string name;   // btcusdt
        std::string upper;  // BTCUSDT
        std::uint64_t random = 0;
        std::int64_t price_cents = 0;
        core::Duration next{0};  // when its next group of messages is due
        std::uint64_t trade_id = 0;
        std::uint64_t update_id = 0;
        bool trade_wanted = false;
        bool quote_wanted = false;
    };

    void step(std::size_t index, std::int64_t wall_ms, const Publish& publish);
    std::string_view trade(const Symbol& symbol, std::uint64_t chance, std::int64_t wall_ms);
    std::string_view quote(const Symbol& symbol, std::uint64_t chance);

    std::vector<Symbol> symbols_;
    std::map<std::string, std::size_t, std::less<>> streams_;  // by name
    core::Duration period_{0};                                 // between groups of a stream; 0 = no messages
    unsigned burst_;
    std::string padding_;  // as a JSON member
    fmt::memory_buffer text_;
};

}  // namespace fairlead::simulator
