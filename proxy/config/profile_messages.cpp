// [[messages]] and [[examples]].
#include "config/checks.hpp"
#include "config/profile_section.hpp"
#include "config/profile_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace fairlead::config {
namespace {

constexpr std::array<std::pair<std::string_view, Meaning>, 11> kMeanings = {
    {{"ack", Meaning::Ack},
     {"reject", Meaning::Reject},
     {"ready", Meaning::Ready},
     {"login_ack", Meaning::LoginAck},
     {"login_reject", Meaning::LoginReject},
     {"heartbeat_request", Meaning::HeartbeatRequest},
     {"heartbeat_reply", Meaning::HeartbeatReply},
     {"heartbeat", Meaning::Heartbeat},
     {"drain", Meaning::Drain},
     {"error", Meaning::Error},
     {"notice", Meaning::Notice}}};

constexpr std::array<std::pair<std::string_view, RejectKind>, 4> kKinds = {{{"permanent", RejectKind::Permanent},
                                                                            {"retryable", RejectKind::Retryable},
                                                                            {"rate", RejectKind::Rate},
                                                                            {"duplicate", RejectKind::Duplicate}}};

void read_kind(TableReader& table, RejectKind& kind) {
    table.choice("kind", kind, TableReader::Names<RejectKind>(kKinds.begin(), kKinds.end()));
}

void read_pointer(TableReader& table, std::string_view key, std::string& pointer) {
    table.text(key, pointer);
    table.check(key, check_json_pointer(pointer));
}

FieldTest read_test(TableReader& table) {
    FieldTest test;
    read_pointer(table, "field", test.field);
    table.text("value", test.value);
    if (table.has("value")) test.is = FieldTest::Is::Equal;
    table.choice("is", test.is,
                 TableReader::Names<FieldTest::Is>{{"present", FieldTest::Is::Present},
                                                   {"absent", FieldTest::Is::Absent},
                                                   {"equal", FieldTest::Is::Equal},
                                                   {"prefix", FieldTest::Is::Prefix},
                                                   {"contains", FieldTest::Is::Contains}});
    const bool compares = test.is != FieldTest::Is::Present && test.is != FieldTest::Is::Absent;
    if (compares && !table.has("value")) table.check("is", "needs value: what to compare with");
    if (!compares) table.check("value", "has no meaning with this `is`; remove it");
    if (!table.has("field")) table.problem("field", "is missing; \"\" is the whole message as text");
    if (!compares && test.field.empty()) table.check("field", "is the whole message, which is always present");
    table.finish();
    return test;
}

// Keys that only some meanings have.
struct Special {
    std::string_view key;
    std::vector<Meaning> of;
};

void check_special_keys(TableReader& table, Meaning means) {
    const std::vector<Meaning> answers = {Meaning::Ack, Meaning::Reject};
    const Special specials[] = {{"id", answers},
                                {"topic", answers},
                                {"accepted", {Meaning::Ack}},
                                {"channel_id", {Meaning::Ack}},
                                {"kind", {Meaning::Reject}},
                                {"answer", {Meaning::HeartbeatRequest}}};
    if (!table.valid("means")) return;
    for (const Special& special : specials) {
        if (std::ranges::count(special.of, means) > 0) continue;
        std::vector<std::string_view> names;
        for (const Meaning meaning : special.of)
            names.push_back(meaning_name(meaning));
        if (!table.valid(special.key)) continue;
        table.problem(special.key, fmt::format("has a meaning only in a rule of {}; remove it", join_or(names)));
    }
    if (means == Meaning::HeartbeatRequest && !table.has("answer")) {
        table.problem("answer", "is missing: what is sent when the venue asks for a sign of life");
    }
}

MessageRule read_rule(TableReader& table, const VariableNames& names) {
    MessageRule rule;
    table.choice("means", rule.means, TableReader::Names<Meaning>(kMeanings.begin(), kMeanings.end()));
    if (!table.has("means")) table.problem("means", "is missing");
    for (TableReader& test : table.tables("when"))
        rule.when.push_back(read_test(test));
    if (rule.when.empty() && table.usable("when")) {
        table.problem("when", "is missing: a rule without a test would be every message");
    }
    read_pointer(table, "id", rule.id);
    table.texts("topic", rule.topic, TableReader::ListForm::StringOrList, check_json_pointer);
    read_pointer(table, "accepted", rule.accepted);
    read_pointer(table, "reason", rule.reason);
    read_pointer(table, "channel_id", rule.channel_id);
    read_kind(table, rule.kind);
    table.text("answer", rule.answer);
    check_variables(table, "answer", rule.answer, names, core::TextTemplate::Fields::Allowed);
    check_special_keys(table, rule.means);
    table.finish();
    return rule;
}

// Whether an example of what `is` says can have the key.
bool is_of(std::string_view key, std::string_view is) {
    if (key == "kind") return is == meaning_name(Meaning::Reject);
    if (key == "accepted" || key == "channel_id") return is == meaning_name(Meaning::Ack);
    return (key == "channel" || key == "sequence" || key == "previous") == (is == kDataName);
}

ProfileExample read_example(TableReader& table) {
    ProfileExample example;
    table.text("text", example.text);
    if (!table.has("text")) table.problem("text", "is missing");
    TableReader::Names<std::string> kinds = {{kDataName, std::string(kDataName)}};
    for (const auto& [name, meaning] : kMeanings)
        kinds.emplace_back(name, name);
    table.choice("is", example.is, kinds);
    if (!table.has("is")) table.problem("is", "is missing: \"data\", or what the message means");
    table.text("channel", example.channel);
    table.text("sequence", example.sequence);
    table.text("previous", example.previous);
    table.text("id", example.id);
    table.text("topic", example.topic);
    read_kind(table, example.kind);
    std::vector<std::string> accepted;
    table.texts("accepted", accepted, TableReader::ListForm::ListOnly,
                [](const std::string&) { return TextProblem{}; });
    if (table.has("accepted")) example.accepted = std::move(accepted);
    table.text("channel_id", example.channel_id);
    for (const std::string_view key :
         {"channel", "sequence", "previous", "id", "topic", "kind", "accepted", "channel_id"}) {
        if (!is_of(key, example.is) && table.usable("is")) table.check(key, "has no meaning with this `is`; remove it");
    }
    table.finish();
    return example;
}

}  // namespace

std::string_view meaning_name(Meaning meaning) {
    const auto found = std::ranges::find(kMeanings, meaning, &std::pair<std::string_view, Meaning>::second);
    return found == kMeanings.end() ? "" : found->first;
}

std::string_view kind_name(RejectKind kind) {
    const auto found = std::ranges::find(kKinds, kind, &std::pair<std::string_view, RejectKind>::second);
    return found == kKinds.end() ? "" : found->first;
}

void read_messages(TableReader& profile, std::vector<MessageRule>& messages, const VariableNames& names) {
    for (TableReader& table : profile.tables("messages"))
        messages.push_back(read_rule(table, names));
}

void read_examples(TableReader& profile, std::vector<ProfileExample>& examples) {
    for (TableReader& table : profile.tables("examples"))
        examples.push_back(read_example(table));
}

}  // namespace fairlead::config
