#include "agent/protocols/identify.hpp"

#include "agent/protocols/identify_matchers.hpp"

namespace apiary::agent {
namespace {

constexpr Matcher kStream[] = {
    {"tls", matchTls, tellTls},
    {"ssh", matchSsh, tellLine},
    {"http", matchHttp, tellLine},
    {"sip", matchSip, tellLine},
    {"smtp", matchSmtp, tellLine},
    {"redis", matchRedis, tellRedis},
    {"rdp", matchRdp},
    {"smb", matchSmb},
};

constexpr Matcher kDatagram[] = {
    {"sip", matchSip, tellLine},
};

}  // namespace

std::span<const Matcher> streamMatchers() {
    return kStream;
}

std::span<const Matcher> datagramMatchers() {
    return kDatagram;
}

/// The first that is not out of the question wins, so it must be waited for. As no matcher takes a Yes or No back,
/// the answer to a whole stream is that to each beginning of it, or not yet.
Verdict identify(Transport transport, std::string_view begin, bool ended) {
    if (begin.empty()) {
        return {ended ? Match::No : Match::NeedMore};
    }
    for (const Matcher& matcher : transport == Transport::Stream ? streamMatchers() : datagramMatchers()) {
        const Match match = matcher.match(begin);
        if (match == Match::Yes) {
            return {match, &matcher};
        }
        if (match == Match::NeedMore && !ended) {
            return {match};
        }
    }
    return {};
}

}  // namespace apiary::agent
