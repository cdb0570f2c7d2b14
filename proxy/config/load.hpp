#pragma once

#include "config/config.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::config {

struct Problem {
    std::string file;
    unsigned line = 0;  // from 1; 0 = the file as a whole
    unsigned column = 0;
    std::string key;      // "connections.binance_ws.url"
    std::string message;  // what is wrong and what to do
    // "fairlead.toml:12:3: connections.binance_ws.ulr: unknown key; did you mean `url`?"
    std::string to_string() const;
};
using Problems = std::vector<Problem>;  // in the order of the file

struct Loaded {
    Config config;
    Problems notices;  // allowed, but worth knowing: settings that have no effect in this version
};

// All problems at once, or a Config in which every value is in its range and every combination is possible. Does not
// touch secrets: ${env:…} and ${file:…} are checked for form only.
std::variant<Loaded, Problems> load_file(const std::string& path);
std::variant<Loaded, Problems> load_text(std::string_view toml, const std::string& file_name);

// The keys of one [connections.<id>] table as TOML text, for connections added at run time. `defaults` is the [network]
// of the running configuration, `profile_directories` its profiles.directories: without them there are the shipped
// profiles.
std::variant<ConnectionConfig, Problems> load_connection(const std::string& id, std::string_view toml,
                                                         const NetworkConfig& defaults,
                                                         const std::vector<std::string>& profile_directories = {});

// The profile in this file, as a connection that has its defaults and nothing else: it may have no URL.
std::variant<ConnectionConfig, Problems> load_profile(const std::string& path);
// The same by its name; directories as above.
std::variant<ConnectionConfig, Problems> load_profile_named(const std::string& name,
                                                            const std::vector<std::string>& directories);

// The whole configuration as TOML, defaults filled in, ${…} as written: for `fairlead check --print`. It loads to an
// equal Config, except that a user and password written out in the URL of a proxy or webhook are replaced by ***.
std::string to_toml(const Config& config);

}  // namespace fairlead::config
