#include "venue/rules.hpp"

#include <algorithm>

namespace fairlead::venue {

namespace {

std::optional<std::size_t> slot_of(const std::string& pointer, JsonPointers& pointers) {
    if (pointer.empty()) return std::nullopt;
    return pointers.add(pointer);
}

std::string_view text_at(const std::optional<std::size_t>& slot, const JsonReader& reader) {
    return slot ? reader[*slot].text : std::string_view{};
}

// Not in the middle of a character.
std::string shortened(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string{text};
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    return std::string{text.substr(0, most)};
}

bool compares(config::FieldTest::Is is, std::string_view text, std::string_view value) {
    switch (is) {
        case config::FieldTest::Is::Equal:
            return text == value;
        case config::FieldTest::Is::Prefix:
            return text.starts_with(value);
        case config::FieldTest::Is::Contains:
            return text.find(value) != std::string_view::npos;
        case config::FieldTest::Is::Present:
        case config::FieldTest::Is::Absent:
            break;
    }
    return false;
}

}  // namespace

Rules::Rules(const config::Profile& profile, JsonPointers& pointers) : written_(profile.messages) {
    for (const config::MessageRule& written : written_) {
        Rule rule{.tests = {},
                  .id = slot_of(written.id, pointers),
                  .reason = slot_of(written.reason, pointers),
                  .channel_id = slot_of(written.channel_id, pointers),
                  .topic = {pointers.add_all(written.topic), profile.subscribe.separator, profile.aliases}};
        for (const config::FieldTest& test : written.when)
            rule.tests.push_back({.test = test, .slot = slot_of(test.field, pointers)});
        rules_.push_back(std::move(rule));
    }
}

bool Rules::holds(const Test& test, std::string_view message, const JsonReader& reader) {
    using Is = config::FieldTest::Is;
    const bool is_present = !test.slot || reader[*test.slot].is_present();
    if (test.test.is == Is::Present) return is_present;
    if (test.test.is == Is::Absent) return !is_present;
    if (!test.slot) return compares(test.test.is, message, test.test.value);
    const JsonValue& value = reader[*test.slot];
    return value.is_scalar() && compares(test.test.is, value.text, test.test.value);
}

const Answer* Rules::find(std::string_view message, JsonReader& reader) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const auto is_true = [&](const Test& test) { return holds(test, message, reader); };
        if (!std::ranges::all_of(rules_[i].tests, is_true)) continue;
        fill(written_[i], rules_[i], message, reader);
        return &answer_;
    }
    return nullptr;
}

void Rules::fill(const config::MessageRule& written, Rule& rule, std::string_view message, JsonReader& reader) {
    answer_ = {.means = written.means,
               .reason = shortened(text_at(rule.reason, reader), Answer::kMaxReasonBytes),
               .channel_id = std::string{text_at(rule.channel_id, reader)},
               .kind = written.kind,
               .rule = &written};
    if (rule.id && reader[*rule.id].names()) answer_.id = std::string{reader[*rule.id].text};
    if (const auto topic = rule.topic.find(reader)) answer_.topic = std::string{*topic};
    if (written.accepted.empty()) return;
    if (auto accepted = reader.list(message, written.accepted)) {
        answer_.accepted = *std::move(accepted);
        answer_.names_accepted = true;
    }
}

}  // namespace fairlead::venue
