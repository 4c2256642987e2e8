// comps.xml: groups of packages, and what bundles the groups. Pure. The words are the repository's: whoever shows them makes them
// printable.
#pragma once

#include "repo/xml_document.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

enum class CompsPackageType : std::uint8_t { mandatory, default_, optional, conditional };

struct CompsPackage {
    std::string name;
    CompsPackageType type = CompsPackageType::mandatory;
    std::string requires_package;  // conditional: only where this one is
    bool base_arch_only = false;

    friend bool operator==(const CompsPackage&, const CompsPackage&) = default;
};

// What groups, categories and environments have in common.
struct CompsItem {
    std::string id;
    std::string name;
    std::string description;
    std::map<std::string, std::string, std::less<>> names;  // by language, "de", "pt_BR"
    std::map<std::string, std::string, std::less<>> descriptions;
    std::optional<std::int64_t> display_order;

    friend bool operator==(const CompsItem&, const CompsItem&) = default;
};

struct CompsGroup : CompsItem {
    bool is_default = false;
    bool user_visible = true;
    bool bi_arch_only = false;
    std::string lang_only;  // only for this language; empty: for all
    std::vector<CompsPackage> packages;

    friend bool operator==(const CompsGroup&, const CompsGroup&) = default;
};

struct CompsCategory : CompsItem {
    std::vector<std::string> group_ids;

    friend bool operator==(const CompsCategory&, const CompsCategory&) = default;
};

struct CompsOption {
    std::string group_id;
    bool is_default = false;

    friend bool operator==(const CompsOption&, const CompsOption&) = default;
};

struct CompsEnvironment : CompsItem {
    std::vector<std::string> group_ids;
    std::vector<CompsOption> options;

    friend bool operator==(const CompsEnvironment&, const CompsEnvironment&) = default;
};

// "install" is a package's name for a language, with "%s" where the language stands.
struct CompsLangpack {
    std::string name;
    std::string install;

    friend bool operator==(const CompsLangpack&, const CompsLangpack&) = default;
};

struct Comps {
    std::vector<CompsGroup> groups;  // in the order of the document; an id may come twice, the later ones add to the first
    std::vector<CompsCategory> categories;
    std::vector<CompsEnvironment> environments;
    std::vector<CompsLangpack> langpacks;

    friend bool operator==(const Comps&, const Comps&) = default;
};

// Errors: RepoErrc::bad_metadata, beginning with "NAME:LINE:COLUMN: ": no XML, a DOCTYPE, beyond a limit, an item without id, a package of
// an unknown type.
class CompsReader final : public XmlDocument {
public:
    explicit CompsReader(std::string_view name);
    // When end() has returned without an error.
    [[nodiscard]] Comps take_comps() { return std::move(comps_); }

private:
    enum class Kind : std::uint8_t { none, group, category, environment, langpacks };

    void open(std::string_view element, const download::XmlAttributes& attributes) override;
    void shut(std::string_view element, std::string_view text) override;

    void begin_item(std::string_view element);
    void open_member(std::string_view element, const download::XmlAttributes& attributes);
    void open_langpack(const download::XmlAttributes& attributes);
    void shut_field(std::string_view element, std::string_view text);
    void shut_group_field(std::string_view element, std::string_view text);
    void shut_member(std::string_view element, std::string_view text);
    void add_translation(std::map<std::string, std::string, std::less<>>& translations, std::string_view text);
    void add_package(std::string_view text);
    void add_group_id(std::string_view text);
    [[nodiscard]] CompsItem& item();

    Comps comps_;
    Kind kind_ = Kind::none;
    std::string language_;
    std::string list_;  // the element at depth 3 that members stand in
    CompsPackage package_;
    bool option_is_default_ = false;
};

[[nodiscard]] Result<Comps> parse_comps(std::string_view text, std::string_view name);

}  // namespace lastack::repo
