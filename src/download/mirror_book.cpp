#include "download/mirror_book.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace lastack::download {

namespace {

constexpr double assumed_rate = 1e6;       // of a host that only sent what is too small to measure
constexpr double rate_memory = 3;          // seconds of transfer after which an old rate counts a third
constexpr double least_measured = 65536;   // bytes: less is a measure of the buffers in between
constexpr double least_time = 0.5;         // seconds: a drip is measured by its time
constexpr double mean_weight = 0.25;       // of a new setup or first byte
constexpr double share_weight = 0.2;       // of one attempt in fail_share
constexpr double fail_half_life = 600;     // seconds
constexpr double most_fails = 6;           // that count in the cost: a factor of 64
constexpr double fails_of_a_good_one = 3;  // in a row, until a host that did succeed stands behind the unknown ones
constexpr unsigned fails_when_down = 3;
constexpr double down_time = 10;  // seconds until a host that is down is asked again
constexpr double lately = 300;    // seconds in which a rate says something of the link of now

double seconds_between(TimePoint from, TimePoint to) { return std::max(0.0, std::chrono::duration<double>(to - from).count()); }

void mix(double& mean, double value, double weight) { mean = mean == 0 ? value : mean + weight * (value - mean); }

}  // namespace

double MirrorBook::faded_fails(const HostRecord& record, TimePoint now) {
    return record.fails == 0 ? 0 : record.fails * std::exp2(-seconds_between(record.failed_at, now) / fail_half_life);
}

void MirrorBook::began(const std::string& host, TimePoint now) {
    HostRecord& record = hosts_[host];
    ++record.active;
    ++record.requests;
    record.used_at = now;
}

void MirrorBook::ended(const std::string& host, const AttemptSample& sample, TimePoint now) {
    HostRecord& record = hosts_[host];
    record.active -= record.active > 0 ? 1 : 0;
    record.used_at = now;
    if (sample.setup) {
        ++record.opened;
        mix(record.setup, *sample.setup, mean_weight);
    }
    if (sample.first_byte) {
        mix(record.first_byte, *sample.first_byte, mean_weight);
    }
    if (sample.outcome == AttemptOutcome::no_blame) {
        return;
    }
    record.explored = changed_ = true;
    if (sample.outcome == AttemptOutcome::failed) {
        record.fails = std::min(record.fails + 1, 1000u);
        record.failed_at = now;
        record.fail_share += share_weight * (1 - record.fail_share);
        return;
    }
    record.fails = 0;
    if (sample.outcome == AttemptOutcome::succeeded) {
        record.fail_share -= share_weight * record.fail_share;
        record.succeeded = true;
    }
}

void MirrorBook::carried(const std::string& host, std::uint64_t bytes, double seconds, TimePoint now) {
    const auto size = static_cast<double>(bytes);
    if (seconds <= 0 || (size < least_measured && seconds < least_time)) {
        return;
    }
    HostRecord& record = hosts_[host];
    // A large piece within no time is worth its bytes as well: many quick files are a measure too.
    const double weight = std::max(1 - std::exp(-seconds / rate_memory), std::min(0.5, size / 4e6));
    mix(record.rate, size / seconds, weight);
    record.used_at = now;
    mix(record.rate_now, size / seconds, weight);
    record.measured_at = now;
    changed_ = true;
}

void MirrorBook::took(const std::string& host, unsigned at_a_time) {
    const auto found = hosts_.find(host);
    if (found != hosts_.end() && found->second.taken != at_a_time) {
        found->second.taken = at_a_time;
        changed_ = true;
    }
}

void MirrorBook::failed_with(const std::string& host, const Error& error) { hosts_[host].last_error = error; }

const HostRecord* MirrorBook::find(const std::string& host) const {
    const auto found = hosts_.find(host);
    return found == hosts_.end() ? nullptr : &found->second;
}

bool MirrorBook::known_good(const std::string& host, TimePoint now) const {
    const HostRecord* record = find(host);
    return record != nullptr && record->succeeded && !record->removed && faded_fails(*record, now) < 1;
}

bool MirrorBook::is_down(const std::string& host, TimePoint now) const {
    const HostRecord* record = find(host);
    return record != nullptr && record->fails >= fails_when_down && record->last_error &&
           seconds_between(record->failed_at, now) < down_time;
}

unsigned MirrorBook::active() const {
    unsigned active = 0;
    for (const auto& [host, record] : hosts_) {
        active += record.active;
    }
    return active;
}

double MirrorBook::fastest_beside(const std::string& host, TimePoint now) const {
    double fastest = 0;
    for (const auto& [name, record] : hosts_) {
        if (name != host && seconds_between(record.measured_at, now) < lately) {
            fastest = std::max(fastest, record.rate_now);
        }
    }
    return fastest;
}

std::optional<double> MirrorBook::cost(const std::string& host, double size, TimePoint now) const {
    const HostRecord* record = find(host);
    if (record == nullptr || (record->rate <= 0 && !record->succeeded)) {
        return std::nullopt;
    }
    // What a connection costs is shared by all requests that it carries.
    const double opened = record->requests == 0 ? 1 : static_cast<double>(record->opened) / static_cast<double>(record->requests);
    const double seconds =
        record->setup * std::min(opened, 1.0) + record->first_byte + size / (record->rate > 0 ? record->rate : assumed_rate);
    return seconds * std::exp2(std::min(faded_fails(*record, now), most_fails)) / std::max(0.1, 1 - record->fail_share);
}

std::vector<std::size_t> MirrorBook::rank(const std::vector<std::string>& hosts, const Question& question, TimePoint now) const {
    enum Class : unsigned char { to_explore, known, unknown, useless, failing, removed };
    using Key = std::tuple<Class, double, std::size_t>;
    static const HostRecord nothing;
    const auto record_of = [&](const std::string& host) -> const HostRecord& {
        const HostRecord* record = find(host);
        return record == nullptr ? nothing : *record;
    };
    bool exploring = false;
    bool any_known = false;
    for (const std::string& host : hosts) {
        const HostRecord& record = record_of(host);
        exploring = exploring || (record.active > 0 && !record.explored && !record.succeeded);
        any_known = any_known || known_good(host, now);
    }
    std::vector<Key> keys;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const HostRecord& record = record_of(hosts[i]);
        const double fails = faded_fails(record, now);
        if (record.removed) {
            keys.emplace_back(removed, 0, i);
        } else if (fails >= (record.succeeded ? fails_of_a_good_one : 0.5)) {
            keys.emplace_back(failing, fails, i);
        } else if (record.succeeded) {
            const double wait =
                1 + static_cast<double>(record.active / std::max(1u, question.connections));  // NOLINT(bugprone-integer-division)
            keys.emplace_back(known, wait * cost(hosts[i], question.size, now).value_or(0), i);
        } else if (record.explored) {
            keys.emplace_back(useless, 0, i);
        } else if (question.explore) {
            const bool now_is_the_time = record.active == 0 && !(any_known && exploring);
            keys.emplace_back(now_is_the_time ? to_explore : unknown, record.active, i);
            exploring = exploring || (now_is_the_time && any_known);
        } else {
            keys.emplace_back(unknown, 0, i);
        }
    }
    std::ranges::sort(keys);
    std::vector<std::size_t> order;
    for (const Key& key : keys) {
        order.push_back(std::get<2>(key));
    }
    return order;
}

}  // namespace lastack::download
