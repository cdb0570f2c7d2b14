#include "arguments.hpp"

#include "completion.hpp"
#include "words.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace fairlead::ctl {
namespace {

void shield(std::vector<std::string>& words) {
    for (std::string& word : words) {
        if (word.size() >= 2 && word.front() == '[' && word.back() == ']') word.insert(word.begin(), kShield);
    }
}

v1::Request get_status() {
    v1::Request request;
    request.mutable_get_status();
    return request;
}

// For the commands that say nothing but the name of a connection.
template <typename Message>
v1::Request about(Message* (v1::Request::*choose)(), const Words& words) {
    v1::Request request;
    (request.*choose)()->set_connection(bare(words.id));
    return request;
}

template <typename Message>
v1::Request with_channels(Message* (v1::Request::*choose)(), const Words& words) {
    v1::Request request;
    Message& message = *(request.*choose)();
    message.set_connection(bare(words.id));
    for (const std::string& channel : words.channels)
        message.add_channels(bare(channel));
    return request;
}

v1::Request reconnect(const Words& words) {
    v1::Request request = about(&v1::Request::mutable_reconnect, words);
    request.mutable_reconnect()->set_hard(words.hard);
    return request;
}

v1::Request add(const Words& words) {
    v1::Request request = about(&v1::Request::mutable_add_connection, words);
    v1::AddConnection& add = *request.mutable_add_connection();
    add.set_url(bare(words.url));
    add.set_profile(bare(words.profile));
    for (const std::string& subscription : words.subscriptions)
        add.add_subscriptions(bare(subscription));
    for (const std::string& setting : words.settings) {
        const auto line = toml_line(bare(setting));
        if (!line) throw CLI::ValidationError("--set", "takes KEY=VALUE, not " + bare(setting));
        add.mutable_options()->append(*line + "\n");
    }
    return request;
}

Command send(const Words& words) {
    if (words.text.empty() == words.file.empty())
        throw CLI::ValidationError("send", "takes either a TEXT or --binary FILE");
    if (!words.file.empty()) return SendFile{bare(words.id), bare(words.file)};
    v1::Request request = about(&v1::Request::mutable_send, words);
    request.mutable_send()->set_payload(bare(words.text));
    return request;
}

void add_id(CLI::App* command, Words& words) {
    command->add_option("ID", words.id, "connection, as named in the configuration")->required();
}

CLI::App* add_channels(CLI::App& app, const std::string& name, const std::string& help, Words& words) {
    CLI::App* command = app.add_subcommand(name, help);
    add_id(command, words);
    command->add_option("CHANNEL", words.channels, "as the venue names it; several are allowed")->required();
    return command;
}

void define_queries(CLI::App& app, Words& words, Command& chosen) {
    app.add_subcommand("status", "the sidecar in a few lines")->callback([&] { chosen = get_status(); });
    CLI::App* connections = app.add_subcommand("connections", "every connection, or one");
    connections->add_option("ID", words.id, "only this one");
    connections->callback([&] { chosen = about(&v1::Request::mutable_list_connections, words); });
    CLI::App* subscriptions = app.add_subcommand("subscriptions", "what is subscribed upstream, and how far that got");
    subscriptions->add_option("ID", words.id, "only of this connection");
    subscriptions->callback([&] { chosen = about(&v1::Request::mutable_list_subscriptions, words); });
}

void define_connection_commands(CLI::App& app, Words& words, Command& chosen) {
    CLI::App* again =
        app.add_subcommand("reconnect", "open a connection anew: beside the old socket where there is one");
    add_id(again, words);
    again->add_flag("--hard", words.hard, "close the old socket first");
    again->callback([&] { chosen = reconnect(words); });

    CLI::App* rotated = app.add_subcommand("rotate", "open a new socket beside the old one and let it take over");
    add_id(rotated, words);
    rotated->callback([&] { chosen = about(&v1::Request::mutable_rotate, words); });

    CLI::App* added = app.add_subcommand("add", "a connection that lives until removed or until the sidecar restarts");
    add_id(added, words);
    added->add_option("--url", words.url, "ws:// or wss://")->required();
    added->add_option("--profile", words.profile, "venue profile [generic]");
    added->add_option("--subscription", words.subscriptions, "text to subscribe with; repeat for more")
        ->allow_extra_args(false);
    added
        ->add_option("--set", words.settings, "KEY=VALUE of [connections.ID], such as stale_after=10s; repeat for more")
        ->allow_extra_args(false);
    added->callback([&] { chosen = add(words); });

    CLI::App* removed = app.add_subcommand("remove", "close a connection and forget it");
    add_id(removed, words);
    removed->callback([&] { chosen = about(&v1::Request::mutable_remove_connection, words); });
    CLI::App* paused = app.add_subcommand("pause", "close a connection and keep it closed until resumed");
    add_id(paused, words);
    paused->callback([&] { chosen = about(&v1::Request::mutable_pause, words); });
    CLI::App* resumed = app.add_subcommand("resume", "open a paused or failed connection");
    add_id(resumed, words);
    resumed->callback([&] { chosen = about(&v1::Request::mutable_resume, words); });
}

void define_channel_commands(CLI::App& app, Words& words, Command& chosen) {
    add_channels(app, "subscribe", "subscribe channels upstream, now and after every reconnect", words)->callback([&] {
        chosen = with_channels(&v1::Request::mutable_subscribe, words);
    });
    add_channels(app, "unsubscribe", "end such subscriptions", words)->callback([&] {
        chosen = with_channels(&v1::Request::mutable_unsubscribe, words);
    });

    CLI::App* sent = app.add_subcommand("send", "send one message to the venue");
    add_id(sent, words);
    sent->add_option("TEXT", words.text, "a text message");
    sent->add_option("--binary", words.file, "a binary message, read from this file; - = stdin")->type_name("FILE");
    sent->callback([&] { chosen = send(words); });

    CLI::App* tap = app.add_subcommand("tap", "watch the stream: a line per message, gaps and changes in plain words");
    tap->add_option("PREFIX", words.prefix,
                    "topics to watch, such as binance_ws/ or data/binance_ws/btcusdt@trade/ [all]");
    tap->add_flag("--raw", words.raw, "payloads only, a newline after each; the rest goes to stderr");
    tap->add_option("--count", words.count, "end after so many messages");
    tap->callback([&] { chosen = Tap{topic_prefix(bare(words.prefix)), words.raw, words.count}; });
}

// A topic always ends in '/'.
Replay replay(const Words& words) {
    std::string topic = topic_prefix(bare(words.topic));
    if (!topic.ends_with('/')) topic += '/';
    if (words.to != 0 && words.from > words.to) throw CLI::ValidationError("--from", "is behind --to");
    return {std::move(topic), words.from, words.to};
}

void define_recovery_commands(CLI::App& app, Words& words, Command& chosen) {
    CLI::App* replayed = app.add_subcommand("replay", "the recent past of a topic: a line per message");
    replayed->add_option("TOPIC", words.topic, "such as binance_ws/btcusdt@trade/ or state/binance_ws/")->required();
    replayed->add_option("--from", words.from, "the first number [the oldest that is held]")
        ->check(CLI::NonNegativeNumber);
    replayed->add_option("--to", words.to, "the last number [the latest]")->check(CLI::NonNegativeNumber);
    replayed->callback([&] { chosen = replay(words); });

    CLI::App* snapshot =
        app.add_subcommand("snapshot", "of every topic the last message and the number that comes next");
    snapshot->add_option("PREFIX", words.prefix, "only topics that begin so, such as binance_ws/ [all]");
    snapshot->callback(
        [&] { chosen = Snapshot{words.prefix.empty() ? std::string() : topic_prefix(bare(words.prefix))}; });

    CLI::App* reload = app.add_subcommand("reload", "read the configuration again and apply what has changed");
    reload->add_flag("--dry-run", words.dry_run, "only tell what would change");
    reload->callback([&] {
        v1::Request request;
        request.mutable_reload()->set_dry_run(words.dry_run);
        chosen = request;
    });

    CLI::App* gaps = app.add_subcommand("gaps", "what was lost, where and why; the oldest first");
    gaps->add_option("CONNECTION", words.id, "only of this one");
    gaps->callback([&] { chosen = about(&v1::Request::mutable_list_gaps, words); });
}

}  // namespace

std::string bare(std::string_view word) {
    return std::string(word.starts_with(kShield) ? word.substr(1) : word);
}

std::variant<Arguments, Stop> parse_arguments(std::vector<std::string> arguments, Arguments defaults) {
    Arguments result = std::move(defaults);
    Words words;
    CLI::App app("Watches and steers a fairlead sidecar.", "fairleadctl");
    const CLI::Option* control =
        app.add_option("--control", result.control, "control socket [$FAIRLEAD_CONTROL, else " + result.control + "]");
    app.add_option("--stream", result.stream, "stream socket [$FAIRLEAD_STREAM, else " + result.stream + "]");
    app.add_option("--timeout", words.timeout_s, "seconds to wait for an answer; three attempts [2]")
        ->check(CLI::Range(0.01, 3600.0));
    app.add_flag("--json", result.json, "the reply as one line of JSON");
    app.require_subcommand(1);
    app.fallthrough();
    app.footer("Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 could not reach the sidecar.");
    define_queries(app, words, result.command);
    define_connection_commands(app, words, result.command);
    define_channel_commands(app, words, result.command);
    define_recovery_commands(app, words, result.command);
    define_process_commands(app, words, result.command);
    try {
        shield(arguments);
        std::reverse(arguments.begin(), arguments.end());
        app.parse(std::move(arguments));
        if (result.json && std::holds_alternative<Tap>(result.command))
            throw CLI::ValidationError("--json", "is for replies; for the payloads alone use tap --raw");
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const bool is_help = app.exit(error, out, err) == 0;
        return Stop{is_help ? kOk : kUsage, out.str(), err.str()};
    }
    if (!words.shell.empty()) return Stop{kOk, completion_script(words.shell, app), {}};
    result.control_given = result.control_given || control->count() != 0;
    result.timeout = std::chrono::milliseconds{static_cast<std::int64_t>(words.timeout_s * 1000)};
    return result;
}

std::optional<std::string> toml_line(std::string_view key_and_value) {
    const std::size_t equals = key_and_value.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    const std::string_view key = key_and_value.substr(0, equals);
    const std::string_view value = key_and_value.substr(equals + 1);

    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = error == std::errc{} && end == value.data() + value.size() &&
                           value.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
    const bool is_toml = !value.empty() && std::string_view("\"'[{").find(value.front()) != std::string_view::npos;
    if (is_number || is_toml || value == "true" || value == "false") return fmt::format("{} = {}", key, value);

    std::string quoted;
    for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            quoted += c;
        }
    }
    return fmt::format("{} = \"{}\"", key, quoted);
}

std::string topic_prefix(std::string_view prefix) {
    constexpr std::array<std::string_view, 4> kRoots = {"alert/", "data/", "state/", "system/"};
    if (prefix.empty()) return "data/";
    const bool is_whole = std::any_of(kRoots.begin(), kRoots.end(), [prefix](std::string_view root) {
        return prefix.starts_with(root) || root == std::string(prefix) + "/";
    });
    return is_whole ? std::string(prefix) : "data/" + std::string(prefix);
}

}  // namespace fairlead::ctl
