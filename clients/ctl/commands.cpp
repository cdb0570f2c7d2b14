#include "commands.hpp"

#include "render.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fairlead::ctl {
namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

// Empty, with errno, when the file cannot be read.
std::optional<std::string> read_all(const std::string& path) {
    const bool is_stdin = path == "-";
    const std::unique_ptr<std::FILE, CloseFile> opened(is_stdin ? nullptr : std::fopen(path.c_str(), "rb"));
    std::FILE* file = is_stdin ? stdin : opened.get();
    if (file == nullptr) return std::nullopt;
    std::string content;
    char buffer[65536];
    while (const std::size_t read = std::fread(buffer, 1, sizeof buffer, file))
        content.append(buffer, read);
    if (std::ferror(file) != 0) return std::nullopt;
    return content;
}

}  // namespace

int tell(const client::Reply& reply, bool as_json) {
    if (as_json) {
        std::fputs(render_json(reply.proto()).c_str(), stdout);
    } else if (reply.ok()) {
        std::fputs(render_text(reply.proto()).c_str(), stdout);
    } else {
        fmt::print(stderr, "fairleadctl: {}: {}\n", code(reply.code()), reply.message());
    }
    return reply.ok() ? kOk : kFailed;
}

int tell(const client::Unreachable& unreachable, const Arguments& arguments) {
    fmt::print(stderr,
               "fairleadctl: could not reach the sidecar at {}: is `fairlead run` running there? {}; {} "
               "(another place: --control or FAIRLEAD_CONTROL)\n",
               arguments.control, unreachable.detail,
               unreachable.sent ? "whether the command took effect is unknown" : "nothing was done");
    return kUnreachable;
}

int run_command(const Arguments& arguments) {
    client::Control control({.endpoint = arguments.control, .timeout = arguments.timeout});
    client::Answer answer = client::Unreachable{};
    if (const auto* file = std::get_if<SendFile>(&arguments.command)) {
        const auto payload = read_all(file->path);
        if (!payload) {
            fmt::print(stderr, "fairleadctl: cannot read {}: {}\n", file->path, std::strerror(errno));
            return kFailed;
        }
        answer = control.send_binary(file->connection, *payload);
    } else {
        answer = control.request(std::get<v1::Request>(arguments.command));
    }
    if (const auto* reply = std::get_if<client::Reply>(&answer)) return tell(*reply, arguments.json);
    return tell(std::get<client::Unreachable>(answer), arguments);
}

}  // namespace fairlead::ctl
