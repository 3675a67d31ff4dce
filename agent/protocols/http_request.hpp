#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// How long a line may be, its end apart, and how many fields a request may have: LimitRequestLine and its kin.
inline constexpr std::size_t kHttpLongestLine = 8190;
inline constexpr std::size_t kHttpMostFields = 100;
inline constexpr unsigned kHttpMostBlankLines = 10;
/// What we hold of a request's fields. Apache would hold a hundred of the longest, 800 kB for a connection; no client
/// that means it comes near.
inline constexpr std::size_t kHttpMostHeld = std::size_t{64} << 10U;

struct HttpField {
    std::string name;
    std::string value;  // of all fields of the name, with ", " between them
};

/// A request as Apache understands it.
struct HttpRequest {
    std::string method;
    std::string target;  // as it was sent
    std::string path;    // of the target, not decoded; "*" in OPTIONS *
    std::optional<std::string> query;
    std::string scheme;               // of an absolute target; empty: none
    std::optional<std::string> host;  // that the target or the Host field names; may be empty
    std::optional<std::uint16_t> port;
    unsigned version = 9;    // 10 × major + minor
    bool tls = false;        // it came that way
    bool simple = false;     // HTTP/0.9: the answer is the body alone
    bool pathGiven = false;  // the target had one
    bool chunked = false;
    bool ambiguous = false;    // both a length and a coding: the connection ends with the answer
    std::uint64_t length = 0;  // of the body, if it is not chunked
    std::vector<HttpField> fields;

    bool headerOnly() const { return method == "HEAD"; }
    bool get() const { return method == "GET" || method == "HEAD"; }
    bool hasBody() const { return chunked || length > 0; }

    /// Null if there is no such field. Names know no case.
    const std::string* field(std::string_view name) const;
};

/// What is wrong with a request that is refused before anything is looked for.
struct HttpRefusal {
    unsigned status;
    std::string_view note = {};  // an explanation in the page
};

/// Takes a line off the front of `rest`. A line ends in CRLF, and has no NUL.
struct HttpLine {
    enum class Kind { Incomplete, Whole, TooLong, Broken };
    Kind kind;
    std::string_view text;     // without its end
    std::size_t consumed = 0;  // 0 if Incomplete
};
HttpLine httpLine(std::string_view rest);

/// Collects the fields of a request or trailer, line by line.
class HttpFields {
public:
    enum class State { Reading, Done, Refused };

    /// Takes the next line off `rest`: returns its size, or 0 for want of bytes. Call only while Reading.
    std::size_t take(std::string_view rest);

    State state() const { return state_; }
    const HttpRefusal& refusal() const { return refusal_; }
    std::vector<HttpField> release() { return std::move(fields_); }

    /// What came so far, the last one too if it was not judged yet.
    std::vector<HttpField> soFar() const;

private:
    void line(std::string_view line);
    bool keep();
    void refuse(std::string_view note = {});
    bool checkSizes();

    State state_ = State::Reading;
    HttpRefusal refusal_{400};
    std::vector<HttpField> fields_;
    std::string last_;  // the field that the next line may continue
    bool pending_ = false;
    std::size_t count_ = 0;
    std::size_t held_ = 0;  // bytes of all fields
};

/// Reads the head of one request (RFC 9112, 2 to 5) and judges it as Apache 2.4 does with HttpProtocolOptions Strict.
class HttpHead {
public:
    enum class State { Empty, Line, Fields, Ready, Refused };

    explicit HttpHead(bool tls = false) { request_.tls = tls; }

    /// Takes the next line off `rest`, which is not empty: returns its size, or 0 for want of bytes.
    std::size_t take(std::string_view rest);

    State state() const { return state_; }

    /// Whole when Ready; otherwise what is known of it.
    const HttpRequest& request() const { return request_; }
    HttpRequest& request() { return request_; }
    const HttpRefusal& refusal() const { return refusal_; }

    /// For evidence only: what a head that is refused or unfinished says all the same. `rest` is the line that was
    /// refused and what follows; all that looks like a field is taken off it, however its lines end, up to and with an
    /// empty line. What is left may be the body, if the request has one.
    HttpRequest overheard(std::string_view& rest) const;

private:
    void requestLine(std::string_view line);
    void finish();
    void refuse(HttpRefusal refusal);

    State state_ = State::Empty;
    HttpRequest request_;
    HttpRefusal refusal_{400};
    HttpFields fields_;
    unsigned blankLines_ = 0;
};

/// Splits a request line. True if it is good; else the request holds what could be told.
bool httpRequestLine(std::string_view line, HttpRequest& request);

/// Splits the target as Apache does it. False if it is none.
bool httpTarget(const std::string& target, HttpRequest& request);

/// Finds out which host is meant, and whether the name can be one. False: 400.
bool httpHost(HttpRequest& request);

/// Removes dot segments and doubled slashes, and decodes. Returns 0, or the status that answers such a path.
unsigned httpNormalise(std::string& path);

/// True for the methods that Apache has heard of.
bool httpMethodKnown(std::string_view method);

}  // namespace apiary::agent
