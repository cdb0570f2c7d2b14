// libcurl, loaded when it is first needed: some two dozen libraries come with it, which would cost every start 4 MB and
// 10 ms, and most sidecars never make an HTTP request. The types are those of <curl/curl.h>: a wrong use does not
// compile.
#pragma once

#include <curl/curl.h>

#include <string>
#include <variant>

namespace fairlead::net {

// The functions that are used, by their names without curl_; none is null. They can be called until the process ends.
struct CurlLibrary {
    decltype(&curl_global_init) global_init = nullptr;
    decltype(&curl_global_cleanup) global_cleanup = nullptr;
    decltype(&curl_free) free = nullptr;

    decltype(&curl_easy_init) easy_init = nullptr;
    decltype(&curl_easy_setopt) easy_setopt = nullptr;
    decltype(&curl_easy_perform) easy_perform = nullptr;
    decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&curl_easy_strerror) easy_strerror = nullptr;
    decltype(&curl_easy_cleanup) easy_cleanup = nullptr;

    decltype(&curl_multi_init) multi_init = nullptr;
    decltype(&curl_multi_setopt) multi_setopt = nullptr;
    decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&curl_multi_perform) multi_perform = nullptr;
    decltype(&curl_multi_poll) multi_poll = nullptr;
    decltype(&curl_multi_wakeup) multi_wakeup = nullptr;
    decltype(&curl_multi_info_read) multi_info_read = nullptr;
    decltype(&curl_multi_strerror) multi_strerror = nullptr;
    decltype(&curl_multi_cleanup) multi_cleanup = nullptr;

    decltype(&curl_slist_append) slist_append = nullptr;
    decltype(&curl_slist_free_all) slist_free_all = nullptr;

    decltype(&curl_url) url = nullptr;
    decltype(&curl_url_set) url_set = nullptr;
    decltype(&curl_url_get) url_get = nullptr;
    decltype(&curl_url_cleanup) url_cleanup = nullptr;
};

inline constexpr const char* kCurlLibrary = "libcurl.so.4";

// The library of that name, or one line for people: why there is none, and what to install. The first time reads
// files, for some milliseconds; later times are quick. Any thread.
std::variant<CurlLibrary, std::string> load_curl(const char* name = kCurlLibrary);

}  // namespace fairlead::net
