#include "download/client_impl.hpp"
#include "download/stream.hpp"

namespace lastack {

Transfer<DownloadResult> Client::start(DownloadRequest request, Transfer<DownloadResult>::Done done) {
    const auto progress = std::make_shared<download::JobProgress>();  // owners: the job and the handle
    auto add = [impl = impl_.get(), progress, request = std::move(request)](auto finished) mutable {
        return impl->engine->add(std::move(request), progress, std::move(finished));
    };
    auto look = [progress] {
        const std::uint64_t total = progress->total;
        return TransferProgress{.started = progress->started,
                                .received = progress->received,
                                .total = total == download::JobProgress::unknown ? std::nullopt : std::optional{total}};
    };
    return impl_->begin<DownloadResult>(std::move(add), look, std::move(done));
}

Transfer<FetchResult> Client::start(FetchRequest request, Transfer<FetchResult>::Done done) {
    auto add = [impl = impl_.get(), request = std::move(request)](auto finished) mutable {
        return impl->engine->add(std::move(request), std::move(finished));
    };
    return impl_->begin<FetchResult>(std::move(add), nullptr, std::move(done));
}

Transfer<FetchResult> Client::start(std::string url) {
    FetchRequest request;
    request.urls.push_back(std::move(url));
    return start(std::move(request));
}

Result<FetchResult> Client::fetch(std::string url) { return start(std::move(url)).get(); }

Result<Reader> Client::open(FetchRequest request) {
    using download::StreamPipe;
    const auto id = std::make_shared<std::optional<download::Engine::JobId>>();  // on the reactor only
    const auto weak = std::make_shared<std::weak_ptr<StreamPipe>>();
    const auto pipe = std::make_shared<StreamPipe>([impl = impl_.get(), id, weak](StreamPipe&) {
        return StreamPipe::Hooks{.room =
                                     [impl, weak] {
                                         asio::post(impl->context, [pipe = weak->lock()] {
                                             if (pipe) {
                                                 pipe->room_came();
                                             }
                                         });
                                     },
                                 .cancel =
                                     [impl, id] {
                                         asio::post(impl->context, [impl, id] {
                                             if (*id) {
                                                 impl->engine->cancel(**id);
                                             }
                                         });
                                     }};
    });
    *weak = pipe;
    asio::post(impl_->context, [impl = impl_.get(), id, pipe, request = std::move(request)]() mutable {
        *id = impl->engine->add(std::move(request), pipe);
    });
    if (auto opened = pipe->wait_open(); !opened) {
        return Failure{std::move(opened.error())};
    }
    return Reader{pipe};
}

}  // namespace lastack
