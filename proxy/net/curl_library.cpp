#include "net/curl_library.hpp"

#include "net/shared_library.hpp"

#include <fmt/format.h>

namespace fairlead::net {
namespace {

void find_easy(SharedLibrary& library, CurlLibrary& curl) {
    library.find("curl_global_init", curl.global_init);
    library.find("curl_global_cleanup", curl.global_cleanup);
    library.find("curl_free", curl.free);
    library.find("curl_easy_init", curl.easy_init);
    library.find("curl_easy_setopt", curl.easy_setopt);
    library.find("curl_easy_perform", curl.easy_perform);
    library.find("curl_easy_getinfo", curl.easy_getinfo);
    library.find("curl_easy_strerror", curl.easy_strerror);
    library.find("curl_easy_cleanup", curl.easy_cleanup);
    library.find("curl_slist_append", curl.slist_append);
    library.find("curl_slist_free_all", curl.slist_free_all);
    library.find("curl_url", curl.url);
    library.find("curl_url_set", curl.url_set);
    library.find("curl_url_get", curl.url_get);
    library.find("curl_url_cleanup", curl.url_cleanup);
}

void find_multi(SharedLibrary& library, CurlLibrary& curl) {
    library.find("curl_multi_init", curl.multi_init);
    library.find("curl_multi_setopt", curl.multi_setopt);
    library.find("curl_multi_add_handle", curl.multi_add_handle);
    library.find("curl_multi_remove_handle", curl.multi_remove_handle);
    library.find("curl_multi_perform", curl.multi_perform);
    library.find("curl_multi_poll", curl.multi_poll);
    library.find("curl_multi_wakeup", curl.multi_wakeup);
    library.find("curl_multi_info_read", curl.multi_info_read);
    library.find("curl_multi_strerror", curl.multi_strerror);
    library.find("curl_multi_cleanup", curl.multi_cleanup);
}

}  // namespace

std::variant<CurlLibrary, std::string> load_curl(const char* name) {
    SharedLibrary library(name);
    CurlLibrary curl;
    find_easy(library, curl);
    find_multi(library, curl);
    if (!library.problem().empty()) return fmt::format("{}: install libcurl4, 7.88 or later", library.problem());
    return curl;
}

}  // namespace fairlead::net
