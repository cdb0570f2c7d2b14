// A reference to the bytes of a payload that has left on the stream socket, so that the recent past can be held and
// sent again without a copy. What stands behind it is the sink's own: a reference-counted message, a string.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace fairlead::seam {

class KeptFrame {
public:
    static constexpr std::size_t kStorageBytes = 64;
    using Storage = std::array<std::byte, kStorageBytes>;

    // What can be done with the storage. One table for each kind of payload: its address tells the kinds apart.
    struct Table {
        std::string_view (*view)(Storage& storage);
        void (*move)(Storage& from, Storage& to);  // into unused storage; `from` is unused afterwards
        void (*release)(Storage& storage);
    };

    KeptFrame() = default;
    ~KeptFrame() { reset(); }
    KeptFrame(KeptFrame&& other) noexcept { take(other); }
    KeptFrame& operator=(KeptFrame&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    KeptFrame(const KeptFrame&) = delete;
    KeptFrame& operator=(const KeptFrame&) = delete;

    // For the owner of `table`: lets go of what is held and returns storage that it has to fill at once.
    Storage& fill(const Table& table) {
        reset();
        table_ = &table;
        return storage_;
    }
    void reset() {
        if (table_ == nullptr) return;
        table_->release(storage_);
        table_ = nullptr;
    }

    explicit operator bool() const { return table_ != nullptr; }
    // Lasts as long as this holds it. Empty when nothing is held.
    std::string_view view() const { return table_ ? table_->view(storage_) : std::string_view{}; }
    // The storage, if it was filled with `table`; else null. Counts of references in it may be changed.
    Storage* storage(const Table& table) const { return table_ == &table ? &storage_ : nullptr; }

private:
    void take(KeptFrame& other) {
        table_ = other.table_;
        if (table_ == nullptr) return;
        table_->move(other.storage_, storage_);
        other.table_ = nullptr;
    }

    const Table* table_ = nullptr;
    alignas(std::max_align_t) mutable Storage storage_{};  // in use while table_ is set
};

}  // namespace fairlead::seam
