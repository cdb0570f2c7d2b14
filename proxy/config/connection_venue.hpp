// What a connection's keys mean together with its profile; inside of config only.
#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"

#include <optional>
#include <string>

namespace fairlead::config {

// `credentials`: all that the profile names, or none.
void read_credentials(TableReader& table, ConnectionConfig& connection);
// `subscriptions`: texts, or with a profile topics.
void read_subscriptions(TableReader& table, ConnectionConfig& connection);
// `on_demand`, `on_demand_linger`, `channel_stale_after`
void read_topic_life(TableReader& table, ConnectionConfig& connection);
// As check_url, of a text that may have the variables of a URL.
std::optional<std::string> check_url_of(const Profile& profile, const SecretText& url);

}  // namespace fairlead::config
