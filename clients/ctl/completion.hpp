// Completion scripts, made of the commands and options that CLI11 knows: there is no other list of them.
#pragma once

#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace fairlead::ctl {

// A line for each command, option and argument: path of the command ("/alerts/set"), what it is (command, option, flag,
// argument), its name, its values, its help; tabs between. Values are words, or @ids, @files or nothing. An argument
// that can be repeated is "argument*".
std::string completion_table(const CLI::App& app);

// `shell` is bash, fish or zsh. The script asks `fairleadctl connections` for the names of connections.
std::string completion_script(std::string_view shell, const CLI::App& app);

}  // namespace fairlead::ctl
