#include "agent/protocols/http_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const std::string> text(std::string bytes) {
    return std::make_shared<const std::string>(std::move(bytes));
}

/// A site with a file, a folder for members and a page with a form.
class HttpSessionTest : public testing::Test {
protected:
    HttpSessionTest() {
        HttpRoute form;
        form.path = "/login";
        form.userField = "who";
        form.secretField = "word";
        form.answer.body = text("again, {{session}}");
        form.answer.headers = {{"Set-Cookie", "id={{session}}; path=/"}};
        form.welcome.status = 302;
        form.welcome.headers = {{"Location", "/in"}, {"Server", "Boa/0.94.13"}};
        HttpRoute guard;
        guard.path = "/members/*";
        guard.realm = "Members";
        guard.guards = true;
        HttpRoute rpc;
        rpc.path = "/rpc";
        rpc.bodyLogin = true;
        rpc.answer.body = text("fault");
        rpc.welcome.body = text("user {{user}} until {{expires}} by {{nonce}}");
        HttpRoute inside;
        inside.path = "/in";
        inside.cookie = "in=*secret";
        inside.answer.body = text("inside");
        HttpRoute odd;
        odd.path = "/odd";
        odd.answer.status = 299;
        HttpRoute bad;
        bad.path = "/bad";
        bad.answer.status = 499;
        const FileTime time(std::chrono::sys_days(std::chrono::year(2023) / 5 / 1));
        service_.site = std::make_shared<const HttpSite>(
            std::map<std::string, HttpFile, std::less<>>{{"/a.bin", {text("0123456789"), time, ""}},
                                                         {"/long.bin", {text(std::string(40000, 'x')), time, ""}},
                                                         {"/members/b.bin", {text("inside"), time, ""}}},
            std::vector<HttpRoute>{form, guard, rpc, inside, odd, bad});
        service_.accounts = *Accounts::of({{"accounts", "listed"}, {"users", "admin:secret"}}, 0);
        service_.server = "Apache";
        service_.hostName = "host.example";
        service_.keepAliveTime = 5s;
    }

    /// What the session sends to `bytes` in a visit of its own.
    std::string visit(const std::string& bytes, std::uint64_t seed = 0) {
        Environment environment;
        environment.seed = seed;
        segments_ = 0;
        session_ = std::make_unique<HttpSession>(service_, environment);
        sent_.clear();
        closed_ = false;
        play([&](Turn& turn) { session_->onOpen(turn); });
        play([&](Turn& turn) { session_->onBytes(bytes, turn); });
        return sent_;
    }

    template <typename Call>
    void play(Call&& call) {
        Turn turn(now_, Transport::Stream);
        call(turn);
        for (const Action& action : std::move(turn).takeActions()) {
            if (const auto* send = std::get_if<Send>(&action)) {
                sent_ += send->bytes;
                ++segments_;
            } else if (const auto* shared = std::get_if<SendShared>(&action)) {
                sent_ += shared->whole->substr(shared->offset, shared->length);
                ++segments_;
            } else if (std::holds_alternative<Close>(action)) {
                closed_ = true;
            } else if (const auto* pause = std::get_if<Pause>(&action)) {
                paused_ += pause->duration;
            } else if (const auto* alarm = std::get_if<Alarm>(&action)) {
                alarm_ = alarm->after;
            } else if (const auto* evidence = std::get_if<Evidence>(&action)) {
                note(*evidence);
            }
        }
    }

    void note(const Evidence& evidence) {
        if (const auto* login = std::get_if<Credential>(&evidence)) {
            logins_.push_back(login->user + ":" + login->secret + (login->accepted ? " in" : " out"));
        } else if (const auto* piece = std::get_if<PayloadPiece>(&evidence)) {
            uploads_ += piece->bytes + (piece->last ? "[" + piece->name + "]" : "");
        }
    }

    HttpService service_;
    std::unique_ptr<HttpSession> session_;
    WallTime now_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
    std::string sent_;
    std::string uploads_;
    std::vector<std::string> logins_;
    Millis alarm_{};
    Millis paused_{};
    std::size_t segments_ = 0;
    bool closed_ = false;
};

std::string post(const std::string& target, const std::string& type, const std::string& body) {
    return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr char kForm[] = "application/x-www-form-urlencoded";

TEST_F(HttpSessionTest, GivesEachVisitASessionOfItsOwn) {
    const std::string first = visit("GET /login HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    const auto at = first.find("Set-Cookie: id=");
    ASSERT_NE(at, std::string::npos) << first;
    const std::string id = first.substr(at + 15, 32);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    EXPECT_NE(first.find("again, " + id), std::string::npos) << first;
    EXPECT_EQ(visit("GET /login HTTP/1.1\r\nHost: a\r\n\r\n", 2).find(id), std::string::npos);
}

TEST_F(HttpSessionTest, WelcomesAFormLoginThatIsGood) {
    EXPECT_TRUE(visit(post("/login", kForm, "who=admin&word=secret")).starts_with("HTTP/1.1 302 Found\r\n"));
    EXPECT_NE(sent_.find("\r\nServer: Boa/0.94.13\r\nLocation: /in\r\n"), std::string::npos);
    EXPECT_NE(visit(post("/login", kForm, "who=admin&word=guess")).find("\r\n\r\nagain, "), std::string::npos);
    EXPECT_EQ(logins_, (std::vector<std::string>{"admin:secret in", "admin:guess out"}));
}

TEST_F(HttpSessionTest, WelcomesALoginOfJsonOrXmlThatIsGood) {
    const std::string good = R"({"user":"admin","password":"secret"})";
    const std::string bad = R"({"user":"admin","password":"guess"})";
    (void)visit(post("/rpc", "application/json", good));
    const auto at = sent_.find("\r\n\r\nuser admin until 1767398400 by ");
    ASSERT_NE(at, std::string::npos) << sent_;
    EXPECT_EQ(sent_.size() - at, 45U);
    EXPECT_TRUE(visit(post("/rpc", "application/json", "[" + bad + "," + good + "]")).ends_with("\r\n\r\nfault"));
    EXPECT_TRUE(visit(post("/rpc", "text/xml", "<methodCall/>")).ends_with("\r\n\r\nfault"));
    EXPECT_EQ(logins_, (std::vector<std::string>{"admin:secret in", "admin:guess out", "admin:secret in"}));
}

TEST_F(HttpSessionTest, LetsWhoBearsTheCookieIn) {
    EXPECT_TRUE(visit("GET /in HTTP/1.1\r\nHost: a\r\nCookie: a=b; in=my-secret\r\n\r\n").ends_with("\r\n\r\ninside"));
    EXPECT_TRUE(visit("GET /in HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

TEST_F(HttpSessionTest, SaysNothingOfCompressionWhereThereIsNone) {
    const std::string request =
        "GET /members/ HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nAuthorization: Basic "
        "YWRtaW46c2VjcmV0\r\n\r\n";
    EXPECT_NE(visit(request).find("Content-Encoding: gzip\r\n"), std::string::npos) << sent_;
    EXPECT_NE(sent_.find("Vary: Accept-Encoding\r\n"), std::string::npos);
    const std::string once = sent_;
    EXPECT_EQ(visit(request + request), once + once);
    service_.compresses = false;
    EXPECT_EQ(visit(request).find("gzip"), std::string::npos) << sent_;
    EXPECT_EQ(sent_.find("Vary"), std::string::npos);
}

TEST_F(HttpSessionTest, TakesDownGuessesThatNobodyAskedFor) {
    (void)visit(post("/boaform?username=q&pwd=r", kForm, "user=root&password=toor"));
    EXPECT_EQ(logins_, (std::vector<std::string>{"root:toor out", "q:r out"}));
}

TEST_F(HttpSessionTest, PassesOverBlankLinesThatCameWithARequest) {
    const std::string request = "GET /a.bin HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string once = visit(request);
    EXPECT_EQ(visit(request + "\n\r\n\n" + request), once + once);
    EXPECT_EQ(visit(request + std::string(10, '\n') + request), once + once);
    EXPECT_FALSE(closed_);
    EXPECT_EQ(visit(request + std::string(11, '\n') + request), once);
    EXPECT_TRUE(closed_);
    (void)visit(request);
    play([&](Turn& turn) { session_->onBytes("\n", turn); });
    EXPECT_NE(sent_.find("HTTP/1.1 400 Bad Request"), std::string::npos) << sent_;
}

TEST_F(HttpSessionTest, LetsNobodyIntoAGuardedFolderWithoutALogin) {
    EXPECT_TRUE(visit("GET /members/b.bin HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    EXPECT_NE(sent_.find("WWW-Authenticate: Basic realm=\"Members\""), std::string::npos);
    EXPECT_TRUE(visit("GET /members/b.bin HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWRtaW46c2VjcmV0\r\n\r\n")
                    .ends_with("\r\n\r\ninside"));
    EXPECT_EQ(logins_, (std::vector<std::string>{"admin:secret in"}));
}

TEST_F(HttpSessionTest, TakesDownUploadsAlsoThoseCutShort) {
    (void)visit("PUT /x/shell.php HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n<?php");
    play([&](Turn& turn) { session_->onCut(turn); });
    EXPECT_EQ(uploads_, "<?php[shell.php]");
    uploads_.clear();
    const std::string parts =
        "--B\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nroot\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"pass\"\r\n\r\nx\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.sh\"\r\n\r\n#!\r\n--x\r\n--B--\r\n";
    (void)visit(post("/up", "multipart/form-data; boundary=\"B\"", parts));
    EXPECT_EQ(uploads_, "#!\r\n--x[a.sh]");
    EXPECT_EQ(logins_, (std::vector<std::string>{"root:x out"}));
}

TEST_F(HttpSessionTest, FindsTheUserOfAMultipartLogin) {
    (void)visit(post("/user", "multipart/form-data; boundary=B",
                     "--B\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b\r\n"
                     "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\npw\r\n--B--\r\n"));
    EXPECT_EQ(logins_, std::vector<std::string>{"a@b:pw out"});
}

TEST_F(HttpSessionTest, TakesDownTheLoginOfAFormThatIsCut) {
    const std::string head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: " + std::string(kForm) +
                             "\r\nContent-Length: 99\r\n\r\nuser=u&pass=";
    (void)visit(head + "1");
    play([&](Turn& turn) { session_->onCut(turn); });
    (void)visit(head + "2");
    play([&](Turn& turn) { session_->onPeerClosed(turn); });
    (void)visit(head + "3");
    now_ += 10s;
    play([&](Turn& turn) { session_->onAlarm(turn); });
    EXPECT_EQ(logins_, (std::vector<std::string>{"u:1 out", "u:2 out", "u:3 out"}));
}

TEST_F(HttpSessionTest, BoundsTheFilesOfASession) {
    std::string parts;
    for (int i = 0; i < 1000; ++i) {
        parts += "\r\n--bfilename=\r\n\r\n";
    }
    (void)visit(post("/up", "multipart/form-data; boundary=b", parts));
    EXPECT_EQ(std::ranges::count(uploads_, ']'), 51);
}

std::string get(const std::string& target, const std::string& fields = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

TEST_F(HttpSessionTest, SendsHeadAndBodyTogether) {
    (void)visit(get("/a.bin"));
    EXPECT_EQ(segments_, 1U);
    (void)visit(get("/long.bin"));
    EXPECT_EQ(segments_, 2U);  // a full packet, and the rest, which is not copied
    EXPECT_TRUE(sent_.ends_with("\r\n\r\n" + std::string(40000, 'x')));
    (void)visit(get("/long.bin", "Range: bytes=0-1,3-4,6-7\r\n"));
    EXPECT_EQ(segments_, 1U);
}

TEST_F(HttpSessionTest, GivesAStatusThatNobodyKnowsTheReasonOfApache) {
    EXPECT_TRUE(visit(get("/odd")).starts_with("HTTP/1.1 299 \r\n")) << sent_;
    EXPECT_TRUE(visit(get("/bad")).starts_with("HTTP/1.1 499 Unknown Reason\r\n")) << sent_;
    EXPECT_NE(sent_.find("<title>499 Unknown Reason</title>"), std::string::npos);
    EXPECT_NE(sent_.find("<h1>Unknown Reason</h1>"), std::string::npos);
}

TEST_F(HttpSessionTest, DatesARefusedLoginWhenItIsAnswered) {
    service_.failureDelay = 3s;
    (void)visit(get("/members/b.bin", "Authorization: Basic YTpi\r\n"));
    EXPECT_EQ(paused_, 3s);
    EXPECT_NE(sent_.find("Date: Thu, 01 Jan 2026 00:00:03 GMT\r\n"), std::string::npos) << sent_;
    (void)visit(get("/members/b.bin"));  // without a login there is nothing to wait for
    EXPECT_EQ(paused_, 3s);
}

TEST_F(HttpSessionTest, WaitsLongerForTheFirstByteThanForWhatFollows) {
    (void)visit("G");
    EXPECT_EQ(alarm_, 20s);
    session_ = std::make_unique<HttpSession>(service_, Environment{});
    play([&](Turn& turn) { session_->onOpen(turn); });
    EXPECT_EQ(alarm_, 51500ms);
    now_ += alarm_;
    sent_.clear();
    play([&](Turn& turn) { session_->onAlarm(turn); });
    EXPECT_EQ(sent_, "");
    EXPECT_TRUE(closed_);
}

TEST_F(HttpSessionTest, EndsAfterAsManyRequestsAsItServes) {
    service_.mostRequests = 2;
    const std::string request = "HEAD /a.bin HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
    EXPECT_NE(visit(request).find("Keep-Alive: timeout=5, max=2\r\n"), std::string::npos);
    (void)visit(request + request + request + request);
    EXPECT_NE(sent_.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(closed_);
    EXPECT_EQ(std::ranges::count(sent_, 'P'), 3);  // of HTTP: the fourth is not answered
}

TEST_F(HttpSessionTest, AnswersAHeadThatIsNeverFinishedButNoLine) {
    (void)visit("GET / HTTP/1.1\r\nHost: a\r\n");
    EXPECT_EQ(alarm_, 20s);
    now_ += 20s;
    play([&](Turn& turn) { session_->onAlarm(turn); });
    EXPECT_TRUE(sent_.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_TRUE(closed_);
    (void)visit("GET / HT");
    now_ += 20s;
    play([&](Turn& turn) { session_->onAlarm(turn); });
    EXPECT_EQ(sent_, "");
    EXPECT_TRUE(closed_);
}

TEST_F(HttpSessionTest, WaitsLongerForAHeadThatComesSlowly) {
    std::string head = "GET / HTTP/1.1\r\n";
    while (head.size() < 3000) {
        head += "X: " + std::string(95, 'x') + "\r\n";
    }
    (void)visit(head);
    now_ += 20s;
    play([&](Turn& turn) { session_->onAlarm(turn); });
    EXPECT_FALSE(closed_);
    EXPECT_EQ(alarm_, 6s);  // 500 bytes earn a second
}

}  // namespace
}  // namespace apiary::agent
