#include "agent/protocols/http_content.hpp"

#include "agent/protocols/decoy_company.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

FileRead text(std::string content) {
    return {std::make_shared<const std::string>(std::move(content)), FileTime(std::chrono::seconds(5))};
}

TEST(HttpContentTest, AFreshHostShowsDebiansPage) {
    const auto site = httpSite({}, 7);

    ASSERT_TRUE(site) << site.error();
    const HttpFile* page = (*site)->file("/index.html");
    ASSERT_NE(page, nullptr);
    EXPECT_EQ(page->content->size(), 10701U);  // as the ETag of such a host says
    EXPECT_EQ(page->type, "text/html");
    EXPECT_EQ((*site)->entries("/"), std::vector<std::string>{"index.html"});
}

TEST(HttpContentTest, HostsWereSetUpAtTimesOfTheirOwn) {
    const auto modified = [](std::uint64_t seed) { return (*httpSite({}, seed))->file("/index.html")->modified; };

    EXPECT_EQ(modified(7), modified(7));
    EXPECT_NE(modified(7), modified(8));
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        EXPECT_GT(modified(seed), std::chrono::sys_days(std::chrono::year(2023) / 6 / 10));  // Debian 12
        EXPECT_LT(modified(seed), std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
    }
}

TEST(HttpContentTest, AFolderTakesThePlaceOfThePage) {
    Readings readings;
    readings.folders["site"] = {{"/", {nullptr, {}}}, {"/a.css", text("x")}, {"/up/", {nullptr, {}}}};
    const auto site = httpSite(readings, 7);

    ASSERT_TRUE(site) << site.error();
    EXPECT_EQ((*site)->entries("/"), (std::vector<std::string>{"a.css", "up/"}));
    EXPECT_EQ((*site)->file("/a.css")->content, readings.folders["site"].at("/a.css").content);
    EXPECT_EQ((*site)->file("/a.css")->type, "text/css");
    EXPECT_EQ((*site)->file("/a.css")->modified, FileTime(std::chrono::seconds(5)));
}

TEST(HttpContentTest, AnApplicationAnswersBesideTheFiles) {
    Readings readings;
    readings.tables["application"] = {"app.toml", {{"route", 1, {{"path", {2, std::string("/login")}}}}}};
    const auto site = httpSite(readings, 7);

    ASSERT_TRUE(site) << site.error();
    EXPECT_NE((*site)->route("GET", "/login"), nullptr);
    EXPECT_NE((*site)->file("/index.html"), nullptr);
}

TEST(HttpContentTest, AnApplicationWithItsOwnStartHidesDebiansPage) {
    Readings readings;
    readings.tables["application"] = {"app.toml", {{"route", 1, {{"path", {2, std::string("/")}}}}}};

    EXPECT_EQ((*httpSite(readings, 7))->file("/index.html"), nullptr);
}

TEST(HttpContentTest, FillsTheWordsOfTheSensorIntoTextsAndAnswers) {
    const std::string company(decoyCompany(7));
    Readings readings;
    readings.folders["site"] = {{"/a.html", text("<b>{{company}}, {{company}}</b>")}, {"/a.png", text("{{company}}")}};
    readings.tables["application"] = {
        "app.toml",
        {{"route",
          1,
          {{"path", {2, std::string("/x")}},
           {"body", {3, std::string("{{Company}} {{ company }} {{token")}},
           {"headers", {4, std::vector<std::string>{"Set-Cookie: id={{token}}; path=/"}}}}}}};
    const auto site = *httpSite(readings, 7);

    EXPECT_EQ(*site->file("/a.html")->content, "<b>" + company + ", " + company + "</b>");
    EXPECT_EQ(*site->file("/a.png")->content, "{{company}}");
    const HttpAnswer& answer = site->route("GET", "/x")->answer;
    EXPECT_EQ(answer.body->substr(1), company.substr(1) + " {{ company }} {{token");
    EXPECT_EQ(answer.headers.at(0).second.size(), std::string("id=; path=/").size() + 32);
    EXPECT_NE(answer.headers, (*httpSite(readings, 8))->route("GET", "/x")->answer.headers);
}

TEST(HttpContentTest, AnErrorNamesTheSettingTheFileAndTheLine) {
    Readings readings;
    readings.tables["application"] = {"app.toml", {{"route", 1, {{"path", {2, std::string("login")}}}}}};

    const auto site = httpSite(readings, 7);
    ASSERT_FALSE(site);
    EXPECT_TRUE(site.error().starts_with("application: app.toml:2: [[route]] path must begin with '/'"))
        << site.error();
}

}  // namespace
}  // namespace apiary::agent::test
