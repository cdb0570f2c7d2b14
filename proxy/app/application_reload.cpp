// The configuration file once more, for a sidecar that runs.
#include "app/application.hpp"
#include "config/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
    const auto loaded = config::load_file(config_file_);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        const auto text = told(*problems);
        log_.write(seam::LogLevel::Error, "", "reload_failed", {{"cause", "config"}, {"detail", text}});
        return {v1::CODE_INVALID, fmt::format("nothing was changed: {}", text)};
    }
    const config::Config& wanted = std::get<config::Loaded>(loaded).config;
    tell_restart_needed(wanted, result);
    supervisor_.reload(wanted, dry_run, result);
    const auto text = told(result);
    if (!dry_run) log_.write(seam::LogLevel::Info, "", "reloaded", {{"changes", text}});
    return {v1::CODE_OK, text};
}

// What the process has built its sockets and stores from.
void Application::tell_restart_needed(const config::Config& wanted, v1::ReloadResult& result) const {
    const auto tell = [&result](const char* section, bool changed) {
        if (!changed) return;
        auto& change = *result.add_changes();
        change.set_action("needs a restart");
        change.set_detail(section);
    };
    tell("[stream]", wanted.stream != config_.stream);
    tell("[control]", wanted.control != config_.control);
    tell("[journal]", wanted.journal != config_.journal);
    tell("[log]", wanted.log != config_.log);
}

}  // namespace fairlead::app
