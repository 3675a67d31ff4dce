#include "agent/record/session_account.hpp"

#include <algorithm>

namespace apiary::agent {

void SessionLines::channel(ChannelId channel, std::uint16_t sourcePort, std::uint16_t targetPort) {
    channels_.push_back({channel, sourcePort, targetPort});
}

void SessionLines::packet(std::string& text, WallTime at, bool sent, ChannelId channel, std::string_view bytes) const {
    Endpoint source = source_;
    Endpoint target = target_;
    if (channel != kControl) {
        // From the back: the channel in use is the last one opened.
        const auto ports = std::find_if(channels_.rbegin(), channels_.rend(),
                                        [&](const Ports& known) { return known.channel == channel; });
        if (ports != channels_.rend()) {
            source.port = ports->source;
            target.port = ports->target;
        }
    }
    appendPacket(text, at, sent ? target : source, sent ? source : target, bytes);
}

void SessionLines::footer(std::string& text, std::string_view protocol, Ending ending, WallTime stoppedAt) const {
    appendFooter(text, protocol, ending, source_, target_.port, stoppedAt);
}

void SessionTally::count(const v1::Record& record) {
    switch (record.what_case()) {
        case v1::Record::kPacket:
            countPacket(record.packet().sent(), record.packet().bytes().size());
            break;
        case v1::Record::kCommand:
            ++commands;
            break;
        case v1::Record::kCredential:
            ++credentials;
            loginAccepted = loginAccepted || record.credential().accepted();
            break;
        case v1::Record::kPayload:
            artifacts += record.payload().last() ? 1 : 0;
            break;
        case v1::Record::kIdentified:
            identified = record.identified().protocol();
            break;
        case v1::Record::kDropped:
            packets += static_cast<std::uint32_t>(record.dropped().packets());
            break;
        default:
            break;
    }
}

void SessionTally::countPacket(bool sent, std::size_t bytes) {
    ++packets;
    (sent ? bytesOut : bytesIn) += bytes;
}

void SessionTally::write(v1::SessionClosed& closed, std::uint32_t events) const {
    closed.set_bytes_in(bytesIn);
    closed.set_bytes_out(bytesOut);
    closed.set_packets(packets);
    closed.set_events(events);
    closed.set_credentials(credentials);
    closed.set_commands(commands);
    closed.set_artifacts(artifacts);
    closed.set_login_accepted(loginAccepted);
    closed.set_identified(identified);
}

}  // namespace apiary::agent
