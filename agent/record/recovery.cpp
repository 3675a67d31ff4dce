#include "agent/record/recovery.hpp"

#include "agent/journal/journal_repair.hpp"
#include "agent/record/record_bodies.hpp"
#include "agent/record/replay.hpp"
#include "common/crypto/digest.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::size_t kClosedAtOnce = 64;
constexpr std::size_t kTextAtOnce = std::size_t{4} << 20U;  // bytes of logs held meanwhile: a session may have 24 MiB

/// A log as it is to be.
struct Completion {
    Uuid session;
    std::string path;
    std::string text;
};

/// The log of a session whose spool had dropped packets: what was dropped stands in the log, and behind that all is in
/// the spool, though not all of it need be in the log. `footer` is the one that the log is to have.
std::string joined(const std::string& log, const Replay& replay, const std::string& footer) {
    const Replay::Tail tail = replay.tail();
    const std::string rest = replay.closed() ? tail.text : tail.text + footer;
    if (log.empty()) {
        return replay.closed() ? replay.text() : replay.text() + footer;
    }
    if (log.ends_with(footer) || !log.starts_with(replay.header())) {
        return log.ends_with(footer) ? log : log + footer;
    }
    std::vector<std::size_t> starts;  // of the lines of packets, and the end
    for (std::size_t at = replay.header().size(); at != 0; at = log.find('\n', at) + 1) {
        starts.push_back(at);
    }
    const std::string_view whole(log);
    const std::size_t lines = starts.size() - 1;
    if (tail.before <= lines) {
        const std::string_view known = whole.substr(starts[tail.before]);
        if (replay.closed() || tail.text.starts_with(known) || known.starts_with(tail.text)) {
            return log.substr(0, starts[tail.before]) + rest;
        }
    }
    std::size_t common = replay.closed() ? 0 : std::min(lines, tail.lines);
    while (!tail.text.starts_with(whole.substr(starts[lines - common]))) {
        --common;
    }
    return log.substr(0, starts[lines - common]) + rest;
}

class Recovery {
public:
    Recovery(Spool& spool, const JournalWriter& journal, const std::function<bool(const std::string&, bool)>& wantsLog,
             const std::function<void(const std::string&)>& closed)
        : spool_(spool), journal_(journal), wantsLog_(wantsLog), closed_(closed) {}

    Recovered run() {
        for (const Uuid& session : spool_.unjournalledSessions()) {
            completeClosed(session);
        }
        const auto open = spool_.openSessions();
        for (const Uuid& session : open) {
            close(session);
            if (closings_.size() >= kClosedAtOnce || held_ >= kTextAtOnce) {
                flush();
            }
        }
        flush();
        return {.sessions = open.size(), .unfinished = std::move(unfinished_)};
    }

    std::vector<Uuid> completeAll(const std::vector<Uuid>& sessions) {
        for (const Uuid& session : sessions) {
            completeClosed(session);
        }
        return std::move(unfinished_);
    }

private:
    /// Spool first: if this is cut short behind the commit, the next start finds a closed session with a short log.
    void flush() {
        if (!closings_.empty()) {
            spool_.append(
                closings_, [](std::chrono::milliseconds) { return false; }, SpoolRoom::Kept);
            for (const NewRecord& closing : closings_) {
                closed_(closing.body);
            }
            closings_.clear();
        }
        for (const Completion& log : std::exchange(logs_, {})) {
            complete(log);
        }
        held_ = 0;
    }

    void complete(const Completion& log) {
        try {
            completeLog(journal_.directory(), log.path, log.text);
        } catch (const std::system_error& error) {
            if (error.code() == std::errc::no_space_on_device || error.code().value() == EDQUOT ||
                error.code() == std::errc::file_too_large) {  // which is a limit of the user's, and may be raised
                unfinished_.push_back(log.session);
            } else {
                log::error("journal: cannot complete a log of the run before: " + std::string(error.what()));
            }
        }
    }

    /// The text that the log of a session with that footer must have.
    std::string wholeText(const Replay& replay, const std::string& path, const std::string& footer) const {
        if (replay.whole() || path.empty()) {
            return replay.closed() ? replay.text() : replay.text() + footer;
        }
        return joined(wholeLines(journal_.directory(), path), replay, footer);
    }

    void completeClosed(const Uuid& session) {
        const auto rows = spool_.openSession(session).rows;
        if (!rows.empty() && rows.back().kind == RecordKind::Closing) {
            closed_(rows.back().body);
        }
        const Replay replay(rows);
        if (replay.opened() && replay.closed() && !replay.closed()->journal_path().empty()) {
            const std::string& path = replay.closed()->journal_path();
            const std::string footer = replay.footer(static_cast<Ending>(replay.closed()->outcome()),
                                                     timeOfMicros(replay.closed()->ended_at_us()));
            complete({session, path, wholeText(replay, path, footer)});
        }
    }

    void close(const Uuid& session) {
        const auto open = spool_.openSession(session);
        const Replay replay(open.rows);
        NewRecord closing{
            .lane = open.lane, .session = session, .kind = RecordKind::Closing, .at = replay.lastAt(), .body = {}};
        if (!replay.opened()) {
            closing.body = lostOpening(session, replay);
            closings_.push_back(std::move(closing));
            return;
        }
        const v1::SessionHead& head = replay.head();
        const WallTime stoppedAt = std::max(replay.lastAt(), session.time());
        const std::string footer = replay.footer(Ending::Interrupted, stoppedAt);
        const Endpoint source = endpointOf(head.source());
        std::string path = findLog(journal_.directory(), head.protocol(), source, session).value_or("");
        if (path.empty() && wantsLog_(head.service(), replay.spoken())) {
            path = journal_.folder() + '/' + sessionPath(head.protocol(), source, session);
        }
        std::string text = wholeText(replay, path, footer);
        closing.at = stoppedAt;
        closing.body = recordBody(session, replay.nextSeq(), stoppedAt, [&](v1::Record& record) {
            auto& closed = *record.mutable_closed();
            *closed.mutable_head() = head;
            closed.set_ended_at_us(microsSince1970(stoppedAt));
            closed.set_outcome(v1::OUTCOME_INTERRUPTED);
            replay.tally().write(closed, replay.nextSeq() - 1);
            closed.set_journal_path(path);
            const Sha256Digest digest = Sha256::of(text);
            closed.set_journal_sha256(digest.data(), digest.size());
        });
        closings_.push_back(std::move(closing));
        if (!path.empty()) {
            held_ += text.size();
            logs_.push_back({session, std::move(path), std::move(text)});
        }
    }

    /// Stands where a closing would: the opening was damaged, so nothing can be said of the session.
    static std::string lostOpening(const Uuid& session, const Replay& replay) {
        return recordBody(session, replay.nextSeq(), replay.lastAt(), [&](v1::Record& record) {
            auto& gap = *record.mutable_gap();
            gap.set_what("session");
            gap.set_records(1);
            gap.set_from_us(microsSince1970(replay.lastAt()));
            gap.set_to_us(microsSince1970(replay.lastAt()));
            gap.set_reason("its opening is damaged in the spool");
        });
    }

    Spool& spool_;
    const JournalWriter& journal_;
    const std::function<bool(const std::string&, bool)>& wantsLog_;
    const std::function<void(const std::string&)>& closed_;
    std::vector<NewRecord> closings_;
    std::vector<Completion> logs_;
    std::vector<Uuid> unfinished_;
    std::size_t held_ = 0;  // bytes of these
};

}  // namespace

Recovered recoverSessions(Spool& spool, const JournalWriter& journal,
                          const std::function<bool(const std::string& service, bool spoken)>& wantsLog,
                          const std::function<void(const std::string& closing)>& closed) {
    return Recovery(spool, journal, wantsLog, closed).run();
}

std::vector<Uuid> completeLogs(Spool& spool, const JournalWriter& journal, const std::vector<Uuid>& sessions) {
    const std::function<bool(const std::string&, bool)> wantsLog = [](const std::string&, bool) { return true; };
    return Recovery(spool, journal, wantsLog, [](const std::string&) {}).completeAll(sessions);
}

}  // namespace apiary::agent
