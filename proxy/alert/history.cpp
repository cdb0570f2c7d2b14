#include "alert/history.hpp"

#include "alert/convert.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::alert {

const Record& History::add(Record record) {
    record.number = ++raised_;
    if (!record.resolved) standing_.insert_or_assign(Key{record.connection, record.type, record.subject}, record);
    last_ = std::move(record);
    records_.push_back(last_);
    make_room();
    return last_;
}

const Record* History::resolve(const std::string& connection, core::AlertType type, const std::string& subject,
                               core::WallTime now) {
    auto taken = standing_.extract(Key{connection, type, subject});
    if (!taken) return nullptr;
    last_ = std::move(taken.mapped());
    last_.resolved = now;
    const auto found = std::ranges::lower_bound(records_, last_.number, {}, &Record::number);
    // One that the list has forgotten: found is the next after it.
    if (found != records_.end() && found->number == last_.number) found->resolved = now;
    return &last_;
}

void History::resize(std::size_t capacity) {
    capacity_ = capacity;
    make_room();
}

void History::make_room() {
    while (records_.size() > capacity_)
        records_.pop_front();
}

void History::select(const v1::ListAlerts& query, v1::Alerts& alerts) const {
    std::vector<const Record*> found;
    std::size_t bytes = 0;
    for (auto at = records_.rbegin(); at != records_.rend(); ++at) {
        if (!query.connection().empty() && query.connection() != at->connection) continue;
        if (to_proto(at->level) < query.min_level()) continue;
        if (to_ns(at->raised) <= query.since_ns()) continue;
        bytes += at->connection.size() + at->text.size() + 64;
        if (bytes > kMaxListedBytes || (query.limit() > 0 && found.size() == query.limit())) break;
        found.push_back(&*at);
    }
    for (auto at = found.rbegin(); at != found.rend(); ++at)
        to_proto(**at, *alerts.add_alerts());
    alerts.set_raised(raised());
    alerts.set_forgotten(forgotten());
}

std::vector<Record> History::standing() const {
    std::vector<Record> records;
    records.reserve(standing_.size());
    for (const auto& [key, record] : standing_)
        records.push_back(record);
    std::ranges::sort(records, {}, &Record::number);
    return records;
}

}  // namespace fairlead::alert
