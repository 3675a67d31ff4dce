#include "agent/protocols/http_body.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostHeld = 8192;  // of a line between chunks: what the real server reads before it looks
constexpr std::size_t kPortion = 1024;   // of data at a time, so that the answer of many small parts can be portioned
constexpr unsigned kMostSpaces = 10;
constexpr unsigned kMostDigits = 15;  // that a size of 63 bits may have for certain; the sixteenth may be one too many

}  // namespace

HttpBody::HttpBody(const HttpRequest& request)
    : state_(request.hasBody() ? State::Reading : State::Done),
      part_(request.chunked ? Part::Size : Part::Data),
      chunked_(request.chunked),
      left_(request.length) {}

std::size_t HttpBody::take(std::string_view rest, std::string_view& data) {
    data = {};
    std::size_t taken = 0;
    while (taken < rest.size() && state_ == State::Reading) {
        if (part_ == Part::Data) {
            data = rest.substr(taken, static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPortion)));
            left_ -= data.size();
            if (left_ == 0) {
                part_ = chunked_ ? Part::DataEnd : Part::Data;
                state_ = chunked_ ? State::Reading : State::Done;
            }
            return taken + data.size();
        }
        if (part_ == Part::Trailer) {
            const std::size_t line = trailer_.take(rest.substr(taken));
            if (line == 0) {
                break;
            }
            taken += line;
            if (trailer_.state() == HttpFields::State::Refused) {
                refuse(400);
            } else if (trailer_.state() == HttpFields::State::Done) {
                state_ = State::Done;
            }
            continue;
        }
        const auto end = rest.find('\n', taken);
        if (end == std::string_view::npos && rest.size() - taken < kMostHeld) {
            break;
        }
        for (const std::size_t stop = std::min(end, rest.size() - 1) + 1; taken < stop && state_ == State::Reading;) {
            chunkByte(rest[taken++]);
        }
    }
    return taken;
}

void HttpBody::chunkByte(char c) {
    if (part_ == Part::DataEnd || part_ == Part::DataEndLf) {
        const bool first = part_ == Part::DataEnd;
        if (c != (first ? '\r' : '\n')) {
            refuse(400);
        }
        part_ = first ? Part::DataEndLf : Part::Size;
        return;
    }
    if (part_ == Part::Size) {
        part_ = Part::Digits;
        left_ = 0;
        digits_ = 0;
        spaces_ = 0;
        lineBytes_ = 0;
        if (std::string_view("0123456789abcdef").find(httpLower(c)) == std::string_view::npos) {
            refuse(400);
            return;
        }
    }
    if (++lineBytes_ > kHttpLongestLine) {
        refuse(413);
        return;
    }
    sizeByte(c);
}

/// A byte of the line that says how long the chunk is.
void HttpBody::sizeByte(char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (part_ == Part::SizeEnd || c == '\n') {
        if (part_ != Part::SizeEnd || c != '\n') {
            refuse(400);
            return;
        }
        part_ = left_ > 0 ? Part::Data : Part::Trailer;
    } else if (c == '\r') {
        part_ = Part::SizeEnd;
    } else if (c == ';') {
        part_ = Part::Extension;
    } else if (part_ == Part::Extension) {
        if (!httpText(c)) {
            refuse(400);
        }
    } else if (c == ' ' || c == '\t') {
        part_ = Part::Space;
        if (++spaces_ > kMostSpaces) {
            refuse(400);
        }
    } else if (part_ == Part::Space || kDigits.find(httpLower(c)) == std::string_view::npos) {
        refuse(400);
    } else if (left_ > 0 || c != '0') {
        const auto value = kDigits.find(httpLower(c));
        if (++digits_ > kMostDigits && (digits_ > kMostDigits + 1 || left_ >= (std::uint64_t{1} << 59U))) {
            refuse(413);
            return;
        }
        left_ = left_ << 4U | value;
    }
}

void HttpBody::refuse(unsigned status) {
    state_ = State::Refused;
    status_ = status;
}

}  // namespace apiary::agent
