#pragma once

#include "agent/protocols/http_request.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace apiary::agent {

/// Takes the body of one request off the stream (RFC 9112, 6 and 7) as Apache's HTTP_IN filter does.
class HttpBody {
public:
    enum class State { Reading, Done, Refused };

    HttpBody() = default;
    explicit HttpBody(const HttpRequest& request);

    /// Takes what it can of `rest`, which is not empty: returns how much, or 0 for want of bytes. `data` is set to what
    /// of it belongs to the body, maybe nothing.
    std::size_t take(std::string_view rest, std::string_view& data);

    State state() const { return state_; }

    /// Why it is Refused: 400 or 413.
    unsigned status() const { return status_; }

    /// What the page says of it: a trailer has the faults of a head.
    std::string_view note() const { return inTrailer() ? trailer_.refusal().note : std::string_view(); }

    /// True if the trailer was what is wrong, or is not finished. The real server then answers in a way of its own.
    bool inTrailer() const { return chunked_ && part_ == Part::Trailer; }

private:
    enum class Part { Size, Digits, Space, Extension, SizeEnd, Data, DataEnd, DataEndLf, Trailer };

    void chunkByte(char c);
    void sizeByte(char c);
    void refuse(unsigned status);

    State state_ = State::Done;
    Part part_ = Part::Data;
    bool chunked_ = false;
    std::uint64_t left_ = 0;
    unsigned status_ = 0;
    unsigned spaces_ = 0;
    unsigned digits_ = 0;
    std::size_t lineBytes_ = 0;
    HttpFields trailer_;
};

}  // namespace apiary::agent
