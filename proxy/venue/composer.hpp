// What we say to a venue, made from the templates of its profile (config/profile.hpp tells which variables there are).
// Pure: time, chance and secrets are arguments. A value that stands between the quotes of a JSON string is escaped; in
// a URL, what stands behind its beginning is percent-encoded.
#pragma once

#include "config/profile.hpp"
#include "core/text_template.hpp"
#include "core/time.hpp"
#include "venue/signature.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::venue {

struct Stamp {
    core::WallTime now;
    std::uint64_t id = 0;  // of the request
    std::string nonce{};   // 16 random hexadecimal digits
};

// Credentials and what `prepare` has found. A variable that is missing here is rendered as nothing.
using Variables = std::map<std::string, std::string, std::less<>>;

struct Request {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

class Composer {
public:
    explicit Composer(const config::Profile& profile);

    // The topics have to agree in group_of().
    std::string subscribe(std::span<const std::string> topics, const Variables& variables, const Stamp& stamp) const;
    // {channel_id} is taken from `variables`. Empty where the venue knows no unsubscribe.
    std::string unsubscribe(std::span<const std::string> topics, const Variables& variables, const Stamp& stamp) const;
    std::string heartbeat(const Variables& variables, const Stamp& stamp) const;
    // `answer` of a rule that means HeartbeatRequest, to this message.
    std::string answer(const config::MessageRule& rule, std::string_view message, const Variables& variables,
                       const Stamp& stamp) const;
    // Signed with the variable `secret`.
    std::variant<std::string, Problem> login(const Variables& variables, const Stamp& stamp) const;
    std::variant<Request, Problem> prepare_request(const Variables& variables, const Stamp& stamp) const;
    // The variables of prepare.extract out of the answer's body, or what is wrong with it, without any of its values.
    std::variant<Variables, std::string> extract(std::string_view body) const;
    // A connection's URL; `url` as configured, its secrets resolved.
    std::string url(std::string_view url, const Variables& variables, const Stamp& stamp) const;

    bool has_unsubscribe() const { return !unsubscribe_.empty(); }
    bool has_heartbeat() const { return !heartbeat_.empty(); }
    bool has_login() const { return !login_.empty(); }
    bool has_prepare() const { return !prepare_url_.empty(); }

    // Topics of one group may share a message.
    std::string group_of(std::string_view topic) const;
    // What a topic adds to a message, its comma included.
    std::size_t item_bytes(std::string_view topic, const Variables& variables = {}) const;
    // At most what a message has besides its items; `topic` is one of its group.
    std::size_t overhead_bytes(const Variables& variables = {}, std::string_view topic = {}) const;

private:
    struct Values;  // of the variables of one text

    // The topic's parts, of which there are as many as the profile's texts use; the last one takes the rest.
    std::vector<std::string_view> parts_of(std::string_view topic) const;
    std::string item(std::string_view topic, const Variables& variables, const Stamp& stamp) const;
    std::string request(const core::TextTemplate& text, std::span<const std::string> topics, const Variables& variables,
                        const Stamp& stamp) const;
    Values with_parts(std::string_view topic, const Variables& variables, const Stamp& stamp) const;
    std::vector<std::string_view> names(std::initializer_list<std::string_view> more) const;

    config::Profile profile_;
    std::vector<std::string> common_names_;
    std::size_t part_count_ = 0;
    core::TextTemplate topic_;
    core::TextTemplate subscribe_;
    core::TextTemplate unsubscribe_;
    core::TextTemplate heartbeat_;
    core::TextTemplate login_;
    core::TextTemplate login_sign_;
    core::TextTemplate prepare_url_;
    core::TextTemplate prepare_body_;
    core::TextTemplate prepare_sign_;
    std::vector<std::pair<std::string, core::TextTemplate>> prepare_headers_;
};

}  // namespace fairlead::venue
