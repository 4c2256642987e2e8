#include "repo/updateinfo.hpp"

#include "base/text.hpp"

#include <chrono>
#include <utility>

namespace lastack::repo {

namespace {

// `count` digits at the front, taken away.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    const auto value = text.size() >= count ? parse_decimal(text.substr(0, count)) : std::nullopt;
    if (!value) {
        return std::nullopt;
    }
    text.remove_prefix(count);
    return static_cast<int>(*value);
}

bool take(std::string_view& text, char c) {
    const bool there = text.starts_with(c);
    text.remove_prefix(there ? 1 : 0);
    return there;
}

std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
    const auto hour = take_digits(text, 2);
    const auto minute = hour && take(text, ':') ? take_digits(text, 2) : std::nullopt;
    const auto second = minute && take(text, ':') ? take_digits(text, 2) : std::optional{0};
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    if (take(text, '.')) {
        text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
    }
    text = trim(text);
    if (!text.empty() && text != "Z" && text != "UTC" && text != "GMT" && text != "+00:00" && text != "+0000") {
        return std::nullopt;
    }
    return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
}

}  // namespace

std::optional<std::int64_t> advisory_date(std::string_view text) {
    text = trim(text);
    constexpr std::uint64_t year_9999 = 253'402'300'799;
    if (const auto seconds = parse_decimal(text)) {
        return *seconds <= year_9999 ? std::optional{static_cast<std::int64_t>(*seconds)} : std::nullopt;
    }
    const auto year = take_digits(text, 4);
    const auto month = year && take(text, '-') ? take_digits(text, 2) : std::nullopt;
    const auto day = month && take(text, '-') ? take_digits(text, 2) : std::nullopt;
    if (!day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    const bool has_time = take(text, ' ') || take(text, 'T');
    const auto time = has_time ? time_of_day(text) : (text.empty() ? std::optional{std::chrono::seconds{0}} : std::nullopt);
    return time ? std::optional{(std::chrono::sys_seconds{std::chrono::sys_days{date}} + *time).time_since_epoch().count()} : std::nullopt;
}

UpdateinfoReader::UpdateinfoReader(std::string_view name, std::function<void(Advisory&&)> on_advisory)
    : XmlDocument{name, "updates", streamed_xml}, on_advisory_{std::move(on_advisory)} {}

void UpdateinfoReader::open(std::string_view element, const download::XmlAttributes& attributes) {
    if (depth() == 2 && element == "update") {
        if (has_room(count_++, max_advisories, "advisories")) {
            in_advisory_ = true;
            advisory_ = {};
            set_attribute(advisory_.type, attributes, "type");
            set_attribute(advisory_.status, attributes, "status");
            set_attribute(advisory_.from, attributes, "from");
        }
    } else if (in_advisory_) {
        open_field(element, attributes);
    }
}

void UpdateinfoReader::open_field(std::string_view element, const download::XmlAttributes& attributes) {
    if (depth() == 3 && (element == "issued" || element == "updated")) {
        (element == "issued" ? advisory_.issued : advisory_.updated) = advisory_date(attributes.get("date").value_or(""));
    } else if (depth() == 3 && element == "references") {
        in_references_ = true;
    } else if (depth() == 4 && in_references_ && element == "reference") {
        open_reference(attributes);
    } else if (depth() == 4 && element == "collection") {
        in_collection_ = true;
        collection_.clear();
        set_attribute(collection_, attributes, "short");
    } else if (depth() == 5 && in_collection_ && element == "package") {
        open_package(attributes);
    } else if (depth() == 5 && in_collection_ && element == "module") {
        open_module(attributes);
    }
}

void UpdateinfoReader::open_reference(const download::XmlAttributes& attributes) {
    if (!has_room(advisory_.references.size(), max_advisory_references, "references of an advisory")) {
        return;
    }
    AdvisoryReference& reference = advisory_.references.emplace_back();
    set_attribute(reference.type, attributes, "type");
    set_attribute(reference.id, attributes, "id");
    reference.title = attributes.get("title").value_or("");
    reference.href = attributes.get("href").value_or("");
}

void UpdateinfoReader::open_package(const download::XmlAttributes& attributes) {
    if (!has_room(advisory_.packages.size(), max_advisory_packages, "packages of an advisory")) {
        return;
    }
    in_package_ = true;
    AdvisoryPackage& package = advisory_.packages.emplace_back();
    set_name(package.name, "name of a package", attributes.get("name").value_or(""));
    set_name(package.version, "version of a package", attributes.get("version").value_or(""));
    set_attribute(package.release, attributes, "release");
    set_attribute(package.epoch, attributes, "epoch");
    set_attribute(package.arch, attributes, "arch");
    package.collection = collection_;
}

void UpdateinfoReader::open_module(const download::XmlAttributes& attributes) {
    if (!has_room(advisory_.modules.size(), max_advisory_packages, "modules of an advisory")) {
        return;
    }
    AdvisoryModule& module = advisory_.modules.emplace_back();
    set_name(module.name, "name of a module", attributes.get("name").value_or(""));
    set_attribute(module.stream, attributes, "stream");
    set_attribute(module.version, attributes, "version");
    set_attribute(module.context, attributes, "context");
    set_attribute(module.arch, attributes, "arch");
}

void UpdateinfoReader::shut(std::string_view element, std::string_view text) {
    if (!in_advisory_) {
        return;
    }
    switch (depth()) {
        case 2:
            return end_advisory();
        case 3:
            in_references_ = false;
            return shut_field(element, text);
        case 4:
            in_collection_ = false;
            return;
        case 5:
            in_package_ = false;
            return;
        case 6:
            return in_package_ ? shut_package_field(element, text) : void();
        default:
            return;
    }
}

void UpdateinfoReader::shut_field(std::string_view element, std::string_view text) {
    if (element == "id") {
        set_name(advisory_.id, "id of an advisory", text);
    } else if (element == "severity") {
        set_word(advisory_.severity, element, text);
    } else if (element == "title") {
        advisory_.title = text;
    } else if (element == "summary") {
        advisory_.summary = text;
    } else if (element == "description") {
        advisory_.description = text;
    } else if (element == "solution") {
        advisory_.solution = text;
    } else if (element == "rights") {
        advisory_.rights = text;
    } else if (element == "release") {
        set_word(advisory_.release, element, text);
    } else if (element == "pushcount") {
        set_word(advisory_.push_count, element, text);
    } else if (element == "reboot_suggested") {
        advisory_.reboot_suggested = text.empty() || is_true(text);
    }
}

void UpdateinfoReader::shut_package_field(std::string_view element, std::string_view text) {
    AdvisoryPackage& package = advisory_.packages.back();
    const bool suggested = text.empty() || is_true(text);
    if (element == "reboot_suggested") {
        package.reboot_suggested = suggested;
        advisory_.reboot_suggested = advisory_.reboot_suggested || suggested;
    } else if (element == "restart_suggested") {
        package.restart_suggested = suggested;
    } else if (element == "relogin_suggested") {
        package.relogin_suggested = suggested;
    }
}

void UpdateinfoReader::end_advisory() {
    in_advisory_ = false;
    if (advisory_.id.empty()) {
        return fail("an advisory has no id");
    }
    if (!failed()) {
        on_advisory_(std::move(advisory_));
    }
}

}  // namespace lastack::repo
