// The commands about the sidecar as a whole: who reads it, what it raised, how it is configured, its end.
#include "words.hpp"

#include <CLI/CLI.hpp>

#include <set>

namespace fairlead::ctl {
namespace {

std::string lower(std::string text) {
    for (char& c : text)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

constexpr std::string_view kLevelPrefix = "ALERT_LEVEL_";

// As the contract has them.
std::set<std::string> alert_levels() {
    std::set<std::string> names;
    const auto* levels = v1::AlertLevel_descriptor();
    for (int i = 0; i < levels->value_count(); ++i) {
        if (levels->value(i)->number() != v1::ALERT_LEVEL_UNSPECIFIED)
            names.insert(lower(levels->value(i)->name().substr(kLevelPrefix.size())));
    }
    return names;
}

v1::AlertLevel alert_level(const std::string& name) {
    const auto* levels = v1::AlertLevel_descriptor();
    for (int i = 0; i < levels->value_count(); ++i) {
        if (lower(levels->value(i)->name().substr(kLevelPrefix.size())) == name)
            return static_cast<v1::AlertLevel>(levels->value(i)->number());
    }
    return v1::ALERT_LEVEL_UNSPECIFIED;
}

v1::Request list_alerts(const Words& words) {
    v1::Request request;
    v1::ListAlerts& command = *request.mutable_list_alerts();
    command.set_connection(bare(words.connection));
    command.set_min_level(alert_level(words.level));
    command.set_limit(words.limit);
    return request;
}

v1::Request set_alert_channel(const Words& words) {
    if (!words.on && !words.off && words.level.empty())
        throw CLI::ValidationError("alerts set", "takes --on, --off or --level");
    v1::Request request;
    v1::SetAlertChannel& command = *request.mutable_set_alert_channel();
    command.set_channel(bare(words.channel));
    if (words.on || words.off) command.set_enabled(words.on);
    command.set_level(alert_level(words.level));
    return request;
}

void define_alerts(CLI::App& app, Words& words, Command& chosen) {
    CLI::App* alerts = app.add_subcommand("alerts", "what was raised, the oldest first");
    alerts->add_option("--connection", words.connection, "only of this one")->type_name("ID");
    alerts->add_option("--level", words.level, "this level and above")->check(CLI::IsMember(alert_levels()));
    alerts->add_option("--limit", words.limit, "the latest so many [all]");
    alerts->require_subcommand(0, 1);
    // CLI11 calls back for the command within first, and for this one all the same.
    alerts->callback([&words, &chosen, alerts] {
        if (alerts->get_subcommands().empty()) chosen = list_alerts(words);
    });

    alerts->add_subcommand("channels", "where alerts go, and how that fares")->callback([&chosen] {
        v1::Request request;
        request.mutable_list_alert_channels();
        chosen = request;
    });
    CLI::App* set = alerts->add_subcommand("set", "switch a channel, or its level, until a reload or a restart");
    set->add_option("CHANNEL", words.channel, "such as stream, log or webhook")->required();
    CLI::Option* on = set->add_flag("--on", words.on, "deliver to it");
    set->add_flag("--off", words.off, "deliver nothing to it")->excludes(on);
    set->add_option("--level", words.level, "this level and above")->check(CLI::IsMember(alert_levels()));
    set->callback([&] { chosen = set_alert_channel(words); });
}

}  // namespace

void define_process_commands(CLI::App& app, Words& words, Command& chosen) {
    CLI::App* consumers = app.add_subcommand("consumers", "who reads the stream, or has read it");
    consumers->add_flag("--open", words.open, "only those that are connected");
    consumers->callback([&] {
        v1::Request request;
        request.mutable_list_consumers()->set_open_only(words.open);
        chosen = request;
    });
    define_alerts(app, words, chosen);

    app.add_subcommand("config", "the configuration in force, without secrets")->callback([&] {
        v1::Request request;
        request.mutable_get_config();
        chosen = request;
    });
    CLI::App* level = app.add_subcommand("log-level", "how much the log tells, until it is changed or a restart");
    level->add_option("LEVEL", words.level, "the least that is told")
        ->required()
        ->check(CLI::IsMember(std::set<std::string>{"debug", "info", "warning", "error"}));
    level->callback([&] {
        v1::Request request;
        request.mutable_set_log_level()->set_level(words.level);
        chosen = request;
    });
    app.add_subcommand("drain", "end the sidecar in order, as SIGTERM does")->callback([&] {
        v1::Request request;
        request.mutable_drain();
        chosen = request;
    });

    CLI::App* top = app.add_subcommand("top", "every connection, each second anew; q or Ctrl-C leaves");
    top->add_flag("--once", words.once, "one picture, for scripts");
    top->callback([&] { chosen = Top{words.once}; });

    CLI::App* completion = app.add_subcommand("completion", "a script that makes a shell complete what is typed");
    completion->add_option("SHELL", words.shell, "which one")
        ->required()
        ->check(CLI::IsMember(std::set<std::string>{"bash", "fish", "zsh"}));
}

}  // namespace fairlead::ctl
