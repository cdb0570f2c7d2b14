#include "config/secret_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace fairlead::config {
namespace {

constexpr std::size_t kMaxSecretFileBytes = std::size_t{64} << 10;

enum class PieceKind { Literal, Environment, File };

struct Piece {
    PieceKind kind = PieceKind::Literal;
    std::string_view text;  // the literal text, the name or the path
};

bool is_variable_name(std::string_view name) {
    return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

std::variant<Piece, std::string> parse_reference(std::string_view inside) {
    if (inside.starts_with("env:")) {
        const std::string_view name = inside.substr(4);
        if (!is_variable_name(name)) return "${env:…} needs the name of an environment variable: letters, digits and _";
        return Piece{PieceKind::Environment, name};
    }
    if (inside.starts_with("file:")) {
        const std::string_view path = inside.substr(5);
        if (!path.starts_with('/')) return "${file:…} needs an absolute path";
        return Piece{PieceKind::File, path};
    }
    return "a ${…} must be ${env:NAME} or ${file:/path}";
}

// The pieces of `text`, which they view.
std::variant<std::vector<Piece>, std::string> split(std::string_view text) {
    std::vector<Piece> pieces;
    while (!text.empty()) {
        const std::size_t begin = std::min(text.find("${"), text.size());
        if (begin > 0) pieces.push_back({PieceKind::Literal, text.substr(0, begin)});
        text.remove_prefix(begin);
        if (text.empty()) break;
        const std::size_t end = text.find('}');
        if (end == std::string_view::npos) return "a ${ is not closed by }";
        auto reference = parse_reference(text.substr(2, end - 2));
        if (auto* problem = std::get_if<std::string>(&reference)) return std::move(*problem);
        pieces.push_back(std::get<Piece>(reference));
        text.remove_prefix(end + 1);
    }
    return pieces;
}

std::variant<std::string, SecretText::Unresolved> read_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return SecretText::Unresolved{"environment variable " + name + " is not set"};
    return std::string(value);
}

std::variant<std::string, SecretText::Unresolved> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file) return SecretText::Unresolved{"file " + path + " cannot be opened: " + std::strerror(errno)};
    std::string content(kMaxSecretFileBytes + 1, '\0');
    content.resize(std::fread(content.data(), 1, content.size(), file.get()));
    if (std::ferror(file.get()) != 0) {
        return SecretText::Unresolved{"file " + path + " cannot be read: " + std::strerror(errno)};
    }
    if (content.size() > kMaxSecretFileBytes) return SecretText::Unresolved{"file " + path + " is larger than 64 KiB"};
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
    return content;
}

// Where `text` goes on behind the authority of a URL; a ${file:/path} inside it does not end it.
std::size_t find_authority_end(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const std::size_t close = text.substr(i).starts_with("${") ? text.find('}', i) : std::string_view::npos;
        if (close != std::string_view::npos) {
            i = close + 1;
        } else if (std::strchr("/?# \t\r\n\"'<>\\", text[i]) != nullptr) {
            return i;
        } else {
            ++i;
        }
    }
    return i;
}

}  // namespace

std::variant<std::string, SecretText::Unresolved> SecretText::resolve() const {
    auto pieces = split(written_);
    if (auto* problem = std::get_if<std::string>(&pieces)) return Unresolved{std::move(*problem)};
    std::string result;
    for (const Piece& piece : std::get<std::vector<Piece>>(pieces)) {
        if (piece.kind == PieceKind::Literal) {
            result += piece.text;
            continue;
        }
        const std::string source(piece.text);
        auto value = piece.kind == PieceKind::Environment ? read_environment(source) : read_file(source);
        if (std::holds_alternative<Unresolved>(value)) return value;
        result += std::get<std::string>(value);
    }
    return result;
}

std::string SecretText::display() const {
    static constexpr std::string_view kSchemeEnd = "://";
    std::string result;
    std::string_view rest = written_;
    while (true) {
        const std::size_t scheme_end = rest.find(kSchemeEnd);
        if (scheme_end == std::string_view::npos) return result += rest;
        result += rest.substr(0, scheme_end + kSchemeEnd.size());
        rest.remove_prefix(scheme_end + kSchemeEnd.size());
        const std::string_view authority = rest.substr(0, find_authority_end(rest));
        const std::size_t at = authority.rfind('@');
        if (at == std::string_view::npos) continue;
        result += "***";
        rest.remove_prefix(at);
    }
}

bool SecretText::has_secret() const {
    return written_.find("${") != std::string::npos;
}

std::optional<std::string> SecretText::form_problem() const {
    auto pieces = split(written_);
    if (auto* problem = std::get_if<std::string>(&pieces)) return std::move(*problem);
    return {};
}

std::string SecretText::with_placeholder(std::string_view placeholder) const {
    const auto pieces = split(written_);
    const auto* parsed = std::get_if<std::vector<Piece>>(&pieces);
    if (parsed == nullptr) return written_;
    std::string result;
    for (const Piece& piece : *parsed)
        result += piece.kind == PieceKind::Literal ? piece.text : placeholder;
    return result;
}

}  // namespace fairlead::config
