#include "transact/channel/message.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace lastack::transact {

namespace {

constexpr std::size_t header_size = 2;  // version and kind

// Each struct lists its fields once, for writing and for reading.
void fields(auto& f, auto& m) {
    using T = std::remove_cvref_t<decltype(m)>;
    if constexpr (std::is_same_v<T, Incoming>) {
        f(m.name), f(m.epoch), f(m.version), f(m.release), f(m.arch), f(m.update), f(m.check_signature), f(m.keyring);
    } else if constexpr (std::is_same_v<T, Setup>) {
        f(m.installroot), f(m.incoming), f(m.remove), f(m.downgrade_allowed);
    } else if constexpr (std::is_same_v<T, Announce>) {
        f(m.index), f(m.requires_), f(m.provides), f(m.conflicts), f(m.obsoletes);
    } else if constexpr (std::is_same_v<T, BoundKeys>) {
        f(m.certificates);
    } else if constexpr (std::is_same_v<T, Verify>) {
        f(m.keyrings);
    } else if constexpr (std::is_same_v<T, InspectKeys> || std::is_same_v<T, ImportKeys>) {
        f(m.armoured);
    } else if constexpr (std::is_same_v<T, Failed>) {
        f(m.failure), f(m.cause);
    } else if constexpr (std::is_same_v<T, PackageVerdict>) {
        f(m.index), f(m.signature), f(m.key_id), f(m.detail);
    } else if constexpr (std::is_same_v<T, Key>) {
        f(m.key_id), f(m.user_id), f(m.fingerprint), f(m.installed);
    } else if constexpr (std::is_same_v<T, Keys>) {
        f(m.keys);
    } else if constexpr (std::is_same_v<T, ElementStarted>) {
        f(m.element), f(m.nevra), f(m.number), f(m.total);
    } else if constexpr (std::is_same_v<T, ElementProgress>) {
        f(m.amount), f(m.total);
    } else if constexpr (std::is_same_v<T, ElementFinished>) {
        f(m.nevra);
    } else if constexpr (std::is_same_v<T, ScriptletOutput>) {
        f(m.text);
    } else if constexpr (std::is_same_v<T, ScriptletFailed>) {
        f(m.nevra), f(m.scriptlet), f(m.fatal);
    } else {
        static_assert(std::is_empty_v<T>, "a message with fields must list them");
    }
}

class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    template <std::integral T>
    void operator()(T value) {
        auto bits = static_cast<std::uint64_t>(value);
        for (std::size_t i = 0; i < sizeof(T); ++i, bits >>= 8) {
            out_.push_back(static_cast<char>(bits & 0xff));
        }
    }
    template <typename T>
        requires std::is_enum_v<T>
    void operator()(T value) {
        (*this)(std::to_underlying(value));
    }
    void operator()(const std::string& text) {
        (*this)(static_cast<std::uint32_t>(text.size()));
        out_ += text;
    }
    template <typename T>
    void operator()(const std::vector<T>& list) {
        (*this)(static_cast<std::uint32_t>(list.size()));
        for (const auto& item : list) {
            if constexpr (std::integral<T> || std::is_same_v<T, std::string>) {
                (*this)(item);
            } else {
                fields(*this, item);
            }
        }
    }

private:
    std::string& out_;
};

constexpr bool in_range(Failure value) { return value <= Failure::transaction; }
constexpr bool in_range(Signature value) { return value <= Signature::foreign_key; }
constexpr bool in_range(Element value) { return value <= Element::verifying; }

// After the first value that does not fit nothing more is read.
class Reader {
public:
    explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

    [[nodiscard]] bool complete() const { return good_ && rest_.empty(); }

    template <std::integral T>
    void operator()(T& value) {
        if (!take(sizeof(T))) {
            return;
        }
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            bits |= std::to_integer<std::uint64_t>(taken_[i]) << (8 * i);
        }
        if constexpr (std::is_same_v<T, bool>) {
            good_ = good_ && bits <= 1;
            value = bits == 1;
        } else {
            value = static_cast<T>(bits);
        }
    }
    template <typename T>
        requires std::is_enum_v<T>
    void operator()(T& value) {
        std::underlying_type_t<T> raw{};
        (*this)(raw);
        value = static_cast<T>(raw);
        good_ = good_ && in_range(value);
    }
    void operator()(std::string& text) {
        std::uint32_t size = 0;
        (*this)(size);
        if (take(size)) {
            text.assign(reinterpret_cast<const char*>(taken_.data()), taken_.size());
        }
    }
    template <typename T>
    void operator()(std::vector<T>& list) {
        std::uint32_t count = 0;
        (*this)(count);
        // Every item takes bytes, so what is left bounds the loop whatever the count says.
        for (std::uint32_t i = 0; good_ && i < count; ++i) {
            T item{};
            if constexpr (std::integral<T> || std::is_same_v<T, std::string>) {
                (*this)(item);
            } else {
                fields(*this, item);
            }
            if (good_) {
                list.push_back(std::move(item));
            }
        }
    }

private:
    bool take(std::size_t count) {
        good_ = good_ && count <= rest_.size();
        if (good_) {
            taken_ = rest_.first(count);
            rest_ = rest_.subspan(count);
        }
        return good_;
    }

    std::span<const std::byte> rest_;
    std::span<const std::byte> taken_;
    bool good_ = true;
};

std::unexpected<Error> garbled(std::string cause) {
    return std::unexpected(Error{.code = Errc::io_failed, .phase = Phase::transaction, .cause = std::move(cause)});
}

template <std::size_t... I>
bool read_kind(std::size_t kind, Reader& reader, Message& message, std::index_sequence<I...> /*kinds*/) {
    return ((kind == I && (fields(reader, message.emplace<I>()), true)) || ...);
}

}  // namespace

std::string encode(const Message& message) {
    std::string body;
    Writer writer(body);
    writer(protocol_version);
    writer(static_cast<std::uint8_t>(message.index()));
    std::visit([&writer](const auto& content) { fields(writer, content); }, message);
    std::string frame;
    Writer prefix(frame);
    prefix(static_cast<std::uint32_t>(body.size()));
    return frame + body;
}

Result<std::size_t> frame_size(std::span<const std::byte, frame_prefix_size> prefix) {
    std::uint32_t size = 0;
    Reader reader(prefix);
    reader(size);
    if (size < header_size || size > max_frame_size) {
        return garbled("a message of " + std::to_string(size) + " bytes");
    }
    return size;
}

Result<Message> decode(std::span<const std::byte> frame) {
    Reader reader(frame);
    std::uint8_t version = 0;
    std::uint8_t kind = 0;
    reader(version);
    reader(kind);
    if (frame.size() < header_size || version != protocol_version) {
        return garbled("a message of another version of lastack");
    }
    Message message;
    if (!read_kind(kind, reader, message, std::make_index_sequence<std::variant_size_v<Message>>{})) {
        return garbled("a message of unknown kind " + std::to_string(kind));
    }
    if (!reader.complete()) {
        return garbled("a garbled message of kind " + std::to_string(kind));
    }
    return message;
}

}  // namespace lastack::transact
