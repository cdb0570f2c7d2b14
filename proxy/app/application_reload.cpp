// The configuration file once more, for a sidecar that runs.
#include "app/application.hpp"
#include "config/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <vector>

namespace fairlead::app {
namespace {

constexpr std::size_t kMaxProblemsTold = 20;

std::string told(const config::Problems& problems) {
    std::vector<std::string> texts;
    for (const auto& problem : problems) {
        if (texts.size() == kMaxProblemsTold) {
            texts.push_back(fmt::format("and {} more", problems.size() - kMaxProblemsTold));
            break;
        }
        texts.push_back(problem.to_string());
    }
    return fmt::format("{}", fmt::join(texts, "; "));
}

std::string told(const v1::ReloadResult& result) {
    std::vector<std::string> texts;
    for (const auto& change : result.changes())
        texts.push_back(
            fmt::format("{} {}", change.connection().empty() ? change.detail() : change.connection(), change.action()));
    return texts.empty() ? "nothing has changed" : fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

// Any error leaves everything as it is.
relay::Outcome Application::reload(bool dry_run, v1::ReloadResult& result) {
    if (stopping_) return {v1::CODE_UNAVAILABLE, "the sidecar is ending"};
    std::optional<Notify::Reloading> told_outside;
    if (!dry_run) told_outside.emplace(notify_);
    const auto loaded = config::load_file(record_.file());
    if (const auto* problems = std::get_if<config::Problems>(&loaded))
        return refuse_reload(dry_run, "config", {v1::CODE_INVALID, told(*problems)});
    const auto& [config, notices] = std::get<config::Loaded>(loaded);
    auto wanted = as_started(config, result);
    if (auto problem = why_not(wanted, dry_run); !problem.empty()) {
        result.Clear();
        return refuse_reload(dry_run, "not possible", {v1::CODE_UNAVAILABLE, std::move(problem)});
    }
    apply_log_level(wanted.log.level, dry_run, result);
    apply_alerts(wanted.alerts, dry_run, result);
    supervisor_.reload(wanted, dry_run, result);
    const auto text = told(result);
    if (!dry_run) {
        tell_notices(notices);
        log_.write(seam::LogLevel::Info, "", "reloaded", {{"changes", text}});
        record_.applied(std::move(wanted), text, clock_.wall());
    }
    return {v1::CODE_OK, text};
}

// What a configuration without an error may still fail of. With `dry_run` nothing is started.
std::string Application::why_not(const config::Config& wanted, bool dry_run) {
    const auto outcome = supervisor_.may_reload(wanted);
    if (outcome.code != v1::CODE_OK) return outcome.message;
    if (!needs_http(wanted)) return {};
    return dry_run ? http_client_.what_is_missing() : http_client_.start();
}

relay::Outcome Application::refuse_reload(bool dry_run, const std::string& cause, relay::Outcome outcome) {
    if (!dry_run) {
        log_.write(seam::LogLevel::Error, "", "reload_failed", {{"cause", cause}, {"detail", outcome.message}});
        record_.refused(outcome.message, clock_.wall());
    }
    outcome.message = fmt::format("nothing was changed: {}", outcome.message);
    return outcome;
}

// What the process has built its sockets and stores from stays as it was at the start; that it should be otherwise is
// told.
config::Config Application::as_started(config::Config wanted, v1::ReloadResult& result) const {
    const auto keep = [&result](const char* section, auto& setting, const auto& started) {
        if (setting == started) return;
        setting = started;
        auto& change = *result.add_changes();
        change.set_action("needs a restart");
        change.set_detail(section);
    };
    keep("[stream]", wanted.stream, config_.stream);
    keep("[control]", wanted.control, config_.control);
    keep("[http]", wanted.http, config_.http);
    keep("[journal]", wanted.journal, config_.journal);
    keep("[log] format", wanted.log.format, config_.log.format);
    keep("[reload]", wanted.reload, config_.reload);
    keep("[network] budget_dir", wanted.network.budget_dir, config_.network.budget_dir);
    for (auto& [id, connection] : wanted.connections)
        connection.network.budget_dir = config_.network.budget_dir;
    return wanted;
}

// Against the file as it was: a level that a command has set stays when the file says nothing new.
void Application::apply_log_level(const std::string& wanted, bool dry_run, v1::ReloadResult& result) {
    if (wanted == record_.in_force().log.level) return;
    auto& change = *result.add_changes();
    change.set_action("updated");
    change.set_detail("[log] level");
    if (!dry_run && set_level_) set_level_(wanted);
}

// What a command has set of the channels ends here, also where the file says nothing new.
void Application::apply_alerts(const config::AlertsConfig& wanted, bool dry_run, v1::ReloadResult& result) {
    if (wanted != record_.in_force().alerts) {
        auto& change = *result.add_changes();
        change.set_action("updated");
        change.set_detail("[alerts]");
    }
    if (!dry_run) alerts_.configure(wanted);
}

// Edges only: those that the last reload has told already are no news.
void Application::tell_notices(const config::Problems& notices) {
    std::vector<std::string> texts;
    for (const auto& notice : notices)
        texts.push_back(notice.to_string());
    if (texts != told_notices_)
        for (const auto& text : texts)
            log_.write(seam::LogLevel::Warning, "", "config", {{"notice", text}});
    told_notices_ = std::move(texts);
}

// Without it a sidecar is whole all the same: there are SIGHUP and the command.
void Application::watch_config_file() {
    if (!config_.reload.watch || record_.file().empty()) return;
    try {
        file_watch_ = std::make_unique<net::FileWatch>(loop_, record_.file(), [this] {
            v1::ReloadResult result;
            reload(/*dry_run=*/false, result);
        });
    } catch (const std::exception& error) {
        log_.write(seam::LogLevel::Warning, "", "config_watch_failed", {{"cause", error.what()}});
    }
}

}  // namespace fairlead::app
