#pragma once

#include "agent/spool/spool.hpp"

#include <vector>

namespace apiary::agent::test {

/// What an uplink does not ask of a spool, for those that were filled beforehand: nothing is appended, bound or lost.
class GivenSpool : public Spool {
public:
    std::vector<std::uint64_t> append(std::span<const NewRecord>, const RetryWait&, SpoolRoom) override { return {}; }
    bool setAside(std::span<const NewRecord>) override { return true; }
    std::vector<NewRecord> aside() override { return {}; }
    std::size_t together(std::span<const NewRecord> records) const override { return records.size(); }
    void journalled(std::uint32_t, std::uint64_t) override {}
    bool wantsLogs() const override { return false; }
    void release() override {}
    std::vector<Uuid> openSessions() const override { return {}; }
    std::vector<Uuid> unjournalledSessions() const override { return {}; }
    OpenSession openSession(const Uuid&) const override { return {}; }
    std::vector<SpoolRange> takeDamaged() override { return {}; }
    Usage usage() const override { return {}; }
    bool full() const override { return false; }
    std::uint64_t lost() const override { return 0; }
};

}  // namespace apiary::agent::test
