// libcurl, loaded when the first ftp URL is asked for. Linked, it would bring thirty libraries into every start: half of the time that one
// takes, for a protocol that few ask for.
#pragma once

#include "lastack/result.hpp"

#include <curl/curl.h>

namespace lastack::download {

struct Libcurl {
    decltype(&::curl_easy_init) easy_init;
    decltype(&::curl_easy_cleanup) easy_cleanup;
    decltype(&::curl_easy_setopt) easy_setopt;
    decltype(&::curl_easy_getinfo) easy_getinfo;
    decltype(&::curl_easy_pause) easy_pause;
    decltype(&::curl_easy_strerror) easy_strerror;
    decltype(&::curl_multi_init) multi_init;
    decltype(&::curl_multi_cleanup) multi_cleanup;
    decltype(&::curl_multi_add_handle) multi_add_handle;
    decltype(&::curl_multi_remove_handle) multi_remove_handle;
    decltype(&::curl_multi_perform) multi_perform;
    decltype(&::curl_multi_info_read) multi_info_read;
    decltype(&::curl_multi_poll) multi_poll;
    decltype(&::curl_slist_append) slist_append;
    decltype(&::curl_slist_free_all) slist_free_all;
};

// Loads it at the first call, which blocks on disk; it stays for the life of the process. Any thread. Errors: NetErrc::unsupported_scheme
// where it is not installed or too old.
[[nodiscard]] Result<const Libcurl*> load_libcurl();

}  // namespace lastack::download
