#include "venue/lint.hpp"

#include "config/profile_section.hpp"
#include "venue/composer.hpp"
#include "venue/venue.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace fairlead::venue {

namespace {

constexpr core::WallTime kShownTime{std::chrono::seconds{946'684'800}};
constexpr std::string_view kShownNonce = "0123456789abcdef";

std::string named(std::string_view name, std::string_view value) {
    return std::string{name} + " `" + std::string{value} + "`";
}

std::string said(std::string_view key, const std::string& expected, const std::string& found) {
    if (expected == found) return {};
    if (found.empty()) return "has no " + named(key, expected);
    return "has " + named(key, found) + (expected.empty() ? ", where none is said" : ", not `" + expected + "`");
}

std::string first_of(std::initializer_list<std::string> problems) {
    for (const std::string& problem : problems)
        if (!problem.empty()) return problem;
    return {};
}

// What names nothing is about the oldest request that waits for its answer: there must be no other.
std::string as_refusal(const Answer& answer, const config::SubscribeConfig& subscribe) {
    const bool is_named = answer.means != config::Meaning::Reject || answer.id || answer.topic;
    if (is_named || !subscribe.acknowledged || subscribe.in_flight == 1) return {};
    return "tells neither id nor topic, so that subscribe.in_flight must be 1";
}

std::string listed(const std::vector<std::string>& topics) {
    std::string list;
    for (const std::string& topic : topics)
        list += (list.empty() ? "" : ", ") + topic;
    return "[" + list + "]";
}

std::string as_answer(const config::ProfileExample& example, const Facts& facts,
                      const config::SubscribeConfig& subscribe) {
    const std::string_view means = config::meaning_name(facts.answer->means);
    if (example.is != means) return "means " + std::string{means} + ", not " + example.is;
    const Answer& answer = *facts.answer;
    return first_of(
        {said("id", example.id, answer.id.value_or("")), said("topic", example.topic, answer.topic.value_or("")),
         said("kind", std::string{config::kind_name(example.kind)}, std::string{config::kind_name(answer.kind)}),
         said("accepted", example.accepted ? listed(*example.accepted) : "",
              answer.names_accepted ? listed(answer.accepted) : ""),
         said("channel_id", example.channel_id, answer.channel_id), as_refusal(answer, subscribe)});
}

std::string written(const std::optional<std::uint64_t>& number) {
    return number ? std::to_string(*number) : "";
}

std::string as_data(const config::ProfileExample& example, const Facts& facts) {
    const std::string channel{facts.channel.value_or("")};
    if (channel.empty() && example.is != config::kDataName) return "means nothing that a rule tells, not " + example.is;
    if (example.is != config::kDataName) return "is data of " + named("channel", channel) + ", not " + example.is;
    return first_of({said("channel", example.channel, channel),
                     said("sequence", example.sequence, written(facts.sequence)),
                     said("previous", example.previous, written(facts.previous))});
}

// Each variable stands for itself.
Variables written_out(const config::ConnectionConfig& connection) {
    Variables variables;
    for (const std::string& name : connection.venue.credentials)
        variables[name] = "{" + name + "}";
    for (const auto& entry : connection.venue.prepare.extract)
        variables[entry.first] = "{" + entry.first + "}";
    return variables;
}

// The texts as they are written, except that what is signed cannot be made without the secret.
config::Profile without_signatures(config::Profile profile) {
    profile.login.sign.clear();
    profile.prepare.sign.clear();
    return profile;
}

struct Batch {
    std::vector<std::string> topics;
    std::size_t bytes = 0;
};

std::vector<Batch> batches_of(const config::ConnectionConfig& connection, const Composer& composer,
                              const Variables& variables) {
    const config::SubscribeConfig& subscribe = connection.venue.subscribe;
    std::vector<Batch> batches;
    std::map<std::string, std::size_t> open;  // group -> its last batch
    for (const config::SecretText& topic : connection.subscriptions) {
        const std::string& text = topic.written();
        const std::size_t bytes = composer.item_bytes(text, variables);
        const auto [last, is_new] = open.try_emplace(composer.group_of(text), batches.size());
        const auto has_room = [&](const Batch& batch) {
            const bool fits =
                subscribe.bytes_per_message == 0 ||
                composer.overhead_bytes(variables, text) + batch.bytes + bytes <= subscribe.bytes_per_message;
            return fits && batch.topics.size() < subscribe.topics_per_message;
        };
        if (is_new || !has_room(batches[last->second])) {
            last->second = batches.size();
            batches.emplace_back();
        }
        batches[last->second].topics.push_back(text);
        batches[last->second].bytes += bytes;
    }
    return batches;
}

}  // namespace

std::vector<WrongExample> check_examples(const config::ConnectionConfig& connection) {
    std::vector<WrongExample> wrong;
    Venue venue(connection);
    ChannelIds ids;
    const auto& examples = connection.venue.examples;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        const Facts facts = venue.read(examples[i].text, false, {.channel_ids = &ids});
        std::string problem =
            facts.answer ? as_answer(examples[i], facts, connection.venue.subscribe) : as_data(examples[i], facts);
        if (!problem.empty()) wrong.push_back({i, std::move(problem)});
        if (facts.answer && facts.answer->topic && !facts.answer->channel_id.empty())
            ids.learn(facts.answer->channel_id, *facts.answer->topic);
    }
    return wrong;
}

std::vector<SentText> texts_to_send(const config::ConnectionConfig& connection) {
    std::vector<SentText> sent;
    const Composer composer(without_signatures(connection.venue));
    Variables variables = written_out(connection);
    variables["signature"] = "{signature}";
    Stamp stamp{.now = kShownTime, .id = 0, .nonce = std::string{kShownNonce}};
    if (composer.has_prepare()) {
        const auto request = composer.prepare_request(variables, stamp);
        if (const auto* made = std::get_if<Request>(&request))
            sent.push_back({"prepare", made->method + " " + made->url + (made->body.empty() ? "" : " " + made->body)});
    }
    if (composer.has_login() && !connection.credentials.empty()) {
        ++stamp.id;
        const auto login = composer.login(variables, stamp);
        if (const auto* text = std::get_if<std::string>(&login)) sent.push_back({"login", *text});
    }
    std::vector<std::string> some;
    for (const Batch& batch : batches_of(connection, composer, variables)) {
        ++stamp.id;
        if (some.empty()) some = batch.topics;
        sent.push_back({"subscribe", composer.subscribe(batch.topics, variables, stamp)});
    }
    ++stamp.id;
    if (composer.has_unsubscribe() && !some.empty()) {
        some.resize(1);
        variables["channel_id"] = "{channel_id}";
        sent.push_back({"unsubscribe", composer.unsubscribe(some, variables, stamp)});
    }
    if (composer.has_heartbeat()) sent.push_back({"heartbeat", composer.heartbeat(variables, stamp)});
    return sent;
}

}  // namespace fairlead::venue
