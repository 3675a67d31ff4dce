#pragma once

#include "agent/protocol/buffered_session.hpp"
#include "agent/protocols/http_answers.hpp"
#include "agent/protocols/http_body.hpp"
#include "agent/protocols/http_upload.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace apiary::agent {

/// HTTP/1.1 (RFC 9110, 9112) as Debian's Apache 2.4 answers it. See http.cpp for its configuration.
///
/// One request after the other: its head, what answers without a handler, its body, the handler. What a request says of
/// logins and files may be more than a turn takes: its answer waits until all of that is told.
class HttpSession final : public BufferedSession {
public:
    HttpSession(const HttpService& service, const Environment& environment);

    void onOpen(Turn& turn) override;
    bool onNotTls(std::string_view bytes, Turn& turn) override;
    void onAlarm(Turn& turn) override;
    void onPeerClosed(Turn& turn) override;
    void onCut(Turn& turn) override { leave(turn); }

private:
    enum class Phase { Head, Body };

    // BufferedSession
    std::size_t step(std::string_view rest, Turn& turn) override;
    bool busy() const override { return due_ || !noted_.empty(); }
    void onProgress(Turn& turn) override { settle(turn); }

    std::size_t headStep(std::string_view rest, Turn& turn);
    std::size_t bodyStep(std::string_view rest, Turn& turn);
    static std::size_t blankLinesBehind(std::string_view rest, Turn& turn);
    void refuseHead(std::string_view rest, Turn& turn);
    void headDone(std::string_view rest, Turn& turn);
    void overhearHead(std::string_view rest, Turn& turn);
    void overhearBody(const HttpRequest& request, std::string_view rest, Turn& turn);
    void leave(Turn& turn);
    void noteUnanswered(Turn& turn);
    void noteLogins(const HttpRequest& request, Turn& turn);
    void bodyDone(Turn& turn);
    void bodyRefused(Turn& turn);
    HttpReply badBody(unsigned status, std::string_view note, bool measured);
    template <typename Call>
    void collect(WallTime now, Call&& call);
    void answer(HttpReply reply, Turn& turn);
    void settle(Turn& turn);
    void nextRequest(Turn& turn);
    void startClock(Millis time, Turn& turn);

    // http_respond.cpp: the answer
    void respond(const HttpReply& reply, Turn& turn);
    bool keepsAlive(const HttpReply& reply, bool& chunked) const;
    void send(const HttpReply& reply, bool keep, bool chunked, WallTime at, Turn& turn) const;
    std::string headOf(const HttpReply& reply, bool keep, bool chunked, WallTime at) const;

    HttpRequest& request() { return head_.request(); }
    const HttpRequest& request() const { return head_.request(); }

    const HttpService& service_;
    HttpAnswers answers_;
    bool tls_;
    HttpHead head_{tls_};
    HttpBody body_;
    HttpUpload upload_;
    Phase phase_ = Phase::Head;
    std::optional<HttpReply> early_;  // decided before the body, sent behind it
    std::optional<HttpReply> due_;    // sent when nothing noted is left
    std::deque<Evidence> noted_;
    Millis delay_{};  // of the answer that is due
    std::uint32_t nextPayload_ = 1;
    unsigned kept_ = 0;           // requests after which the connection stayed
    bool expecting_ = false;      // the peer waits for 100 Continue
    bool idle_ = true;            // before a request
    bool ending_ = false;         // whatever the request says
    WallTime clockStart_{};       // of the time for the head or body
    std::size_t clockBytes_ = 0;  // that came since
};

}  // namespace apiary::agent
