#include "publish/journal.hpp"

#include "fairlead/v1/stream.pb.h"

#include <utility>

namespace fairlead::publish {

const Journal::Entry* Journal::Past::find(std::uint64_t sequence) const {
    if (count_ == 0 || sequence < first_ || sequence - first_ >= count_) return nullptr;
    return ring_[sequence & (ring_.size() - 1)];
}

Journal::Journal(const JournalSettings& settings) : settings_(settings) {}

Journal::~Journal() {
    for (Entry* first : {free_, oldest_}) {
        while (first)
            delete std::exchange(first, first->newer_);
    }
}

Journal::Past* Journal::open(const std::string& topic, std::uint64_t next_sequence) {
    if (!on()) return nullptr;
    const auto found = pasts_.try_emplace(topic).first;
    if (!found->second) {
        found->second = std::make_unique<Past>();
        found->second->topic_ = found->first;
    }
    Past& past = *found->second;
    past.open_ = true;
    if (past.first_ + past.count_ != next_sequence) clear(past);
    return &past;
}

void Journal::close(Past& past) {
    past.open_ = false;
    if (past.count_ == 0) pasts_.erase(pasts_.find(std::string(past.topic_)));
}

const Journal::Past* Journal::find(const std::string& topic) const {
    const auto found = pasts_.find(topic);
    return found == pasts_.end() ? nullptr : found->second.get();
}

seam::KeptFrame* Journal::append(Past& past, const HeaderFields& header, std::uint64_t bytes) {
    // Also when it cannot be kept: the numbers that are held have no hole.
    if (past.count_ > 0 && header.sequence != past.first_ + past.count_) [[unlikely]]
        clear(past);
    const std::uint64_t needed = bytes + kEntryBytes;
    if (needed > settings_.max_bytes) [[unlikely]] {
        ++counters_.too_large;
        counters_.evicted += past.count_;
        clear(past);
        return nullptr;
    }
    if (past.count_ >= settings_.messages_per_topic) drop_oldest(past);
    while (counters_.bytes + needed > settings_.max_bytes)
        evict();
    if (past.count_ == past.ring_.size()) [[unlikely]]
        resize(past, past.count_ == 0 ? kMinRing : 2 * past.count_);
    Entry* entry = take();
    entry->header = header;
    entry->past_ = &past;
    entry->bytes_ = needed;
    entry->older_ = newest_;
    entry->newer_ = nullptr;
    (newest_ ? newest_->newer_ : oldest_) = entry;
    newest_ = entry;
    if (past.count_ == 0) past.first_ = header.sequence;
    ++past.count_;
    past.ring_[header.sequence & (past.ring_.size() - 1)] = entry;
    if (header.kind == v1::KIND_DATA) past.last_data_ = header.sequence;
    ++counters_.messages;
    counters_.bytes += needed;
    return &entry->payload;
}

Journal::Entry* Journal::take() {
    if (!free_) return new Entry;
    --counters_.spare;
    return std::exchange(free_, free_->newer_);
}

void Journal::give_back(Entry* entry) {
    if (counters_.spare == kMaxSpare) {
        delete entry;
        return;
    }
    entry->payload.reset();
    entry->newer_ = std::exchange(free_, entry);
    ++counters_.spare;
}

void Journal::drop_oldest(Past& past) {
    Entry* entry = past.ring_[past.first_ & (past.ring_.size() - 1)];
    (entry->older_ ? entry->older_->newer_ : oldest_) = entry->newer_;
    (entry->newer_ ? entry->newer_->older_ : newest_) = entry->older_;
    counters_.bytes -= entry->bytes_;
    --counters_.messages;
    give_back(entry);
    ++past.first_;
    --past.count_;
    // An entry pays for four places of a ring.
    if (past.count_ * 4 < past.ring_.size() && past.ring_.size() > kMinRing) resize(past, past.ring_.size() / 2);
}

void Journal::clear(Past& past) {
    while (past.count_ > 0)
        drop_oldest(past);
}

void Journal::evict() {
    Past& past = *oldest_->past_;
    ++counters_.evicted;
    drop_oldest(past);
    if (past.count_ == 0 && !past.open_) pasts_.erase(pasts_.find(std::string(past.topic_)));
}

void Journal::resize(Past& past, std::size_t size) {
    std::vector<Entry*> ring(size, nullptr);
    for (std::uint64_t number = past.first_; number < past.first_ + past.count_; ++number)
        ring[number & (size - 1)] = past.ring_[number & (past.ring_.size() - 1)];
    past.ring_ = std::move(ring);
}

}  // namespace fairlead::publish
