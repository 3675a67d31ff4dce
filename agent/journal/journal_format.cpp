#include "agent/journal/journal_format.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <array>

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

/// `20170418T101959.000Z`: sorts by time, and holds no character that a shell or a file system minds.
std::string compactStamp(TimePoint at) {
    std::string stamp = isoStamp(at);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    return stamp;
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
    text += logText(from);
    text += ',';
    text += logText(to);
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
    text += addressText(source);
    text += " using local port ";
    text += std::to_string(localPort);
    text += ", connection closed.****\n*****Stopped at: ";
    text += stampOf(stoppedAt);
    text += "*****\n*****\n";
}

std::string runFolder(TimePoint agentStart) {
    return compactStamp(agentStart);
}

std::string sessionPath(std::string_view protocol, const Endpoint& source, const Uuid& session) {
    const std::string stamp = isoStamp(session.time());
    std::string path = stamp.substr(0, 10) + '/' + stamp.substr(11, 2) + '/';
    for (const char c : protocol.substr(0, 32)) {
        const char shown = upper(c);
        path += (shown >= 'A' && shown <= 'Z') || (shown >= '0' && shown <= '9') ? shown : '-';
    }
    path += protocol.empty() ? "UNKNOWN/" : "/";
    path += compactStamp(session.time());
    path += '_';
    std::string address = addressText(source);
    std::ranges::replace(address, ':', '-');
    path += address;
    path += '_';
    path += std::to_string(source.port);
    path += '_';
    path += session.text();
    path += ".txt";
    return path;
}

}  // namespace apiary::agent
