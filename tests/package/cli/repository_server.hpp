// The server of a test's repositories and the way that the program takes to it: http or https, straight or with squid between. A test that
// is written for a RepositoryServer holds for all of them.
#pragma once

#include "support/nginx_server.hpp"
#include "support/squid_proxy.hpp"
#include "support/test_ca.hpp"

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace lastack::cli::test {

struct Way {
    std::string name;
    bool tls = false;
    bool squid = false;

    friend std::ostream& operator<<(std::ostream& out, const Way& way) { return out << way.name; }
};

// For testing::ValuesIn and the names of its tests.
[[nodiscard]] const std::vector<Way>& every_way();
[[nodiscard]] std::string name_of(const Way& way);

class RepositoryServer {
public:
    // `idle_seconds`: how long an idle connection of the program is kept by whoever is at its other end, nginx or squid.
    RepositoryServer(const Way& way, lastack::test::NginxOptions options, unsigned idle_seconds = 75);

    [[nodiscard]] const lastack::test::NginxServer& nginx() const { return *nginx_; }
    // The lines that a .repo file, or [main], needs to get there.
    [[nodiscard]] std::string options() const;

    // Waits until nginx has answered so many requests and squid, where it is between, has told of them; empty when all is so, else what is
    // missing or too much.
    [[nodiscard]] std::string answered(std::size_t requests) const;
    // The program's connections as their other end counts them; call answered() first, after the program's end.
    [[nodiscard]] std::size_t connections() const;

private:
    Way way_;
    lastack::test::TestCa ca_;
    std::optional<lastack::test::NginxServer> nginx_;
    std::optional<lastack::test::SquidProxy> squid_;
};

}  // namespace lastack::cli::test
