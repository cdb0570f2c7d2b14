// [simulator]: the venue's side of the conversation.
#include "config/profile_tables.hpp"

#include <string>
#include <string_view>

namespace fairlead::config {
namespace {

void read_template(TableReader& table, std::string_view key, std::string& text, const VariableNames& names) {
    table.text(key, text);
    check_variables(table, key, text, names);
}

SimulatorTexts::Data read_data(TableReader& table, const VariableNames& names) {
    SimulatorTexts::Data data;
    table.text("topic", data.topic);
    table.choice("stream", data.stream,
                 TableReader::Names<std::string>{{"trade", "trade"}, {"bookTicker", "bookTicker"}});
    read_template(table, "text", data.text, names);
    for (const std::string_view key : {"stream", "text"})
        if (!table.has(key)) table.problem(key, "is missing");
    table.finish();
    return data;
}

}  // namespace

void read_simulator(TableReader& table, SimulatorTexts& simulator) {
    const VariableNames topic = {"topic", "1", "2", "3", "4"};
    const VariableNames answer = topic.with({"id", "op"});
    read_template(table, "ack", simulator.ack, answer);
    read_template(table, "reject", simulator.reject, answer.with({"reason"}));
    read_template(table, "too_fast", simulator.too_fast, answer.with({"reason"}));
    table.flag("per_topic", simulator.per_topic);
    table.flag("accepts_unknown", simulator.accepts_unknown);
    read_template(table, "heartbeat_reply", simulator.heartbeat_reply, {"id"});
    read_template(table, "ready", simulator.ready, {});
    read_template(table, "drain", simulator.drain, {"now_ms"});
    const VariableNames message = topic.with({"number", "previous", "price", "symbol", "now_ms", "payload", "padding"});
    for (TableReader& data : table.tables("data"))
        simulator.data.push_back(read_data(data, message));
    if (simulator.data.empty() && table.usable("data")) table.problem("data", "is missing: what does it send?");
    table.finish();
}

}  // namespace fairlead::config
