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
// `network` holds the defaults that apply where the table is silent.
void read_network(TableReader& table, NetworkConfig& network);
void read_connection(TableReader& table, ConnectionConfig& connection);

}  // namespace fairlead::config
