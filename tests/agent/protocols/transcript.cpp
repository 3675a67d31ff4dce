#include "tests/agent/protocols/transcript.hpp"

#include "agent/protocol/conversation.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace apiary::agent::test {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;  // clang 14 does not find it by itself

std::string escape(std::string_view bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '\\') {
            text += "\\\\";
        } else if (u >= 0x20 && u < 0x7f) {
            text += c;
        } else {
            text += {'\\', 'x', kHex[u >> 4U], kHex[u & 15U]};
        }
    }
    return text;
}

std::string unescape(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
        } else if (text.substr(i, 2) == "\\\\") {
            bytes += '\\';
            ++i;
        } else if (unsigned value = 0;
                   text.substr(i, 2) == "\\x" && i + 4 <= text.size() &&
                   std::from_chars(text.data() + i + 2, text.data() + i + 4, value, 16).ec == std::errc{}) {
            bytes += static_cast<char>(value);
            i += 3;
        } else {
            throw std::runtime_error("bad escape in: " + std::string(text));
        }
    }
    return bytes;
}

void printBytes(std::ostream& out, char side, std::string_view bytes, Transport transport) {
    if (transport == Transport::Datagram) {
        out << side << "| " << escape(bytes) << '\n';
        return;
    }
    while (!bytes.empty()) {
        const auto end = bytes.find("\r\n");
        const bool whole = end != std::string_view::npos;
        out << side << (whole ? ": " : "| ") << escape(bytes.substr(0, end)) << '\n';
        bytes.remove_prefix(whole ? end + 2 : bytes.size());
    }
}

void printEvidence(std::ostream& out, const Evidence& evidence) {
    out << "! ";
    std::visit(Overloaded{
                   [&](const Command& c) { out << "command " << escape(c.verb + " " + c.argument); },
                   [&](const Credential& c) {
                       out << "credential " << escape(c.user) << ' ' << escape(c.secret)
                           << (c.accepted ? " accepted" : " refused");
                   },
                   [&](const Identified& i) { out << "identified " << i.protocol; },
                   [&](const PayloadPiece& p) { out << "payload " << p.id << " complete " << escape(p.name); },
                   [&](const Anomaly& a) { out << "anomaly " << a.what; },
               },
               evidence);
    out << '\n';
}

}  // namespace

std::vector<Step> readSteps(std::string_view script) {
    std::vector<Step> steps;
    std::istringstream lines{std::string(script)};
    for (std::string line; std::getline(lines, line);) {
        const bool spoken = !line.empty() && (line[0] == 'C' || line[0] == 'c') && line.size() > 1;
        if (spoken && (line[1] == ':' || line[1] == '|')) {
            const auto text = std::string_view(line).substr(std::min<std::size_t>(3, line.size()));
            steps.push_back({line[0], unescape(text) + (line[1] == ':' ? "\r\n" : "")});
        } else if (line.starts_with("@ ")) {
            steps.push_back({'@', line.substr(2)});
        } else if (!line.empty() && std::string_view("#Ss!~*").find(line[0]) == std::string_view::npos) {
            throw std::runtime_error("cannot read transcript line: " + line);
        }
    }
    return steps;
}

std::string heading(std::string_view script) {
    std::size_t end = 0;
    while (end < script.size() && script[end] == '#') {
        end = std::min(script.find('\n', end), script.size() - 1) + 1;
    }
    return std::string(script.substr(0, end));
}

std::string strip(std::string_view script) {
    std::string kept;
    std::istringstream lines{std::string(script)};
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line[0] != '#') {
            kept += line + '\n';
        }
    }
    return kept;
}

std::vector<Step> cut(const std::vector<Step>& steps, std::size_t size) {
    std::vector<Step> pieces;
    for (const Step& step : steps) {
        if (step.kind == '@') {
            pieces.push_back(step);
            continue;
        }
        for (std::size_t at = 0; at < step.value.size(); at += size) {
            pieces.push_back({step.kind, step.value.substr(at, size)});
        }
    }
    return pieces;
}

std::vector<Step> join(const std::vector<Step>& steps) {
    std::vector<Step> joined;
    for (const Step& step : steps) {
        if (step.kind != '@' && !joined.empty() && joined.back().kind == step.kind) {
            joined.back().value += step.value;
        } else {
            joined.push_back(step);
        }
    }
    return joined;
}

namespace {

const std::string kRecalled = "recalled ";
const std::string kSettings = "settings ";
const std::string kOffersTls = "offerstls";
const std::string kTlsFail = "tlsfail ";
const std::string kNotTls = "nottls ";

/// What OpenSSL says of bytes that are no handshake.
std::string errorOf(std::string_view bytes) {
    return bytes.starts_with("GET ") ? "error:0A00009C:SSL routines::http request"
                                     : "error:0A00010B:SSL routines::wrong version number";
}

/// What the steps on top say of the session before it begins.
struct Beginning {
    Settings settings;
    Environment environment;
    std::size_t steps = 0;  // how many they are
};

Beginning readBeginning(const std::vector<Step>& steps) {
    Beginning beginning;
    beginning.environment.peer = Endpoint::of({127, 0, 0, 1}, 40000);
    beginning.environment.local = Endpoint::of({127, 0, 0, 1}, 21);
    for (const auto& [kind, value] : steps) {
        if (value.starts_with(kRecalled)) {
            beginning.environment.recalled = unescape(value.substr(kRecalled.size()));
        } else if (value == kOffersTls) {
            beginning.environment.offersTls = true;
        } else if (value.starts_with(kSettings)) {
            std::istringstream words(value.substr(kSettings.size()));
            for (std::string word; words >> word;) {
                const auto sign = std::min(word.find('='), word.size() - 1);
                beginning.settings.insert_or_assign(word.substr(0, sign), unescape(word.substr(sign + 1)));
            }
        } else {
            break;
        }
        ++beginning.steps;
    }
    return beginning;
}

Result<std::shared_ptr<const Prepared>> preparedFor(const Module& module, const Settings& settings) {
    auto prepared = prepare(module, settings);
    return prepared ? prepared : throw std::runtime_error(prepared.error());
}

/// Writes down what a session asks for. Bytes of neighbouring actions are one answer, however they were queued.
class Scribe {
public:
    explicit Scribe(Transport transport) : transport_(transport) {}

    void write(const Action& action) {
        std::visit(Overloaded{
                       [&](const Send& s) { add("S", s.bytes); },
                       [&](const SendOn& s) { add("s", s.bytes); },
                       [&](const SendShared& s) {
                           add(s.channel == kControl ? "S" : "s", s.whole->substr(s.offset, s.length));
                       },
                       [&](const Pause& p) { line("~ " + std::to_string(p.duration.count()) + " ms"); },
                       [&](const Alarm& a) { line("* alarm " + std::to_string(a.after.count()) + " ms"); },
                       [&](const StartTls&) { line("* starttls"); },
                       [&](const OpenPassive&) { line("* passive"); },
                       [&](const SecureChannel&) { line("* securechannel"); },
                       [&](const EndChannel&) { line("* endchannel"); },
                       [&](const CloseChannel&) { line("* closechannel"); },
                       [&](const Remember& r) { line("* remember " + escape(r.bytes)); },
                       [&](const Close&) { line("* close"); },
                       [&](const Evidence& e) { write(e); },
                   },
                   action);
    }

    void line(const std::string& text) {
        flush();
        out_ << text << '\n';
    }

    void bytes(char side, std::string_view bytes) {
        flush();
        printBytes(out_, side, bytes, transport_);
    }

    std::string text() {
        flush();
        return out_.str();
    }

private:
    void write(const Evidence& evidence) {
        if (const auto* piece = std::get_if<PayloadPiece>(&evidence)) {
            add("! payload " + std::to_string(piece->id) + " bytes ", piece->bytes);
            if (!piece->last) {
                return;
            }
        }
        flush();
        printEvidence(out_, evidence);
    }

    void add(const std::string& to, std::string_view bytes) {
        if (to != to_ || transport_ == Transport::Datagram) {
            flush();
        }
        to_ = to;
        pending_ += bytes;
        pendingDatagram_ = transport_ == Transport::Datagram;
    }

    void flush() {
        const std::string bytes = std::exchange(pending_, {});
        if (to_.starts_with('!') && !bytes.empty()) {
            out_ << to_ << escape(bytes) << '\n';
        } else if (!to_.starts_with('!') && (!bytes.empty() || pendingDatagram_)) {
            printBytes(out_, to_[0], bytes, transport_);
        }
        pendingDatagram_ = false;
    }

    Transport transport_;
    std::ostringstream out_;
    std::string to_ = "S";
    std::string pending_;
    bool pendingDatagram_ = false;  // which may be empty
};

}  // namespace

std::string play(const Module& module, const std::vector<Step>& steps, bool echo) {
    using Awaits = Conversation::Awaits;
    const WallTime now{};
    const TlsInfo tlsInfo{"", "TLSv1.3"};
    const Beginning beginning = readBeginning(steps);
    Conversation conversation(module, *preparedFor(module, beginning.settings), beginning.environment);
    Scribe scribe(module.transport);
    std::optional<Endpoint> port = Endpoint::of({127, 0, 0, 1}, 50000);
    ChannelId channel = kControl;

    const auto perform = [&](Conversation::Actions actions) {
        for (;;) {
            for (const Action& action : actions) {
                if (const auto* open = std::get_if<OpenPassive>(&action)) {
                    channel = open->channel;
                }
                scribe.write(action);
            }
            if (conversation.awaits() == Awaits::Passive) {
                actions = conversation.passive(port, now);
            } else if (conversation.awaits() == Awaits::Resume) {
                actions = conversation.resume(now);
            } else {
                return;
            }
        }
    };
    const auto takeEarly = [&] {
        const auto early = conversation.takeEarlyBytes();
        if (!early.handedBack.empty()) {
            scribe.line("! handed back " + escape(early.handedBack));
        }
        if (!early.smuggled.empty()) {
            scribe.line("! smuggled " + escape(early.smuggled));
        }
    };
    const auto happen = [&](const std::string& event) -> Conversation::Actions {
        if (event == "tls") {
            takeEarly();
            return conversation.tls(tlsInfo, now);
        }
        if (event.starts_with(kTlsFail)) {
            takeEarly();
            return conversation.tlsFailed(errorOf(event.substr(kTlsFail.size())), now);
        }
        if (event.starts_with(kNotTls)) {
            return conversation.notTls(unescape(event.substr(kNotTls.size())), now);
        }
        if (event == "noports") {
            port.reset();
        } else {
            return event == "alarm"    ? conversation.alarm(now)
                   : event == "idle"   ? conversation.idle(now)
                   : event == "eof"    ? conversation.peerClosed(now)
                   : event == "cut"    ? conversation.cut(now)
                   : event == "open"   ? conversation.channelOpen(channel, now)
                   : event == "closed" ? conversation.channelClosed(channel, ChannelEnd::Whole, now)
                   : event == "broken" ? conversation.channelClosed(channel, ChannelEnd::Broken, now)
                   : event == "again"  ? conversation.channelTls(channel, {"", "TLSv1.3", true}, now)
                   : event == "anew"   ? conversation.channelTls(channel, tlsInfo, now)
                   : event == "untls"  ? conversation.channelTlsFailed(channel, now)
                                       : throw std::runtime_error("unknown event: " + event);
        }
        return {};
    };
    for (const Step& step : std::span(steps).first(beginning.steps)) {
        if (echo) {
            scribe.line("@ " + step.value);
        }
    }
    perform(conversation.open(now));
    for (const auto& [kind, value] : std::span(steps).subspan(beginning.steps)) {
        if (echo && kind == '@') {
            scribe.line("@ " + value);
        } else if (echo) {
            scribe.bytes(kind, value);
        }
        perform(kind == 'C'   ? conversation.bytes(value, now)
                : kind == 'c' ? conversation.channelBytes(channel, value, now)
                              : happen(value));
    }
    return scribe.text();
}

}  // namespace apiary::agent::test
