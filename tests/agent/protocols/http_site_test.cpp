#include "agent/protocols/http_site.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using std::chrono::seconds;
using Names = std::vector<std::string>;

HttpFile text(std::string content, int modified = 0) {
    return {std::make_shared<const std::string>(std::move(content)), FileTime(seconds(modified)), "text/html"};
}

HttpSite smallSite() {
    return {{{"/index.html", text("home", 100)},
             {"/img/logo.png", text("png", 300)},
             {"/img/old/logo.png", text("old", 200)},
             {"/img-list.txt", text("list", 50)},
             {"/img0", text("zero", 60)},
             {"/upload/", {nullptr, FileTime(seconds(777)), ""}}},
            {}};
}

HttpSite applicationOf(std::vector<HttpRoute> routes) {
    return {{}, std::move(routes)};
}

HttpRoute routeOf(std::string method, std::string path, unsigned status) {
    HttpRoute route;
    route.method = std::move(method);
    route.path = std::move(path);
    route.answer.status = status;
    return route;
}

TEST(HttpSiteTest, FindsAFileByItsWholePathOnly) {
    const HttpSite site = smallSite();

    ASSERT_NE(site.file("/img/logo.png"), nullptr);
    EXPECT_EQ(*site.file("/img/logo.png")->content, "png");
    for (const auto* none :
         {"/img/logo", "/img/logo.png/", "/img/", "/img", "/", "", "img/logo.png", "/IMG/LOGO.PNG"}) {
        EXPECT_EQ(site.file(none), nullptr) << none;
    }
}

TEST(HttpSiteTest, FoldersAreThoseGivenAndThoseThatFilesImply) {
    const HttpSite site = smallSite();

    for (const auto* folder : {"/", "/img", "/img/", "/img/old", "/upload", "/upload/"}) {
        EXPECT_TRUE(site.folder(folder)) << folder;
    }
    for (const auto* none : {"/im", "/img-list.txt", "/img0/", "/upload/x", "//", "img"}) {
        EXPECT_FALSE(site.folder(none)) << none;
    }
}

TEST(HttpSiteTest, AFolderHasItsOwnTimeOrThatOfTheNewestFileBelow) {
    const HttpSite site = smallSite();

    EXPECT_EQ(site.folderModified("/upload"), FileTime(seconds(777)));
    EXPECT_EQ(site.folderModified("/img/"), FileTime(seconds(300)));
    EXPECT_EQ(site.folderModified("/img/old"), FileTime(seconds(200)));
    EXPECT_EQ(site.folderModified("/none"), FileTime{});
}

TEST(HttpSiteTest, ListsWhatLiesDirectlyInAFolderSorted) {
    const HttpSite site = smallSite();

    EXPECT_EQ(site.entries("/"), (Names{"img-list.txt", "img/", "img0", "index.html", "upload/"}));
    EXPECT_EQ(site.entries("/img"), (Names{"logo.png", "old/"}));
    EXPECT_EQ(site.entries("/img/"), (Names{"logo.png", "old/"}));
    EXPECT_EQ(site.entries("/upload/"), Names{});
    EXPECT_EQ(site.entries("/none/"), Names{});
}

TEST(HttpSiteTest, TheDocumentRootIsAFolderEvenIfNothingIsInIt) {
    const HttpSite site = applicationOf({});

    EXPECT_TRUE(site.folder("/"));
    EXPECT_EQ(site.entries("/"), Names{});
    EXPECT_EQ(site.file("/"), nullptr);
}

TEST(HttpSiteTest, ListsAFewFoldersOfVeryManyFilesWithoutVisitingThem) {
    std::map<std::string, HttpFile, std::less<>> files;
    for (int i = 0; i < 20'000; ++i) {
        files.emplace("/deep/" + std::to_string(i % 2) + "/" + std::to_string(i), HttpFile{});
    }
    const HttpSite site(std::move(files), {});

    for (int i = 0; i < 10'000; ++i) {  // takes minutes if each visits them all
        ASSERT_EQ(site.entries("/deep").size(), 2U);
    }
    EXPECT_EQ(site.entries("/deep/1").size(), 10'000U);
}

TEST(HttpSiteTest, AHostilePathIsLookedUpAndNoMore) {
    const HttpSite site = smallSite();

    using namespace std::string_literals;
    for (const auto& hostile : {"/../../etc/passwd"s, "/index.html\0"s, "/img/../index.html"s, "/\xff\xfe"s,
                                "\\\\host\\share"s, std::string(1'000'000, '/'), "/"s + std::string(100'000, 'a')}) {
        EXPECT_EQ(site.file(hostile), nullptr);
        EXPECT_FALSE(site.folder(hostile));
        EXPECT_EQ(site.entries(hostile), Names{});
        EXPECT_EQ(site.route("GET", hostile), nullptr);
    }
}

TEST(HttpSiteTest, TheFirstRouteThatFitsIsTaken) {
    const HttpSite site = applicationOf(
        {routeOf("", "/admin/login", 200), routeOf("", "/admin/*", 403), routeOf("", "/admin/late", 200)});

    EXPECT_EQ(site.route("GET", "/admin/login")->answer.status, 200U);
    EXPECT_EQ(site.route("GET", "/admin/late")->answer.status, 403U);
    EXPECT_EQ(site.route("GET", "/admin/")->answer.status, 403U);
    EXPECT_EQ(site.route("GET", "/admin"), nullptr);
    EXPECT_EQ(site.route("GET", "/Admin/login"), nullptr);
}

TEST(HttpSiteTest, ARouteForAllThatIsMissingLeavesFilesAlone) {
    const HttpSite site({{"/a.css", text("x")}, {"/b.css", text("x")}},
                        {routeOf("", "/b.css", 403), routeOf("", "/*", 404)});

    EXPECT_EQ(site.route("GET", "/a.css"), nullptr);
    EXPECT_EQ(site.route("GET", "/b.css")->answer.status, 403U);
    EXPECT_EQ(site.route("GET", "/c.css")->answer.status, 404U);
    EXPECT_EQ(site.route("GET", "/")->answer.status, 404U);
}

TEST(HttpSiteTest, ARouteWithARealmComesBeforeFiles) {
    HttpRoute guard = routeOf("", "/private/*", 200);
    guard.realm = "Staff";
    guard.guards = true;
    const HttpSite site({{"/private/keys.txt", text("x")}}, {guard});

    EXPECT_NE(site.route("GET", "/private/keys.txt"), nullptr);
    EXPECT_NE(site.route("PUT", "/private/new"), nullptr);
    EXPECT_EQ(site.route("GET", "/index.html"), nullptr);
}

TEST(HttpSiteTest, ARouteWithoutMethodAnswersToReadingAndToLogins) {
    HttpRoute login = routeOf("", "/login", 200);
    login.secretField = "password";
    const HttpSite site = applicationOf({routeOf("", "/page", 200), login});

    EXPECT_NE(site.route("GET", "/page"), nullptr);
    EXPECT_NE(site.route("HEAD", "/page"), nullptr);
    EXPECT_EQ(site.route("POST", "/page"), nullptr);
    EXPECT_NE(site.route("POST", "/login"), nullptr);
    EXPECT_EQ(site.route("PUT", "/login"), nullptr);
    EXPECT_EQ(site.route("get", "/page"), nullptr);
}

TEST(HttpSiteTest, ARouteOfAMethodAnswersToNoOther) {
    const HttpSite site = applicationOf({routeOf("POST", "/rpc", 201), routeOf("GET", "/rpc", 405)});

    EXPECT_EQ(site.route("POST", "/rpc")->answer.status, 201U);
    EXPECT_EQ(site.route("HEAD", "/rpc")->answer.status, 405U);
    EXPECT_EQ(site.route("DELETE", "/rpc"), nullptr);
}

TEST(HttpSiteTest, ARouteMayAskForACookie) {
    HttpRoute inside;
    inside.path = "/in";
    inside.cookie = "id=*end";
    HttpRoute exact = inside;
    exact.path = "/exact";
    exact.cookie = "id=1";
    const HttpSite site({}, {inside, exact});
    for (const char* cookies : {"id=end", "id=an end", "a=b; id=xend", " id=end;c"}) {
        EXPECT_NE(site.route("GET", "/in", cookies), nullptr) << cookies;
    }
    for (const char* cookies : {"", "id=", "id=end2", "xid=end", "id=a; x=end", ";;"}) {
        EXPECT_EQ(site.route("GET", "/in", cookies), nullptr) << cookies;
    }
    EXPECT_NE(site.route("GET", "/exact", "id=1"), nullptr);
    EXPECT_EQ(site.route("GET", "/exact", "id=12"), nullptr);
}

}  // namespace
}  // namespace apiary::agent::test
