// What a consumer saw, as one line of JSON: how long messages took, how many, which are missing.
#pragma once

#include "message.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace fairlead::bench {

class Recorder {
public:
    // `streams` end before it is complete.
    explicit Recorder(unsigned streams);

    // What is no message of a Frame is passed over. Prints {"first_ns":…} at the first that is one.
    void add(std::string_view message);
    bool is_complete() const { return ended_ == streams_.size(); }
    void print();

private:
    struct Stream {
        std::uint64_t next = 1;
        bool ended = false;
    };

    void measure(const Stamp& stamp, std::int64_t now);
    double percentile(double share);

    std::vector<Stream> streams_;
    std::vector<std::uint32_t> latencies_ns_;
    std::uint64_t holes_ = 0;
    std::uint64_t disordered_ = 0;
    std::uint64_t bytes_ = 0;
    std::size_t ended_ = 0;
    std::int64_t began_ = 0;  // arrival of the first and of the last measured message
    std::int64_t last_ = 0;
    bool seen_ = false;
};

}  // namespace fairlead::bench
