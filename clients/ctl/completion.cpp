#include "completion.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace fairlead::ctl {
namespace {

// Reads the table, a line "=", then the words behind the name of the program, a line each; the last is the one to be
// completed. Prints what it can be, with its help behind a tab. "@ids CONTROL" asks for the connections of the sidecar
// there, "@files" for files. Without quotes and backslashes, so that every shell takes it as it is.
constexpr std::string_view kProgram = R"awk(
function offer(name, text) { if (index(name, current) == 1) print name "\t" text }
function offer_values(list, text,    parts, n, i) {
    if (list == "@ids") { print "@ids\t" control; return }
    if (list == "@files") { print "@files\t"; return }
    n = split(list, parts, " ")
    for (i = 1; i <= n; i++) offer(parts[i], text)
}
function below(path, name) { return path == "/" ? "/" name : path "/" name }
!begun && $0 == "=" { begun = 1; next }
!begun { n++; path[n] = $1; kind[n] = $2; name[n] = $3; values[n] = $4; help[n] = $5; next }
{ word[++words] = $0 }
END {
    at = "/"; place = 0; wanted = 0; current = word[words]
    for (i = 1; i < words; i++) {
        if (wanted) { if (name[wanted] == "--control") control = word[i]; wanted = 0; continue }
        if (index(word[i], "--control=") == 1) { control = substr(word[i], 11); continue }
        if (index(word[i], "-") == 1) {
            for (k = 1; k <= n; k++)
                if (kind[k] == "option" && name[k] == word[i] && (path[k] == at || path[k] == "/")) wanted = k
            continue
        }
        found = 0
        for (k = 1; k <= n; k++) if (kind[k] == "command" && path[k] == at && name[k] == word[i]) found = 1
        if (found && place == 0) at = below(at, word[i]); else place++
    }
    if (wanted) { offer_values(values[wanted], help[wanted]); exit }
    here = 0
    for (k = 1; k <= n; k++) {
        if (kind[k] == "option" || kind[k] == "flag") {
            if (index(current, "-") == 1 && (path[k] == at || path[k] == "/")) offer(name[k], help[k])
        } else if (path[k] == at && index(current, "-") != 1) {
            if (kind[k] == "command" && place == 0) offer(name[k], help[k])
            if (index(kind[k], "argument") == 1 && (here++ == place || (kind[k] == "argument*" && here <= place)))
                offer_values(values[k], help[k])
        }
    }
}
)awk";

// The first rows of the table of connections are about connections, one each.
constexpr std::string_view kIds = R"awk(NF == 0 { exit } NR > 1 { print $1 })awk";

constexpr std::string_view kBash = R"sh(# bash completion for fairleadctl, made by `fairleadctl completion bash`
_fairleadctl_table='@TABLE@'
_fairleadctl_program='@PROGRAM@'
_fairleadctl() {
    local line=${COMP_LINE:0:COMP_POINT} words=() name help id
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local current=${words[${#words[@]}-1]}
    COMPREPLY=()
    while IFS=$'\t' read -r name help; do
        case $name in
            @ids)
                for id in $("${words[0]}" ${help:+--control "$help"} --timeout 0.5 connections 2> /dev/null |
                        awk '@IDS@'); do
                    [[ $id == "$current"* ]] && COMPREPLY+=("$id")
                done ;;
            @files) while read -r id; do COMPREPLY+=("$id"); done < <(compgen -f -- "$current") ;;
            *) COMPREPLY+=("$name") ;;
        esac
    done < <(printf '%s\n' "$_fairleadctl_table" = "${words[@]:1}" | awk -F "\t" "$_fairleadctl_program")
}
complete -F _fairleadctl fairleadctl
)sh";

constexpr std::string_view kZsh = R"sh(#compdef fairleadctl
# zsh completion for fairleadctl, made by `fairleadctl completion zsh`
_fairleadctl() {
    local table='@TABLE@'
    local program='@PROGRAM@'
    local name help id
    local -a found ids
    while IFS=$'\t' read -r name help; do
        case $name in
            @ids)
                ids=(${(f)"$("${words[1]}" ${help:+--control} ${help:+$help} --timeout 0.5 connections 2> /dev/null |
                        awk '@IDS@')"})
                compadd -a ids ;;
            @files) _files ;;
            *) found+=("$name:$help") ;;
        esac
    done < <(printf '%s\n' "$table" = "${(@)words[2,$CURRENT]}" | awk -F "\t" "$program")
    (( $#found )) && _describe fairleadctl found
}
if [[ $funcstack[1] == _fairleadctl ]]; then
    _fairleadctl "$@"
else
    compdef _fairleadctl fairleadctl
fi
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for fairleadctl, made by `fairleadctl completion fish`
set -g __fairleadctl_table '@TABLE@'
set -g __fairleadctl_program '@PROGRAM@'
function __fairleadctl_complete
    set -l typed (commandline -opc)
    set -l program $typed[1]
    set -e typed[1]
    set -l current (commandline -ct)
    printf '%s\n' $__fairleadctl_table = $typed "$current" |
        awk -F "\t" $__fairleadctl_program | while read -l -d \t name help
        switch $name
            case @ids
                set -l control
                test -n "$help"; and set control --control $help
                $program $control --timeout 0.5 connections 2> /dev/null | awk '@IDS@'
            case @files
                __fish_complete_path (commandline -ct)
            case '*'
                printf '%s\t%s\n' $name $help
        end
    end
end
complete -c fairleadctl -f -a '(__fairleadctl_complete)'
)sh";

// What stands between single quotes in a script, and on one line of a table.
std::string plain(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c == '\'' || c == '\\' || c == '\t' || c == '\n'; }, ' ');
    return text;
}

// What an option or argument takes: its type, or the list that it is checked against, as CLI11 shows it in the help.
std::string values_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    if (const auto begin = type.find('{'); begin != std::string::npos) {
        std::string list = type.substr(begin + 1, type.find('}', begin) - begin - 1);
        std::ranges::replace(list, ',', ' ');
        return list;
    }
    const std::string name = option.get_positional() ? option.get_name(/*positional=*/true) : type;
    if (name == "ID" || name == "CONNECTION") return "@ids";
    return type == "FILE" ? "@files" : "";
}

void append(std::string& table, const std::string& path, std::string_view kind, const std::string& name,
            const std::string& values, const std::string& help) {
    table += fmt::format("{}\t{}\t{}\t{}\t{}\n", path, kind, plain(name), plain(values), plain(help));
}

void append_options(std::string& table, const CLI::App& app, const std::string& path) {
    for (const CLI::Option* option : app.get_options({})) {
        if (option == app.get_help_ptr() && path != "/")
            continue;  // offered everywhere, like all that is of the program
        const std::string help = option->get_description();
        if (option->get_positional()) {
            append(table, path, option->get_items_expected_max() > 1 ? "argument*" : "argument", option->get_name(true),
                   values_of(*option), help);
            continue;
        }
        const auto* kind = option->get_items_expected_max() == 0 ? "flag" : "option";
        for (const auto& name : option->get_lnames())
            append(table, path, kind, "--" + name, values_of(*option), help);
    }
}

void append_app(std::string& table, const CLI::App& app, const std::string& path) {
    append_options(table, app, path);
    for (const CLI::App* command : app.get_subcommands({})) {
        append(table, path, "command", command->get_name(), "", command->get_description());
        append_app(table, *command, path == "/" ? "/" + command->get_name() : path + "/" + command->get_name());
    }
}

void fill_in(std::string& script, std::string_view name, std::string_view text) {
    const auto at = script.find(name);
    if (at != std::string::npos) script.replace(at, name.size(), text);
}

}  // namespace

std::string completion_table(const CLI::App& app) {
    std::string table;
    append_app(table, app, "/");
    table.pop_back();  // printed as one line with a newline behind it
    return table;
}

std::string completion_script(std::string_view shell, const CLI::App& app) {
    std::string script(shell == "zsh" ? kZsh : shell == "fish" ? kFish : kBash);
    fill_in(script, "@TABLE@", completion_table(app));
    fill_in(script, "@PROGRAM@", kProgram);
    fill_in(script, "@IDS@", kIds);
    return script;
}

}  // namespace fairlead::ctl
