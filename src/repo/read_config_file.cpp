#include "repo/read_config_file.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "download/local_file.hpp"
#include "repo/config_files.hpp"

#include <algorithm>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

class ConfigReader {
public:
    ConfigReader(const fs::path& file, const fs::path& root) : file_{file}, root_{root} {}

    Result<ConfigText> read() {
        const auto text = read_file(file_, max_config_file);
        if (!text) {
            return std::unexpected(text.error());
        }
        seen_.insert(identity_of(file_));
        note_age(file_);
        IniFile ini = parse_ini(*text, [this](std::string_view where, std::string_view from) { return include(where, from); });
        return ConfigText{.ini = std::move(ini), .changed_at = changed_at_};
    }

private:
    std::expected<std::optional<IncludedText>, std::string> include(std::string_view where, std::string_view from) {
        const auto path = path_of(where, from.empty() ? file_ : fs::path{from});
        if (!path) {
            return std::unexpected(path.error());
        }
        if (!seen_.insert(identity_of(*path)).second) {
            return std::nullopt;
        }
        auto text = read_file(*path, max_config_file);
        if (!text) {
            return std::unexpected(printable(text.error().cause));
        }
        note_age(*path);
        return IncludedText{.name = path->string(), .text = std::move(*text)};
    }

    std::expected<fs::path, std::string> path_of(std::string_view where, const fs::path& from) const {
        fs::path path{where};
        if (download::is_file_url(where)) {
            auto named = download::path_of_file_url(where);
            if (!named) {
                return std::unexpected(printable(named.error().cause));
            }
            path = std::move(*named);
        } else if (where.contains("://")) {
            return std::unexpected("'" + printable(redact_url(where)) +
                                   "' is not on this machine, and configuration from the network could name keys to be trusted; "
                                   "save it as a file and name that");
        }
        if (path.is_relative()) {
            return (from.parent_path() / path).lexically_normal();
        }
        const fs::path inside = below_root(root_, path);
        std::error_code ignored;
        return below_root(root_, from) == from.lexically_normal() && fs::exists(inside, ignored) ? inside : path;
    }

    void note_age(const fs::path& path) {
        struct stat info{};
        if (::stat(path.c_str(), &info) == 0) {
            changed_at_ = std::max<std::int64_t>(changed_at_, info.st_mtim.tv_sec);
        }
    }

    // Two names of a file are one; what cannot be found keeps its name.
    static fs::path identity_of(const fs::path& path) {
        std::error_code failure;
        fs::path real = fs::canonical(path, failure);
        return failure ? path : real;
    }

    fs::path file_;
    fs::path root_;
    std::set<fs::path> seen_;
    std::int64_t changed_at_ = 0;
};

}  // namespace

Result<ConfigText> read_config_file(const fs::path& path, const fs::path& root) { return ConfigReader{path, root}.read(); }

}  // namespace lastack::repo
