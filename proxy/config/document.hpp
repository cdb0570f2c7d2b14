// A TOML text as a tree in which every key and value knows its place. The TOML library stays behind document.cpp: its
// build mode (no exceptions, header only) then cannot clash with another file's.
#pragma once

#include "config/load.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::config {

struct Position {
    unsigned line = 0;  // from 1
    unsigned column = 0;
    unsigned file = 0;  // among those that were read: 0 = the one that was asked for, others are profiles
};

struct Member;

struct Node {
    using Array = std::vector<Node>;
    using Table = std::vector<Member>;
    struct DateTime {};  // no setting is one, so it is kept only to be named in an error

    Position at;
    std::variant<Table, Array, std::string, std::int64_t, double, bool, DateTime> value;

    // "a string", "an integer", "a table", …
    std::string_view type_name() const;
};

struct Member {
    std::string key;
    Position at;  // of the key
    Node value;
};

// A table, or the first syntax error (duplicate keys are one); the parser does not go on behind it.
// `file` goes into every position.
std::variant<Node, Problem> parse_document(std::string_view toml, const std::string& file_name, unsigned file = 0);

}  // namespace fairlead::config
