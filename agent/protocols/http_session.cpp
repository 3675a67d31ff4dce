#include "agent/protocols/http_session.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

/// The kernel keeps a connection to itself until bytes come, as long as it would wait for an ACK (TCP_DEFER_ACCEPT,
/// which Apache asks for); only then the server has it and begins to count.
constexpr Millis kUnheardTime = 51500ms;
constexpr Millis kHeadTime = 20s;  // RequestReadTimeout header=20-40,minrate=500
constexpr Millis kLongestHead = 40s;
constexpr Millis kBodyTime = 10s;                                // body=10,minrate=500
constexpr std::size_t kLeastRate = 500;                          // bytes a second that earn more time
constexpr std::uint64_t kLongestBody = std::uint64_t{1} << 30U;  // LimitRequestBody

/// Unlike an assignment, gives back the memory that long texts took.
template <typename T, typename... Arguments>
void renew(T& value, Arguments... arguments) {
    std::destroy_at(&value);
    std::construct_at(&value, arguments...);
}

}  // namespace

HttpSession::HttpSession(const HttpService& service, const Environment& environment)
    : service_(service), answers_(service, environment), tls_(environment.tls) {}

void HttpSession::onOpen(Turn& turn) {
    startClock(tls_ ? kHeadTime : kUnheardTime, turn);
}

/// OpenSSL knows the methods of old, and mod_ssl then answers a request that it makes up.
bool HttpSession::onNotTls(std::string_view bytes, Turn& turn) {
    constexpr std::string_view kKnown[] = {"GET ", "POST ", "HEAD ", "PUT "};
    constexpr std::string_view kReason =
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n"
        " Instead use the HTTPS scheme to access this URL, please.<br />\n";
    overhearHead(bytes, turn);
    if (std::ranges::none_of(kKnown, [&](std::string_view method) { return bytes.starts_with(method); })) {
        return false;
    }
    turn.observe(Anomaly{"plain HTTP where TLS was due"});
    HttpReply reply;
    httpErrorPage(reply, 400, answers_.owner(), request(), {.note = kReason});
    respond(reply, turn);
    return true;
}

void HttpSession::startClock(Millis time, Turn& turn) {
    clockStart_ = turn.now();
    clockBytes_ = 0;
    turn.setAlarm(time);
}

/// Whoever sends fast enough gets more time. A head that is never finished is answered, a request line is not.
void HttpSession::onAlarm(Turn& turn) {
    const bool inBody = phase_ == Phase::Body;
    const Millis earned = std::chrono::seconds(clockBytes_ / kLeastRate);
    const Millis allowed = inBody ? kBodyTime + earned : std::min(kHeadTime + earned, kLongestHead);
    const auto passed = std::chrono::duration_cast<Millis>(turn.now() - clockStart_);
    if (!idle_ && passed < allowed) {
        turn.setAlarm(allowed - passed);
        return;
    }
    leave(turn);
    if (inBody || head_.state() == HttpHead::State::Fields) {
        HttpReply reply;
        httpErrorPage(reply, 408, answers_.owner(), request());
        respond(reply, turn);
    }
    turn.close();
}

void HttpSession::onPeerClosed(Turn& turn) {
    if (phase_ == Phase::Body) {
        leave(turn);
        respond(badBody(400, "", true), turn);
    } else if (head_.state() == HttpHead::State::Fields) {
        refuseHead(takeUnread(), turn);
    }
    turn.close();
}

std::size_t HttpSession::step(std::string_view rest, Turn& turn) {
    const std::size_t taken = phase_ == Phase::Body ? bodyStep(rest, turn) : headStep(rest, turn);
    clockBytes_ += taken;
    return idle_ ? taken + blankLinesBehind(rest.substr(taken), turn) : taken;
}

/// Of the blank lines that came with a request that is answered now; a bare LF will do there. Too many end the
/// connection.
std::size_t HttpSession::blankLinesBehind(std::string_view rest, Turn& turn) {
    std::size_t taken = 0;
    for (unsigned lines = 0;; ++lines) {
        const std::string_view left = rest.substr(taken);
        const std::size_t length = left.starts_with('\n') ? 1 : left.starts_with("\r\n") ? 2 : 0;
        if (length == 0) {
            return taken;
        }
        if (lines == kHttpMostBlankLines) {
            turn.close();
            return rest.size();
        }
        taken += length;
    }
}

std::size_t HttpSession::headStep(std::string_view rest, Turn& turn) {
    if (std::exchange(idle_, false)) {
        startClock(kHeadTime, turn);
    }
    const std::size_t taken = head_.take(rest);
    if (head_.state() == HttpHead::State::Refused) {
        refuseHead(rest, turn);
        return rest.size();
    }
    if (head_.state() == HttpHead::State::Ready) {
        headDone(rest.substr(taken), turn);
    }
    return taken;
}

/// Evidence beside the turn, which may not have the room for all of it.
template <typename Call>
void HttpSession::collect(WallTime now, Call&& call) {
    Turn aside(now, Transport::Stream);
    call(aside);
    for (Action& action : std::move(aside).takeActions()) {
        noted_.push_back(std::get<Evidence>(std::move(action)));
    }
}

void HttpSession::answer(HttpReply reply, Turn& turn) {
    due_ = std::move(reply);
    settle(turn);
}

void HttpSession::settle(Turn& turn) {
    for (; !noted_.empty() && !turn.full(); noted_.pop_front()) {
        turn.observe(std::move(noted_.front()));
    }
    if (noted_.empty() && due_) {
        HttpReply reply = *std::move(due_);
        due_.reset();
        respond(reply, turn);
    }
}

void HttpSession::refuseHead(std::string_view rest, Turn& turn) {
    const unsigned status = head_.refusal().status;
    collect(turn.now(), [&](Turn& aside) {
        overhearHead(rest, aside);
        aside.observe(Anomaly{status == 414 ? "request line too long" : "malformed request"});
    });
    HttpReply reply;
    httpErrorPage(reply, status, answers_.owner(), request(), {.note = head_.refusal().note});
    reply.ends = true;
    answer(std::move(reply), turn);
}

/// What somebody asks is evidence even where the server does not listen any more.
void HttpSession::overhearHead(std::string_view rest, Turn& turn) {
    const HttpRequest heard = head_.overheard(rest);
    if (!heard.method.empty()) {
        turn.observe(Command{heard.method, heard.target});
    }
    HttpAnswers::noteLogins(heard, false, turn);
    overhearBody(heard, rest, turn);
    noteLogins(heard, turn);
}

/// Takes down as much of a body as came, which the server does not read.
void HttpSession::overhearBody(const HttpRequest& request, std::string_view rest, Turn& turn) {
    HttpBody body(request);
    upload_.begin(request);
    while (!rest.empty() && body.state() == HttpBody::State::Reading) {
        std::string_view data;
        const std::size_t taken = body.take(rest, data);
        upload_.add(data, nextPayload_, turn);
        rest.remove_prefix(taken);
        if (taken == 0) {
            break;
        }
    }
    upload_.end(nextPayload_, turn);
}

/// `rest` is what came behind the head.
void HttpSession::headDone(std::string_view rest, Turn& turn) {
    turn.observe(Command{request().method, request().target});
    if (request().ambiguous) {
        turn.observe(Anomaly{"Content-Length and Transfer-Encoding"});
    }
    const std::string* expected = request().field("Expect");
    expecting_ = expected != nullptr && httpEqual(*expected, "100-continue");
    early_ = answers_.early(request(), turn);
    const bool asks = expecting_ && request().version >= 11 && request().hasBody();
    const bool dropped = early_ && httpDropsConnection(early_->status);
    if (request().length > kLongestBody && !dropped) {
        collect(turn.now(), [&](Turn& aside) {
            overhearBody(request(), rest, aside);
            noteUnanswered(aside);
        });
        answer(badBody(413, "", false), turn);
        return;
    }
    const bool unread = request().ambiguous || dropped || (early_ && asks);
    if (!request().hasBody() || unread) {
        collect(turn.now(), [&](Turn& aside) { overhearBody(request(), rest, aside); });
        bodyDone(turn);
        return;
    }
    if (asks) {
        turn.send("HTTP/1.1 100 Continue\r\n\r\n");
        expecting_ = false;
    }
    body_ = HttpBody(request());
    upload_.begin(request());
    phase_ = Phase::Body;
    startClock(kBodyTime, turn);
}

std::size_t HttpSession::bodyStep(std::string_view rest, Turn& turn) {
    std::string_view data;
    const std::size_t taken = body_.take(rest, data);
    const bool done = body_.state() != HttpBody::State::Reading;
    collect(turn.now(), [&](Turn& aside) {
        upload_.add(data, nextPayload_, aside);
        if (done) {
            upload_.end(nextPayload_, aside);
        }
    });
    if (!done) {
        settle(turn);
        return taken;
    }
    if (body_.state() == HttpBody::State::Refused) {
        bodyRefused(turn);
        return rest.size();
    }
    bodyDone(turn);
    return taken;
}

/// A request that is not finished any more: what came of it is evidence all the same, a login too.
void HttpSession::leave(Turn& turn) {
    for (; !noted_.empty(); noted_.pop_front()) {
        turn.observe(std::move(noted_.front()));
    }
    if (due_) {
        return;  // all of the request is told
    }
    if (phase_ == Phase::Body) {
        upload_.end(nextPayload_, turn);
        noteUnanswered(turn);
    } else if (head_.state() == HttpHead::State::Fields) {
        overhearHead({}, turn);
    }
}

/// The login that the application has a form for, which is not let in though, or whatever looks like one.
void HttpSession::noteUnanswered(Turn& turn) {
    if (const auto login = answers_.loginOf(request(), upload_.form())) {
        turn.observe(Credential{login->user, login->secret, false});
    } else {
        noteLogins(request(), turn);
    }
}

/// What looks like a login, though nothing here asked for one.
void HttpSession::noteLogins(const HttpRequest& request, Turn& turn) {
    for (const HttpLogin& login : upload_.logins()) {
        turn.observe(Credential{login.user, login.secret, false});
    }
    if (const auto login = httpLogin(httpForm(request.query.value_or("")))) {
        turn.observe(Credential{login->user, login->secret, false});
    }
}

/// The real server answers what it was about to say with what went wrong meanwhile. By then a bad trailer has set the
/// status already. `measured`: where it was about to say nothing, and whoever asked for the body finds out.
HttpReply HttpSession::badBody(unsigned status, std::string_view note, bool measured) {
    HttpReply reply;
    const unsigned first = !early_ ? 0 : body_.inTrailer() ? 400 : early_->status;
    early_.reset();
    httpErrorPage(reply, status, answers_.owner(), request(),
                  {.note = note, .first = first, .measured = first == 0 && measured});
    reply.ends = true;
    return reply;
}

void HttpSession::bodyRefused(Turn& turn) {
    collect(turn.now(), [&](Turn& aside) {
        noteUnanswered(aside);
        aside.observe(Anomaly{"malformed body"});
    });
    answer(badBody(body_.status(), body_.note(), body_.inTrailer()), turn);
}

void HttpSession::bodyDone(Turn& turn) {
    HttpReply reply;
    collect(turn.now(), [&](Turn& aside) {
        reply = early_ ? *std::move(early_) : answers_.handle(request(), upload_, aside);
        if (!answers_.tookLogin()) {
            noteLogins(request(), aside);
        }
    });
    early_.reset();
    ending_ = request().ambiguous;
    delay_ = answers_.refusedLogin() ? service_.failureDelay : Millis::zero();
    answer(std::move(reply), turn);
}

void HttpSession::nextRequest(Turn& turn) {
    renew(head_, tls_);
    renew(body_);
    renew(upload_);
    answers_.forget();
    phase_ = Phase::Head;
    idle_ = true;
    expecting_ = false;
    ending_ = false;
    early_.reset();
    startClock(service_.keepAliveTime, turn);
}

}  // namespace apiary::agent
