// Reads a table key by key into settings. Every key that is asked for becomes known; what nobody asked for is an error
// at the end, with the nearest known key. So the list of keys exists once: in the code that reads them.
#pragma once

#include "config/document.hpp"
#include "config/load.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::config {

// What was found in the files that were read.
struct Report {
    std::vector<std::string> files;  // their names, by Position::file
    Problems problems;
    Problems notices;

    void problem(Position at, std::string key, std::string message);
    void notice(Position at, std::string key, std::string message);
};

// One table. Each read leaves its target alone if the key is absent or wrong, and reports what is wrong. The node and
// the report outlive the reader.
class TableReader {
public:
    // `path` is the table's key in messages: "connections.binance_ws"; empty for the top of the file.
    TableReader(const Node::Table& table, std::string path, Position at, Report& report);

    void text(std::string_view key, std::string& target);
    void secret(std::string_view key, SecretText& target);
    void flag(std::string_view key, bool& target);
    void number(std::string_view key, double& target, double min, double max);
    void size(std::string_view key, std::uint64_t& target, std::uint64_t min, std::uint64_t max);
    template <typename Integer>
    void integer(std::string_view key, Integer& target, Integer min, Integer max) {
        if (const auto value = read_integer(key, min, max)) target = static_cast<Integer>(*value);
    }

    enum class Zero { Allowed, Refused };  // 0 as "off", below `min`
    void duration(std::string_view key, core::Duration& target, core::Duration min, core::Duration max,
                  Zero zero = Zero::Refused);

    template <typename Enum>
    using Names = std::vector<std::pair<std::string_view, Enum>>;
    template <typename Enum>
    void choice(std::string_view key, Enum& target, const Names<Enum>& names) {
        std::vector<std::string_view> known;
        for (const auto& [name, value] : names)
            known.push_back(name);
        if (const auto index = read_choice(key, known)) target = names[*index].second;
    }

    // A string, or each string of a list. `each` returns what is wrong with one, or nothing.
    enum class ListForm { ListOnly, StringOrList };
    using TextCheck = std::function<std::optional<std::string>(const std::string&)>;
    void texts(std::string_view key, std::vector<std::string>& target, ListForm form, const TextCheck& each);
    void secrets(std::string_view key, std::vector<SecretText>& target, const TextCheck& each);

    // `check` returns what is wrong with the text at `key`, or nothing; not called if the key is absent or has a
    // problem.
    void check(std::string_view key, const std::optional<std::string>& problem);

    // The members of the table at `key`, each to be read by the caller; none if the key is absent or no table (told
    // once).
    std::optional<TableReader> table(std::string_view key);
    // The tables of the list at `key`, in its order; none as above. What is no table among them is told.
    std::vector<TableReader> tables(std::string_view key);
    // For tables whose keys are chosen by the user: all members, which are known from then on.
    std::vector<const Member*> members();

    bool has(std::string_view key) const;
    // Present, and nothing has been reported about it.
    bool valid(std::string_view key) const;
    // Absent or valid: whatever the setting is now may be compared with others.
    bool usable(std::string_view key) const;
    Position at() const { return at_; }
    Position at(std::string_view key) const;  // of the value; of the table if the key is absent
    const std::string& path() const { return path_; }
    std::string path(std::string_view key) const;
    Report& report() { return report_; }

    // Reports `message` at the value of `key` (at the table if absent).
    void problem(std::string_view key, std::string message);
    // Reports what was never read.
    void finish();

private:
    const Member* find(std::string_view key) const;
    // Marks the key as known; null if absent.
    const Node* take(std::string_view key);
    void problem_at(Position at, std::string_view key, std::string message);
    void wrong_type(std::string_view key, const Node& node, std::string_view expected);
    const std::string* take_text(std::string_view key);
    std::optional<std::int64_t> read_integer(std::string_view key, std::int64_t min, std::int64_t max);
    std::optional<std::size_t> read_choice(std::string_view key, const std::vector<std::string_view>& known);
    std::vector<std::string> read_list(std::string_view key, ListForm form, const TextCheck& each);

    const Node::Table& table_;
    std::string path_;
    Position at_;
    Report& report_;
    std::set<std::string, std::less<>> known_;
    std::set<std::string, std::less<>> faulty_;
};

// "; did you mean `url`?" for the candidate that is nearest to `text`, or nothing if none is near.
std::string suggestion(std::string_view text, const std::vector<std::string_view>& candidates);

// "a", "a or b", "a, b or c"
std::string join_or(const std::vector<std::string_view>& words);

}  // namespace fairlead::config
