#include "config/prescan.hpp"

#include <algorithm>

namespace fairlead::config {
namespace {

constexpr std::size_t kMaxDots = 64;  // outside strings, in one line: no setting lies nearly as deep
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kSpaces = " \t\r\n";

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

class Scanner {
public:
    explicit Scanner(std::string_view toml) : rest_(toml) {
        if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
    }

    std::optional<Fault> run() {
        while (!rest_.empty() && fault_ == nullptr) {
            if (closing_.empty()) {
                outside();
            } else {
                inside();
            }
        }
        if (fault_ == nullptr) return {};
        return Fault{at_, fault_};
    }

private:
    void outside() {
        for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
            if (!rest_.starts_with(quote)) continue;
            closing_ = quote;
            return advance(quote.size());
        }
        if (rest_.front() == '#') return advance(std::min(rest_.find('\n'), rest_.size()));
        if (!is_ascii(rest_.front())) {
            fault_ = "only ASCII characters can stand outside of quotes; quotes are \" or '";
            return;
        }
        if (rest_.front() == '.' && ++dots_ > kMaxDots) {
            fault_ = "too many dots outside of quotes for a key; quote the value if it is one";
            return;
        }
        advance(1);
    }

    void inside() {
        if (rest_.starts_with(closing_)) return close();
        const bool one_line = closing_.size() == 1;
        if (rest_.front() == '\n' && one_line) closing_ = {};  // never closed: the parser will say so
        if (rest_.front() == '\\' && closing_.starts_with('"')) return escape();
        advance(1);
    }

    void close() {
        std::size_t length = closing_.size();
        // """x""""" ends in two quotes that belong to the text.
        while (closing_.size() == 3 && length < 5 && length < rest_.size() && rest_[length] == closing_[0])
            ++length;
        closing_ = {};
        advance(length);
    }

    void escape() {
        advance(1);
        if (rest_.empty()) return;
        if (closing_.size() == 1) return advance(rest_.front() == '\n' ? 0 : 1);
        const bool joins_lines = kSpaces.find(rest_.front()) != std::string_view::npos;
        advance(joins_lines ? std::min(rest_.find_first_not_of(kSpaces), rest_.size()) : 0);
        if (!rest_.empty() && !is_ascii(rest_.front())) {
            fault_ = "a character beyond ASCII cannot follow a backslash";
        } else if (!joins_lines) {
            advance(1);
        }
    }

    void advance(std::size_t length) {
        for (const char c : rest_.substr(0, length)) {
            if (c == '\n') {
                ++at_.line;
                at_.column = 1;
                dots_ = 0;
            } else if (begins_character(c)) {
                ++at_.column;
            }
        }
        rest_.remove_prefix(length);
    }

    std::string_view rest_;
    std::string_view closing_;  // of the string that we are in; empty = in none
    std::size_t dots_ = 0;
    Position at_{1, 1};
    const char* fault_ = nullptr;
};

}  // namespace

std::optional<Fault> prescan(std::string_view toml) {
    return Scanner(toml).run();
}

}  // namespace fairlead::config
