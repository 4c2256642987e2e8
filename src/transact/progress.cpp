#include "transact/progress.hpp"

#include "transact/assemble.hpp"
#include "transact/channel/pipe.hpp"
#include "transact/root.hpp"

#include <rpm/rpmtag.h>

#include <string_view>
#include <utility>
#include <variant>

namespace lastack::transact {

namespace {

constexpr std::size_t max_text = 1500;  // two of them and the numbers stay below max_event_size

void cut(std::string& text) {
    if (text.size() > max_text) {
        text.resize(max_text);
    }
}

std::string scriptlet_name(rpm_loff_t tag) {
    switch (static_cast<rpmTagVal>(tag)) {
        case RPMTAG_PREIN:
            return "%pre";
        case RPMTAG_POSTIN:
            return "%post";
        case RPMTAG_PREUN:
            return "%preun";
        case RPMTAG_POSTUN:
            return "%postun";
        case RPMTAG_PRETRANS:
            return "%pretrans";
        case RPMTAG_POSTTRANS:
            return "%posttrans";
        case RPMTAG_TRIGGERPREIN:
            return "%triggerprein";
        case RPMTAG_TRIGGERIN:
            return "%triggerin";
        case RPMTAG_TRIGGERUN:
            return "%triggerun";
        case RPMTAG_TRIGGERPOSTUN:
            return "%triggerpostun";
        default:
            return "scriptlet";
    }
}

std::string text_or(const char* text, const char* otherwise) { return text == nullptr ? otherwise : text; }

}  // namespace

void send_event(Message event) {
    std::visit(
        [](auto& content) {
            if constexpr (requires { content.nevra; }) {
                cut(content.nevra);
            }
            if constexpr (requires { content.text; }) {
                cut(content.text);
            }
        },
        event);
    (void)send(answer_fd, event);
}

std::string nevra_of(rpmte element) {
    if (element == nullptr) {
        return {};
    }
    return nevra(text_or(rpmteN(element), ""), text_or(rpmteE(element), "0"), text_or(rpmteV(element), ""), text_or(rpmteR(element), ""),
                 text_or(rpmteA(element), "(none)"));
}

Progress::Progress(const Setup& setup, rpmts set) : setup_(setup), total_(static_cast<std::uint32_t>(rpmtsNElements(set))) {
    for (int i = 0; i < rpmtsNElements(set); ++i) {
        rpmte element = rpmtsElement(set, i);
        rpmte successor = rpmteType(element) == TR_REMOVED ? rpmteDependsOn(element) : nullptr;
        if (successor != nullptr && std::string_view(rpmteN(successor)) == rpmteN(element)) {
            replacing_.insert(successor);
        }
    }
}

void* Progress::on_event(const void* element, rpmCallbackType what, rpm_loff_t amount, rpm_loff_t total, fnpyKey key, void* data) {
    return static_cast<Progress*>(data)->handle(static_cast<rpmte>(const_cast<void*>(element)), what, amount, total, key);
}

void* Progress::handle(rpmte element, rpmCallbackType what, rpm_loff_t amount, rpm_loff_t total, fnpyKey key) {
    switch (what) {
        case RPMCALLBACK_INST_OPEN_FILE:
            open_file_ = open_package(index_of(setup_, key));
            return open_file_.get();
        case RPMCALLBACK_INST_CLOSE_FILE:
            open_file_.reset();
            break;
        case RPMCALLBACK_INST_START:
        case RPMCALLBACK_UNINST_START:
            start(element);
            break;
        case RPMCALLBACK_INST_PROGRESS:
        case RPMCALLBACK_UNINST_PROGRESS:
            advance(amount, total);
            break;
        case RPMCALLBACK_INST_STOP:
        case RPMCALLBACK_UNINST_STOP:
            send_event(ElementFinished{.nevra = nevra_of(element)});
            break;
        case RPMCALLBACK_SCRIPT_ERROR:
            // librpm passes in `total` whether the failure keeps the package from being installed or removed.
            send_event(ScriptletFailed{.nevra = nevra_of(element), .scriptlet = scriptlet_name(amount), .fatal = total != RPMRC_OK});
            break;
        default:
            break;
    }
    return nullptr;
}

Element Progress::kind_of(rpmte element) const {
    if (rpmteType(element) == TR_REMOVED) {
        return rpmteDependsOn(element) != nullptr ? Element::cleanup : Element::removing;
    }
    return replacing_.contains(element) ? Element::updating : Element::installing;
}

void Progress::start(rpmte element) {
    last_percent_ = 0;
    send_event(ElementStarted{.element = kind_of(element), .nevra = nevra_of(element), .number = ++number_, .total = total_});
}

// librpm calls for every file; a step that nobody can see is not worth a message.
void Progress::advance(rpm_loff_t amount, rpm_loff_t total) {
    const rpm_loff_t percent = total == 0 ? 0 : amount / (total / 100 + 1);
    if (percent != last_percent_ || amount == total) {
        last_percent_ = percent;
        send_event(ElementProgress{.amount = amount, .total = total});
    }
}

}  // namespace lastack::transact
