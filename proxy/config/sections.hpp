// The sections of the file, one function each: reads the table's keys into the value and reports everything that is
// wrong. A value is complete and valid only if nothing was reported.
#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"

namespace fairlead::config {

void read_stream(TableReader& table, StreamConfig& stream);
void read_control(TableReader& table, ControlConfig& control);
void read_http(TableReader& table, HttpConfig& http);
void read_journal(TableReader& table, JournalConfig& journal);
void read_alerts(TableReader& table, AlertsConfig& alerts);
void read_log(TableReader& table, LogConfig& log);
void read_reload(TableReader& table, ReloadConfig& reload);
void read_profiles(TableReader& table, ProfilesConfig& profiles);
void read_network(TableReader& table, NetworkConfig& network);
// `network` holds the defaults that apply where the table is silent.
void read_network_of_connection(TableReader& table, NetworkConfig& network);

enum class Scope {
    Connection,  // of a user, the defaults of its profile merged in
    Defaults,    // of a profile: what a connection must have may be missing, and what is its own is unknown
};
// `connection` has its id, its profile and `venue`, and what applies where the table is silent.
void read_connection(TableReader& table, ConnectionConfig& connection, Scope scope);

}  // namespace fairlead::config
