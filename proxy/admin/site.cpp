#include "admin/site.hpp"

#include "admin/assets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::admin {
namespace {

constexpr std::string_view kPage = "index.html";

template <class... Kinds>
struct Overloaded : Kinds... {
    using Kinds::operator()...;
};
template <class... Kinds>
Overloaded(Kinds...) -> Overloaded<Kinds...>;

std::string path_of(const Asset& asset) {
    return asset.name == kPage ? "/" : fmt::format("/{}", asset.name);
}

std::vector<Route> all_routes() {
    std::vector<Route> all = routes();
    for (const Asset& asset : assets())
        all.push_back({"GET", path_of(asset), Own::File});
    return all;
}

std::string_view content_type(std::string_view file) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes = {{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
    }};
    for (const auto& [ending, type] : kTypes)
        if (file.ends_with(ending)) return type;
    return "application/octet-stream";
}

HttpAnswer file_answer(std::string_view path) {
    for (const Asset& asset : assets())
        if (path_of(asset) == path)
            return {.content_type = std::string(content_type(asset.name)), .body = std::string(asset.bytes)};
    return error_answer(404, "not_found", "there is nothing of that name");
}

HttpAnswer text_answer(int status, std::string text) {
    return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

struct CodeMeaning {
    int status;
    std::string_view name;
};

CodeMeaning meaning_of(v1::Code code) {
    switch (code) {
        case v1::CODE_OK:
            return {200, "ok"};
        case v1::CODE_INVALID:
            return {400, "invalid"};
        case v1::CODE_NOT_FOUND:
            return {404, "not_found"};
        case v1::CODE_EXISTS:
            return {409, "exists"};
        case v1::CODE_UNAVAILABLE:
            return {503, "unavailable"};
        case v1::CODE_LIMITED:
            return {429, "limited"};
        default:
            return {500, "internal"};
    }
}

HttpAnswer no_reply() {
    return error_answer(504, "timeout", "the relay did not answer in time");
}

HttpAnswer stands_still() {
    return text_answer(503, "the relay loop stands still\n");
}

HttpAnswer health_answer(const Reasons& reasons, bool verbose, std::string_view bad) {
    if (reasons.empty()) return text_answer(200, "ok\n");
    return text_answer(503, verbose ? fmt::format("{}\n", fmt::join(reasons, "\n")) : fmt::format("{}\n", bad));
}

}  // namespace

HttpAnswer error_answer(int status, std::string_view code, std::string_view message) {
    return {.status = status, .body = to_text({{"error", {{"code", code}, {"message", message}}}})};
}

Site::Site(Guard guard, Desk& desk, const metrics::SnapshotExchange& snapshots, const seam::Clock& clock)
    : guard_(std::move(guard)), desk_(desk), snapshots_(snapshots), clock_(clock), routes_(all_routes()) {}

HttpAnswer Site::handle(const HttpRequest& request) {
    const auto refused = [](const Refusal& refusal) {
        auto answer = error_answer(refusal.status, refusal.code, refusal.message);
        if (refusal.status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
        return answer;
    };
    if (const auto refusal = guard_.check_host(request)) return refused(*refusal);
    const auto found = find_route(routes_, request.method, request.path);
    if (std::holds_alternative<NoSuchPath>(found))
        return error_answer(404, "not_found", "there is nothing of that name; /openapi.json tells what there is");
    if (const auto* wrong = std::get_if<WrongMethod>(&found)) {
        auto answer = error_answer(405, "method_not_allowed", fmt::format("allowed here: {}", wrong->allow));
        answer.headers.emplace_back("Allow", wrong->allow);
        return answer;
    }
    const Match& match = std::get<Match>(found);
    if (request.is_too_large)
        return error_answer(413, "too_large", fmt::format("a body has at most {} bytes", kMaxBodyBytes));
    if (request.is_cut_off) return error_answer(400, "invalid", "the body is not complete");
    if (match.route->is_change())
        if (const auto refusal = guard_.check_change(request)) return refused(*refusal);
    return answer(request, match);
}

HttpAnswer Site::answer(const HttpRequest& request, const Match& match) {
    const bool takes_body = match.route->is_change();
    Arguments arguments(match.name, request.query, takes_body ? std::string_view(request.body) : std::string_view());
    return std::visit(Overloaded{[&](const Ask& ask) { return ask_relay(ask, arguments); },
                                 [&](Own own) { return answer_itself(own, request, arguments); }},
                      match.route->action);
}

HttpAnswer Site::answer_itself(Own own, const HttpRequest& request, Arguments& arguments) {
    const bool is_probe = own == Own::Live || own == Own::Ready || own == Own::Started;
    const bool verbose = is_probe && arguments.flag("verbose");
    if (const auto problem = arguments.problem(); !problem.empty()) return error_answer(400, "invalid", problem);
    switch (own) {
        case Own::Live:
            return live();
        case Own::Ready:
            return ready(verbose);
        case Own::Started:
            return started(verbose);
        case Own::Metrics:
            return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = scrape()};
        case Own::File:
            break;
    }
    return file_answer(request.path);
}

// Rendering takes the processor from the relay where there are few: once for each picture, however many ask.
std::string Site::scrape() {
    const auto snapshot = snapshots_.get();
    const std::lock_guard lock(scrape_mutex_);
    if (!snapshot || snapshot != scraped_) {
        scraped_text_ = metrics::to_text(collector_.Collect());
        scraped_ = snapshot;
    }
    return scraped_text_;
}

HttpAnswer Site::ask_relay(const Ask& ask, Arguments& arguments) {
    const v1::Request request = ask.request(arguments);
    if (const auto problem = arguments.problem(); !problem.empty()) return error_answer(400, "invalid", problem);
    const auto reply = desk_.ask(request);
    if (!reply) return no_reply();
    const auto [status, name] = meaning_of(reply->code());
    if (status != 200) return error_answer(status, name, reply->message());
    return {.body = to_text(ask.tell(*reply))};
}

HttpAnswer Site::live() const {
    return picture() ? text_answer(200, "ok\n") : stands_still();
}

HttpAnswer Site::ready(bool verbose) const {
    const auto now = picture();
    if (!now) return stands_still();
    return health_answer(why_not_ready(now->status, now->connections), verbose, "not ready");
}

HttpAnswer Site::started(bool verbose) {
    if (has_started_) return text_answer(200, "ok\n");
    const auto now = picture();
    if (!now) return stands_still();
    const auto reasons = why_not_started(now->connections);
    if (reasons.empty()) has_started_ = true;
    return health_answer(reasons, verbose, "starting");
}

// Probes read this instead of asking the relay: they must not wait for a loop that stands still, nor be refused because
// others ask too often.
std::shared_ptr<const metrics::Snapshot> Site::picture() const {
    auto latest = snapshots_.get();
    const bool turns = latest && clock_.now() - latest->taken_at <= kLiveWithin;
    return turns ? latest : nullptr;
}

}  // namespace fairlead::admin
