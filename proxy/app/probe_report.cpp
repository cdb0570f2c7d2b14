#include "app/probe_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <algorithm>
#include <map>

namespace fairlead::app {
namespace {

using core::SubscriptionState;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxNameBytes = 48;
constexpr std::string_view kBlot = "***";
constexpr std::size_t kMaxNamed = 5;  // in the verdict

double seconds(core::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

using Moment = std::optional<core::Duration>;

// From when it was asked for until it came; empty = it did not come.
Moment after(const Moment& asked, const Moment& came) {
    if (!came) return std::nullopt;
    return std::max(core::Duration{0}, *came - asked.value_or(core::Duration{0}));
}

std::string seconds_or_dash(const Moment& duration) {
    return duration ? fmt::format("{:.3f}s", seconds(*duration)) : "-";
}

// Messages in a second, from the first one to the end.
double rate_of(std::uint64_t messages, const Moment& first, core::Duration end) {
    if (!first || end <= *first) return 0;
    return static_cast<double>(messages) / seconds(end - *first);
}

bool has_data(const ProbeReport& report) {
    const auto brought = [](const auto& entry) { return entry.messages > 0; };
    return report.unrouted > 0 || std::ranges::any_of(report.channels, brought) ||
           std::ranges::any_of(report.subscriptions, brought);
}

bool is_good(const ProbeSubscription& subscription, const ProbeReport& report) {
    if (subscription.state == SubscriptionState::Sent) return report.texts_are_sent_blindly && has_data(report);
    return subscription.state == SubscriptionState::Acknowledged || subscription.state == SubscriptionState::Flowing;
}

std::string plural(std::uint64_t count, std::string_view word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// Between the venue's pings.
struct Spacing {
    core::Duration shortest{};
    core::Duration mean{};
    core::Duration longest{};
};

std::optional<Spacing> spacing_of(const std::vector<core::Duration>& times) {
    if (times.size() < 2) return std::nullopt;
    Spacing spacing{.shortest = core::Duration::max()};
    for (std::size_t i = 1; i < times.size(); ++i) {
        spacing.shortest = std::min(spacing.shortest, times[i] - times[i - 1]);
        spacing.longest = std::max(spacing.longest, times[i] - times[i - 1]);
    }
    spacing.mean = (times.back() - times.front()) / static_cast<std::int64_t>(times.size() - 1);
    return spacing;
}

std::string pings_text(const ProbeReport& report) {
    auto text = fmt::format("venue pings: {}", report.venue_pings);
    if (const auto spacing = spacing_of(report.pings))
        text += fmt::format(", every {:.3f}s (shortest {:.3f}s, longest {:.3f}s)", seconds(spacing->mean),
                            seconds(spacing->shortest), seconds(spacing->longest));
    const auto ours = report.round_trip ? fmt::format("{:.3f} ms", seconds(*report.round_trip) * 1e3) : "not measured";
    return text + fmt::format("; our round trip: {}\n", ours);
}

Json seconds_json(const Moment& duration) {
    return duration ? Json(seconds(*duration)) : Json(nullptr);
}

// Messages of a venue may hold anything.
std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Entry>
void add_numbers(Json& json, const Entry& entry, core::Duration end) {
    json["first_data"] = seconds_json(entry.first_data);
    json["messages"] = entry.messages;
    json["rate"] = rate_of(entry.messages, entry.first_data, end);
    json["bytes"] = entry.bytes;
}

std::string row(std::string_view name, std::string_view state, std::string_view acknowledged, const std::string& first,
                std::uint64_t messages, double rate, std::uint64_t bytes) {
    return fmt::format("{:<{}} {:<12} {:>10} {:>10} {:>9} {:>9.1f} {:>11}\n", excerpt(name, kMaxNameBytes),
                       kMaxNameBytes, state, acknowledged, first, messages, rate, bytes);
}

void append_table(std::string& text, const ProbeReport& report) {
    text += fmt::format("{:<{}} {:<12} {:>10} {:>10} {:>9} {:>9} {:>11}\n", "subscription", kMaxNameBytes, "state",
                        "ack after", "data after", "messages", "per sec", "bytes");
    for (const auto& entry : report.subscriptions) {
        text += row(entry.name, core::to_string(entry.state), seconds_or_dash(after(entry.sent, entry.acknowledged)),
                    seconds_or_dash(after(entry.sent, entry.first_data)), entry.messages,
                    rate_of(entry.messages, entry.first_data, report.length), entry.bytes);
        if (!entry.detail.empty()) text += fmt::format("    {}\n", entry.detail);
    }
    for (const auto& entry : report.channels)
        text += row(entry.name, "(a channel)", "", seconds_or_dash(after(report.opened, entry.first_data)),
                    entry.messages, rate_of(entry.messages, entry.first_data, report.length), entry.bytes);
}

std::string why_not(const ProbeReport& report) {
    std::vector<std::string> told;
    std::size_t more = 0;
    for (const auto& entry : report.subscriptions) {
        if (is_good(entry, report)) continue;
        if (told.size() == kMaxNamed) {
            ++more;
            continue;
        }
        const auto what = entry.state == SubscriptionState::Sent
                              ? std::string(report.texts_are_sent_blindly ? "sent, but no data has come"
                                                                          : "sent, but neither an answer nor data came")
                              : std::string(core::to_string(entry.state));
        told.push_back(fmt::format("{} is {}{}{}", excerpt(entry.name, kMaxNameBytes), what,
                                   entry.detail.empty() ? "" : ": ", entry.detail));
    }
    if (more > 0) told.push_back(fmt::format("and {} more", more));
    return fmt::format("{}", fmt::join(told, "; "));
}

}  // namespace

ProbeVerdict judge(const ProbeReport& report) {
    const auto because = report.last_problem.empty() ? std::string() : ": " + report.last_problem;
    if (!report.opened) return {false, "never connected" + because};
    if (!report.is_connected) return {false, "not connected at the end" + because};
    const auto all = report.subscriptions.size();
    const auto good = static_cast<std::size_t>(
        std::ranges::count_if(report.subscriptions, [&](const auto& entry) { return is_good(entry, report); }));
    if (good < all)
        return {false,
                fmt::format("{} of {} not in order: {}", all - good, plural(all, "subscription"), why_not(report))};
    std::string text = "connected";
    const auto losses = report.disconnects > 0 ? ", after " + plural(report.disconnects, "disconnect") : "";
    if (all == 0) return {true, text + losses + "; nothing is subscribed"};
    std::map<SubscriptionState, std::size_t> states;
    for (const auto& entry : report.subscriptions)
        ++states[entry.state];
    std::vector<std::string> parts;
    parts.reserve(states.size());
    for (const auto& [state, count] : states)
        parts.push_back(fmt::format("{} {}", count, core::to_string(state)));
    return {true, fmt::format("{}{}; of {}: {}", text, losses, plural(all, "subscription"), fmt::join(parts, ", "))};
}

std::string to_text(const ProbeReport& report) {
    std::string text =
        fmt::format("\n{} (profile {}), {:.1f} s\n", report.connection, report.profile, seconds(report.length));
    append_table(text, report);
    text += fmt::format("unrouted messages: {}{}\n", report.unrouted,
                        report.unrouted > 0 ? ", such as " + report.unrouted_sample : "");
    text += fmt::format("answers of the venue: {}; disconnects: {}\n", report.answers, report.disconnects);
    text += pings_text(report);
    const auto verdict = judge(report);
    return text + fmt::format("verdict: {}: {}\n", verdict.is_good ? "in order" : "NOT in order", verdict.text);
}

std::string to_json(const ProbeReport& report) {
    Json subscriptions = Json::array();
    for (const auto& entry : report.subscriptions) {
        Json one = {{"subscription", entry.name},       {"state", core::to_string(entry.state)},
                    {"detail", entry.detail},           {"good", is_good(entry, report)},
                    {"sent", seconds_json(entry.sent)}, {"acknowledged", seconds_json(entry.acknowledged)}};
        add_numbers(one, entry, report.length);
        subscriptions.push_back(std::move(one));
    }
    Json channels = Json::array();
    for (const auto& entry : report.channels) {
        Json one = {{"channel", entry.name}};
        add_numbers(one, entry, report.length);
        channels.push_back(std::move(one));
    }
    const auto spacing = spacing_of(report.pings);
    const auto verdict = judge(report);
    const Json json = {
        {"t", seconds(report.length)},
        {"event", "report"},
        {"connection", report.connection},
        {"profile", report.profile},
        {"opened", seconds_json(report.opened)},
        {"connected", report.is_connected},
        {"disconnects", report.disconnects},
        {"last_problem", report.last_problem},
        {"subscriptions", std::move(subscriptions)},
        {"channels", std::move(channels)},
        {"unrouted", {{"messages", report.unrouted}, {"sample", report.unrouted_sample}}},
        {"answers", report.answers},
        {"venue_pings",
         {{"count", report.venue_pings},
          {"mean_spacing", spacing ? Json(seconds(spacing->mean)) : Json(nullptr)},
          {"shortest_spacing", spacing ? Json(seconds(spacing->shortest)) : Json(nullptr)},
          {"longest_spacing", spacing ? Json(seconds(spacing->longest)) : Json(nullptr)}}},
        {"round_trip", seconds_json(report.round_trip)},
        {"good", verdict.is_good},
        {"verdict", verdict.text},
    };
    return dump(json) + "\n";
}

std::string to_text(const ProbeEvent& event) {
    std::string text = fmt::format("{:8.3f}s  {:<13}", seconds(event.at), event.name);
    for (const auto& [key, value] : event.fields)
        if (!value.empty()) text += fmt::format(" {}={}", key, value);
    return text + "\n";
}

std::string to_json(const ProbeEvent& event) {
    Json json = {{"t", seconds(event.at)}, {"event", event.name}};
    for (const auto& [key, value] : event.fields)
        if (!value.empty()) json[key] = value;
    return dump(json) + "\n";
}

void Redaction::add(const std::string& secret) {
    if (secret.size() < kMinBytes) return;
    secrets_.push_back(secret);
    // As it stands inside of a JSON string.
    const auto quoted = dump(Json(secret));
    if (quoted.size() != secret.size() + 2) secrets_.push_back(quoted.substr(1, quoted.size() - 2));
    std::ranges::stable_sort(secrets_, std::ranges::greater{}, &std::string::size);
}

std::string Redaction::apply(std::string text) const {
    for (const auto& secret : secrets_) {
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kBlot.size()))
            text.replace(at, secret.size(), kBlot);
    }
    return text;
}

std::string excerpt(std::string_view message, std::size_t max_bytes) {
    const bool is_cut = message.size() > max_bytes;
    if (is_cut) {
        std::size_t end = max_bytes;
        while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U)
            --end;
        message = message.substr(0, end);
    }
    const bool is_utf8 = simdjson::validate_utf8(message.data(), message.size());
    std::string text(message);
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (!is_utf8 && byte >= 0x80)) c = byte < 0x20 ? ' ' : '?';
    }
    return is_cut ? text + "…" : text;
}

}  // namespace fairlead::app
