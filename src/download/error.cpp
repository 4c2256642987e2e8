#include "download/error.hpp"

#include <string>

namespace lastack::download {

namespace {

class DownloadCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "lastack.download"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<DownloadErrc>(value)) {
            case DownloadErrc::size_mismatch:
                return "wrong size";
            case DownloadErrc::digest_mismatch:
                return "wrong digest";
            case DownloadErrc::too_large:
                return "too large";
            case DownloadErrc::check_failed:
                return "refused by the caller's check";
            case DownloadErrc::source_not_found:
                return "no such local file";
            case DownloadErrc::source_unusable:
                return "not a readable regular file";
            case DownloadErrc::bad_list:
                return "unusable list";
        }
        return "unknown error";
    }
};

}  // namespace

const std::error_category& download_category() noexcept {
    static const DownloadCategory category;
    return category;
}

std::error_code make_error_code(DownloadErrc code) noexcept { return {static_cast<int>(code), download_category()}; }

}  // namespace lastack::download
