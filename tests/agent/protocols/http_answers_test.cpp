#include "agent/protocol/seeded.hpp"
#include "agent/protocols/http_conditions.hpp"
#include "agent/protocols/http_gzip.hpp"
#include "agent/protocols/http_icons.hpp"
#include "agent/protocols/http_listing.hpp"
#include "agent/protocols/http_text.hpp"
#include "agent/protocols/http_upload.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kModified(1'700'000'000s);  // Tue, 14 Nov 2023 22:13:20 GMT

HttpRequest asking(std::vector<HttpField> fields, std::string method = "GET") {
    HttpRequest request;
    request.method = std::move(method);
    request.fields = std::move(fields);
    return request;
}

unsigned conditions(std::vector<HttpField> fields, std::string method = "GET") {
    return httpConditions(asking(std::move(fields), std::move(method)), {"\"e\"", kModified, kModified + 24h});
}

std::string ranges(const std::string& field) {
    const HttpRanges found = httpRanges(asking({{"Range", field}}), 100, {"\"e\"", kModified, kModified + 24h});
    std::string text = found.satisfiable ? "" : "none";
    for (const auto& [first, last] : found.parts) {
        text += std::to_string(first) + "-" + std::to_string(last) + " ";
    }
    return text;
}

TEST(HttpTextTest, ReadsTheThreeFormsOfATime) {
    EXPECT_EQ(httpTime("Tue, 14 Nov 2023 22:13:20 GMT"), kModified);
    EXPECT_EQ(httpTime("Tuesday, 14-Nov-23 22:13:20 GMT"), kModified);
    EXPECT_EQ(httpTime("Tue, 4 Nov 2023 22:13:20 GMT"), kModified - 240h);
    EXPECT_EQ(httpTime("Tue Nov 14 22:13:20 2023"), kModified);
    EXPECT_EQ(httpDate(kModified), "Tue, 14 Nov 2023 22:13:20 GMT");
    for (const char* text : {"", "yesterday", "Tue, 31 Feb 2023 22:13:20 GMT", "Tue, 14 Nov 2023 25:13:20 GMT"}) {
        EXPECT_EQ(httpTime(text), std::nullopt) << text;
    }
}

TEST(HttpConditionsTest, TagsComeBeforeTimes) {
    EXPECT_EQ(conditions({}), 0U);
    EXPECT_EQ(conditions({{"If-None-Match", "\"x\", W/\"e\""}}), 304U);
    EXPECT_EQ(conditions({{"If-None-Match", "\"x\""}, {"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}}), 0U);
    EXPECT_EQ(conditions({{"If-None-Match", "*"}}, "POST"), 412U);
    EXPECT_EQ(conditions({{"If-Match", "\"x\""}}), 412U);
    EXPECT_EQ(conditions({{"If-Match", "W/\"e\""}}), 412U);
    EXPECT_EQ(conditions({{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}}), 304U);
    EXPECT_EQ(conditions({{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}), 0U);
    EXPECT_EQ(conditions({{"If-Modified-Since", "Tue, 14 Nov 2034 22:13:20 GMT"}}), 0U);  // from the future
    EXPECT_EQ(conditions({{"If-Unmodified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}), 412U);
}

TEST(HttpConditionsTest, ListsOfTagsEndWhereNoTagBegins) {
    for (const char* list : {"\"x\" , \"e\"", ",,\"e\" ", "\"a,b\",\"e\"", "\"\\\",\",\"e\"", "\"x\"y,\"e\""}) {
        EXPECT_EQ(conditions({{"If-None-Match", list}}), 304U) << list;
    }
    for (const char* list : {"e", "x,\"e\"", "\"e\"x", "\"e", "w/\"e\"", "\"E\"", "\"\\", ","}) {
        EXPECT_EQ(conditions({{"If-None-Match", list}}), 0U) << list;
    }
}

TEST(HttpConditionsTest, AListOfManyTagsIsReadOnce) {
    for (const char* piece : {"a,", "\"x\",", "W/", "\"\\", ", "}) {
        std::string list;
        while (list.size() < 4'000'000) {
            list += piece;
        }
        EXPECT_EQ(conditions({{"If-None-Match", list}}), 0U) << piece;
    }
}

TEST(HttpConditionsTest, JoinsRangesThatTouch) {
    EXPECT_EQ(ranges("bytes=0-9"), "0-9 ");
    EXPECT_EQ(ranges("bytes=90-"), "90-99 ");
    EXPECT_EQ(ranges("bytes=-10"), "90-99 ");
    EXPECT_EQ(ranges("bytes=0-4,3-9"), "0-9 ");
    EXPECT_EQ(ranges("bytes=0-1,-1"), "0-1 99-99 ");
    EXPECT_EQ(ranges("bytes=5-6,0-"), "0-99 ");
    EXPECT_EQ(ranges("bytes=100-"), "none");
    for (const char* field : {"bytes=", "bytes=9-0", "bytes=a-b", "bytes=-0", "lines=1-2", "bytes=1-2,x"}) {
        EXPECT_EQ(ranges(field), "") << field;
    }
}

std::string listing(std::string_view query) {
    const HttpFile file{std::make_shared<const std::string>("abc"), kModified, "text/plain"};
    const HttpSite site({{"/a/b.txt", file}, {"/a/c.txt", file}}, {});
    HttpRequest request = asking({});
    request.query = query;
    return httpListing(site, "/a/", request, {"Apache", "h", 80, true}, [](std::string_view) { return true; }).text();
}

TEST(HttpListingTest, HasAPlainFormAndOneOfLines) {
    EXPECT_NE(listing("F=0").find("<ul><li><a href=\"/\"> Parent Directory</a></li>\n"
                                  "<li><a href=\"b.txt\"> b.txt</a></li>\n"
                                  "<li><a href=\"c.txt\"> c.txt</a></li>\n</ul>\n<address>"),
              std::string::npos);
    EXPECT_NE(listing("F=1;O=D").find("alt=\"[TXT]\"> <a href=\"c.txt\">c.txt</a>                   "
                                      "2023-11-14 22:13    3   \n<img"),
              std::string::npos);
    EXPECT_NE(listing("F=1").find("</a>                             -   \n<img"), std::string::npos);
    EXPECT_NE(listing("").find("  <table>\n"), std::string::npos);
}

TEST(HttpPiecesTest, ABufferThatIsFullGoesOutWithThePieceThatWasTooMuch) {
    HttpPieces pieces;
    pieces << std::string(7990, 'a') << std::string(10, 'b');
    EXPECT_TRUE(pieces.chunks().empty());
    pieces << "cd" << "ef";
    EXPECT_EQ(pieces.chunks(), (std::vector<std::size_t>{8002, 2}));
}

TEST(HttpIconsTest, AreThoseOfDebiansPackage) {
    const auto icons = httpIcons();
    const HttpFile* icon = icons->file("/icons/small/back.gif");
    ASSERT_NE(icon, nullptr);
    EXPECT_TRUE(icon->content->starts_with("GIF89a"));
    EXPECT_EQ(icon->content->size(), 129U);
    EXPECT_EQ(icon->type, "image/gif");
    EXPECT_EQ(httpDate(std::chrono::floor<std::chrono::seconds>(icon->modified)), "Mon, 09 Nov 2026 03:07:05 GMT");
    EXPECT_EQ(icons->file("/icons/openlogo-75.png")->type, "image/png");
    EXPECT_EQ(icons->file("/icons/nothing.gif"), nullptr);
}

TEST(HttpListingTest, OrdersNumbersByValue) {
    EXPECT_LT(httpNaturalOrder("file2", "file10"), 0);
    EXPECT_GT(httpNaturalOrder("b", "a10"), 0);
    EXPECT_LT(httpNaturalOrder("1.01", "1.1"), 0);
    EXPECT_EQ(httpNaturalOrder("a1", "a1"), 0);
    EXPECT_LT(httpNaturalOrder("a", "ab"), 0);
}

TEST(HttpGzipTest, FollowsWhatThePeerTakes) {
    EXPECT_TRUE(httpTakesGzip(asking({{"Accept-Encoding", "deflate, GZIP;q=0.5"}})));
    EXPECT_FALSE(httpTakesGzip(asking({{"Accept-Encoding", "deflate;q=1, gzip;q=0"}})));
    EXPECT_FALSE(httpTakesGzip(asking({{"Accept-Encoding", "*"}})));
    EXPECT_FALSE(httpCompressible("text/html", 68));
    EXPECT_TRUE(httpCompressible("text/html;charset=UTF-8", 69));
    EXPECT_FALSE(httpCompressible("image/png", 6900));
}

TEST(HttpGzipTest, HandsOnWhatDoesNotFitTheBuffer) {
    std::string noise;
    Seeded chance(1);
    while (noise.size() < 100000) {
        noise += static_cast<char>(chance.below(256));
    }
    const HttpGzip coded = httpGzip(noise);
    ASSERT_GT(coded.passes.size(), 1U);
    EXPECT_EQ(coded.passes.front(), 8106U);  // its header and a buffer
    EXPECT_EQ(httpGzip(std::string(1000, 'a')).passes.size(), 1U);
    EXPECT_EQ(httpGzipTag("\"a-b\""), "\"a-b-gzip\"");
}

TEST(HttpUploadTest, FindsLoginsByTheNamesOfFields) {
    const auto login = httpLogin(httpForm("a=b&User%4eame=x+y&PSD=%31%26"));
    ASSERT_TRUE(login);
    EXPECT_EQ(login->user, "x y");
    EXPECT_EQ(login->secret, "1&");
    EXPECT_FALSE(httpLogin(httpForm("user=x&q=y")));
}

TEST(HttpUploadTest, ReadsBasicLogins) {
    const auto login = httpBasicLogin(asking({{"Authorization", "basic  YWRtaW46YTpi"}}));
    ASSERT_TRUE(login);
    EXPECT_EQ(login->user, "admin");
    EXPECT_EQ(login->secret, "a:b");
    EXPECT_FALSE(httpBasicLogin(asking({{"Authorization", "Bearer x"}})));
}

}  // namespace
}  // namespace apiary::agent
