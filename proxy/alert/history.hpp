// The alerts that were raised, the newest of them for those who ask later, and those that still stand, however old.
#pragma once

#include "alert/record.hpp"
#include "fairlead/v1/control.pb.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace fairlead::alert {

// Relay thread only.
class History {
public:
    explicit History(std::size_t capacity) : capacity_(capacity) {}

    // Gives the record its number. The oldest makes room; 0 records may be kept.
    const Record& add(Record record);
    // The one that stands, from now on resolved; null = none stands. Valid until the next call.
    const Record* resolve(const std::string& connection, core::AlertType type, const std::string& subject,
                          core::WallTime now);
    void resize(std::size_t capacity);

    // The newest that match, up to kMaxListedBytes, the oldest first; raised() and forgotten().
    void select(const v1::ListAlerts& query, v1::Alerts& alerts) const;
    // The oldest first.
    std::vector<Record> standing() const;

    std::uint64_t raised() const { return raised_; }  // since start
    std::uint64_t forgotten() const { return raised_ - records_.size(); }

    static constexpr std::size_t kMaxListedBytes = std::size_t{1} << 20;

private:
    using Key = std::tuple<std::string, core::AlertType, std::string>;  // connection, type, subject

    void make_room();

    std::size_t capacity_;
    std::deque<Record> records_;      // the oldest first
    std::map<Key, Record> standing_;  // bounded by the rules
    Record last_;
    std::uint64_t raised_ = 0;
};

}  // namespace fairlead::alert
