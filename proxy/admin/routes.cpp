#include "admin/routes.hpp"

namespace fairlead::admin {
namespace {

using Request = v1::Request;

// The result in the reply, whichever it is.
Json result_of(const v1::Reply& reply) {
    const auto& choice = *v1::Reply::descriptor()->FindOneofByName("result");
    const auto* field = reply.GetReflection()->GetOneofFieldDescriptor(reply, &choice);
    return field ? to_json(reply.GetReflection()->GetMessage(reply, field)) : Json::object();
}

Json done(const v1::Reply& reply) {
    Json json = {{"code", "ok"}, {"message", reply.message()}};
    json.update(result_of(reply));
    return json;
}

Json connections(const v1::Reply& reply) {
    Json by_id = Json::object();
    for (const auto& connection : reply.connections().connections())
        by_id[connection.id()] = connection_to_json(connection);
    return {{"connections", std::move(by_id)}};
}

Json one_connection(const v1::Reply& reply) {
    if (reply.connections().connections().empty()) return Json::object();
    return connection_to_json(reply.connections().connections(0));
}

Request get_status(Arguments&) {
    Request request;
    request.mutable_get_status();
    return request;
}

Request list_connections(Arguments& arguments) {
    Request request;
    request.mutable_list_connections()->set_connection(arguments.name());
    return request;
}

Request list_subscriptions(Arguments& arguments) {
    Request request;
    request.mutable_list_subscriptions()->set_connection(arguments.text("connection"));
    return request;
}

Request list_consumers(Arguments& arguments) {
    Request request;
    request.mutable_list_consumers()->set_open_only(arguments.flag("open"));
    return request;
}

Request list_alerts(Arguments& arguments) {
    Request request;
    auto& list = *request.mutable_list_alerts();
    list.set_connection(arguments.text("connection"));
    list.set_min_level(arguments.level("level"));
    list.set_since_ns(arguments.time_ns("since"));
    list.set_limit(arguments.number("limit"));
    return request;
}

Request list_alert_channels(Arguments&) {
    Request request;
    request.mutable_list_alert_channels();
    return request;
}

Request set_alert_channel(Arguments& arguments) {
    Request request;
    auto& set = *request.mutable_set_alert_channel();
    set.set_channel(arguments.name());
    if (const auto enabled = arguments.body_flag("enabled")) set.set_enabled(*enabled);
    if (const auto level = arguments.body_level("level")) set.set_level(*level);
    return request;
}

Request list_gaps(Arguments& arguments) {
    Request request;
    auto& list = *request.mutable_list_gaps();
    list.set_connection(arguments.text("connection"));
    list.set_prefix(arguments.text("prefix"));
    list.set_since_ns(arguments.time_ns("since"));
    return request;
}

Request get_config(Arguments&) {
    Request request;
    request.mutable_get_config();
    return request;
}

Request reconnect(Arguments& arguments) {
    Request request;
    request.mutable_reconnect()->set_connection(arguments.name());
    request.mutable_reconnect()->set_hard(arguments.flag("hard"));
    return request;
}

Request rotate(Arguments& arguments) {
    Request request;
    request.mutable_rotate()->set_connection(arguments.name());
    return request;
}

Request pause(Arguments& arguments) {
    Request request;
    request.mutable_pause()->set_connection(arguments.name());
    return request;
}

Request resume(Arguments& arguments) {
    Request request;
    request.mutable_resume()->set_connection(arguments.name());
    return request;
}

Request reload(Arguments& arguments) {
    Request request;
    request.mutable_reload()->set_dry_run(arguments.flag("dry_run"));
    return request;
}

Request set_log_level(Arguments& arguments) {
    Request request;
    arguments.require_in_body("level");
    request.mutable_set_log_level()->set_level(arguments.body_text("level").value_or(""));
    return request;
}

Request drain(Arguments&) {
    Request request;
    request.mutable_drain();
    return request;
}

}  // namespace

const std::vector<Route>& routes() {
    static const std::vector<Route> table = {
        {"GET", "/api/v1/network/connections", Ask{list_connections, connections}},
        {"GET", "/api/v1/network/connections/:id", Ask{list_connections, one_connection}},
        {"POST", "/api/v1/network/connections/:id/reconnect", Ask{reconnect, done}},
        {"POST", "/api/v1/network/connections/:id/rotate", Ask{rotate, done}},
        {"POST", "/api/v1/network/connections/:id/pause", Ask{pause, done}},
        {"POST", "/api/v1/network/connections/:id/resume", Ask{resume, done}},
        {"GET", "/api/v1/status", Ask{get_status, result_of}},
        {"GET", "/api/v1/subscriptions", Ask{list_subscriptions, result_of}},
        {"GET", "/api/v1/consumers", Ask{list_consumers, result_of}},
        {"GET", "/api/v1/alerts", Ask{list_alerts, result_of}},
        {"GET", "/api/v1/alerts/channels", Ask{list_alert_channels, result_of}},
        {"POST", "/api/v1/alerts/channels/:name", Ask{set_alert_channel, done}},
        {"GET", "/api/v1/gaps", Ask{list_gaps, result_of}},
        {"GET", "/api/v1/config", Ask{get_config, result_of}},
        {"POST", "/api/v1/reload", Ask{reload, done}},
        {"POST", "/api/v1/log-level", Ask{set_log_level, done}},
        {"POST", "/api/v1/drain", Ask{drain, done}},
        {"GET", "/livez", Own::Live},
        {"GET", "/readyz", Own::Ready},
        {"GET", "/startupz", Own::Started},
        {"GET", "/metrics", Own::Metrics},
    };
    return table;
}

}  // namespace fairlead::admin
