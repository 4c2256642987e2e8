#include "http/challenge.hpp"

#include <algorithm>

namespace lastack::http {

namespace {

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_token_character(char c) { return is_letter_or_digit(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos; }

bool is_token68_character(char c) { return is_letter_or_digit(c) || std::string_view{"-._~+/"}.find(c) != std::string_view::npos; }

bool is_space(char c) { return c == ' ' || c == '\t'; }

// An unquoted value should be a token, but nonces in Base64 come without quotes too.
bool is_bare_value_character(char c) { return c > 0x20 && c < 0x7F && c != '"' && c != ',' && c != '\\'; }

bool is_quotable(char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7F) || c == '\t';
}

// Steps through one field's value, item by item.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_{text} {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] bool at_end_of_item() const { return rest_.empty() || rest_.front() == ','; }
    [[nodiscard]] bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

    // Whether there was any.
    bool skip_spaces() { return !take_while(is_space).empty(); }

    void skip_to_next_item() {
        take_while([](char c) { return is_space(c) || c == ','; });
    }

    void skip_equals() {
        rest_.remove_prefix(1);
        skip_spaces();
    }

    void skip_rest_of_item() {
        while (!at_end_of_item()) {
            if (next_is('"')) {
                (void)quoted_string();
            } else {
                rest_.remove_prefix(1);
            }
        }
    }

    std::string_view token() { return take_while(is_token_character); }

    // Only a token68 that fills its item: "realm=x" begins like one.
    std::string_view token68() {
        const std::string_view before = rest_;
        if (!take_while(is_token68_character).empty()) {
            take_while([](char c) { return c == '='; });
            const std::string_view found = before.substr(0, before.size() - rest_.size());
            skip_spaces();
            if (at_end_of_item()) {
                return found;
            }
        }
        rest_ = before;
        return {};
    }

    // What follows '='; nothing when it is no value. The item is used up in either case.
    std::optional<std::string> value() {
        std::optional<std::string> found;
        if (next_is('"')) {
            found = quoted_string();
        } else if (const std::string_view bare = take_while(is_bare_value_character); !bare.empty()) {
            found = bare;
        }
        skip_rest_of_item();
        if (found && found->size() > max_parameter_length) {
            return std::nullopt;
        }
        return found;
    }

private:
    template <typename Predicate>
    std::string_view take_while(Predicate belongs) {
        const auto end = std::ranges::find_if_not(rest_, belongs);
        const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    // Nothing when the closing quote is missing (all is used up then) or a control character is inside.
    std::optional<std::string> quoted_string() {
        rest_.remove_prefix(1);
        std::string out;
        bool clean = true;
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == '\\' && rest_.size() > 1) {
                rest_.remove_prefix(1);
            }
            clean = clean && is_quotable(rest_.front());
            out += rest_.front();
            rest_.remove_prefix(1);
        }
        if (rest_.empty()) {
            return std::nullopt;
        }
        rest_.remove_prefix(1);
        return clean ? std::optional{std::move(out)} : std::nullopt;
    }

    std::string_view rest_;
};

void add_parameter(Parameters& parameters, std::string_view name, std::optional<std::string> value) {
    std::string lower_case_name = to_lower(name);
    if (value && parameters.size() < max_challenge_parameters && name.size() <= max_parameter_length &&
        !find_parameter(parameters, lower_case_name)) {
        parameters.emplace_back(std::move(lower_case_name), std::move(*value));
    }
}

// "name = value", or "scheme", or "scheme name = value", or "scheme token68": what stands after the first word tells which.
void read_field(std::string_view text, std::vector<Challenge>& challenges) {
    Scanner scanner{text};
    bool inside = false;  // a challenge of this field is open
    for (scanner.skip_to_next_item(); !scanner.at_end(); scanner.skip_to_next_item()) {
        std::string_view word = scanner.token();
        const bool spaces = scanner.skip_spaces();
        if (!word.empty() && !scanner.next_is('=') && (spaces || scanner.at_end_of_item())) {
            if (challenges.size() >= max_challenges) {
                return;
            }
            challenges.push_back({.scheme = to_lower(word), .token68 = {}, .parameters = {}});
            inside = true;
            challenges.back().token68 = scanner.token68();
            word = scanner.token();
            scanner.skip_spaces();
        }
        if (word.empty() || !inside || !scanner.next_is('=')) {
            scanner.skip_rest_of_item();
            continue;
        }
        scanner.skip_equals();
        add_parameter(challenges.back().parameters, word, scanner.value());
    }
}

}  // namespace

std::optional<std::string_view> find_parameter(const Parameters& parameters, std::string_view lower_case_name) {
    const auto found = std::ranges::find(parameters, lower_case_name, &Parameters::value_type::first);
    return found == parameters.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

std::vector<Challenge> parse_challenges(const Fields& fields, std::string_view field_name) {
    std::vector<Challenge> challenges;
    for (const std::string_view text : fields.all(field_name)) {
        read_field(text, challenges);
    }
    return challenges;
}

Parameters parse_authentication_info(const Fields& fields, std::string_view field_name) {
    Parameters parameters;
    for (const std::string_view text : fields.all(field_name)) {
        Scanner scanner{text};
        for (scanner.skip_to_next_item(); !scanner.at_end(); scanner.skip_to_next_item()) {
            const std::string_view name = scanner.token();
            scanner.skip_spaces();
            if (name.empty() || !scanner.next_is('=')) {
                scanner.skip_rest_of_item();
                continue;
            }
            scanner.skip_equals();
            add_parameter(parameters, name, scanner.value());
        }
    }
    return parameters;
}

}  // namespace lastack::http
