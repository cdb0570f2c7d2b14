#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fairlead::config {

// A text from the config file that may contain ${env:NAME} and ${file:PATH}. What is shown is always the text as
// written, with user and password of a URL blotted out; the secret exists only in what resolve() returns, which is
// asked for anew at each use and never stored.
class SecretText {
public:
    SecretText() = default;
    explicit SecretText(std::string written) : written_(std::move(written)) {}

    struct Unresolved {
        std::string problem;  // "environment variable BINANCE_KEY is not set"
    };
    // Reads the environment and files (at most 64 KiB each, contents without the trailing newline). The problem names
    // the variable or the path, never a value.
    std::variant<std::string, Unresolved> resolve() const;

    // For logs, replies and pages.
    std::string display() const;
    // As written in the file: for checks and comparison only.
    const std::string& written() const { return written_; }
    bool empty() const { return written_.empty(); }
    bool has_secret() const;

    // What is wrong with the form of a ${…} in the text ("${ENV:A}: …"), or nothing.
    std::optional<std::string> form_problem() const;
    // The text with every ${…} replaced by `placeholder`: for checks of what stands around the secrets.
    std::string with_placeholder(std::string_view placeholder) const;

    bool operator==(const SecretText&) const = default;

private:
    std::string written_;
};

}  // namespace fairlead::config
