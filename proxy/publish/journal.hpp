// The recent past of every topic, for those who come late or have lost something: a ring per topic of the messages that
// took a number, under one bound of bytes for the process. Payloads are held by reference to the frames that left.
//
// Appending and finding are O(1) and, once the rings have grown, allocate nothing: the place of a message that goes is
// taken by the next. No more places are kept free than kMaxSpare, so that a burst of small messages leaves nothing
// behind. The numbers that a topic holds have no hole; what does not follow on the last one puts an end to what was
// held before.
#pragma once

#include "publish/header.hpp"
#include "seam/kept_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::publish {

struct JournalSettings {
    std::size_t messages_per_topic = 0;  // 0 = nothing is held
    std::uint64_t max_bytes = 0;         // payloads and what is needed to hold them; 0 = nothing is held
};

struct JournalCounters {
    std::uint64_t messages = 0;   // held now
    std::uint64_t bytes = 0;      // held now, as counted against max_bytes
    std::uint64_t evicted = 0;    // had to go because of max_bytes
    std::uint64_t too_large = 0;  // were not kept, being larger than max_bytes alone
    std::uint64_t spare = 0;      // places kept free now, up to Journal::kMaxSpare
};

// What is held of one topic: oldest to next - 1; oldest 0 = nothing.
struct Held {
    std::uint64_t oldest = 0;
    std::uint64_t next = 1;  // the number that the topic gives out next
    bool operator==(const Held&) const = default;
};

// Relay thread only.
class Journal {
public:
    class Past;
    struct Entry {
        HeaderFields header;
        seam::KeptFrame payload;

    private:
        friend class Journal;
        Past* past_ = nullptr;
        std::uint64_t bytes_ = 0;
        Entry* older_ = nullptr;
        Entry* newer_ = nullptr;  // of the free list, too
    };

    // The ring of one topic.
    class Past {
    public:
        // Null = it is not held.
        const Entry* find(std::uint64_t sequence) const;
        // Null = it is not held.
        const Entry* last_data() const { return find(last_data_); }
        const Entry* newest() const { return find(first_ + count_ - 1); }
        std::uint64_t oldest() const { return count_ == 0 ? 0 : first_; }
        std::size_t size() const { return count_; }

    private:
        friend class Journal;
        std::uint64_t first_ = 0;  // the oldest number that is held
        std::size_t count_ = 0;
        std::uint64_t last_data_ = 0;
        std::vector<Entry*> ring_;  // number n is at n modulo the size, which is a power of two
        std::string_view topic_;    // the key under which it is found
        bool open_ = false;
    };

    explicit Journal(const JournalSettings& settings);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // The ring of a topic that is opened, with what is still held of it if it was closed before and goes on from there.
    // Null = the journal is off. Lasts until close().
    Past* open(const std::string& topic, std::uint64_t next_sequence);
    // What a closed topic has left is held until max_bytes needs the room.
    void close(Past& past);
    // Null = neither open nor anything held.
    const Past* find(const std::string& topic) const;

    // Room for the payload of the next message, of `bytes` bytes. Null = it cannot be kept.
    seam::KeptFrame* append(Past& past, const HeaderFields& header, std::uint64_t bytes);

    bool on() const { return settings_.messages_per_topic > 0 && settings_.max_bytes > 0; }
    const JournalSettings& settings() const { return settings_; }
    const JournalCounters& counters() const { return counters_; }

    // What an entry costs beside its payload: itself, its share of a ring at its emptiest, the frame around the bytes,
    // what the allocator needs for itself.
    static constexpr std::uint64_t kEntryBytes = sizeof(Entry) + 4 * sizeof(void*) + 64 + 16;
    static constexpr std::uint64_t kMaxSpare = 256;

private:
    static constexpr std::size_t kMinRing = 8;

    Entry* take();
    void give_back(Entry* entry);
    void drop_oldest(Past& past);
    void clear(Past& past);
    void evict();
    static void resize(Past& past, std::size_t size);

    const JournalSettings settings_;
    // Each entry stands in one of two lists, whose links own it.
    Entry* free_ = nullptr;
    Entry* oldest_ = nullptr;
    Entry* newest_ = nullptr;
    std::unordered_map<std::string, std::unique_ptr<Past>> pasts_;  // by topic
    JournalCounters counters_;
};

}  // namespace fairlead::publish
