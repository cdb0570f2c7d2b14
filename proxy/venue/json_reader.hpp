// Values at JSON pointers, all of them in one forward pass over the text, which ends as soon as the last one is found.
// What stands at the beginning of a message is found by JsonScanner; everything else by a parser, simdjson's, of which
// nothing is seen from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::venue {

// The pointers as a tree, so that a common beginning is followed once. Built when a profile is read.
class JsonPointers {
public:
    // The place of its value, the same for every spelling of a path. A text that is no JSON pointer, and "", which
    // means the whole document, never find anything.
    std::size_t add(std::string_view pointer);
    std::vector<std::size_t> add_all(const std::vector<std::string>& pointers);
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    friend class JsonReader;
    friend class JsonScanner;

    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    struct Node {
        std::string key;
        std::optional<std::size_t> index;  // the key as a place in an array, where it is one
        std::size_t slot = kNone;
        std::vector<std::size_t> children;  // in nodes_
        std::size_t last_index = 0;         // the greatest of the children's
    };

    std::size_t child_of(std::size_t parent, std::string_view key);

    std::vector<Node> nodes_ = std::vector<Node>(1);
    std::size_t size_ = 0;
    std::size_t placed_ = 0;  // nodes with a slot
};

struct JsonValue {
    enum class Kind : std::uint8_t { Missing, Null, Boolean, Number, String, Array, Object };
    Kind kind = Kind::Missing;
    std::string_view text{};  // null, booleans and numbers as written, strings unescaped; empty for the others

    bool is_present() const { return kind != Kind::Missing; }
    bool is_scalar() const { return kind != Kind::Missing && kind < Kind::Array; }
    // What can name something: a string that is not empty, a number, a boolean.
    bool names() const { return is_scalar() && kind != Kind::Null && !text.empty(); }
};

// Not for several threads at once.
class JsonReader {
public:
    JsonReader();
    ~JsonReader();
    JsonReader(JsonReader&&) noexcept;
    JsonReader& operator=(JsonReader&&) noexcept;

    // False = the text is no JSON object or array: nothing is found. Of two fields of one name the first counts. Behind
    // the last value that is found the text is not looked at, and what is broken hides only what stands behind it.
    // Without pointers there is no pass.
    bool read(std::string_view text, const JsonPointers& pointers);
    // Of the last read, as long as its text lasts and the next one has not begun.
    const JsonValue& operator[](std::size_t slot) const { return values_[slot]; }

    // The scalars of the array at `pointer`, of one that is a scalar itself just this; nothing if there is none. This
    // is a read of its own.
    std::optional<std::vector<std::string>> list(std::string_view text, std::string_view pointer);

private:
    struct Parser;

    bool scan(std::string_view text, const JsonPointers& pointers);

    std::vector<JsonValue> values_;
    unsigned patience_ = kPatience;  // scans in vain that are left before a pause
    unsigned pause_ = 0;             // reads without a scan that are left

    static constexpr unsigned kPatience = 4;
    static constexpr unsigned kPause = 256;
    std::unique_ptr<Parser> parser_;
};

}  // namespace fairlead::venue
