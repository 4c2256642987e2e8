#include "download/libcurl.hpp"

#include "net/error.hpp"

#include <dlfcn.h>
#include <string>
#include <utility>

namespace lastack::download {

namespace {

constexpr const char* library = "libcurl.so.4";
constexpr unsigned oldest_version = 0x075500;  // 7.85, the first with CURLOPT_PROTOCOLS_STR: an older one could be led to another protocol

Error unusable(std::string why) {
    return Error{.code = net::NetErrc::unsupported_scheme,
                 .phase = Phase::connecting,
                 .cause = "ftp is spoken by libcurl, and " + std::move(why),
                 .next_step = "install libcurl 7.85 or newer, or use an http mirror"};
}

Result<Libcurl> load() {
    void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* const why = ::dlerror();
        return std::unexpected(unusable(why != nullptr ? why : "it cannot be loaded"));
    }
    Libcurl curl{};
    bool complete = true;
    const auto find = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
        complete = complete && function != nullptr;
    };
    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_version_info) version_info = nullptr;
    find(global_init, "curl_global_init");
    find(version_info, "curl_version_info");
    find(curl.easy_init, "curl_easy_init");
    find(curl.easy_cleanup, "curl_easy_cleanup");
    find(curl.easy_setopt, "curl_easy_setopt");
    find(curl.easy_getinfo, "curl_easy_getinfo");
    find(curl.easy_pause, "curl_easy_pause");
    find(curl.easy_strerror, "curl_easy_strerror");
    find(curl.multi_init, "curl_multi_init");
    find(curl.multi_cleanup, "curl_multi_cleanup");
    find(curl.multi_add_handle, "curl_multi_add_handle");
    find(curl.multi_remove_handle, "curl_multi_remove_handle");
    find(curl.multi_perform, "curl_multi_perform");
    find(curl.multi_info_read, "curl_multi_info_read");
    find(curl.multi_poll, "curl_multi_poll");
    find(curl.slist_append, "curl_slist_append");
    find(curl.slist_free_all, "curl_slist_free_all");
    if (!complete || version_info(CURLVERSION_NOW)->version_num < oldest_version) {
        return std::unexpected(unusable("the one installed is too old"));
    }
    if (global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
        return std::unexpected(unusable("it cannot be started"));
    }
    return curl;
}

}  // namespace

Result<const Libcurl*> load_libcurl() {
    static const Result<Libcurl> loaded = load();
    return loaded ? Result<const Libcurl*>{&*loaded} : std::unexpected(loaded.error());
}

}  // namespace lastack::download
