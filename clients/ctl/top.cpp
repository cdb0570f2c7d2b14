#include "top.hpp"

#include "commands.hpp"
#include "fairlead/control.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "top_view.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::ctl {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kInterval{1};

// The whole of the terminal, for as long as it lives: a screen of its own, no cursor, keys as they are pressed.
class Terminal {
public:
    Terminal() {
        keys_ = tcgetattr(STDIN_FILENO, &before_) == 0;
        if (keys_) {
            termios raw = before_;
            raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
            tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        }
        put("\x1b[?1049h\x1b[?25l");
    }
    ~Terminal() {
        put("\x1b[?25h\x1b[?1049l");
        if (keys_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    bool has_keys() const { return keys_; }
    // Over the last picture, so that nothing flickers: each line is cleared behind its end, then the rest. The last
    // newline would scroll.
    static bool show(std::string_view picture) {
        std::string bytes = "\x1b[H";
        picture.remove_suffix(picture.ends_with('\n') ? 1 : 0);
        for (const char c : picture)
            bytes += c == '\n' ? std::string("\x1b[K\r\n") : std::string(1, c);
        return put(bytes + "\x1b[K\x1b[J");
    }

private:
    static bool put(std::string_view bytes) {
        return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
    }

    termios before_{};
    bool keys_ = false;
};

Screen screen_of_terminal() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {.columns = 80, .lines = 24};
    return {.columns = size.ws_col, .lines = size.ws_row};
}

bool wants_colours() {
    const char* none = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return (none == nullptr || *none == '\0') && term != nullptr && std::string_view(term) != "dumb";
}

class Watch {
public:
    Watch(const Arguments& arguments, const Top& top)
        : arguments_(arguments),
          top_(top),
          control_({.endpoint = arguments.control, .timeout = arguments.timeout, .retries = 0}) {}

    int run() {
        if (const auto failed = look()) return *failed;
        if (top_.once) return once();
        const bool is_terminal = isatty(STDOUT_FILENO) == 1 && !arguments_.json;
        if (is_terminal) {
            terminal_.emplace();
            colours_ = wants_colours();
        }
        auto next = Clock::now() + kInterval;
        bool shown = show();
        while (shown && wait(next)) {
            if (Clock::now() >= next) {
                next = Clock::now() + kInterval;
                problem_.clear();
                if (const auto failed = look(); failed && !terminal_) return *failed;
            }
            shown = show();
        }
        return kOk;
    }

private:
    // Rates need a second look.
    int once() {
        if (!wait(Clock::now() + kInterval)) return kOk;
        if (const auto failed = look()) return *failed;
        return show() ? kOk : kFailed;
    }

    // The exit code when it failed. On the terminal the last picture stays, with the reason.
    std::optional<int> look() {
        Look seen{.time = Clock::now()};
        v1::Request request;
        request.mutable_get_status();
        if (const auto failed = ask(request, seen)) return failed;
        request.mutable_list_connections();
        if (const auto failed = ask(request, seen)) return failed;
        before_ = std::move(now_);
        now_ = std::move(seen);
        return {};
    }

    std::optional<int> ask(const v1::Request& request, Look& seen) {
        const auto answer = control_.request(request);
        if (const auto* unreachable = std::get_if<client::Unreachable>(&answer)) {
            problem_ = "could not reach the sidecar at " + arguments_.control + "; trying again";
            return terminal_ ? kUnreachable : tell(*unreachable, arguments_);
        }
        const auto& reply = std::get<client::Reply>(answer);
        if (!reply.ok()) {
            problem_ = reply.message();
            return terminal_ ? kFailed : tell(reply, arguments_.json);
        }
        if (reply.proto().has_status())
            seen.status = reply.proto().status();
        else
            seen.connections = reply.proto().connections();
        return {};
    }

    bool show() {
        const Look* before = before_ ? &*before_ : nullptr;
        if (terminal_) {
            Screen screen = screen_of_terminal();
            screen.colours = colours_;
            if (screen.lines > 0 && !problem_.empty()) --screen.lines;
            const std::string note =
                problem_.empty() ? "" : cut(printable(problem_, false, 300), screen.columns) + "\n";
            return Terminal::show(note + top_text(before, *now_, screen));
        }
        std::string picture = arguments_.json ? top_json(before, *now_) : top_text(before, *now_, {});
        if (!top_.once && !arguments_.json) picture += "\n";
        return std::fputs(picture.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    }

    // Until then, or until the picture is to be drawn anew. False = it is time to leave.
    bool wait(Clock::time_point until) {
        while (true) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
            if (left <= 0) return true;
            pollfd fds[] = {{signals_.fd(), POLLIN, 0},
                            {STDOUT_FILENO, 0, 0},
                            {terminal_ && terminal_->has_keys() ? STDIN_FILENO : -1, POLLIN, 0}};
            if (::poll(fds, 3, static_cast<int>(left)) <= 0) continue;
            if ((fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
            if (fds[0].revents != 0) return signals_.take() == SIGWINCH;
            if (fds[2].revents != 0 && is_leaving()) return false;
        }
    }

    // A key that means it, or a terminal that has gone.
    static bool is_leaving() {
        char keys[64];
        const ssize_t count = read(STDIN_FILENO, keys, sizeof keys);
        constexpr char kControlD = 4;
        for (ssize_t i = 0; i < count; ++i)
            if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == kControlD) return true;
        return count <= 0;
    }

    const Arguments& arguments_;
    const Top top_;
    const Signals signals_{SIGWINCH};  // before the client, which has threads
    client::Control control_;
    std::optional<Terminal> terminal_;
    bool colours_ = false;
    std::optional<Look> before_;
    std::optional<Look> now_;
    std::string problem_;  // of the last look
};

}  // namespace

int run_top(const Arguments& arguments, const Top& top) {
    return Watch(arguments, top).run();
}

}  // namespace fairlead::ctl
