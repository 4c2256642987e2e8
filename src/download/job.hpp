// One file from its first attempt to its final name: already there? partial from an earlier run? mirrors in turn, resume, verify, commit.
// The story file of the download layer.
#pragma once

#include "download/attempts.hpp"
#include "download/need.hpp"
#include "download/progress.hpp"
#include "download/throttle.hpp"
#include "net/workers.hpp"

#include "lastack/client.hpp"

#include <memory>
#include <optional>

namespace lastack::download {

// `need` is dropped when the first request goes to the pool.
[[nodiscard]] net::Task<Result<DownloadResult>> run_job(Transport transport, net::Workers& disk, Throttle& throttle,
                                                        DownloadRequest request, std::shared_ptr<JobProgress> progress,
                                                        std::optional<Need> need);

}  // namespace lastack::download
