#include "agent/protocols/http_request.hpp"

#include "agent/protocols/http_body.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

HttpRequest parsed(std::string_view line, bool& good) {
    HttpRequest request;
    good = httpRequestLine(line, request);
    return request;
}

bool good(std::string_view line) {
    bool result = false;
    (void)parsed(line, result);
    return result;
}

HttpHead read(std::string_view text) {
    HttpHead head;
    while (!text.empty() && head.state() != HttpHead::State::Ready && head.state() != HttpHead::State::Refused) {
        const std::size_t taken = head.take(text);
        if (taken == 0) {
            break;
        }
        text.remove_prefix(taken);
    }
    return head;
}

/// A head that ends with the fields given.
HttpHead withFields(const std::string& fields) {
    return read("GET / HTTP/1.1\r\n" + fields + "\r\n");
}

bool host(const std::string& value, std::string& name, std::uint16_t& port) {
    HttpRequest request;
    request.fields.push_back({"Host", value});
    const bool result = httpHost(request);
    name = request.host.value_or("(none)");
    port = request.port.value_or(0);
    return result;
}

TEST(HttpRequestTest, SplitsARequestLine) {
    bool result = false;
    const HttpRequest request = parsed("PUT /a%20b?c=d?e HTTP/1.0", result);
    EXPECT_TRUE(result);
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.path, "/a%20b");
    EXPECT_EQ(request.query, "c=d?e");
    EXPECT_EQ(request.version, 10U);
    EXPECT_FALSE(request.simple);
}

TEST(HttpRequestTest, WantsSingleBlanksAndAVersionThatIsOne) {
    EXPECT_TRUE(good("GET / HTTP/1.1"));
    EXPECT_TRUE(good("GET / HTTP/9.9"));
    for (const std::string_view line :
         {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET\t/ HTTP/1.1", "GET / HTTP/1.1 ", "GET", "GET ",
          "G(T / HTTP/1.1", "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/0.9", "GET / HTTP/1.1x", "GET /\x01 HTTP/1.1",
          "GET /a b HTTP/1.1", "GET /#x HTTP/1.1", "GET x HTTP/1.1", "GET * HTTP/1.1"}) {
        EXPECT_FALSE(good(line)) << line;
    }
    EXPECT_TRUE(good("OPTIONS * HTTP/1.1"));
}

TEST(HttpRequestTest, TakesALineWithoutAVersionForTheOldProtocol) {
    bool result = false;
    EXPECT_TRUE(parsed("GET /", result).simple);
    EXPECT_TRUE(result);
    EXPECT_FALSE(good("HEAD /"));
    EXPECT_FALSE(good("POST /"));
}

TEST(HttpRequestTest, ReadsAbsoluteTargets) {
    bool result = false;
    const HttpRequest request = parsed("GET HTTP://A.example:81/x?y HTTP/1.1", result);
    EXPECT_TRUE(result);
    EXPECT_EQ(request.host, "A.example");
    EXPECT_EQ(request.port, 81);
    EXPECT_EQ(request.path, "/x");
    EXPECT_FALSE(good("GET http://u:p@a.example/ HTTP/1.1"));
    EXPECT_FALSE(good("GET http://a.example:x/ HTTP/1.1"));
    EXPECT_FALSE(good("GET http://[::1/ HTTP/1.1"));
    EXPECT_EQ(parsed("GET https://a.example HTTP/1.1", result).host, std::nullopt);
    EXPECT_EQ(parsed("CONNECT a.example:443 HTTP/1.1", result).port, 443);
    EXPECT_FALSE(good("CONNECT a.example HTTP/1.1"));
}

TEST(HttpRequestTest, TakesTheHostOfATargetOfItsOwnSchemeAlone) {
    for (const bool tls : {false, true}) {
        for (const std::string scheme : {"http", "https"}) {
            HttpRequest request;
            request.tls = tls;
            EXPECT_TRUE(httpRequestLine("GET " + scheme + "://a.example:81/ HTTP/1.1", request));
            EXPECT_EQ(request.host.has_value(), tls == (scheme == "https")) << scheme;
            EXPECT_EQ(request.port, 81) << scheme;
        }
    }
}

TEST(HttpRequestTest, AnEmptyPortIsThatOfTheScheme) {
    bool result = false;
    EXPECT_EQ(parsed("GET http://a.example:/ HTTP/1.1", result).port, 80);
    EXPECT_EQ(parsed("GET HTTPS://[::1]:/ HTTP/1.1", result).port, 443);
    EXPECT_EQ(parsed("GET x://a.example:/ HTTP/1.1", result).port, 0);
    EXPECT_EQ(parsed("GET http://a.example/ HTTP/1.1", result).port, std::nullopt);
}

TEST(HttpRequestTest, JoinsFoldedAndRepeatedFields) {
    const HttpHead head = withFields("A: 1\r\n\t 2\r\nb:  3 \r\na: 4\r\n");
    ASSERT_EQ(head.state(), HttpHead::State::Ready);
    EXPECT_EQ(*head.request().field("A"), "1 2, 4");
    EXPECT_EQ(*head.request().field("B"), "3");
}

TEST(HttpRequestTest, RefusesFieldsThatAreNone) {
    for (const char* fields : {"x\r\n", ": y\r\n", "a b: c\r\n", "a : b\r\n", " x\r\n", "a: \x01\r\n", "a: b\r\n \r\n",
                               "a: b\n", "Content-Length: -1\r\n", "Content-Length: 1, 1\r\n", "Content-Length:\r\n",
                               "Content-Length: 9223372036854775808\r\n", "Transfer-Encoding: gzip\r\n",
                               "Transfer-Encoding: chunked, gzip\r\n"}) {
        const HttpHead head = withFields(fields);
        EXPECT_EQ(head.state(), HttpHead::State::Refused) << fields;
        EXPECT_EQ(head.refusal().status, 400U) << fields;
    }
}

TEST(HttpRequestTest, HoldsLinesToTheirLimits) {
    const std::string most(kHttpLongestLine, 'a');
    EXPECT_EQ(read(most + "a\r\n").refusal().status, 400U);  // short enough to be read, and then no request
    EXPECT_EQ(read(most + "a\n").refusal().status, 400U);
    EXPECT_EQ(read(most + "aa\r\n").refusal().status, 414U);
    EXPECT_EQ(read(most + "aa\n").refusal().status, 414U);
    EXPECT_EQ(read(std::string(24191, 'a')).state(), HttpHead::State::Line);
    EXPECT_EQ(read(std::string(24192, 'a')).refusal().status, 414U);
    EXPECT_EQ(withFields("X: " + std::string(kHttpLongestLine - 2, 'b') + "\r\n").state(), HttpHead::State::Ready);
    EXPECT_NE(withFields("X: " + std::string(kHttpLongestLine - 1, 'b') + "\r\n").refusal().note, "");
}

TEST(HttpRequestTest, HoldsNoMoreThanAClientMeans) {
    const auto fields = [](int many) {
        std::string text = "Host: a\r\n";
        for (int i = 0; i < many; ++i) {
            text += "X" + std::to_string(i) + ": " + std::string(8000, 'x') + "\r\n";
        }
        return text;
    };
    EXPECT_EQ(withFields(fields(7)).state(), HttpHead::State::Ready);
    EXPECT_EQ(read("GET / HTTP/1.1\r\n" + fields(20)).state(), HttpHead::State::Refused);
}

TEST(HttpRequestTest, LetsACodingOverruleALength) {
    const HttpHead head = withFields("Content-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n");
    ASSERT_EQ(head.state(), HttpHead::State::Ready);
    EXPECT_TRUE(head.request().chunked);
    EXPECT_TRUE(head.request().ambiguous);
    EXPECT_EQ(head.request().length, 0U);
}

TEST(HttpRequestTest, JudgesNamesOfHosts) {
    std::string name;
    std::uint16_t port = 0;
    EXPECT_TRUE(host("A.Example.:8080", name, port));
    EXPECT_EQ(name, "a.example");
    EXPECT_EQ(port, 8080);
    EXPECT_TRUE(host("[::1]:80", name, port));
    EXPECT_EQ(name, "::1");
    EXPECT_TRUE(host("", name, port));
    EXPECT_EQ(name, "(none)");
    for (const char* value : {"a b", "a..b", "a/b", "1", "1.2.3", "01.2.3.4", "a.1b", "a:", "a:0", "a:99999", ":80",
                              "a:x", "a, b", "[::1", "[fe80::1%eth0]", "a%41", "\xe4"}) {
        EXPECT_FALSE(host(value, name, port)) << value;
    }
    for (const char* literal : {"[fe80::1%eth0]:81", "[zz]:81", "[1.2.3.4]:81"}) {
        EXPECT_FALSE(host(literal, name, port)) << literal;
        EXPECT_EQ(port, 0) << literal << ": not even its port is believed";
    }
    EXPECT_FALSE(host("a_b..c:81", name, port));
    EXPECT_EQ(port, 81);
}

TEST(HttpRequestTest, CleansPaths) {
    const auto clean = [](std::string path) {
        const unsigned status = httpNormalise(path);
        return status == 0 ? path : std::to_string(status);
    };
    EXPECT_EQ(clean("/a/./b//c/../d"), "/a/b/d");
    EXPECT_EQ(clean("/a/.."), "/");
    EXPECT_EQ(clean("/a/%2e%2e/b%41"), "/bA");
    EXPECT_EQ(clean("/a%20%3f"), "/a ?");
    EXPECT_EQ(clean("/.."), "400");
    EXPECT_EQ(clean("/%2e%2E/x"), "400");
    EXPECT_EQ(clean("/%"), "400");
    EXPECT_EQ(clean("/%zz"), "400");
    EXPECT_EQ(clean("/a%2fb"), "404");
    EXPECT_EQ(clean("/%00"), "404");
    EXPECT_EQ(clean("/%252e"), "/%2e");
}

/// What a chunked body comes to: its data and how it ended.
std::string chunked(std::string_view text) {
    HttpRequest request;
    request.chunked = true;
    HttpBody body(request);
    std::string all;
    while (!text.empty() && body.state() == HttpBody::State::Reading) {
        std::string_view data;
        const std::size_t taken = body.take(text, data);
        if (taken == 0) {
            break;
        }
        all += data;
        text.remove_prefix(taken);
    }
    switch (body.state()) {
        case HttpBody::State::Reading:
            return all + "...";
        case HttpBody::State::Done:
            return all + "|" + std::string(text);
        case HttpBody::State::Refused:
            return std::to_string(body.status());
    }
    return "";
}

TEST(HttpBodyTest, TakesChunksOffTheStream) {
    EXPECT_EQ(chunked("3\r\nabc\r\n00A ;x=\"y\"\r\n0123456789\r\n0\r\nT: v\r\n\r\nGET"), "abc0123456789|GET");
    EXPECT_EQ(chunked("0\r\n\r\n"), "|");
    EXPECT_EQ(chunked("5\r\nab"), "ab...");
}

TEST(HttpBodyTest, RefusesChunksThatAreNone) {
    for (const char* text : {"x\r\n", "\r\n", "-1\r\n", "0x3\r\n", "3 x\r\n", "3\nabc", "3\r\nabcd\r\n", "3\r\nabc\n",
                             "3;\x01\r\n", "0\r\nbad trailer\r\n\r\n", "0\r\n\n", "3           \r\n"}) {
        EXPECT_EQ(chunked(text), "400") << text;
    }
    EXPECT_EQ(chunked("8000000000000000\r\n"), "413");
    EXPECT_EQ(chunked("10000000000000000\r\n"), "413");
    EXPECT_EQ(chunked("7fffffffffffffff\r\nab"), "ab...");
}

}  // namespace
}  // namespace apiary::agent
