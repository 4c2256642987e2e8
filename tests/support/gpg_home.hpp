// A keyring of gpg's for one test: keys of any kind and age, signatures with whatever options. Throws std::runtime_error with gpg's words.
#pragma once

#include "support/temp_directory.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

class GpgHome {
public:
    GpgHome();
    ~GpgHome();  // ends the agent that gpg leaves behind
    GpgHome(const GpgHome&) = delete;
    GpgHome& operator=(const GpgHome&) = delete;

    // Without passphrase. `expire` as gpg takes it ("never", "1y"); `made_at` ("20200101T000000") is the clock's time while it is made.
    // Returns the fingerprint, lower case.
    std::string make_key(const std::string& name, const std::string& algorithm = "ed25519", const std::string& usage = "sign",
                         const std::string& expire = "never", const std::string& made_at = {}) const;
    void revoke(const std::string& fingerprint) const;
    // The key stays, but says that it is not for signing data.
    void take_signing_away(const std::string& fingerprint) const;
    [[nodiscard]] std::string armoured(const std::string& fingerprint) const;

    // An armoured detached signature; `options` come before the command.
    [[nodiscard]] std::string sign(const std::string& fingerprint, std::string_view data,
                                   const std::vector<std::string>& options = {}) const;
    // Any other call; returns the standard output.
    std::string run(const std::vector<std::string>& arguments) const;

    [[nodiscard]] std::filesystem::path scratch(std::string_view name) const { return directory_.path() / name; }

private:
    TempDirectory directory_;
};

}  // namespace lastack::test
