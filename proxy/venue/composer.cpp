#include "venue/composer.hpp"

#include "venue/json_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace fairlead::venue {

namespace {

using core::TextTemplate;

constexpr std::array<std::string_view, 4> kParts = {"1", "2", "3", "4"};
constexpr std::array<std::string_view, 5> kStampNames = {"now_s", "now_ms", "now_us", "nonce", "id"};
// No stamp is written longer before the year 2286.
Stamp longest_stamp() {
    return {.now = core::WallTime{std::chrono::seconds{4'102'444'800}},
            .id = ~std::uint64_t{0},
            .nonce = "0123456789abcdef"};
}

std::optional<std::size_t> part_number(std::string_view name) {
    const auto* found = std::ranges::find(kParts, name);
    if (found == kParts.end()) return std::nullopt;
    return static_cast<std::size_t>(found - kParts.begin());
}

template <class Unit>
std::string count_of(core::WallTime time) {
    return std::to_string(std::chrono::duration_cast<Unit>(time.time_since_epoch()).count());
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

SignatureForm form_of(const auto& section) {
    return {.hash = section.hash, .encoding = section.encoding, .key = section.key};
}

}  // namespace

// `more` wins over the stamp's and the variables' names.
struct Composer::Values {
    const Variables& variables;
    const Stamp& stamp;
    Variables more{};

    std::string operator[](std::string_view name) const {
        if (const auto own = more.find(name); own != more.end()) return own->second;
        if (name == "now_s") return count_of<std::chrono::seconds>(stamp.now);
        if (name == "now_ms") return count_of<std::chrono::milliseconds>(stamp.now);
        if (name == "now_us") return count_of<std::chrono::microseconds>(stamp.now);
        if (name == "nonce") return stamp.nonce;
        if (name == "id") return std::to_string(stamp.id);
        const auto known = variables.find(name);
        return known == variables.end() ? std::string{} : known->second;
    }

    std::string rendered(const TextTemplate& text) const {
        return text.render([this](const TextTemplate::Variable& variable) {
            std::string value = (*this)[variable.name];
            return variable.is_quoted ? core::json_escaped(value) : value;
        });
    }

    // An endpoint that `prepare` has found is a whole URL: what a URL begins with stands as it is.
    std::string rendered_url(const TextTemplate& text) const {
        return text.render([this](const TextTemplate::Variable& variable) {
            std::string value = (*this)[variable.name];
            return variable.is_first ? value : core::percent_encoded(value);
        });
    }
};

namespace {

template <class Values>
std::optional<Problem> add_signature(Values& values, const TextTemplate& text, const SignatureForm& form) {
    if (text.empty()) return std::nullopt;
    auto signature = sign(form, values["secret"], values.rendered(text));
    if (auto* problem = std::get_if<Problem>(&signature)) return std::move(*problem);
    values.more.emplace("signature", std::get<std::string>(std::move(signature)));
    return std::nullopt;
}

}  // namespace

Composer::Composer(const config::Profile& profile) : profile_(profile) {
    common_names_.assign(kStampNames.begin(), kStampNames.end());
    common_names_.insert(common_names_.end(), profile.credentials.begin(), profile.credentials.end());
    for (const auto& entry : profile.prepare.extract)
        common_names_.push_back(entry.first);
    const auto topic_names = names({"topic", "1", "2", "3", "4"});
    const auto request_names = names({"topics", "1", "2", "3", "4"});
    const auto unsubscribe_names = names({"topics", "channel_id", "1", "2", "3", "4"});
    const auto login_names = names({"signature", "expires_s", "expires_ms"});
    const auto sign_names = names({"expires_s", "expires_ms"});
    const auto prepare_names = names({"signature"});
    const auto plain_names = names({});
    topic_ = {profile.subscribe.topic, topic_names};
    subscribe_ = {profile.subscribe.text, request_names};
    unsubscribe_ = {profile.subscribe.unsubscribe, unsubscribe_names};
    heartbeat_ = {profile.heartbeat.text, plain_names};
    login_ = {profile.login.text, login_names};
    login_sign_ = {profile.login.sign, sign_names};
    prepare_url_ = {profile.prepare.url, prepare_names};
    prepare_body_ = {profile.prepare.body, prepare_names};
    prepare_sign_ = {profile.prepare.sign, plain_names};
    for (const auto& [name, value] : profile.prepare.headers)
        prepare_headers_.emplace_back(name, TextTemplate{value, prepare_names});
    part_count_ = profile.subscribe.group + 1;
    for (const TextTemplate* text : {&topic_, &subscribe_, &unsubscribe_})
        for (const auto& variable : text->variables())
            if (const auto part = part_number(variable.name)) part_count_ = std::max(part_count_, *part + 1);
}

std::vector<std::string_view> Composer::names(std::initializer_list<std::string_view> more) const {
    std::vector<std::string_view> all(common_names_.begin(), common_names_.end());
    all.insert(all.end(), more);
    return all;
}

std::vector<std::string_view> Composer::parts_of(std::string_view topic) const {
    std::vector<std::string_view> parts;
    const std::string_view separator = profile_.subscribe.separator;
    while (parts.size() + 1 < part_count_) {
        const std::size_t at = separator.empty() ? std::string_view::npos : topic.find(separator);
        if (at == std::string_view::npos) break;
        parts.push_back(topic.substr(0, at));
        topic.remove_prefix(at + separator.size());
    }
    parts.push_back(topic);
    return parts;
}

Composer::Values Composer::with_parts(std::string_view topic, const Variables& variables, const Stamp& stamp) const {
    Values values{variables, stamp};
    const auto parts = parts_of(topic);
    for (std::size_t part = 0; part < kParts.size(); ++part)
        values.more.emplace(kParts[part], part < parts.size() ? parts[part] : std::string_view{});
    return values;
}

std::string Composer::item(std::string_view topic, const Variables& variables, const Stamp& stamp) const {
    Values values = with_parts(topic, variables, stamp);
    values.more.emplace("topic", topic);
    return values.rendered(topic_);
}

std::string Composer::request(const TextTemplate& text, std::span<const std::string> topics, const Variables& variables,
                              const Stamp& stamp) const {
    std::string items;
    for (const std::string& topic : topics) {
        if (!items.empty()) items += ',';
        items += item(topic, variables, stamp);
    }
    Values values = with_parts(topics.empty() ? std::string_view{} : topics.front(), variables, stamp);
    values.more.emplace("topics", std::move(items));
    return values.rendered(text);
}

std::string Composer::subscribe(std::span<const std::string> topics, const Variables& variables,
                                const Stamp& stamp) const {
    return request(subscribe_, topics, variables, stamp);
}

std::string Composer::unsubscribe(std::span<const std::string> topics, const Variables& variables,
                                  const Stamp& stamp) const {
    return request(unsubscribe_, topics, variables, stamp);
}

std::string Composer::heartbeat(const Variables& variables, const Stamp& stamp) const {
    return Values{variables, stamp}.rendered(heartbeat_);
}

std::string Composer::answer(const config::MessageRule& rule, std::string_view message, const Variables& variables,
                             const Stamp& stamp) const {
    const TextTemplate text{rule.answer, names({}), TextTemplate::Fields::Allowed};
    JsonPointers pointers;
    std::vector<std::pair<std::string_view, std::size_t>> fields;
    for (const auto& variable : text.variables())
        if (variable.name.starts_with(TextTemplate::kFieldPrefix))
            fields.emplace_back(variable.name, pointers.add(variable.name.substr(TextTemplate::kFieldPrefix.size())));
    JsonReader reader;
    reader.read(message, pointers);
    Values values{variables, stamp};
    for (const auto& [name, slot] : fields)
        values.more.emplace(name, reader[slot].text);
    return values.rendered(text);
}

std::variant<std::string, Problem> Composer::login(const Variables& variables, const Stamp& stamp) const {
    Values values{variables, stamp};
    const core::WallTime expiry = stamp.now + profile_.login.expires_in;
    values.more.emplace("expires_s", count_of<std::chrono::seconds>(expiry));
    values.more.emplace("expires_ms", count_of<std::chrono::milliseconds>(expiry));
    if (auto problem = add_signature(values, login_sign_, form_of(profile_.login))) return *std::move(problem);
    return values.rendered(login_);
}

std::variant<Request, Problem> Composer::prepare_request(const Variables& variables, const Stamp& stamp) const {
    Values values{variables, stamp};
    if (auto problem = add_signature(values, prepare_sign_, form_of(profile_.prepare))) return *std::move(problem);
    Request request{.method = profile_.prepare.method,
                    .url = values.rendered_url(prepare_url_),
                    .headers = {},
                    .body = values.rendered(prepare_body_)};
    for (const auto& [name, text] : prepare_headers_) {
        std::string value = values.rendered(text);
        if (has_control_characters(value))
            return Problem{"the header " + name + " has a line end or another control character in its value"};
        request.headers.emplace_back(name, std::move(value));
    }
    return request;
}

std::variant<Variables, std::string> Composer::extract(std::string_view body) const {
    JsonPointers pointers;
    for (const auto& entry : profile_.prepare.extract)
        pointers.add(entry.second);
    JsonReader reader;
    if (!reader.read(body, pointers)) return "the answer is no JSON";
    Variables found;
    for (const auto& [name, pointer] : profile_.prepare.extract) {
        const JsonValue& value = reader[pointers.add(pointer)];
        if (!value.names()) return "the answer has no " + pointer;
        found.emplace(name, value.text);
    }
    return found;
}

std::string Composer::url(std::string_view url, const Variables& variables, const Stamp& stamp) const {
    return Values{variables, stamp}.rendered_url({url, names({})});
}

std::string Composer::group_of(std::string_view topic) const {
    std::string group;
    if (profile_.subscribe.group == 0) return group;
    const auto parts = parts_of(topic);
    for (std::size_t part = 0; part < std::min<std::size_t>(parts.size(), profile_.subscribe.group); ++part) {
        if (part > 0) group += profile_.subscribe.separator;
        group += parts[part];
    }
    return group;
}

std::size_t Composer::item_bytes(std::string_view topic, const Variables& variables) const {
    const std::string made = item(topic, variables, longest_stamp());
    const bool is_quoted = std::ranges::any_of(
        subscribe_.variables(), [](const auto& variable) { return variable.name == "topics" && variable.is_quoted; });
    return (is_quoted ? core::json_escaped(made).size() : made.size()) + 1;
}

std::size_t Composer::overhead_bytes(const Variables& variables, std::string_view topic) const {
    const Stamp stamp = longest_stamp();
    std::size_t bytes = 0;
    for (const TextTemplate* text : {&subscribe_, &unsubscribe_}) {
        Values values = with_parts(topic, variables, stamp);
        values.more.emplace("topics", "");
        bytes = std::max(bytes, values.rendered(*text).size());
    }
    return bytes;
}

}  // namespace fairlead::venue
