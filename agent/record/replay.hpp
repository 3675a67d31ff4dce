#pragma once

#include "agent/record/session_account.hpp"
#include "agent/spool/spool.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace apiary::agent {

/// A session as its rows in the spool tell it. Pure: the same rows give the same text, byte by byte, that the recorder
/// wrote as it happened.
class Replay {
public:
    explicit Replay(std::span<const SpoolRow> rows);

    /// The opening was there; nothing else makes sense without it.
    bool opened() const { return lines_.has_value(); }

    /// No record of it is missing.
    bool whole() const { return opened() && whole_; }

    /// The peer said something.
    bool spoken() const { return spoken_; }

    const v1::SessionHead& head() const { return head_; }
    const SessionTally& tally() const { return tally_; }

    /// Its closing, if it has one.
    const std::optional<v1::SessionClosed>& closed() const { return closed_; }

    /// Header and lines; the footer too if it is closed.
    const std::string& text() const { return text_; }

    /// What stands behind the last record that is missing: lines, with the footer of a session that is closed, and how
    /// many packets came before. Of one that is open that is right if only packets are missing.
    struct Tail {
        std::string text;
        std::size_t lines = 0;
        std::size_t before = 0;
    };
    Tail tail() const;

    /// Header of the log.
    const std::string& header() const { return header_; }

    /// Number for the next record, and the time of the last.
    std::uint32_t nextSeq() const { return nextSeq_; }
    WallTime lastAt() const { return lastAt_; }

    /// The footer for an end like that.
    std::string footer(Ending ending, WallTime stoppedAt) const;

private:
    void take(const v1::Record& record);

    v1::SessionHead head_;
    std::optional<SessionLines> lines_;
    SessionTally tally_;
    std::optional<v1::SessionClosed> closed_;
    std::string text_;
    std::string header_;
    std::size_t tailAt_ = 0;     // in the text
    std::size_t tailLines_ = 0;  // from there on
    std::size_t packets_ = 0;    // there or missing
    std::uint32_t nextSeq_ = 0;
    WallTime lastAt_;
    bool whole_ = true;
    bool spoken_ = false;
};

/// The text log that these rows of one session make.
std::string renderJournal(std::span<const SpoolRow> rows);

}  // namespace apiary::agent
