#include "repo/ini.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t shown_length = 40;

std::string shown(std::string_view text) { return "'" + printable(text.substr(0, shown_length)) + "'"; }

bool has_control_character(std::string_view line) {
    return std::ranges::any_of(line, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

// WHERE of a line include=WHERE, which may stand anywhere, also where a value would go on.
std::optional<std::string_view> included_by(std::string_view content) {
    constexpr std::string_view word = "include";
    if (!iequals(content.substr(0, word.size()), word)) {
        return std::nullopt;
    }
    const std::string_view rest = trim(content.substr(word.size()));
    return rest.starts_with('=') ? std::optional{trim(rest.substr(1))} : std::nullopt;
}

class Parser {
public:
    explicit Parser(const Includer& include) : include_{include} {}

    void text(std::string_view text) {
        bytes_ += text.size();
        if (text.starts_with(byte_order_mark)) {
            text.remove_prefix(byte_order_mark.size());
        }
        while (!text.empty()) {
            const auto end = text.find('\n');
            line(text.substr(0, end));
            text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        }
    }

    IniFile finish() { return std::move(file_); }

private:
    void line(std::string_view text) {
        ++number_;
        if (text.ends_with('\r')) {
            text.remove_suffix(1);
        }
        if (const auto what = damage_of(text); !what.empty()) {
            if (text.starts_with('[')) {
                begin_section({});
            }
            bad(what);
            return;
        }
        const std::string_view content = trim(text);
        // A comment or an empty line between continuation lines does not end the value (yum's habit).
        if (content.empty() || content.starts_with('#') || content.starts_with(';')) {
            return;
        }
        const bool indented = text.front() == ' ' || text.front() == '\t';
        if (const auto where = include_ ? included_by(content) : std::nullopt) {
            include(*where);
        } else if (indented && continues_) {
            continue_value(content);
        } else if (content.starts_with('[')) {
            header(content);
        } else {
            entry(content);
        }
    }

    // The lines of the other file come in the place of this one.
    void include(std::string_view where) {
        continues_ = false;
        if (where.empty()) {
            bad("include= names no file");
            return;
        }
        if (depth_ == max_include_depth) {
            bad("files include each other more than " + std::to_string(max_include_depth) + " deep");
            return;
        }
        auto other = include_(where, file_.name_of(in_, {}));
        if (!other) {
            bad("include: " + other.error());
            return;
        }
        if (!*other) {
            return;
        }
        if (file_.included.size() + 1 == max_config_files) {
            bad("more than " + std::to_string(max_config_files) + " files include each other");
            return;
        }
        if (bytes_ + (*other)->text.size() > max_config_file) {
            bad("with what it includes the file is larger than " + std::to_string(max_config_file) + " bytes");
            return;
        }
        file_.included.push_back(std::move((*other)->name));
        const auto outer = std::pair{in_, number_};
        in_ = static_cast<unsigned>(file_.included.size());
        number_ = 0;
        ++depth_;
        this->text((*other)->text);
        --depth_;
        std::tie(in_, number_) = outer;
        continues_ = false;
    }

    static std::string damage_of(std::string_view text) {
        if (text.size() > max_config_line) {
            return "the line is longer than " + std::to_string(max_config_line) + " bytes";
        }
        return has_control_character(text) ? "the line holds a control character" : "";
    }

    void header(std::string_view content) {
        const auto end = content.find(']');
        const std::string_view rest = end == std::string_view::npos ? std::string_view{} : trim(content.substr(end + 1));
        if (end == std::string_view::npos) {
            begin_section({});
            bad("the section " + shown(content) + " does not close with ']'");
        } else if (!rest.empty() && rest.front() != '#' && rest.front() != ';') {
            begin_section({});
            bad("something follows the section " + shown(content.substr(0, end + 1)));
        } else {
            begin_section(content.substr(1, end - 1));
            if (end == 1) {
                bad("the section has no name");
            }
        }
    }

    void entry(std::string_view content) {
        const auto separator = content.find_first_of("=:");
        const std::string_view key = trim(content.substr(0, separator));
        if (separator == std::string_view::npos || key.empty()) {
            bad("the line that begins with " + shown(first_word(content)) + " is no KEY=VALUE");
            return;
        }
        if (file_.sections.empty()) {
            bad("the option " + shown(first_word(key)) + " stands before any [section]");
            return;
        }
        file_.sections.back().entries.push_back(
            {.key = to_lower(key), .value = std::string{trim(content.substr(separator + 1))}, .line = number_, .file = in_});
        continues_ = true;
    }

    void continue_value(std::string_view content) {
        std::string& value = file_.sections.back().entries.back().value;
        if (value.size() + content.size() > max_config_line) {
            bad("the value is longer than " + std::to_string(max_config_line) + " bytes");
            return;
        }
        value += '\n';
        value += content;
    }

    void begin_section(std::string_view name) {
        file_.sections.push_back({.name = std::string{name}, .line = number_, .entries = {}, .problem = {}, .file = in_});
        continues_ = false;
    }

    void bad(std::string what) {
        continues_ = false;
        auto& place = file_.sections.empty() ? file_.problem : file_.sections.back().problem;
        if (!place) {
            place = IniProblem{.line = number_, .what = std::move(what), .file = in_};
        }
    }

    const Includer& include_;
    IniFile file_;
    unsigned in_ = 0;      // the file whose lines are read
    unsigned number_ = 0;  // of the line in it
    unsigned depth_ = 0;
    std::uint64_t bytes_ = 0;  // of all files
    bool continues_ = false;
};

}  // namespace

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(" \t")); }

IniFile parse_ini(std::string_view text, const Includer& include) {
    if (text.size() > max_config_file) {
        IniFile file;
        file.problem = IniProblem{.line = 1, .what = "the file is larger than " + std::to_string(max_config_file) + " bytes"};
        return file;
    }
    Parser parser{include};
    parser.text(text);
    return parser.finish();
}

}  // namespace lastack::repo
