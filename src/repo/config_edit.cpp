#include "repo/config_edit.hpp"

#include "base/text.hpp"
#include "repo/option_table.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::string_view blanks = " \t";

// The lines of a text by their numbers (from 1, as parse_ini counts), each with its line end, and what shall become of them.
class Lines {
public:
    explicit Lines(std::string_view text) {
        while (!text.empty()) {
            const auto end = text.find('\n');
            const auto length = end == std::string_view::npos ? text.size() : end + 1;
            lines_.push_back({.old = text.substr(0, length), .replaced = {}, .added = {}});
            text.remove_prefix(length);
        }
    }

    [[nodiscard]] unsigned count() const { return static_cast<unsigned>(lines_.size()); }

    // Without the line end.
    [[nodiscard]] std::string_view content(unsigned number) const {
        const std::string_view line = lines_[number - 1].old;
        return line.substr(0, line.size() - end_of(line).size());
    }

    void replace(unsigned number, std::string content) {
        Line& line = lines_[number - 1];
        line.replaced = std::move(content) + std::string{end_of(line.old)};
    }
    void remove(unsigned number) { lines_[number - 1].replaced = ""; }
    void add_behind(unsigned number, std::string content) { lines_[number - 1].added.push_back(std::move(content)); }
    void add_section(const std::string& name, std::vector<std::string> lines) {
        const bool needs_blank = !last_.empty() || (!lines_.empty() && !trim(content(count())).empty());
        if (needs_blank) {
            last_.emplace_back();
        }
        last_.push_back("[" + name + "]");
        std::ranges::move(lines, std::back_inserter(last_));
    }

    [[nodiscard]] std::string text() const {
        std::string out;
        const auto add = [&](const std::string& content, std::string_view end) {
            if (!out.empty() && !out.ends_with('\n')) {
                out += out.ends_with('\r') ? "\n" : end;
            }
            out += content;
            out += end;
        };
        for (const Line& line : lines_) {
            out += line.replaced ? std::string_view{*line.replaced} : line.old;
            for (const std::string& content : line.added) {
                add(content, end_for(line.old));
            }
        }
        for (const std::string& content : last_) {
            add(content, end_for({}));
        }
        return out;
    }

private:
    struct Line {
        std::string_view old;
        std::optional<std::string> replaced;
        std::vector<std::string> added;
    };

    static std::string_view end_of(std::string_view line) {
        const std::size_t length = line.ends_with("\r\n") ? 2 : line.ends_with('\n') || line.ends_with('\r') ? 1 : 0;
        return line.substr(line.size() - length);
    }

    // Of a new line beside this one; where that is the last and has none, the file's first line tells.
    [[nodiscard]] std::string_view end_for(std::string_view neighbour) const {
        std::string_view end = end_of(neighbour);
        if (!end.ends_with('\n') && !lines_.empty()) {
            end = end_of(lines_.front().old);
        }
        return end.ends_with('\n') ? end : "\n";
    }

    std::vector<Line> lines_;
    std::vector<std::string> last_;
};

// [main] lists of excluded packages add up; of all other options the last line counts.
bool adds_up(std::string_view section, std::string_view key) { return section == "main" && canonical_option(key) == "exclude"; }

class Editor {
public:
    explicit Editor(std::string_view text) : file_{parse_ini(text)}, lines_{text} {
        for (std::size_t i = 0; i < file_.sections.size(); ++i) {
            places_[file_.sections[i].name].push_back(i);
        }
    }

    std::expected<KeyChange, IniProblem> perform(const KeyEdit& edit) {
        const std::vector<std::size_t> sections = sections_named(edit.section);
        if (sections.empty() && file_.problem) {
            return std::unexpected(*file_.problem);  // it may be there, in a file that is too large to be read
        }
        for (const std::size_t section : sections) {
            if (file_.sections[section].problem) {
                return std::unexpected(*file_.sections[section].problem);
            }
        }
        const std::vector<Place> places = places_of(sections, edit.key);
        KeyChange change{.section = edit.section, .key = edit.key, .old_value = value_at(places, edit), .new_value = edit.value};
        if (change.old_value == edit.value) {
            return change;
        }
        const bool only_one = !edit.value || adds_up(edit.section, edit.key);
        for (const Place& place : places) {
            const bool last = &place == &places.back();
            if (edit.value && last) {
                set(place, edit);
            } else if (only_one) {
                remove(place);
            }
        }
        if (edit.value && places.empty()) {
            add(sections, edit);
        }
        return change;
    }

    [[nodiscard]] std::string text() {
        for (NewSection& section : std::exchange(new_sections_, {})) {
            lines_.add_section(section.name, std::move(section.lines));
        }
        return lines_.text();
    }

private:
    struct NewSection {
        std::string name;
        std::vector<std::string> lines;
    };
    struct Place {
        std::size_t section;
        std::size_t entry;
    };

    [[nodiscard]] std::vector<std::size_t> sections_named(const std::string& name) const {
        const auto found = places_.find(name);
        if (found == places_.end()) {
            return {};
        }
        return name == "main" ? found->second : std::vector{found->second.back()};
    }

    [[nodiscard]] const IniEntry& entry_at(const Place& place) const { return file_.sections[place.section].entries[place.entry]; }

    [[nodiscard]] std::vector<Place> places_of(const std::vector<std::size_t>& sections, std::string_view key) const {
        std::vector<Place> places;
        for (const std::size_t section : sections) {
            const auto& entries = file_.sections[section].entries;
            for (std::size_t i = 0; i < entries.size(); ++i) {
                if (canonical_option(entries[i].key) == canonical_option(key)) {
                    places.push_back({.section = section, .entry = i});
                }
            }
        }
        return places;
    }

    [[nodiscard]] std::optional<std::string> value_at(const std::vector<Place>& places, const KeyEdit& edit) const {
        if (places.empty()) {
            return std::nullopt;
        }
        if (!adds_up(edit.section, edit.key)) {
            return entry_at(places.back()).value;
        }
        std::string all;
        for (const Place& place : places) {
            all += (&place == &places.front() ? "" : ", ") + entry_at(place).value;
        }
        return all;
    }

    // The lines on which a value goes on. In a section without a bad line all that is neither comment nor blank belongs to the entry above.
    [[nodiscard]] std::vector<unsigned> continuations(const Place& place) const {
        const auto& entries = file_.sections[place.section].entries;
        unsigned end = lines_.count() + 1;
        if (place.entry + 1 < entries.size()) {
            end = entries[place.entry + 1].line;
        } else if (place.section + 1 < file_.sections.size()) {
            end = file_.sections[place.section + 1].line;
        }
        std::vector<unsigned> numbers;
        for (unsigned number = entries[place.entry].line + 1; number < end; ++number) {
            const std::string_view content = trim(lines_.content(number));
            if (!content.empty() && !content.starts_with('#') && !content.starts_with(';')) {
                numbers.push_back(number);
            }
        }
        return numbers;
    }

    // Indentation, the blanks around the separator and those behind the value stay.
    void set(const Place& place, const KeyEdit& edit) {
        const IniEntry& entry = entry_at(place);
        const std::string_view line = lines_.content(entry.line);
        const auto separator = line.find_first_of("=:");
        const auto key_begin = line.find_first_not_of(blanks);
        const auto key_end = line.find_last_not_of(blanks, separator - 1) + 1;
        const auto value_begin = std::min(line.find_first_not_of(blanks, separator + 1), line.size());
        const auto value_end = std::max(line.find_last_not_of(blanks) + 1, value_begin);
        // A value may be none in the other spelling (max_connections=0).
        const std::string_view key = entry.key == edit.key ? line.substr(key_begin, key_end - key_begin) : std::string_view{edit.key};
        std::string changed{line.substr(0, key_begin)};
        changed += key;
        changed += line.substr(key_end, value_begin - key_end);
        changed += *edit.value;
        changed += line.substr(value_end);
        lines_.replace(entry.line, std::move(changed));
        for (const unsigned number : continuations(place)) {
            lines_.remove(number);
        }
    }

    void remove(const Place& place) {
        lines_.remove(entry_at(place).line);
        for (const unsigned number : continuations(place)) {
            lines_.remove(number);
        }
    }

    void add(const std::vector<std::size_t>& sections, const KeyEdit& edit) {
        std::string line = edit.key + "=" + *edit.value;
        if (sections.empty()) {
            auto section = std::ranges::find(new_sections_, edit.section, &NewSection::name);
            if (section == new_sections_.end()) {
                section = new_sections_.insert(section, {.name = edit.section, .lines = {}});
            }
            section->lines.push_back(std::move(line));
            return;
        }
        // The lines of another file that is included may end in another section.
        const std::size_t section = sections.back();
        const auto& entries = file_.sections[section].entries;
        const auto last = std::ranges::find(entries, "include", &IniEntry::key);
        unsigned behind = file_.sections[section].line;
        if (last != entries.begin()) {
            const Place place{.section = section, .entry = static_cast<std::size_t>(last - entries.begin()) - 1};
            const std::vector<unsigned> more = continuations(place);
            behind = more.empty() ? entry_at(place).line : more.back();
        }
        lines_.add_behind(behind, std::move(line));
    }

    IniFile file_;
    Lines lines_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> places_;
    std::vector<NewSection> new_sections_;
};

std::vector<KeyEdit> last_words(std::span<const KeyEdit> edits) {
    std::vector<KeyEdit> last;
    std::map<std::pair<std::string_view, std::string_view>, std::size_t> known;
    for (const KeyEdit& edit : edits) {
        const auto [place, is_new] = known.try_emplace({edit.section, canonical_option(edit.key)}, last.size());
        if (is_new) {
            last.push_back(edit);
        } else {
            last[place->second] = edit;
        }
    }
    return last;
}

// What was written is read again: a line may have become too long, the file too large.
std::optional<IniProblem> fault_of(const std::string& text, const std::vector<KeyEdit>& edits) {
    Editor again{text};
    for (const KeyEdit& edit : edits) {
        const auto change = again.perform(edit);
        if (!change) {
            return change.error();
        }
        if (change->old_value != edit.value) {
            return IniProblem{.line = 1, .what = "the option '" + edit.key + "' cannot be given that value"};
        }
    }
    return std::nullopt;
}

}  // namespace

std::expected<EditedConfig, IniProblem> edit_config(std::string_view text, std::span<const KeyEdit> edits) {
    const std::vector<KeyEdit> wanted = last_words(edits);
    Editor editor{text};
    EditedConfig edited;
    for (const KeyEdit& edit : wanted) {
        auto change = editor.perform(edit);
        if (!change) {
            return std::unexpected(std::move(change.error()));
        }
        edited.changes.push_back(std::move(*change));
    }
    edited.text = editor.text();
    if (auto fault = fault_of(edited.text, wanted)) {
        return std::unexpected(std::move(*fault));
    }
    return edited;
}

}  // namespace lastack::repo
