#include "http/retry_after.hpp"

#include <algorithm>
#include <array>

namespace lastack::http {

namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_days{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr int years_ahead = 50;  // an RFC 850 date further away than this is of the last century

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a date apart from the left; the first thing that does not fit makes it a failure for good.
class DateReader {
public:
    explicit DateReader(std::string_view text) : rest_{text} {}

    void literal(std::string_view expected) {
        ok_ = ok_ && rest_.starts_with(expected);
        rest_.remove_prefix(ok_ ? expected.size() : 0);
    }
    template <std::size_t N>
    unsigned one_of(const std::array<std::string_view, N>& words) {
        for (unsigned i = 0; ok_ && i < N; ++i) {
            if (rest_.starts_with(words[i])) {
                rest_.remove_prefix(words[i].size());
                return i;
            }
        }
        ok_ = false;
        return 0;
    }
    int digits(std::size_t count) {
        ok_ = ok_ && rest_.size() >= count && std::ranges::all_of(rest_.substr(0, count), is_digit);
        int value = 0;
        for (std::size_t i = 0; ok_ && i < count; ++i) {
            value = 10 * value + (rest_[i] - '0');
        }
        rest_.remove_prefix(ok_ ? count : 0);
        return value;
    }
    int day_of_asctime() {
        if (rest_.starts_with(' ')) {
            literal(" ");
            return digits(1);
        }
        return digits(2);
    }
    std::chrono::seconds time_of_day() {
        const int hour = digits(2);
        literal(":");
        const int minute = digits(2);
        literal(":");
        const int second = digits(2);
        ok_ = ok_ && hour < 24 && minute < 60 && second <= 60;
        return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
    }
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool ok_ = true;
};

std::optional<sys_seconds> moment(bool read, int year, unsigned month, int day, std::chrono::seconds time) {
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month + 1},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!read || !date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date} + time;
}

std::optional<sys_seconds> imf_date(std::string_view text) {
    DateReader reader{text};
    reader.one_of(days);
    reader.literal(", ");
    const int day = reader.digits(2);
    reader.literal(" ");
    const unsigned month = reader.one_of(months);
    reader.literal(" ");
    const int year = reader.digits(4);
    reader.literal(" ");
    const auto time = reader.time_of_day();
    reader.literal(" GMT");
    return moment(reader.done(), year, month, day, time);
}

std::optional<sys_seconds> rfc850_date(std::string_view text, sys_seconds now) {
    DateReader reader{text};
    reader.one_of(long_days);
    reader.literal(", ");
    const int day = reader.digits(2);
    reader.literal("-");
    const unsigned month = reader.one_of(months);
    reader.literal("-");
    const int short_year = reader.digits(2);
    reader.literal(" ");
    const auto time = reader.time_of_day();
    reader.literal(" GMT");
    const int this_year = int{std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(now)}.year()};
    int year = this_year - this_year % 100 + short_year;
    year -= year > this_year + years_ahead ? 100 : 0;
    return moment(reader.done(), year, month, day, time);
}

std::optional<sys_seconds> asctime_date(std::string_view text) {
    DateReader reader{text};
    reader.one_of(days);
    reader.literal(" ");
    const unsigned month = reader.one_of(months);
    reader.literal(" ");
    const int day = reader.day_of_asctime();
    reader.literal(" ");
    const auto time = reader.time_of_day();
    reader.literal(" ");
    const int year = reader.digits(4);
    return moment(reader.done(), year, month, day, time);
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) {
    if (const auto date = imf_date(text)) {
        return date;
    }
    if (const auto date = rfc850_date(text, now)) {
        return date;
    }
    return asctime_date(text);
}

std::string write_http_date(sys_seconds when) {
    when = std::clamp(when, sys_seconds{}, sys_seconds{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}});
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{when - day};
    const auto digits = [](std::int64_t value, std::size_t count) {
        std::string text = std::to_string(value);
        return std::string(count - std::min(count, text.size()), '0') + text;
    };
    return std::string{days[std::chrono::weekday{day}.c_encoding()]} + ", " + digits(unsigned{date.day()}, 2) + " " +
           std::string{months[unsigned{date.month()} - 1]} + " " + digits(int{date.year()}, 4) + " " + digits(time.hours().count(), 2) +
           ":" + digits(time.minutes().count(), 2) + ":" + digits(time.seconds().count(), 2) + " GMT";
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::optional<std::string_view> date, sys_seconds now) {
    value = trim(value);
    if (!value.empty() && std::ranges::all_of(value, is_digit)) {
        // A number beyond 64 bits is as good as the longest.
        const auto longest = static_cast<std::uint64_t>(longest_retry_after.count());
        return std::chrono::seconds{static_cast<std::int64_t>(std::min(parse_decimal(value).value_or(longest), longest))};
    }
    const auto until = parse_http_date(value, now);
    if (!until) {
        return std::nullopt;
    }
    const auto said = date ? parse_http_date(trim(*date), now) : std::nullopt;
    return std::clamp(*until - said.value_or(now), std::chrono::seconds{0}, longest_retry_after);
}

std::optional<std::chrono::seconds> retry_after(const ResponseHead& head, sys_seconds now) {
    const auto values = head.fields.all("Retry-After");
    if (values.empty() || std::ranges::any_of(values, [&](std::string_view value) { return value != values.front(); })) {
        return std::nullopt;
    }
    return parse_retry_after(values.front(), head.fields.find("Date"), now);
}

}  // namespace lastack::http
