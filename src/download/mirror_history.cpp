// The file of the mirror book: one line per host, after urlgrabber's timed hosts ("host speed fail ts"), which are read as well.
#include "download/mirror_book.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace lastack::download {

namespace {

constexpr std::size_t most_hosts = 1000;
constexpr std::size_t longest_host = 300;
constexpr double fastest = 1e12;  // bytes per second that are believed
constexpr double longest = 3600;  // seconds to connect that are believed
constexpr double most_fails = 1000;
constexpr double most_taken = 1000;
constexpr double default_rate = 500e3;
constexpr double rate_half_life = 30.0 * 86400;
constexpr double oldest = 365.0 * 86400;

std::string_view take_word(std::string_view& line) {
    const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
    const auto end = std::min(line.find_first_of(" \t", begin), line.size());
    const auto word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

std::optional<double> take_number(std::string_view& line, double most) {
    const auto word = take_word(line);
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(value) || value < 0 || value > most) {
        return std::nullopt;
    }
    return value;
}

std::string whole(double value) { return std::to_string(std::llround(value)); }

}  // namespace

std::string MirrorBook::write(TimePoint now, std::int64_t wall) const {
    std::vector<const std::pair<const std::string, HostRecord>*> newest;
    for (const auto& entry : hosts_) {
        if (entry.second.explored || entry.second.succeeded || entry.second.fails > 0) {
            newest.push_back(&entry);
        }
    }
    std::ranges::sort(newest, [](const auto* a, const auto* b) { return a->second.used_at > b->second.used_at; });
    newest.resize(std::min(newest.size(), most_hosts));
    std::string text = "# host speed fail ts connect_ms answer_ms at_a_time\n";
    for (const auto* entry : newest) {
        const HostRecord& record = entry->second;
        const double age = std::chrono::duration<double>(now - record.used_at).count();
        text += entry->first + ' ' + whole(record.rate) + ' ' + std::to_string(record.fails) + ' ' +
                whole(static_cast<double>(wall) - age) + ' ' + whole(record.setup * 1000) + ' ' + whole(record.first_byte * 1000) + ' ' +
                std::to_string(record.taken) + '\n';
    }
    return text;
}

void MirrorBook::read(std::string_view text, TimePoint now, std::int64_t wall) {
    std::size_t hosts = 0;
    while (!text.empty() && hosts < most_hosts) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string host{take_word(line)};
        const auto rate = take_number(line, fastest);
        const auto fails = take_number(line, most_fails);
        const auto used = take_number(line, 1e12);
        if (host.empty() || host.front() == '#' || host.size() > longest_host || !rate || !fails || !used) {
            continue;
        }
        ++hosts;
        const double age = std::clamp(static_cast<double>(wall) - *used, 0.0, oldest);
        HostRecord record;
        record.rate = *rate == 0 ? 0 : default_rate + (*rate - default_rate) * std::exp2(-age / rate_half_life);
        record.fails = static_cast<unsigned>(*fails);
        record.used_at = record.failed_at = now - std::chrono::duration_cast<Duration>(std::chrono::duration<double>(age));
        record.setup = take_number(line, longest * 1000).value_or(0) / 1000;
        record.first_byte = take_number(line, longest * 1000).value_or(0) / 1000;
        record.taken = static_cast<unsigned>(take_number(line, most_taken).value_or(0));
        record.succeeded = *rate > 0;
        hosts_.insert_or_assign(host, std::move(record));
    }
}

}  // namespace lastack::download
