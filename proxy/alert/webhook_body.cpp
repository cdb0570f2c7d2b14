#include "alert/webhook_body.hpp"

#include "core/text_template.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

namespace fairlead::alert {
namespace {

// "name": "value"
std::string member(std::string_view name, std::string_view value) {
    return fmt::format(R"("{}":"{}")", name, core::json_escaped(value));
}

template <class Each>
std::string list_of(const std::vector<Record>& records, const Each& each) {
    std::vector<std::string> texts;
    texts.reserve(records.size());
    for (const auto& record : records)
        texts.push_back(each(record));
    return fmt::format("[{}]", fmt::join(texts, ","));
}

std::string plain(const Record& record) {
    return fmt::format(R"({{"number":{},{},{},{},{},{},{},"resolved":{},"resolved_time":{}}})", record.number,
                       member("type", core::to_string(record.type)), member("level", core::to_string(record.level)),
                       member("connection", record.connection), member("subject", record.subject),
                       member("text", record.text), member("time", rfc3339(record.raised)),
                       record.resolved ? "true" : "false",
                       record.resolved ? fmt::format("\"{}\"", rfc3339(*record.resolved)) : "null");
}

core::WallTime ends_at(const Record& record, core::WallTime now) {
    if (record.is_event) return record.raised + kEventLasts;
    return record.resolved.value_or(now + kStandsFor);
}

std::string for_alertmanager(const Record& record, std::string_view instance, core::WallTime now) {
    const auto subject = record.subject.empty() ? "" : "," + member("subject", record.subject);
    return fmt::format(R"({{"labels":{{{},{},{},{}{}}},"annotations":{{{}}},{},{}}})",
                       member("alertname", core::to_string(record.type)),
                       member("severity", core::to_string(record.level)), member("connection", record.connection),
                       member("instance", instance), subject, member("summary", record.text),
                       member("startsAt", rfc3339(record.raised)), member("endsAt", rfc3339(ends_at(record, now))));
}

}  // namespace

std::string plain_json(const std::vector<Record>& records, std::string_view instance) {
    return fmt::format(R"({{{},"alerts":{}}})", member("instance", instance), list_of(records, &plain));
}

std::string alertmanager_json(const std::vector<Record>& records, std::string_view instance, core::WallTime now) {
    return list_of(records, [&](const Record& record) { return for_alertmanager(record, instance, now); });
}

std::string rfc3339(core::WallTime time) {
    using std::chrono::milliseconds;
    const auto since = std::chrono::floor<milliseconds>(time.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(seconds.count())),
                       (since - seconds).count());
}

}  // namespace fairlead::alert
