// Profiles by name: found in the directories, completed by what they extend, read once each. The merging happens on
// the tables before anything is read from them, so every value keeps the place where it was written.
#pragma once

#include "config/config.hpp"
#include "config/document.hpp"
#include "config/reader.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::config {

// Where to look before the shipped ones: `own` (the key profiles.dir, relative to the file's directory; may be empty),
// then `venues` beside the file.
std::vector<std::string> profile_directories_beside(const std::string& own, const std::string& config_file);
// FAIRLEAD_VENUES (directories with : between them), the installed ones, those of the source tree.
std::vector<std::string> shipped_profile_directories();

// `base` with the keys of `over`: tables are merged, everything else is replaced. Of url and urls the one in `over`
// replaces either, and a table `drain` or `sequence` that names its field anew replaces the whole of it: the rest of
// it spoke of the other field.
Node::Table merged(const Node::Table& base, const Node::Table& over);

struct ProfileDocument {
    Profile profile;
    Node::Table connection;  // defaults of a connection's keys
};

class ProfileFiles {
public:
    // `directories` come before the shipped ones. The report outlives this.
    ProfileFiles(std::vector<std::string> directories, Report& report);

    struct Unknown {
        std::string message;  // for the key that names the profile
    };
    struct Faulty {};  // its problems are in the report
    using Found = std::variant<const ProfileDocument*, Unknown, Faulty>;
    // What is found stays as long as this lives. "generic" is always there.
    Found find(const std::string& name);
    // A file that need not be in any directory; what it extends is looked for beside it first.
    Found read(const std::string& path);

private:
    // Parsed, with its own `extends` still in it; null = the report says why.
    const Node::Table* document(const std::string& path);
    struct Place {
        std::string path;
        std::size_t directory = 0;
    };
    std::optional<Place> locate(const std::string& name, std::size_t first_directory) const;
    std::optional<Node::Table> with_ancestors(Place place);
    Found complete(const std::string& name, const Place& place);
    std::string unknown(const std::string& name) const;

    std::vector<std::string> directories_;
    Report& report_;
    std::map<std::string, std::optional<Node>> documents_;            // by path
    std::map<std::string, std::optional<ProfileDocument>> profiles_;  // by path
    ProfileDocument generic_;
};

}  // namespace fairlead::config
