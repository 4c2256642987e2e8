#include "repo/yaml_documents.hpp"

#include "base/text.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <yaml.h>

namespace lastack::repo {

namespace {

constexpr std::size_t most_shown = 64;
constexpr std::string_view plain_tag = "tag:yaml.org,2002:";
constexpr std::string_view plain_kinds[] = {"str", "int", "float", "bool", "null", "seq", "map", "timestamp"};

std::string_view text_of(const yaml_char_t* text) { return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text); }

bool is_plain(std::string_view tag) {
    return tag.empty() || tag == "!" ||
           (tag.starts_with(plain_tag) && std::ranges::find(plain_kinds, tag.substr(plain_tag.size())) != std::end(plain_kinds));
}

class Event {
public:
    Event() = default;
    ~Event() { yaml_event_delete(&event_); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    [[nodiscard]] yaml_event_t* get() { return &event_; }

private:
    yaml_event_t event_{};
};

// Puts the nodes of one document where they belong.
class Tree {
public:
    explicit Tree(const YamlLimits& limits) : limits_{limits} {}

    // Empty: it is placed; else what is wrong.
    std::string scalar(std::string_view text) {
        if (text.size() > limits_.scalar) {
            return "a text is longer than " + std::to_string(limits_.scalar) + " bytes";
        }
        if (awaits_key()) {
            return take_key(text);
        }
        YamlNode node;
        node.scalar = text;
        return place(std::move(node));
    }

    std::string begin(YamlNode::Kind kind) {
        if (awaits_key()) {
            return "a key is no text";
        }
        if (open_.size() >= limits_.depth) {
            return "nested deeper than " + std::to_string(limits_.depth);
        }
        open_.emplace_back().node.kind = kind;
        return {};
    }

    std::string end() {
        YamlNode node = std::move(open_.back().node);
        open_.pop_back();
        return place(std::move(node));
    }

    [[nodiscard]] const YamlNode& root() const { return root_; }
    void clear() {
        root_ = {};
        nodes_ = 0;
    }

private:
    struct Open {
        YamlNode node;
        std::optional<std::string> key;
        std::set<std::string, std::less<>> keys;
    };

    [[nodiscard]] bool awaits_key() const {
        return !open_.empty() && open_.back().node.kind == YamlNode::Kind::mapping && !open_.back().key;
    }

    std::string take_key(std::string_view text) {
        Open& open = open_.back();
        if (!open.keys.emplace(text).second) {
            return "the key '" + printable(text.substr(0, most_shown)) + "' stands there twice";
        }
        open.key = text;
        return {};
    }

    std::string place(YamlNode node) {
        if (++nodes_ > limits_.nodes) {
            return "a document has more than " + std::to_string(limits_.nodes) + " values";
        }
        if (open_.empty()) {
            root_ = std::move(node);
        } else if (Open& open = open_.back(); open.node.kind == YamlNode::Kind::sequence) {
            open.node.items.push_back(std::move(node));
        } else {
            open.node.members.push_back({*std::exchange(open.key, std::nullopt), std::move(node)});
        }
        return {};
    }

    const YamlLimits& limits_;
    std::vector<Open> open_;
    YamlNode root_;
    std::size_t nodes_ = 0;
};

class Reader {
public:
    Reader(std::string_view text, std::string_view name, const YamlLimits& limits) : name_{name}, limits_{limits}, tree_{limits} {
        ready_ = yaml_parser_initialize(&parser_) == 1;
        if (ready_) {
            yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
            yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        }
    }
    ~Reader() {
        if (ready_) {
            yaml_parser_delete(&parser_);
        }
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    Result<void> read(const std::function<Result<void>(const YamlNode&, std::uint64_t)>& on_document) {
        std::size_t documents = 0;
        while (ready_) {
            Event event;
            if (yaml_parser_parse(&parser_, event.get()) != 1) {
                return fail(parser_.problem_mark,
                            std::string{"not well-formed YAML: "} + (parser_.problem != nullptr ? printable(parser_.problem) : "unknown"));
            }
            if (event.get()->type == YAML_STREAM_END_EVENT) {
                return {};
            }
            if (auto cause = take(*event.get()); !cause.empty()) {
                return fail(event.get()->start_mark, cause);
            }
            if (event.get()->type != YAML_DOCUMENT_END_EVENT) {
                continue;
            }
            if (++documents > limits_.documents) {
                return fail(event.get()->start_mark, "more than " + std::to_string(limits_.documents) + " documents");
            }
            if (auto taken = on_document(tree_.root(), line_); !taken) {
                return taken;
            }
            tree_.clear();
        }
        return fail({}, "the YAML parser cannot be made");
    }

private:
    std::string take(const yaml_event_t& event) {
        switch (event.type) {
            case YAML_DOCUMENT_START_EVENT:
                line_ = event.start_mark.line + 1;
                return {};
            case YAML_ALIAS_EVENT:
                return "an alias is not allowed";
            case YAML_SCALAR_EVENT:
                return checked(event.data.scalar.tag, [&] {
                    return tree_.scalar({reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length});
                });
            case YAML_SEQUENCE_START_EVENT:
                return checked(event.data.sequence_start.tag, [&] { return tree_.begin(YamlNode::Kind::sequence); });
            case YAML_MAPPING_START_EVENT:
                return checked(event.data.mapping_start.tag, [&] { return tree_.begin(YamlNode::Kind::mapping); });
            case YAML_SEQUENCE_END_EVENT:
            case YAML_MAPPING_END_EVENT:
                return tree_.end();
            default:
                return {};
        }
    }

    template <typename Then>
    static std::string checked(const yaml_char_t* tag, Then then) {
        return is_plain(text_of(tag)) ? then() : "the tag '" + printable(text_of(tag).substr(0, most_shown)) + "' is not allowed";
    }

    [[nodiscard]] std::unexpected<Error> fail(const yaml_mark_t& mark, const std::string& what) const {
        return std::unexpected(
            Error{.code = RepoErrc::bad_metadata,
                  .phase = Phase::parsing,
                  .cause = name_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": " + what});
    }

    std::string name_;
    const YamlLimits& limits_;
    Tree tree_;
    yaml_parser_t parser_{};
    bool ready_ = false;
    std::uint64_t line_ = 1;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    const auto found = std::ranges::find(members, key, &YamlMember::key);
    return found == members.end() ? nullptr : &found->value;
}

std::string_view YamlNode::word(std::string_view key) const {
    const YamlNode* const member = find(key);
    return member != nullptr && member->kind == Kind::scalar ? std::string_view{member->scalar} : std::string_view{};
}

Result<void> read_yaml(std::string_view text, std::string_view name, const YamlLimits& limits,
                       const std::function<Result<void>(const YamlNode&, std::uint64_t)>& on_document) {
    if (text.size() > limits.size) {
        return std::unexpected(
            Error{.code = RepoErrc::bad_metadata,
                  .phase = Phase::parsing,
                  .cause = std::string{name} + ":1:1: the document is larger than " + std::to_string(limits.size) + " bytes"});
    }
    return Reader{text, name, limits}.read(on_document);
}

}  // namespace lastack::repo
