#include "tests/support/recorded_session.hpp"

#include "common/net/address.hpp"
#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;
using collector::Moment;

void fill(v1::Endpoint& out, const Endpoint& endpoint) {
    if (const auto v4 = endpoint.v4()) {
        out.set_address(v4->data(), v4->size());
    } else {
        out.set_address(endpoint.address.data(), endpoint.address.size());
    }
    out.set_port(endpoint.port);
}

std::string stamp(Moment at) {
    return logStamp(std::chrono::system_clock::time_point(at));
}

std::uint64_t micros(Moment at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

const char* footer(v1::Outcome outcome) {
    switch (outcome) {
        case v1::OUTCOME_FINISHED:
            return "finished talking to";
        case v1::OUTCOME_PEER_CLOSED:
            return "hung up by";
        case v1::OUTCOME_RESET:
            return "reset by";
        case v1::OUTCOME_TIMED_OUT:
            return "TIMED OUT talking to";
        case v1::OUTCOME_LIMIT:
            return "cut at a limit, talking to";
        case v1::OUTCOME_TLS_FAILED:
            return "failed TLS with";
        case v1::OUTCOME_AGENT_STOPPED:
            return "stopped by the agent, talking to";
        default:
            return "interrupted talking to";
    }
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

}  // namespace

RecordedSession::RecordedSession(const Plan& plan) : plan_(plan) {
    std::array<std::uint8_t, 10> random{};
    std::mt19937_64 source(plan.random);
    std::ranges::generate(random, [&] { return static_cast<std::uint8_t>(source()); });
    if (plan.counted) {
        random = {};
        for (std::size_t i = 0; i < 8; ++i) {
            random[9 - i] = static_cast<std::uint8_t>(*plan.counted >> 8 * i);
        }
    }
    id_ = Uuid::v7(std::chrono::system_clock::time_point(plan.start), random);
    now_ = std::chrono::floor<std::chrono::microseconds>(id_.time());
    head_.set_session_id(std::string(id_.view()));
    fill(*head_.mutable_source(), plan.source);
    fill(*head_.mutable_target(), plan.target);
    head_.set_transport(v1::TRANSPORT_TCP);
    head_.set_service(plan.protocol);
    head_.set_protocol(plan.protocol);
    head_.set_syn(plan.syn);
    closed_.set_journal_path(plan.journalPath);
    journal_ = "*****\n*****Started at: " + stamp(now_) + "*****\nTIMESTAMP, SRC_IP:PRT, DST_IP:PRT, PACKET\n";
    *next().mutable_opened() = head_;
}

v1::Record& RecordedSession::next() {
    v1::Record& record = records_.emplace_back();
    record.set_session_id(std::string(id_.view()));
    record.set_seq(static_cast<std::uint32_t>(records_.size() - 1));
    record.set_at_us(micros(now_));
    now_ += 1ms;
    return record;
}

RecordedSession& RecordedSession::packet(bool sent, std::string_view bytes, std::uint32_t channel) {
    Endpoint source = plan_.source;
    Endpoint target = plan_.target;
    if (channel > 0) {
        std::tie(source.port, target.port) = ports_.at(channel - 1);
    }
    journal_ += stamp(now_) + "," +
                (sent ? logText(target) + "," + logText(source) : logText(source) + "," + logText(target)) + "," +
                escape(bytes) + "\n";
    v1::Packet& packet = *next().mutable_packet();
    packet.set_sent(sent);
    packet.set_channel(channel);
    packet.set_bytes(std::string(bytes));
    closed_.set_packets(closed_.packets() + 1);
    (sent ? closed_.set_bytes_out(closed_.bytes_out() + bytes.size())
          : closed_.set_bytes_in(closed_.bytes_in() + bytes.size()));
    return *this;
}

RecordedSession& RecordedSession::channel(std::uint32_t number, std::uint16_t sourcePort, std::uint16_t targetPort) {
    v1::ChannelOpened& opened = *next().mutable_channel_opened();
    opened.set_channel(number);
    opened.set_source_port(sourcePort);
    opened.set_target_port(targetPort);
    ports_.resize(std::max<std::size_t>(ports_.size(), number));
    ports_[number - 1] = {sourcePort, targetPort};
    return *this;
}

RecordedSession& RecordedSession::login(std::string_view username, std::string_view secret, bool accepted) {
    v1::Credential& credential = *next().mutable_credential();
    credential.set_username(std::string(username));
    credential.set_secret(std::string(secret));
    credential.set_accepted(accepted);
    closed_.set_credentials(closed_.credentials() + 1);
    closed_.set_login_accepted(closed_.login_accepted() || accepted);
    return *this;
}

RecordedSession& RecordedSession::command(std::string_view verb, std::string_view argument) {
    v1::Command& command = *next().mutable_command();
    command.set_verb(std::string(verb));
    command.set_argument(std::string(argument));
    closed_.set_commands(closed_.commands() + 1);
    return *this;
}

RecordedSession& RecordedSession::piece(std::string_view bytes) {
    v1::PayloadPiece& piece = *next().mutable_payload();
    piece.set_payload(1);
    piece.set_bytes(std::string(bytes));
    return *this;
}

RecordedSession& RecordedSession::uploaded(std::string_view name, std::string_view whole) {
    v1::PayloadPiece& piece = *next().mutable_payload();
    piece.set_payload(1);
    piece.set_last(true);
    piece.set_name(std::string(name));
    piece.set_size(whole.size());
    piece.set_sha256(std::string(view(Sha256::of(whole))));
    closed_.set_artifacts(closed_.artifacts() + 1);
    return *this;
}

RecordedSession& RecordedSession::pass(std::chrono::microseconds time) {
    now_ += time;
    return *this;
}

RecordedSession& RecordedSession::close(v1::Outcome outcome) {
    journal_ += "*****Protocol " + upper(plan_.protocol) + " " + footer(outcome) + " /" + addressText(plan_.source) +
                " using local port " + std::to_string(plan_.target.port) +
                ", connection closed.****\n*****Stopped at: " + stamp(now_) + "*****\n*****\n";
    *closed_.mutable_head() = head_;
    closed_.set_ended_at_us(micros(now_));
    closed_.set_outcome(outcome);
    closed_.set_events(static_cast<std::uint32_t>(records_.size() - 1));
    closed_.set_journal_sha256(std::string(view(Sha256::of(journal_))));
    *next().mutable_closed() = closed_;
    return *this;
}

RecordedSession randomSession(std::mt19937_64& random, Moment from, Moment to) {
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    const auto bytes = [&](std::size_t length) {
        std::string text(length, '\0');
        std::ranges::generate(text, [&] { return static_cast<char>(random()); });
        return text;
    };
    constexpr std::array kProtocols{"ftp", "telnet", "smtp", "http"};
    constexpr std::array<std::size_t, 5> kLengths{0, 1, 7, 60, 16384};
    RecordedSession::Plan plan{
        .start = from + std::chrono::microseconds(below(static_cast<std::uint64_t>((to - from).count()))),
        .source = Endpoint::of({45, 16, static_cast<std::uint8_t>(below(256)), static_cast<std::uint8_t>(below(256))},
                               static_cast<std::uint16_t>(1024 + below(60000))),
        .target = Endpoint::of({198, 51, 100, 7}, 21),
        .protocol = kProtocols[below(kProtocols.size())],
        .random = random()};
    if (below(4) == 0) {
        plan.source = *parseEndpoint("[2001:db8::" + std::to_string(1 + below(9999)) + "]:4000");
        plan.target = *parseEndpoint("[2001:db8:ffff::1]:23");
    }
    RecordedSession session(plan);
    for (std::uint64_t i = below(10); i > 0; --i) {
        const std::string packet = bytes(below(30) == 0 ? kLengths[below(kLengths.size())] : below(90));
        below(2) == 0 ? session.received(packet) : session.sent(packet);
        session.pass(std::chrono::microseconds(below(3'000'000)));
    }
    if (below(3) == 0) {
        session.channel(1, static_cast<std::uint16_t>(50000 + below(9999)), 2121).received(bytes(100), 1);
    }
    if (below(2) == 0) {
        session.login("root", bytes(below(12)), below(5) == 0).login("admin", "123456");
    }
    for (std::uint64_t i = below(3); i > 0; --i) {
        session.command("RETR", "file" + std::to_string(below(100)));
    }
    return session.close(static_cast<v1::Outcome>(1 + below(8)));
}

v1::Record randomProbe(std::mt19937_64& random, Moment from, Moment to) {
    static constexpr std::array<const char*, 3> kKinds{"syn", "icmp", "refused"};
    static constexpr std::array<const char*, 4> kReasons{"", "tool=masscan ttl=243", "tool=zmap", "held"};
    std::array<std::uint8_t, 10> bits{};
    std::ranges::generate(bits, [&] { return static_cast<std::uint8_t>(random()); });
    const auto start = from + std::chrono::microseconds(random() % static_cast<std::uint64_t>((to - from).count()));
    const auto id = Uuid::v7(start, bits);
    v1::Record record;
    auto& probe = *record.mutable_probe();
    probe.set_probe_id(id.bytes.data(), id.bytes.size());
    probe.set_ended_at_us(static_cast<std::uint64_t>((start + 1s).time_since_epoch().count()));
    fill(*probe.mutable_source(), Endpoint::of({192, 0, 2, static_cast<std::uint8_t>(random())}, 0));
    fill(*probe.mutable_target(), Endpoint::of({198, 51, 100, 7}, random() % 2 == 0 ? 23 : 21));
    probe.set_kind(kKinds[random() % kKinds.size()]);
    probe.set_packets(1 + random() % 300);
    probe.set_reason(kReasons[random() % kReasons.size()]);
    return record;
}

TestSpool::TestSpool(std::uint64_t id, std::uint32_t lane) : lane_(lane) {
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[i] = static_cast<std::uint8_t>(id >> (8 * i));
    }
    id_ = Uuid::v4(bytes);
}

std::uint64_t TestSpool::append(const v1::Record& record) {
    appendRaw(record.SerializeAsString());
    return last_;
}

void TestSpool::append(const RecordedSession& session) {
    for (const v1::Record& record : session.records()) {
        append(record);
    }
}

void TestSpool::appendRaw(const std::string& record) {
    v1::Entry& entry = entries_.emplace_back();
    entry.set_seq(++last_);
    entry.set_seq_end(last_);
    entry.set_record(record);
}

void TestSpool::appendGap(std::uint64_t numbers, const v1::Gap& gap) {
    v1::Record record;
    *record.mutable_gap() = gap;
    v1::Entry& entry = entries_.emplace_back();
    entry.set_seq(last_ + 1);
    entry.set_seq_end(last_ += numbers);
    entry.set_record(record.SerializeAsString());
}

void TestSpool::forget(std::uint64_t seq) {
    std::erase_if(entries_, [seq](const v1::Entry& entry) { return entry.seq_end() <= seq; });
}

v1::Batch TestSpool::batch(std::uint64_t first, std::uint64_t last) const {
    v1::Batch batch;
    batch.set_lane(lane_);
    for (const v1::Entry& entry : entries_) {
        if (entry.seq_end() >= first && entry.seq() <= last) {
            *batch.add_entries() = entry;
        }
    }
    batch.set_first_seq(batch.entries(0).seq());
    batch.set_last_seq(batch.entries(batch.entries_size() - 1).seq_end());
    return batch;
}

}  // namespace apiary::test
