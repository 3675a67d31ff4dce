#include "agent/protocols/smtp_session.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestRecord = 2048;  // line_length_limit

}  // namespace

bool SmtpSession::data(const Words& words, Turn& turn) {
    if (chunks_ != Chunks::None) {
        return refuse("503 5.5.1 Error: DATA after BDAT", turn);
    }
    if (recipients_ == 0) {
        return refuse(inMail_ ? "554 5.5.1 Error: no valid recipients" : "503 5.5.1 Error: need RCPT command", turn);
    }
    if (words.size() != 1) {
        return refuse("501 5.5.4 Syntax: DATA", turn);
    }
    reply("354 End data with <CR><LF>.<CR><LF>", turn);
    reading_ = Reading::Message;
    beginPayload();
    return true;
}

/// As many lines as are there. One that is longer than a record goes on in the next.
std::size_t SmtpSession::readMessage(std::string_view rest, Turn& turn) {
    std::string kept;
    std::size_t taken = 0;
    bool over = false;
    while (taken < rest.size() && !over) {
        const std::string_view left = rest.substr(taken, kLongestRecord + 1);
        const auto end = left.find('\n');
        const bool whole = end < kLongestRecord || (end == kLongestRecord && left[end - 1] == '\r');
        if (!whole && left.size() <= kLongestRecord) {
            break;
        }
        std::string_view line = left.substr(0, whole ? end + 1 : kLongestRecord);
        taken += line.size();
        const bool bareLf = whole && !line.ends_with("\r\n");
        std::size_t length = whole ? line.substr(0, end).find_last_not_of('\r') + 1 : line.size();
        const bool begins = !std::exchange(midLine_, !whole);
        if (begins && line.front() == '.') {
            line.remove_prefix(1);
            over = --length == 0;
        }
        bareLf_ = bareLf_ || bareLf;
        if (!over) {
            countRecord(line.substr(0, length), begins);
            kept += line;
        }
    }
    if (!kept.empty()) {
        turn.observe(PayloadPiece{payloadId_, std::move(kept), false});
    }
    if (over) {
        endMessage("Ok: queued as ", turn);
    }
    return taken;
}

/// Counts a line, or a part of one that is too long, as Postfix does: with the two bytes of its end.
void SmtpSession::countRecord(std::string_view record, bool begins) {
    tooBig_ = tooBig_ || service_.sizeLimit - size_ < record.size() + 2;
    size_ += tooBig_ ? 0 : record.size() + 2;
    hops_.take(record, begins);
}

bool SmtpSession::bdat(const Words& words, Turn& turn) {
    const auto size = words.size() > 1 ? smtpSize(words[1].text) : std::nullopt;
    const bool last = words.size() == 3;
    if (!size || *size < 0 || words.size() > 3 || (last && !smtpSame(words[2].text, "LAST"))) {
        return refuse("521 5.5.4 Syntax: BDAT count [LAST]", turn);
    }
    const auto count = static_cast<std::uint64_t>(*size);
    std::string fault;
    if (count == 0 && !last) {
        fault = "551 5.7.1 Null BDAT request";
    } else if (chunks_ == Chunks::Failed) {
        fault = "551 5.0.0 Discarded " + std::to_string(count) + " bytes after earlier error";
    } else if (chunks_ == Chunks::None && recipients_ == 0) {
        fault = inMail_ ? "554 5.5.1 Error: no valid recipients" : "503 5.5.1 Error: need RCPT command";
    } else if (count > service_.sizeLimit || size_ > service_.sizeLimit - count) {
        fault = "552 5.3.4 Chunk exceeds message size limit";
    }
    reading_ = Reading::Chunk;
    chunkSize_ = chunkLeft_ = count;
    lastChunk_ = last;
    chunkAnswer_ = fault;
    if (fault.empty() && chunks_ == Chunks::None) {
        beginPayload();
        chunks_ = Chunks::Taken;
    }
    if (count == 0) {
        endChunk(turn);
    }
    return true;
}

std::size_t SmtpSession::readChunk(std::string_view rest, Turn& turn) {
    const std::string_view piece = rest.substr(0, std::min<std::uint64_t>(chunkLeft_, rest.size()));
    chunkLeft_ -= piece.size();
    if (chunkAnswer_.empty()) {
        countLines(piece);
        turn.observe(PayloadPiece{payloadId_, std::string(piece), false});
    }
    if (chunkLeft_ == 0) {
        endChunk(turn);
    }
    return piece.size();
}

/// Counts what the chunks bring; a line may go on from one to the next.
void SmtpSession::countLines(std::string_view bytes) {
    for (const char c : bytes) {
        if (c == '\n') {
            countRecord(std::string_view(record_).substr(0, record_.find_last_not_of('\r') + 1), !midLine_);
            midLine_ = false;
            record_.clear();
            continue;
        }
        if (record_.size() == kLongestRecord) {
            countRecord(record_, !midLine_);
            midLine_ = true;
            record_.clear();
        }
        record_ += c;
    }
}

void SmtpSession::endChunk(Turn& turn) {
    reading_ = Reading::Command;
    if (!chunkAnswer_.empty()) {
        reply(std::exchange(chunkAnswer_, {}), turn);
        if (lastChunk_) {
            endPayload(turn);
            resetMail();
        } else {
            chunks_ = Chunks::Failed;
        }
        finish(false, turn);
    } else if (lastChunk_) {
        if (!record_.empty()) {
            countRecord(record_, !midLine_);
        }
        endMessage("Ok: " + std::to_string(size_) + " bytes queued as ", turn);
    } else if (tooBig_) {
        endMessage({}, turn);
        chunks_ = Chunks::Failed;
    } else {
        reply("250 2.0.0 Ok: " + std::to_string(chunkSize_) + " bytes", turn);
    }
}

/// The message is whole. That it is taken makes up for earlier errors.
void SmtpSession::endMessage(std::string_view taken, Turn& turn) {
    reading_ = Reading::Command;
    const bool good = !tooBig_ && !hops_.tooMany();
    if (good) {
        errors_ = 0;
        junk_ = 0;
    }
    reply(good      ? "250 2.0.0 " + std::string(taken) + queueId_
          : tooBig_ ? "552 5.3.4 Error: message file too big"
                    : "554 5.4.0 Error: too many hops",
          turn);
    endPayload(turn);
    resetMail();
    finish(good, turn);
}

void SmtpSession::beginPayload() {
    ++payloadId_;
    payload_ = true;
}

void SmtpSession::endPayload(Turn& turn) {
    if (std::exchange(bareLf_, false)) {
        turn.observe(Anomaly{"bare LF in a message"});  // what hides a second one from other servers ends so
    }
    if (std::exchange(payload_, false)) {
        turn.observe(PayloadPiece{payloadId_, {}, true, queueId_ + ".eml"});
    }
}

}  // namespace apiary::agent
