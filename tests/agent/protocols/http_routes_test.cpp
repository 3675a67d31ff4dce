#include "agent/protocols/http_routes.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using Values = std::map<std::string, ValueRead, std::less<>>;
using Texts = std::vector<std::string>;

/// Tables of a file, each ten lines long, whose values stand below its head.
class Tables {
public:
    Tables& route(std::vector<std::pair<std::string, decltype(ValueRead::value)>> values) {
        return table("route", std::move(values));
    }

    Tables& table(std::string name, std::vector<std::pair<std::string, decltype(ValueRead::value)>> values) {
        TableRead table{std::move(name), 10 * (read_.tables.size() + 1), {}};
        for (auto& [key, value] : values) {
            const std::size_t line = table.line + table.values.size() + 1;
            table.values.emplace(key, ValueRead{line, std::move(value)});
        }
        read_.tables.push_back(std::move(table));
        return *this;
    }

    std::vector<HttpRoute> routes() const {
        auto read = httpRoutes(read_);
        EXPECT_TRUE(read) << read.error();
        return read ? std::move(read->routes) : std::vector<HttpRoute>{};
    }

    HttpManner manner() const { return httpRoutes(read_)->manner; }

    std::string error() const {
        const auto read = httpRoutes(read_);
        return read ? "" : read.error();
    }

private:
    TablesRead read_{"app.toml", {}};
};

std::string text(const char* words) {
    return words;
}

std::string headersOf(const HttpAnswer& answer) {
    std::string all;
    for (const auto& [name, value] : answer.headers) {
        all += name + ": " + value + '\n';
    }
    return all;
}

TEST(HttpRoutesTest, ReadsInWhatTheServerIsOfItsOwn) {
    auto tables = Tables()
                      .table("common", {{"server", text("Boa/0.94")}, {"signature", false}, {"compress", false}})
                      .route({{"path", text("/a")}});
    EXPECT_EQ(tables.manner().server, "Boa/0.94");
    EXPECT_EQ(tables.manner().signature, false);
    EXPECT_FALSE(tables.manner().compresses);
    EXPECT_EQ(headersOf(tables.routes()[0].answer), "Server: Boa/0.94\n");
    EXPECT_EQ(Tables().route({{"path", text("/a")}}).manner().signature, std::nullopt);
    EXPECT_NE(Tables()
                  .table("common", {{"compress", text("no")}})
                  .route({{"path", text("/a")}})
                  .error()
                  .find("true or false"),
              std::string::npos);
}

TEST(HttpRoutesTest, ARouteWithACookieLeavesTheOthersWhatTheyHave) {
    const auto routes = Tables()
                            .route({{"path", text("/a")}, {"cookie", text("id_{{token}}=*{{secret}}")}})
                            .route({{"path", text("/a")}})
                            .routes();
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].cookie, "id_{{token}}=*{{secret}}");
    for (const char* cookie : {"id", "=x", "a b=c", "a=*b*", "a=b; c=d"}) {
        EXPECT_NE(Tables().route({{"path", text("/a")}, {"cookie", text(cookie)}}).error().find("cookie must be"),
                  std::string::npos)
            << cookie;
    }
}

TEST(HttpRoutesTest, ReadsALoginByBody) {
    const auto routes =
        Tables().route({{"path", text("/rpc")}, {"login", text("body")}, {"welcome.body", text("in")}}).routes();
    ASSERT_EQ(routes.size(), 1U);
    EXPECT_TRUE(routes[0].bodyLogin);
    EXPECT_EQ(*routes[0].welcome.body, "in");
    EXPECT_NE(Tables().route({{"path", text("/rpc")}, {"login", text("body")}}).error().find("needs [route.welcome]"),
              std::string::npos);
    EXPECT_NE(Tables()
                  .route({{"path", text("/rpc")}, {"login", text("form")}, {"welcome.body", text("in")}})
                  .error()
                  .find("must be \"body\""),
              std::string::npos);
}

TEST(HttpRoutesTest, ReadsALoginWithItsWelcome) {
    const auto routes =
        Tables()
            .route({{"path", text("/login.cgi")},
                    {"method", text("POST")},
                    {"status", std::int64_t{403}},
                    {"body", text("<b>no</b>")},
                    {"user_field", text("user")},
                    {"secret_field", text("psd")},
                    {"welcome.status", std::int64_t{302}},
                    {"welcome.headers", Texts{"Location:/index.asp", "Set-Cookie: a=1", "Set-Cookie: b=2 "}}})
            .routes();

    ASSERT_EQ(routes.size(), 1U);
    EXPECT_EQ(routes[0].path, "/login.cgi");
    EXPECT_EQ(routes[0].method, "POST");
    EXPECT_EQ(routes[0].answer.status, 403U);
    EXPECT_EQ(*routes[0].answer.body, "<b>no</b>");
    EXPECT_EQ(headersOf(routes[0].answer), "Content-Type: text/html\n");
    EXPECT_EQ(routes[0].userField + '/' + routes[0].secretField, "user/psd");
    EXPECT_EQ(routes[0].welcome.status, 302U);
    EXPECT_EQ(headersOf(routes[0].welcome), "Location: /index.asp\nSet-Cookie: a=1\nSet-Cookie: b=2\n");
    EXPECT_EQ(*routes[0].welcome.body, "");
}

TEST(HttpRoutesTest, HeadersOfAllRoutesYieldToThoseOfOne) {
    const auto routes = Tables()
                            .route({{"path", text("/a")}, {"headers", Texts{"server: Boa"}}})
                            .table("common", {{"headers", Texts{"Server: GoAhead-Webs", "X-Frame-Options: DENY"}}})
                            .routes();

    EXPECT_EQ(headersOf(routes.at(0).answer), "server: Boa\nX-Frame-Options: DENY\n");
}

TEST(HttpRoutesTest, ARealmWithNothingBehindItGuardsFiles) {
    const auto routes = Tables()
                            .route({{"path", text("/private/*")}, {"realm", text("Staff")}})
                            .route({{"path", text("/setup")}, {"realm", text("Setup")}, {"status", std::int64_t{404}}})
                            .route({{"path", text("/open")}})
                            .routes();

    EXPECT_TRUE(routes.at(0).guards);
    EXPECT_FALSE(routes.at(1).guards);
    EXPECT_FALSE(routes.at(2).guards);
}

TEST(HttpRoutesTest, TakesTheBodyOfAFileWithoutACopy) {
    const auto page = std::make_shared<const std::string>("page");
    const auto routes = Tables().route({{"path", text("/a")}, {"body_file", FileRead{page, {}}}}).routes();

    EXPECT_EQ(routes.at(0).answer.body, page);
}

TEST(HttpRoutesTest, RefusesValuesWithTheFileAndTheLine) {
    const auto errorOf = [](const std::string& key, decltype(ValueRead::value) value) {
        return Tables().route({{"path", text("/a")}, {key, std::move(value)}}).error();
    };
    EXPECT_EQ(errorOf("status", std::int64_t{199}), "app.toml:12: [[route]] status must be a number from 200 to 599");
    EXPECT_EQ(errorOf("status", text("200")), "app.toml:12: [[route]] status must be a number from 200 to 599");
    EXPECT_EQ(
        errorOf("method", text("get")),
        "app.toml:12: [[route]] method must be a method such as \"POST\"; left out it is GET, and POST for a login");
    EXPECT_EQ(errorOf("headers", Texts{"X-Bad\nSet-Cookie: a"}),
              "app.toml:12: [[route]] headers must hold texts such as \"Name: value\", not 'X-Bad\\x0aSet-Cookie: a'");
    EXPECT_EQ(errorOf("headers", Texts{"content-length: 5"}),
              "app.toml:12: [[route]] headers must leave content-length to the server");
    EXPECT_EQ(errorOf("realm", text("a\"b")),
              "app.toml:12: [[route]] realm must not hold quotes, backslashes or control characters");
    EXPECT_EQ(
        errorOf("user_field", text("user")),
        "app.toml:10: [[route]] secret_field is missing: user_field and [route.welcome] are for the login of a form");
    EXPECT_EQ(errorOf("secret_field", text("pass")),
              "app.toml:12: [[route]] secret_field needs [route.welcome], what an accepted login gets");
    EXPECT_TRUE(errorOf("welcom.status", std::int64_t{200})
                    .starts_with("app.toml:12: [[route]] welcom.status is not known; known here: path, method, "));
}

TEST(HttpRoutesTest, RefusesPathsThatNoRequestCanHave) {
    for (const auto* path : {"", "login", "/a?b=c", "/a#b", "/a*b", "/*/", "/a//b", "/a/../b", "/a/.", "/a\r\nb"}) {
        EXPECT_TRUE(Tables().route({{"path", text(path)}}).error().starts_with("app.toml:11: [[route]] path m"))
            << path;
    }
    EXPECT_EQ(Tables().route({{"path", text("/.git/HEAD")}}).error(), "");
    EXPECT_TRUE(Tables().route({}).error().starts_with("app.toml:10: [[route]] path must begin with '/'"));
}

TEST(HttpRoutesTest, RefusesABodyTwiceAndABodyWhereHttpHasNone) {
    EXPECT_EQ(Tables().route({{"path", text("/a")}, {"body", text("x")}, {"body_file", FileRead{}}}).error(),
              "app.toml:13: [[route]] body_file must not stand beside body; leave one out");
    EXPECT_EQ(Tables().route({{"path", text("/a")}, {"body", text("x")}, {"status", std::int64_t{304}}}).error(),
              "app.toml:13: [[route]] status has no body by HTTP; leave the body out");
}

TEST(HttpRoutesTest, RefusesARouteThatEarlierOnesLeaveNothingTo) {
    const std::string never = "[[route]] is never reached, as that of line ";
    EXPECT_EQ(Tables().route({{"path", text("/a")}}).route({{"path", text("/a")}}).error(),
              "app.toml:20: " + never + "10 takes its requests; put it before, or remove it");
    EXPECT_EQ(Tables().route({{"path", text("/a*")}}).route({{"path", text("/ab/*")}}).error(),
              "app.toml:20: " + never + "10 takes its requests; put it before, or remove it");
    EXPECT_EQ(Tables()
                  .route({{"path", text("/*")}, {"method", text("POST")}})
                  .route({{"path", text("/a")}})
                  .route({{"path", text("/a")}, {"secret_field", text("p")}, {"welcome.status", std::int64_t{200}}})
                  .error(),
              "app.toml:30: " + never + "10 takes its requests; put it before, or remove it");
}

TEST(HttpRoutesTest, AGuardTakesEveryMethod) {
    const auto guard = [](Tables tables) { return tables.route({{"path", text("/a/*")}, {"realm", text("Staff")}}); };
    const std::vector<std::pair<std::string, decltype(ValueRead::value)>> put{{"path", text("/a/b")},
                                                                              {"method", text("PUT")}};

    EXPECT_NE(guard(Tables()).route(put).error().find("never reached"), std::string::npos);
    EXPECT_EQ(guard(Tables().route({{"path", text("/*")}})).error(), "");
}

TEST(HttpRoutesTest, KeepsARouteThatStillGetsAMethodOrAPath) {
    EXPECT_EQ(Tables()
                  .route({{"path", text("/a")}, {"method", text("POST")}})
                  .route({{"path", text("/a")}, {"method", text("HEAD")}})
                  .route({{"path", text("/a")}})
                  .route({{"path", text("/a*")}})
                  .error(),
              "");
}

TEST(HttpRoutesTest, RefusesTablesThatItDoesNotKnow) {
    EXPECT_EQ(Tables().error(), "app.toml holds no [[route]]");
    EXPECT_EQ(Tables().table("rout", {}).error(),
              "app.toml:10: [[rout]] is not known; known are [[route]] and [[common]]");
    EXPECT_EQ(Tables().table("common", {}).table("common", {}).error(),
              "app.toml:20: [[common]] stands there already; write one");
}

TEST(HttpRoutesTest, SaysTheFirstErrorsAndCountsTheRest) {
    Tables tables;
    for (int i = 0; i < 11; ++i) {
        tables.table("rout", {});
    }
    EXPECT_TRUE(tables.error().ends_with("; and 3 more")) << tables.error();
}

TEST(HttpRoutesTest, BoundsTheNumberOfRoutes) {
    Tables tables;
    for (int i = 0; i < 1001; ++i) {
        tables.route({{"path", "/" + std::to_string(i)}});
    }
    EXPECT_EQ(tables.error(), "app.toml:10010: [[route]] is one too many; at most 1000 are read");
}

}  // namespace
}  // namespace apiary::agent::test
