// Between records and the published contract.
#pragma once

#include "alert/record.hpp"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/stream.pb.h"

#include <cstdint>
#include <string>

namespace fairlead::alert {

inline std::uint64_t to_ns(core::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
inline v1::AlertLevel to_proto(core::AlertLevel level) {
    return static_cast<v1::AlertLevel>(static_cast<int>(level) + 1);
}

inline void to_proto(const Record& record, v1::Alert& alert) {
    alert.set_type(std::string(core::to_string(record.type)));
    alert.set_level(to_proto(record.level));
    alert.set_connection(record.connection);
    alert.set_text(record.text);
    alert.set_time_ns(to_ns(record.raised));
}

inline void to_proto(const Record& record, v1::AlertRecord& entry) {
    entry.set_number(record.number);
    to_proto(record, *entry.mutable_alert());
    entry.set_resolved(record.resolved.has_value());
    if (record.resolved) entry.set_resolved_ns(to_ns(*record.resolved));
}

}  // namespace fairlead::alert
