#include "top_view.hpp"

#include "text.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace fairlead::ctl {
namespace {

constexpr std::size_t kMaxDetailBytes = 200;
constexpr std::size_t kMinDetailColumns = 10;
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kRed = "\x1b[31m";

struct Cell {
    std::string text{};
    std::string_view colour{};
};
using Row = std::vector<Cell>;

struct Rates {
    double messages = 0;
    double bytes = 0;
};

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

const v1::ConnectionStatus* find(const v1::Connections& connections, const std::string& id) {
    for (const auto& connection : connections.connections())
        if (connection.id() == id) return &connection;
    return nullptr;
}

// Nothing when it cannot be told: no look before, another sidecar, or a connection that began anew.
std::optional<Rates> rates_of(const Look* before, const Look& now, const v1::ConnectionStatus& connection) {
    if (before == nullptr || before->status.epoch() != now.status.epoch()) return {};
    const double seconds = std::chrono::duration<double>(now.time - before->time).count();
    const auto* past = find(before->connections, connection.id());
    if (seconds <= 0 || past == nullptr || past->messages() > connection.messages() ||
        past->bytes() > connection.bytes())
        return {};
    return Rates{static_cast<double>(connection.messages() - past->messages()) / seconds,
                 static_cast<double>(connection.bytes() - past->bytes()) / seconds};
}

std::string_view colour_of(const v1::ConnectionStatus& connection) {
    if (connection.paused()) return kYellow;
    switch (connection.status()) {
        case v1::CONNECTION_STATE_CONNECTED:
            return connection.ready() && !connection.stale() ? kGreen : kYellow;
        case v1::CONNECTION_STATE_CONNECTING:
        case v1::CONNECTION_STATE_RECONNECTING:
            return kYellow;
        default:
            return kRed;
    }
}

std::string state_text(const v1::ConnectionStatus& connection) {
    std::string state = connection_state(connection.status());
    if (connection.paused()) return "paused";
    if (connection.stale()) return state + " stale";
    if (connection.retry_in_ms() != 0) state += " in " + duration_ms(connection.retry_in_ms());
    return state;
}

std::string sockets_text(const v1::ConnectionStatus& connection) {
    const auto connected = std::ranges::count_if(connection.sockets(), [](const v1::SocketStatus& socket) {
        return socket.status() == v1::CONNECTION_STATE_CONNECTED;
    });
    return fmt::format("{}/{}", connected, connection.sockets_size());
}

std::string cause_text(const v1::ConnectionStatus& connection) {
    const std::string name = cause(connection.last_cause());
    const std::string detail = printable(connection.last_detail(), false, kMaxDetailBytes);
    return detail.empty() ? name : name + ": " + detail;
}

Row heading() {
    Row row;
    for (const char* name : {"ID", "STATE", "MSG/S", "BYTES/S", "RTT", "UPTIME", "SOCKETS", "GAPS", "LAST CAUSE"})
        row.push_back({name, kBold});
    return row;
}

Row row_of(const Look* before, const Look& now, const v1::ConnectionStatus& connection) {
    const auto rates = rates_of(before, now, connection);
    const std::uint64_t round_trip = connection.ping_round_trip_us();
    const std::uint64_t gaps = gaps_of(connection);
    return {{connection.id()},
            {state_text(connection), colour_of(connection)},
            {rates ? short_number(rates->messages) : "-"},
            {rates ? short_number(rates->bytes) : "-"},
            {round_trip == 0 ? "-" : fmt::format("{:.1f}ms", static_cast<double>(round_trip) / 1000)},
            {connection.uptime_ms() == 0 ? "-" : duration_ms(connection.uptime_ms())},
            {sockets_text(connection)},
            {std::to_string(gaps), gaps == 0 ? std::string_view{} : kYellow},
            {cause_text(connection)}};
}

// Which columns there is room for, and how wide each is. The last one takes what is left, if that is enough for it.
std::vector<std::size_t> widths_of(const std::vector<Row>& rows, std::size_t screen) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], columns_of(row[i].text));
    if (screen == 0) return widths;
    std::size_t used = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::size_t space = i == 0 ? 0 : 2;
        const bool is_last = i + 1 == widths.size();
        const std::size_t left = screen > used + space ? screen - used - space : 0;
        if (i == 0 || (is_last && left >= kMinDetailColumns)) widths[i] = std::min(widths[i], left);
        if (widths[i] > left) {
            widths.resize(i);
            break;
        }
        used += space + widths[i];
    }
    return widths;
}

std::string line_of(const Row& row, const std::vector<std::size_t>& widths, bool colours) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::string text = cut(row[i].text, widths[i]);
        const std::string padding(i + 1 == widths.size() ? 0 : widths[i] - columns_of(text), ' ');
        if (i != 0) line += "  ";
        const bool coloured = colours && !row[i].colour.empty();
        if (coloured) line += row[i].colour;
        line += text;
        if (coloured) line += kReset;
        line += padding;
    }
    return line + "\n";
}

std::vector<std::string> head_lines(const Look* before, const Look& now) {
    const v1::Status& status = now.status;
    Rates all;
    bool known = false;
    for (const auto& connection : now.connections.connections()) {
        const auto rates = rates_of(before, now, connection);
        known = known || rates.has_value();
        all.messages += rates ? rates->messages : 0;
        all.bytes += rates ? rates->bytes : 0;
    }
    std::string first =
        fmt::format("fairlead {} on {}, up {}: {} of {} connected, {} failed{}", status.version(),
                    printable(status.instance(), false, kMaxDetailBytes), duration_ms(status.uptime_ms()),
                    status.connected(), status.connections(), status.failed(), status.draining() ? ", ENDING" : "");
    std::string second =
        fmt::format("{} msg/s, {} bytes/s; {} consumers, {} times too slow; {} gaps; {} stalls",
                    known ? short_number(all.messages) : "-", known ? short_number(all.bytes) : "-", status.consumers(),
                    status.slow_consumer_episodes(), status.gaps(), status.loop_stalls());
    if (status.last_reload().time_ns() != 0 && !status.last_reload().ok()) second += "; LAST RELOAD FAILED";
    return {std::move(first), std::move(second)};
}

std::string json_of(const google::protobuf::Message& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    std::string json;
    return google::protobuf::util::MessageToJsonString(message, &json, options).ok() ? json : "{}";
}

}  // namespace

std::string short_number(double number) {
    constexpr std::array<std::string_view, 4> kUnits{"", "k", "M", "G"};
    std::size_t unit = 0;
    while (number >= 999.5 && unit + 1 < kUnits.size()) {
        number /= 1000;
        ++unit;
    }
    if (number <= 0) return "0";
    const bool is_whole = unit == 0 && (number >= 9.95 || number == static_cast<double>(static_cast<int>(number)));
    return is_whole ? fmt::format("{:.0f}", number) : fmt::format("{:.1f}{}", number, kUnits[unit]);
}

std::string cut(std::string_view text, std::size_t columns) {
    if (columns_of(text) <= columns) return std::string(text);
    if (columns == 0) return {};
    std::size_t end = 0;
    for (std::size_t left = columns - 1; end < text.size(); ++end) {
        if (continues(text[end])) continue;
        if (left-- == 0) break;
    }
    return std::string(text.substr(0, end)) + "~";
}

std::string top_text(const Look* before, const Look& now, const Screen& screen) {
    std::string picture;
    const auto head = head_lines(before, now);
    for (const auto& line : head)
        picture += (screen.columns == 0 ? line : cut(line, screen.columns)) + "\n";
    picture += "\n";
    const auto count = static_cast<std::size_t>(now.connections.connections_size());
    if (count == 0) return picture + "no connections\n";

    // Head, an empty line, the heading, and a line for those that do not fit.
    const std::size_t taken = head.size() + 2;
    std::size_t fit = count;
    if (screen.lines != 0 && taken + count > screen.lines)
        fit = screen.lines > taken + 1 ? screen.lines - taken - 1 : 0;
    std::vector<Row> rows{heading()};
    for (std::size_t i = 0; i < fit; ++i)
        rows.push_back(row_of(before, now, now.connections.connections(static_cast<int>(i))));
    const auto widths = widths_of(rows, screen.columns);
    for (const Row& row : rows)
        picture += line_of(row, widths, screen.colours);
    if (fit < count)
        picture += cut(fmt::format("and {} more", count - fit), screen.columns == 0 ? 80 : screen.columns) + "\n";
    return picture;
}

std::string top_json(const Look* before, const Look& now) {
    std::string rates;
    for (const auto& connection : now.connections.connections()) {
        const auto known = rates_of(before, now, connection);
        if (!known) continue;
        // Names of connections need no escapes.
        rates += fmt::format(R"({}"{}":{{"messages_per_second":{:.3f},"bytes_per_second":{:.3f}}})",
                             rates.empty() ? "" : ",", connection.id(), known->messages, known->bytes);
    }
    return fmt::format(R"({{"status":{},"connections":{},"rates":{{{}}}}})"
                       "\n",
                       json_of(now.status), json_of(now.connections), rates);
}

}  // namespace fairlead::ctl
