#include "agent/journal/journal_format.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>

namespace apiary::agent {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

/// The stamp of that moment; the last one is remembered, as most lines share their second with the one before.
const std::string& stampOf(TimePoint at) {
    struct Last {
        std::chrono::sys_seconds second = std::chrono::sys_seconds::min();
        std::string text;
    };
    thread_local Last last;
    const auto second = std::chrono::floor<std::chrono::seconds>(at);
    if (second != last.second) {
        last = {second, logStamp(at)};
    }
    return last.text;
}

/// isoStamp() of that moment; all but its milliseconds is remembered from the last one.
const std::string& isoStampOf(TimePoint at) {
    struct Last {
        std::chrono::sys_seconds second = std::chrono::sys_seconds::min();
        std::string text;
    };
    thread_local Last last;
    const auto second = std::chrono::floor<std::chrono::seconds>(at);
    if (second != last.second) {
        last = {second, isoStamp(at)};
        return last.text;
    }
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(at - second).count();
    char* digits = last.text.data() + last.text.size() - 4;  // of `123Z`
    digits[0] = static_cast<char>('0' + millis / 100);
    digits[1] = static_cast<char>('0' + millis / 10 % 10);
    digits[2] = static_cast<char>('0' + millis % 10);
    return last.text;
}

/// `20170418T101959.000Z`: sorts by time, and holds no character that a shell or a file system minds.
void appendCompactStamp(std::string& text, std::string_view isoStamp) {
    std::ranges::copy_if(isoStamp, std::back_inserter(text), [](char c) { return c != '-' && c != ':'; });
}

void appendNumber(std::string& text, unsigned number) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text.append(digits.data(), end);
}

/// addressText(), without the formatted print that inet_ntop makes of an IPv4 address: every line has two.
void appendAddress(std::string& text, const Endpoint& endpoint) {
    const auto v4 = endpoint.v4();
    if (!v4) {
        text += addressText(endpoint);
        return;
    }
    for (std::size_t i = 0; i < v4->size(); ++i) {
        text.append(i == 0 ? 0 : 1, '.');
        appendNumber(text, (*v4)[i]);
    }
}

void appendEndpoint(std::string& text, const Endpoint& endpoint) {
    appendAddress(text, endpoint);
    text += ':';
    appendNumber(text, endpoint.port);
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::string_view endingWords(Ending ending) {
    switch (ending) {
        case Ending::Finished:
            return "finished talking to";
        case Ending::PeerClosed:
            return "hung up by";
        case Ending::Reset:
            return "reset by";
        case Ending::TimedOut:
            return "TIMED OUT talking to";
        case Ending::Limit:
            return "cut at a limit, talking to";
        case Ending::TlsFailed:
            return "failed TLS with";
        case Ending::AgentStopped:
            return "stopped by the agent, talking to";
        case Ending::Interrupted:
            break;
    }
    return "interrupted talking to";
}

void appendHeader(std::string& text, TimePoint startedAt) {
    text += "*****\n*****Started at: ";
    text += stampOf(startedAt);
    text += "*****\nTIMESTAMP, SRC_IP:PRT, DST_IP:PRT, PACKET\n";
}

void appendPacket(std::string& text, TimePoint at, const Endpoint& from, const Endpoint& to, std::string_view bytes) {
    text += stampOf(at);
    text += ',';
    appendEndpoint(text, from);
    text += ',';
    appendEndpoint(text, to);
    text += ',';
    appendEscaped(text, bytes);
    text += '\n';
}

void appendDropped(std::string& text, std::uint64_t packets, std::string_view reason) {
    text += "*****" + std::to_string(packets) + " packets not kept (";
    appendEscaped(text, reason);
    text += ")*****\n";
}

void appendFooter(std::string& text, std::string_view protocol, Ending ending, const Endpoint& source,
                  std::uint16_t localPort, TimePoint stoppedAt) {
    text += "*****Protocol ";
    std::ranges::transform(protocol, std::back_inserter(text), upper);
    text += ' ';
    text += endingWords(ending);
    text += " /";
    appendAddress(text, source);
    text += " using local port ";
    appendNumber(text, localPort);
    text += ", connection closed.****\n*****Stopped at: ";
    text += stampOf(stoppedAt);
    text += "*****\n*****\n";
}

std::string runFolder(TimePoint agentStart) {
    std::string name;
    appendCompactStamp(name, isoStampOf(agentStart));
    return name;
}

std::string sessionPath(std::string_view protocol, const Endpoint& source, const Uuid& session) {
    const std::string_view stamp = isoStampOf(session.time());
    std::string path;
    path.reserve(160);
    path.append(stamp.substr(0, 10)).append(1, '/').append(stamp.substr(11, 2)).append(1, '/');
    for (const char c : protocol.substr(0, 32)) {
        const char shown = upper(c);
        path += (shown >= 'A' && shown <= 'Z') || (shown >= '0' && shown <= '9') ? shown : '-';
    }
    path += protocol.empty() ? "UNKNOWN/" : "/";
    appendCompactStamp(path, stamp);
    path += '_';
    const std::size_t address = path.size();
    appendAddress(path, source);
    std::replace(path.begin() + static_cast<std::ptrdiff_t>(address), path.end(), ':', '-');
    path += '_';
    appendNumber(path, source.port);
    path += '_';
    path += session.text();
    path += ".txt";
    return path;
}

}  // namespace apiary::agent
