#include "admin/admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace fairlead::admin {
namespace {

constexpr std::size_t kMaxTokenBytes = 4'096;

// Its first line. Read for each change, so that a token can be replaced while the sidecar runs.
std::optional<std::string> read_token(const std::string& path) {
    std::ifstream file(path);
    std::string token;
    if (!std::getline(file, token) || token.size() > kMaxTokenBytes) return {};
    token.erase(token.find_last_not_of(" \t\r") + 1);
    return token;
}

Guard::Token token_from(const std::string& path) {
    if (path.empty()) return nullptr;
    if (read_token(path).value_or("").empty())
        throw std::runtime_error(fmt::format("http.token_file: {} cannot be read, or is empty", path));
    return [path] { return read_token(path); };
}

}  // namespace

Admin::Listen Admin::parse(const std::string& listen) {
    const std::size_t colon = std::min(listen.rfind(':'), listen.size());
    Listen result{listen.substr(0, colon), 0};
    std::from_chars(listen.data() + std::min(colon + 1, listen.size()), listen.data() + listen.size(), result.port);
    return result;
}

Admin::Admin(const Settings& settings, const metrics::SnapshotExchange& snapshots, const seam::Clock& clock,
             AskRelay ask)
    : listen_(parse(settings.listen)),
      desk_(std::move(ask)),
      site_(Guard(listen_.host, token_from(settings.token_file)), desk_, snapshots, clock),
      server_(listen_.host, listen_.port, [this](const HttpRequest& request) { return site_.handle(request); }) {}

Admin::~Admin() {
    desk_.close();
}

std::string Admin::address() const {
    return fmt::format("{}:{}", listen_.host, server_.port());
}

}  // namespace fairlead::admin
