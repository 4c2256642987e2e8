#include "repo/shared_progress.hpp"

namespace lastack::repo {

class SharedProgress::Part final : public ProgressObserver {
public:
    Part(SharedProgress& shared, std::size_t first) : shared_{shared}, first_{first} {}

    void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) override {
        const std::lock_guard lock{shared_.mutex_};
        shared_.observer_->started(first_ + index, label, total);
    }
    void advanced(std::size_t index, std::uint64_t received, std::optional<std::uint64_t> total) override {
        const std::lock_guard lock{shared_.mutex_};
        shared_.observer_->advanced(first_ + index, received, total);
    }
    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        const std::lock_guard lock{shared_.mutex_};
        shared_.observer_->finished(first_ + index, result);
    }
    void tick() override {
        const std::lock_guard lock{shared_.mutex_};
        shared_.observer_->tick();
    }

private:
    SharedProgress& shared_;
    std::size_t first_;
};

std::unique_ptr<ProgressObserver> SharedProgress::part(std::size_t files) {
    if (observer_ == nullptr) {
        return nullptr;
    }
    const std::lock_guard lock{mutex_};
    const std::size_t first = next_;
    next_ += files;
    return std::make_unique<Part>(*this, first);
}

}  // namespace lastack::repo
