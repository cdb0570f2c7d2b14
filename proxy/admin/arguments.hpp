// What a request says beside its path: the query and a JSON body, read strictly. What cannot be understood is an error
// of the whole request, and so is a key that nobody asks for.
#pragma once

#include "admin/json.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace fairlead::admin {

class Arguments {
public:
    // `name` is what the path names: a connection, a channel; empty = nothing.
    Arguments(std::string name, std::string_view query, std::string_view body);

    const std::string& name() const { return name_; }

    // Of the query. Where a key is missing: empty, false, 0.
    std::string text(const std::string& key);
    bool flag(const std::string& key);  // "true", "1" or nothing at all; "false", "0"
    std::uint32_t number(const std::string& key);
    std::uint64_t time_ns(const std::string& key);  // RFC 3339 with a Z
    v1::AlertLevel level(const std::string& key);

    // Of the body.
    std::optional<bool> body_flag(const std::string& key);
    std::optional<std::string> body_text(const std::string& key);
    std::optional<v1::AlertLevel> body_level(const std::string& key);
    void require_in_body(const std::string& key);

    // The first thing that is wrong; empty = nothing is. To be asked when everything has been read.
    std::string problem() const;

private:
    const std::string* value_of(const std::string& key);
    const Json* member(const std::string& key);
    void complain(std::string problem);
    v1::AlertLevel parse_level(const std::string& key, const std::string& text);

    const std::string name_;
    std::map<std::string, std::string> query_;
    Json body_ = Json::object();
    std::set<std::string> known_;  // keys that were asked for
    std::set<std::string> known_in_body_;
    std::string problem_;
};

// %41 and + decoded; empty = it is not well-formed.
std::optional<std::string> decode_query_text(std::string_view text);
// Empty = it is no time.
std::optional<std::uint64_t> parse_rfc3339(std::string_view text);

}  // namespace fairlead::admin
