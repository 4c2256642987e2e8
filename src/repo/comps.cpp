#include "repo/comps.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::string_view language_attribute = "http://www.w3.org/XML/1998/namespace|lang";
constexpr std::size_t most_shown = 32;

std::optional<CompsPackageType> type_of(std::string_view text) {
    if (text.empty() || text == "mandatory") {
        return CompsPackageType::mandatory;
    }
    if (text == "default") {
        return CompsPackageType::default_;
    }
    if (text == "optional") {
        return CompsPackageType::optional;
    }
    return text == "conditional" ? std::optional{CompsPackageType::conditional} : std::nullopt;
}

std::optional<std::int64_t> order_of(std::string_view text) {
    const bool negative = text.starts_with('-');
    const auto value = parse_decimal(text.substr(negative ? 1 : 0));
    constexpr std::uint64_t most = 1'000'000'000;
    if (!value || *value > most) {
        return std::nullopt;
    }
    return negative ? -static_cast<std::int64_t>(*value) : static_cast<std::int64_t>(*value);
}

}  // namespace

CompsReader::CompsReader(std::string_view name) : XmlDocument{name, "comps", {.document = max_comps_size, .text = max_document_text}} {}

CompsItem& CompsReader::item() {
    if (kind_ == Kind::group) {
        return comps_.groups.back();
    }
    if (kind_ == Kind::category) {
        return comps_.categories.back();
    }
    return comps_.environments.back();
}

void CompsReader::open(std::string_view element, const download::XmlAttributes& attributes) {
    if (depth() == 2) {
        return begin_item(element);
    }
    if (kind_ == Kind::none) {
        return;
    }
    if (depth() == 3) {
        list_ = element.substr(0, most_shown);
        language_ = attributes.get(language_attribute).value_or("");
        if (kind_ == Kind::langpacks && element == "match") {
            open_langpack(attributes);
        }
    } else if (depth() == 4) {
        open_member(element, attributes);
    }
}

void CompsReader::begin_item(std::string_view element) {
    constexpr std::string_view what = "groups, categories or environments";
    kind_ = Kind::none;
    if (element == "group" && has_room(comps_.groups.size(), max_comps_items, what)) {
        kind_ = Kind::group;
        comps_.groups.emplace_back();
    } else if (element == "category" && has_room(comps_.categories.size(), max_comps_items, what)) {
        kind_ = Kind::category;
        comps_.categories.emplace_back();
    } else if (element == "environment" && has_room(comps_.environments.size(), max_comps_items, what)) {
        kind_ = Kind::environment;
        comps_.environments.emplace_back();
    } else if (element == "langpacks") {
        kind_ = Kind::langpacks;
    }
}

void CompsReader::open_langpack(const download::XmlAttributes& attributes) {
    if (has_room(comps_.langpacks.size(), max_comps_members, "langpacks")) {
        CompsLangpack& langpack = comps_.langpacks.emplace_back();
        set_attribute(langpack.name, attributes, "name");
        set_attribute(langpack.install, attributes, "install");
    }
}

void CompsReader::open_member(std::string_view element, const download::XmlAttributes& attributes) {
    if (element == "packagereq") {
        const auto type = type_of(attributes.get("type").value_or(""));
        if (!type) {
            return fail("a package of the unknown type '" + printable(attributes.get("type")->substr(0, most_shown)) + "'");
        }
        package_ = {.type = *type, .base_arch_only = is_true(attributes.get("basearchonly").value_or(""))};
        set_attribute(package_.requires_package, attributes, "requires");
    } else if (element == "groupid") {
        option_is_default_ = is_true(attributes.get("default").value_or(""));
    }
}

void CompsReader::shut(std::string_view element, std::string_view text) {
    if (kind_ == Kind::none) {
        return;
    }
    if (depth() == 2) {
        if (kind_ != Kind::langpacks && item().id.empty()) {
            fail("a <" + std::string{element} + "> has no id");
        }
        kind_ = Kind::none;
    } else if (depth() == 3 && kind_ != Kind::langpacks) {
        shut_field(element, text);
    } else if (depth() == 4) {
        shut_member(element, text);
    }
}

void CompsReader::shut_field(std::string_view element, std::string_view text) {
    CompsItem& current = item();
    if (element == "id") {
        set_name(current.id, "id", text);
    } else if (element == "name") {
        language_.empty() ? set_word(current.name, "name", text) : add_translation(current.names, text);
    } else if (element == "description") {
        language_.empty() ? void(current.description = text) : add_translation(current.descriptions, text);
    } else if (element == "display_order") {
        current.display_order = order_of(text);
    } else if (kind_ == Kind::group) {
        shut_group_field(element, text);
    }
}

void CompsReader::shut_group_field(std::string_view element, std::string_view text) {
    CompsGroup& group = comps_.groups.back();
    if (element == "default") {
        group.is_default = is_true(text);
    } else if (element == "uservisible") {
        group.user_visible = is_true(text);
    } else if (element == "biarchonly") {
        group.bi_arch_only = is_true(text);
    } else if (element == "langonly") {
        set_word(group.lang_only, "language", text);
    }
}

void CompsReader::add_translation(std::map<std::string, std::string, std::less<>>& translations, std::string_view text) {
    if (!has_room(translations.size(), max_comps_translations, "translations")) {
        return;
    }
    std::string language;
    set_word(language, "language", language_);
    translations.insert_or_assign(std::move(language), std::string{text});
}

void CompsReader::shut_member(std::string_view element, std::string_view text) {
    if (element == "packagereq" && kind_ == Kind::group && list_ == "packagelist") {
        add_package(text);
    } else if (element == "groupid" && (kind_ == Kind::category || kind_ == Kind::environment)) {
        add_group_id(text);
    }
}

void CompsReader::add_package(std::string_view text) {
    auto& packages = comps_.groups.back().packages;
    if (!has_room(packages.size(), max_comps_members, "packages of a group")) {
        return;
    }
    set_name(package_.name, "name of a package", text);
    packages.push_back(std::exchange(package_, {}));
}

void CompsReader::add_group_id(std::string_view text) {
    std::string id;
    set_name(id, "id of a group", text);
    if (kind_ == Kind::environment && list_ == "optionlist") {
        auto& options = comps_.environments.back().options;
        if (has_room(options.size(), max_comps_members, "groups of an environment")) {
            options.push_back({.group_id = std::move(id), .is_default = option_is_default_});
        }
    } else if (list_ == "grouplist") {
        auto& ids = kind_ == Kind::category ? comps_.categories.back().group_ids : comps_.environments.back().group_ids;
        if (has_room(ids.size(), max_comps_members, "groups of one item")) {
            ids.push_back(std::move(id));
        }
    }
}

Result<Comps> parse_comps(std::string_view text, std::string_view name) {
    CompsReader reader{name};
    if (auto fed = reader.feed(std::as_bytes(std::span{text})); !fed) {
        return std::unexpected(std::move(fed.error()));
    }
    if (auto ended = reader.end(); !ended) {
        return std::unexpected(std::move(ended.error()));
    }
    return reader.take_comps();
}

}  // namespace lastack::repo
