#include "publish/gap_list.hpp"

#include <vector>

namespace fairlead::publish {
namespace {

bool is_of(std::string_view topic, std::string_view connection) {
    const std::string_view rest = topic.substr(topic.find('/') + 1);
    return rest.starts_with(connection) && rest.substr(connection.size()).starts_with('/');
}

bool is_over(const v1::Gap& gap, std::uint64_t since_ns) {
    return since_ns != 0 && gap.to_ns() <= since_ns;
}

}  // namespace

void GapList::add(const std::string& topic, std::uint64_t epoch, std::uint64_t sequence, std::uint32_t session,
                  const v1::Gap& gap) {
    if (gaps_.size() == kMaxGaps) gaps_.pop_front();
    v1::GapRecord& record = gaps_.emplace_back();
    record.set_topic(topic);
    record.set_epoch(epoch);
    record.set_sequence(sequence);
    record.set_session(session);
    *record.mutable_gap() = gap;
    ++told_;
}

std::size_t GapList::select(const Query& query, v1::Gaps& gaps) const {
    std::vector<const v1::GapRecord*> listed;  // newest first
    std::size_t matches = 0;
    std::size_t bytes = 0;
    for (auto record = gaps_.rbegin(); record != gaps_.rend(); ++record) {
        if (!record->topic().starts_with(query.prefix) || is_over(record->gap(), query.since_ns)) continue;
        if (!query.connection.empty() && !is_of(record->topic(), query.connection)) continue;
        ++matches;
        constexpr std::size_t kFraming = 6;  // tag and length
        bytes += record->ByteSizeLong() + kFraming;
        if (bytes <= kMaxListedBytes) listed.push_back(&*record);
    }
    for (auto record = listed.rbegin(); record != listed.rend(); ++record)
        *gaps.add_gaps() = **record;
    gaps.set_forgotten(told_ - gaps_.size());
    return matches;
}

}  // namespace fairlead::publish
