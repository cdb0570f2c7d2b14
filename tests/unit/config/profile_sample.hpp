// A profile with every key off its default, and directories to put profiles into.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fairlead::config {

inline constexpr const char* kFullProfile = R"toml(# every key
hints = ['"result"', '"event"']
waits_for_ready = true
decode = "sniff"
credentials = ["key", "secret"]
channel_id = ["/chanId"]
aliases = { l2_data = "level2" }

[connection]
url = "wss://{host}/ws?token={token}&id={nonce}"
channel = ["/stream"]
dedupe = ["/data/t"]
rotation.max_age = "23h"
drain = { field = "/e", value = "serverShutdown" }
sequence = { field = "/data/u", previous = "/data/pu", repair = "resubscribe" }
topics_per_socket = 200
network.ping_interval = "0s"

[subscribe]
text = '{"op":"subscribe","channel":"{1}","args":[{topics}],"id":{id}}'
unsubscribe = '{"op":"unsubscribe","channel":"{1}","args":[{topics}],"id":{id}}'
topic = '{"instId":"{2}"}'
separator = "@"
group = 1
topics_per_message = 20
bytes_per_message = "4KiB"
acknowledged = true
ack_timeout = "5s"
in_flight = 8

[limits]
topic_bytes_per_socket = "64KiB"
messages = "5/1s"
requests = "480/1h"
pings_count = true
connections = "300/5m"

[heartbeat]
text = "ping"
interval = "15s"
timeout = "5s"
silence = "40s"

[login]
text = '{"op":"login","args":["{key}",{expires_ms},"{signature}"]}'
sign = "GET/realtime{expires_ms}"
hash = "sha384"
encoding = "base64"
key = "hex"
expires_in = "10s"
acknowledged = false
timeout = "3s"

[prepare]
url = "https://venue.example/token?at={now_ms}"
method = "GET"
headers = { X-Key = "{key}", X-Sign = "{signature}" }
body = "{now_s}"
sign = "{now_ms}GET/token"
hash = "sha512"
encoding = "base64"
key = "base64"
extract = { token = "/data/token", host = "/data/0/endpoint" }
timeout = "4s"

[[messages]]
means = "ack"
when = [{ field = "/result" }, { field = "/code", is = "absent" }, { field = "/event", value = "subscribe" }]
id = "/id"
topic = ["/arg/channel", "/arg/instId"]
accepted = "/result"
channel_id = "/chanId"

[[messages]]
means = "reject"
when = [{ field = "/event", is = "prefix", value = "err" }, { field = "", is = "contains", value = "too many" }]
kind = "rate"
reason = "/msg"

[[messages]]
means = "ready"
when = [{ field = "/type", value = "welcome" }]

[[messages]]
means = "heartbeat_request"
when = [{ field = "/ping" }]
answer = '{"pong":{field:/ping}}'

[[messages]]
means = "heartbeat_reply"
when = [{ field = "", value = "pong" }]

[[examples]]
text = '{"stream":"a","data":{"u":7}}'
is = "data"
channel = "a"
sequence = "7"

[[examples]]
text = '{"event":"subscribe","result":["a:b"],"chanId":5,"id":3}'
is = "ack"
id = "3"
topic = "a:b"
accepted = ["a:b"]
channel_id = "5"

[[examples]]
text = '{"event":"error","msg":"too many"}'
is = "reject"
kind = "rate"
)toml";

// A directory of its own, gone with the object.
class ProfileFolder {
public:
    ProfileFolder() {
        std::string path = (std::filesystem::temp_directory_path() / "fairlead_profiles_XXXXXX").string();
        path_ = ::mkdtemp(path.data());
    }
    ~ProfileFolder() { std::filesystem::remove_all(path_); }
    ProfileFolder(const ProfileFolder&) = delete;
    ProfileFolder& operator=(const ProfileFolder&) = delete;

    // `name` may have a folder in front: "venues/own".
    std::string write(const std::string& name, const std::string& toml) const {
        const std::filesystem::path file = path_ / (name + ".toml");
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << toml;
        return file.string();
    }
    std::string path(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace fairlead::config
