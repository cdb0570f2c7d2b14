#include "config/secret_text.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using fairlead::config::SecretText;

namespace {

// A file that is gone at the end of the test.
class TemporaryFile {
public:
    TemporaryFile(const std::string& name, const std::string& content)
        : path_(std::filesystem::temp_directory_path() / ("fairlead_secret_text_test_" + name)) {
        std::ofstream(path_, std::ios::binary) << content;
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

std::string resolved(const std::string& written) {
    const auto result = SecretText(written).resolve();
    if (const auto* problem = std::get_if<SecretText::Unresolved>(&result)) FAIL(problem->problem);
    return std::get<std::string>(result);
}

std::string problem_of(const std::string& written) {
    const auto result = SecretText(written).resolve();
    REQUIRE(std::holds_alternative<SecretText::Unresolved>(result));
    return std::get<SecretText::Unresolved>(result).problem;
}

}  // namespace

TEST_CASE("a text without secrets is what is written") {
    CHECK(resolved("") == "");
    CHECK(resolved("plain $HOME {x} $") == "plain $HOME {x} $");
    CHECK_FALSE(SecretText("plain").has_secret());
    CHECK(SecretText("a${env:B}").has_secret());
}

TEST_CASE("variables and files are read at each use") {
    ::setenv("FAIRLEAD_TEST_SECRET", "one", 1);
    const TemporaryFile file("value", "two\n");
    const std::string written = "<${env:FAIRLEAD_TEST_SECRET}|${file:" + file.path() + "}>";
    CHECK(resolved(written) == "<one|two>");
    ::setenv("FAIRLEAD_TEST_SECRET", "${env:HOME}", 1);
    CHECK(resolved(written) == "<${env:HOME}|two>");
    ::unsetenv("FAIRLEAD_TEST_SECRET");
    CHECK(problem_of(written) == "environment variable FAIRLEAD_TEST_SECRET is not set");
}

TEST_CASE("one newline at the end of a file is not part of the secret") {
    const auto resolved_content = [](const std::string& content) {
        const TemporaryFile file("newline", content);
        return resolved("${file:" + file.path() + "}");
    };
    CHECK(resolved_content("") == "");
    CHECK(resolved_content("x") == "x");
    CHECK(resolved_content("x\n") == "x");
    CHECK(resolved_content("x\r\n") == "x");
    CHECK(resolved_content("x\n\n") == "x\n");
    CHECK(resolved_content(" x ") == " x ");
}

TEST_CASE("a file must exist and be small") {
    CHECK(problem_of("${file:/nonexistent/secret}").find("file /nonexistent/secret cannot be opened") == 0);
    CHECK(problem_of("${file:/}").find("file / cannot be read") == 0);
    const TemporaryFile fits("fits", std::string(64 << 10, 'x'));
    CHECK(resolved("${file:" + fits.path() + "}").size() == 64 << 10);
    const TemporaryFile large("large", std::string((64 << 10) + 1, 'x'));
    CHECK(problem_of("${file:" + large.path() + "}") == "file " + large.path() + " is larger than 64 KiB");
}

TEST_CASE("an ill-formed reference is a problem of form") {
    for (const char* text : {"${", "a${env:X", "${}", "${env}", "${ENV:X}", "${env:}", "${env:A B}", "${env:1A}",
                             "${file:}", "${file:x}", "${secret:x}", "${env:${env:X}}"}) {
        CAPTURE(text);
        CHECK(SecretText(text).form_problem().has_value());
        CHECK(std::holds_alternative<SecretText::Unresolved>(SecretText(text).resolve()));
    }
    for (const char* text : {"", "$", "$}", "{env:X}", "${env:X_1}", "${file:/a b}", "${env:A}${env:B}"}) {
        CAPTURE(text);
        CHECK_FALSE(SecretText(text).form_problem().has_value());
    }
}

TEST_CASE("what is shown has no user and password") {
    struct Row {
        const char* written;
        const char* shown;
    };
    for (const Row& row : {
             Row{"plain", "plain"},
             Row{"", ""},
             Row{"wss://h/x?key=${env:K}", "wss://h/x?key=${env:K}"},
             Row{"http://bob:pw@h:1", "http://***@h:1"},
             Row{"http://bob@h:1", "http://***@h:1"},
             Row{"http://b@b:p@w@h:1", "http://***@h:1"},
             Row{"http://${env:U}:${file:/run/secret}@h:1/p", "http://***@h:1/p"},
             Row{"http://h/p@q", "http://h/p@q"},
             Row{"http://h?p@q", "http://h?p@q"},
             Row{"two: http://a:b@h, ws://c:d@i", "two: http://***@h, ws://***@i"},
             Row{"{\"url\":\"ws://h\",\"mail\":\"a@b\"}", "{\"url\":\"ws://h\",\"mail\":\"a@b\"}"},
             Row{"http://${file:/a", "http://${file:/a"},
             Row{"://", "://"},
         }) {
        CAPTURE(row.written);
        CHECK(SecretText(row.written).display() == row.shown);
    }
}

TEST_CASE("a placeholder stands for every reference") {
    CHECK(SecretText("a${env:X}b${file:/y}").with_placeholder("1") == "a1b1");
    CHECK(SecretText("a${bad}").with_placeholder("1") == "a${bad}");
}
