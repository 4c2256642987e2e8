#include "package/solv/rpmdb.hpp"

#include "base/rpmdb_path.hpp"
#include "base/text.hpp"
#include "package/error.hpp"

#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>

#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>

namespace lastack::package::solv {
namespace {

constexpr std::string_view pseudo_package = "gpg-pubkey";  // rpm keeps its keys as packages

struct TransactionSetFree {
    void operator()(rpmts ts) const noexcept { rpmtsFree(ts); }
};
struct IteratorFree {
    void operator()(rpmdbMatchIterator it) const noexcept { rpmdbFreeIterator(it); }
};
struct RpmStateFree {
    void operator()(void* state) const noexcept { rpm_state_free(state); }
};
using TransactionSet = std::unique_ptr<std::remove_pointer_t<rpmts>, TransactionSetFree>;
using Iterator = std::unique_ptr<std::remove_pointer_t<rpmdbMatchIterator>, IteratorFree>;

// Keeps librpm from writing to the terminal, and its first complaint for the Error.
class RpmLog {
public:
    RpmLog() { rpmlogSetCallback(&RpmLog::take, this); }
    ~RpmLog() { rpmlogSetCallback(nullptr, nullptr); }
    RpmLog(const RpmLog&) = delete;
    RpmLog& operator=(const RpmLog&) = delete;
    [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }

private:
    static int take(rpmlogRec record, rpmlogCallbackData self) {
        auto& complaint = static_cast<RpmLog*>(self)->complaint_;
        if (rpmlogRecPriority(record) <= RPMLOG_ERR && complaint.empty()) {
            const char* message = rpmlogRecMessage(record);
            complaint = message != nullptr ? message : "unknown error";
            complaint.erase(complaint.find_last_not_of(" \n") + 1);
        }
        return 0;
    }

    std::string complaint_;
};

class DbPathMacro {
public:
    explicit DbPathMacro(const std::string& path) { rpmPushMacro(nullptr, "_dbpath", nullptr, path.c_str(), RMIL_CMDLINE); }
    ~DbPathMacro() { rpmPopMacro(nullptr, "_dbpath"); }
    DbPathMacro(const DbPathMacro&) = delete;
    DbPathMacro& operator=(const DbPathMacro&) = delete;
};

Error unreadable(const std::filesystem::path& root, const RpmLog& log, const char* otherwise) {
    return Error{.code = PackageErrc::rpmdb_unreadable,
                 .phase = Phase::solving,
                 .cause = "the rpm database of " + printable(root.string()) + ": " +
                          printable(log.complaint().empty() ? std::string{otherwise} : log.complaint()),
                 .next_step = "look at it with rpm --root " + printable(root.string()) + " -qa; rpm --rebuilddb may mend it"};
}

void remember_header_number(::Repo* repo, Id id, unsigned number) {
    if (repo->rpmdbid == nullptr) {
        repo->rpmdbid = static_cast<Id*>(repo_sidedata_create(repo, sizeof(Id)));
    }
    repo->rpmdbid[id - repo->start] = static_cast<Id>(number);
}

Result<void> add_headers(PackagePool& pool, rpmts ts, const std::filesystem::path& root, const RpmLog& log) {
    const std::unique_ptr<void, RpmStateFree> state{rpm_state_create(pool.get(), nullptr)};
    const Iterator iterator{rpmtsInitIterator(ts, RPMDBI_PACKAGES, nullptr, 0)};
    while (Header header = iterator ? rpmdbNextIterator(iterator.get()) : nullptr) {
        const char* name = headerGetString(header, RPMTAG_NAME);
        if (name != nullptr && name == pseudo_package) {
            continue;
        }
        void* handle = rpm_byrpmh(state.get(), header);
        const Id id = handle != nullptr ? repo_add_rpm_handle(pool.installed(), handle, REPO_REUSE_REPODATA | REPO_NO_INTERNALIZE) : 0;
        if (id == 0) {
            return std::unexpected{unreadable(root, log, "a header cannot be understood")};
        }
        remember_header_number(pool.installed(), id, rpmdbGetIteratorOffset(iterator.get()));
    }
    repo_internalize(pool.installed());
    // The iterator ends in the same way at the last header and at one it cannot read.
    return log.complaint().empty() ? Result<void>{} : std::unexpected{unreadable(root, log, "unknown error")};
}

}  // namespace

Result<void> read_rpmdb(PackagePool& pool, const std::filesystem::path& root) {
    if (!rpmdb_exists(root)) {
        return {};
    }
    const RpmLog log;
    if (rpmReadConfigFiles(nullptr, nullptr) != 0) {
        return std::unexpected{unreadable(root, log, "rpm's configuration cannot be read")};
    }
    const DbPathMacro dbpath{rpmdb_path(root)};
    const TransactionSet ts{rpmtsCreate()};
    std::error_code failed;
    const auto absolute = std::filesystem::absolute(root, failed);
    if (failed || rpmtsSetRootDir(ts.get(), absolute.c_str()) != 0) {
        return std::unexpected{unreadable(root, log, "rpm does not accept the root")};
    }
    // Packages were verified when they were installed; checking every header's digest and signature again would only cost time.
    rpmtsSetVSFlags(ts.get(), static_cast<rpmVSFlags>(_RPMVSF_NODIGESTS | _RPMVSF_NOSIGNATURES));
    if (rpmtsOpenDB(ts.get(), O_RDONLY) != 0) {
        return std::unexpected{unreadable(root, log, "it cannot be opened")};
    }
    return add_headers(pool, ts.get(), root, log);
}

}  // namespace lastack::package::solv
