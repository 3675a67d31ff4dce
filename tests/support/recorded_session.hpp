#pragma once

#include "collector/ingest/rows.hpp"
#include "common/crypto/digest.hpp"
#include "common/net/endpoint.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/ingest.pb.h"
#include "proto/apiary/v1/session.pb.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::test {

/// One session as an agent records it: its records, and its text log rendered here, independently of agent and
/// database.
///
/// Calls add what happens, a millisecond apart; close() ends it.
class RecordedSession {
public:
    struct Plan {
        collector::Moment start;
        Endpoint source = Endpoint::of({192, 0, 2, 1}, 40000);
        Endpoint target = Endpoint::of({198, 51, 100, 1}, 21);
        std::string protocol = "ftp";
        std::uint64_t random = 1;                   // of the session's id
        std::optional<std::uint64_t> counted = {};  // instead: its last eight bytes, as of an agent whose ids count up
        std::string syn = {};
        std::string journalPath = {};
    };
    explicit RecordedSession(const Plan& plan);

    RecordedSession& received(std::string_view bytes, std::uint32_t channel = 0) {
        return packet(false, bytes, channel);
    }
    RecordedSession& sent(std::string_view bytes, std::uint32_t channel = 0) { return packet(true, bytes, channel); }
    RecordedSession& channel(std::uint32_t number, std::uint16_t sourcePort, std::uint16_t targetPort);
    RecordedSession& login(std::string_view username, std::string_view secret, bool accepted = false);
    RecordedSession& command(std::string_view verb, std::string_view argument);
    RecordedSession& piece(std::string_view bytes);
    RecordedSession& uploaded(std::string_view name, std::string_view whole);
    RecordedSession& pass(std::chrono::microseconds time);
    RecordedSession& close(v1::Outcome outcome = v1::OUTCOME_FINISHED);

    const Uuid& id() const { return id_; }
    const std::vector<v1::Record>& records() const { return records_; }
    /// The text log, whole if close() was called.
    const std::string& journal() const { return journal_; }

private:
    v1::Record& next();
    RecordedSession& packet(bool sent, std::string_view bytes, std::uint32_t channel);

    Plan plan_;
    Uuid id_;
    collector::Moment now_;
    v1::SessionHead head_;
    v1::SessionClosed closed_;
    std::vector<v1::Record> records_;
    std::string journal_;
    std::vector<std::pair<std::uint16_t, std::uint16_t>> ports_;
};

/// A session of everything there is: all byte values, short and long packets, logins, commands, any outcome, IPv6, days
/// that end in mid-session.
RecordedSession randomSession(std::mt19937_64& random, collector::Moment from, collector::Moment to);

/// Contact that never became a session: of any kind, with the marks of a tool or of none.
v1::Record randomProbe(std::mt19937_64& random, collector::Moment from, collector::Moment to);

/// Numbers records as a spool does, and packs them.
class TestSpool {
public:
    explicit TestSpool(std::uint64_t id, std::uint32_t lane = 0);

    /// Returns the number.
    std::uint64_t append(const v1::Record& record);
    void append(const RecordedSession& session);
    void appendRaw(const std::string& record);
    void appendGap(std::uint64_t numbers, const v1::Gap& gap);

    /// Frees the records up to a number.
    void forget(std::uint64_t seq);

    v1::Batch batch(std::uint64_t first, std::uint64_t last) const;
    v1::Batch all() const { return batch(1, last_); }

    const Uuid& id() const { return id_; }
    std::uint64_t last() const { return last_; }

private:
    Uuid id_;
    std::uint32_t lane_;
    std::uint64_t last_ = 0;
    std::vector<v1::Entry> entries_;
};

}  // namespace apiary::test
