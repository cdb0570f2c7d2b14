// A file with every key of the configuration, each off its default where this version allows it.
#pragma once

namespace fairlead::config {

inline constexpr const char* kFullSample = R"toml(# every key
[stream]
endpoint = ["ipc:///run/fairlead/stream.sock", "tcp://127.0.0.1:9811"]
high_water_mark = 1000
heartbeat_interval = "2s"
slow_consumer = "disconnect"
socket_mode = "0600"

[control]
endpoint = "tcp://[::1]:9812"

[http]
listen = "127.0.0.1:9999"
token_file = "/run/secrets/token"

[journal]
messages_per_topic = 2048
max_bytes = "128MiB"

[network]
max_retries = 7
initial_delay = "250ms"
max_delay = "1m30s"
backoff_multiplier = 1.75
jitter_factor = 0.25
health_check_interval = "10s"
connection_timeout = "5s"
ping_interval = "20s"
pong_timeout = "4s"
max_consecutive_failures = 6
alert_threshold = 4
stable_after = "30s"
failed_retry_interval = "1h"
budget_dir = "/run/fairlead/budget"

[alerts]
history = 50

[alerts.channels.stream]
level = "warning"
enabled = false

[alerts.channels.log]
level = "info"

[alerts.channels.webhook]
level = "critical"
url = "https://alerts.example/hook?key=${env:HOOK_KEY}"
format = "alertmanager"
queue = 200
ca_file = "/etc/fairlead/ca.pem"

[log]
level = "debug"
format = "json"

[reload]
watch = true

[profiles]
dir = "."

[connections.one]
profile = "generic"
url = "wss://stream.example:9443/ws?key=${env:API_KEY}"
endpoints = "priority"
fail_back_after = "2m"
subscriptions = ['{"op":"subscribe","args":["a"]}', "it's \"quoted\"\n"]
channel = ["/stream", "/data/a~1b"]
headers.Authorization = "Bearer ${file:/run/secrets/venue}"
headers.X-Plain = "1"
subprotocol = "v1.json, v2.json"
on_demand = false
on_demand_linger = "5s"
legs = 2
topics_per_socket = 200
dedupe = ["/data/s", "/data/t"]
dedupe_window = "20s"
rotation.max_age = "23h"
rotation.jitter_factor = 0.1
rotation.preferred_hour = 4
rotation.overlap = "10s"
drain.field = "/e"
drain.value = "serverShutdown"
sequence.field = "/data/t"
sequence.previous = "/data/pu"
sequence.step = 2
sequence.repair = "rotate"
last_value = true
stale_after = "45s"
channel_stale_after = "0s"
max_message_bytes = "1MiB"
max_topics = 500
transport = "native"
compression = true
tls.ca_file = "/etc/ca.pem"
tls.cert_file = "/etc/cert.pem"
tls.key_file = "/etc/key.pem"
tls.server_name = "venue.example"
proxy = "http://${env:PROXY_USER}:${file:/run/secrets/proxy}@proxy.example:3128"
network.max_delay = "10s"
network.max_retries = 0

[connections."two.b"]
urls = ["ws://127.0.0.1:9801/s", "wss://127.0.0.1:9802/s"]
endpoints = "round_robin"
channel = "/s"

[connections."two.b".headers]
Origin = "https://example.org"

[connections."two.b".tls]
ca_file = ""

[connections."two.b".network]
ping_interval = "0s"
)toml";

}  // namespace fairlead::config
