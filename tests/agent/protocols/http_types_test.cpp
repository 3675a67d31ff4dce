#include "agent/protocols/http_types.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

TEST(HttpTypesTest, TypesFilesByTheirExtension) {
    EXPECT_EQ(httpType("/index.html"), "text/html");
    EXPECT_EQ(httpType("/a/b.c/style.css"), "text/css");
    EXPECT_EQ(httpType("/app.js"), "text/javascript");
    EXPECT_EQ(httpType("/favicon.ico"), "image/vnd.microsoft.icon");
    EXPECT_EQ(httpType("/LOGO.PNG"), "image/png");
    EXPECT_EQ(httpType("/site.webmanifest"), "application/manifest+json");
}

TEST(HttpTypesTest, DebiansConfigurationOverrulesTheTable) {
    EXPECT_EQ(httpType("/dump.sql.gz"), "application/x-gzip");
    EXPECT_EQ(httpType("/www.tgz"), "application/x-gzip");
    EXPECT_EQ(httpType("/old.tar.Z"), "application/x-compress");
    EXPECT_EQ(httpType("/a.tar.bz2"), "application/x-bzip2");
    EXPECT_EQ(httpType("/run.sh"), "text/x-sh");
}

TEST(HttpTypesTest, TheLastKnownExtensionDecides) {
    EXPECT_EQ(httpType("/wp-config.php.bak"), "application/x-trash");
    EXPECT_EQ(httpType("/index.html.unknown"), "text/html");
    EXPECT_EQ(httpType("/index.html."), "text/html");
    EXPECT_EQ(httpType("/a.gz.html"), "text/html");
}

TEST(HttpTypesTest, TellsCharsetAndLanguages) {
    EXPECT_EQ(httpType("/page.html.utf8"), "text/html; charset=utf-8");
    EXPECT_EQ(httpType("/note.latin1.txt"), "text/plain; charset=iso-8859-1");
    EXPECT_EQ(httpType("/note.utf8"), "");
    EXPECT_EQ(httpLanguage("/page.html.de"), "de");
    EXPECT_EQ(httpLanguage("/page.DE.zh-CN.html"), "de,zh-cn");
    EXPECT_EQ(httpLanguage("/de"), "");
}

TEST(HttpTypesTest, LeavesFilesWithoutAKnownExtensionUntyped) {
    for (const auto* path :
         {"", "/", "/README", "/.html", "/..png", "/html", "/.env", "/shell.php", "/a.html/b", "/."}) {
        EXPECT_EQ(httpType(path), "") << path;
    }
    EXPECT_EQ(httpType("/.env.bak"), "application/x-trash");
}

}  // namespace
}  // namespace apiary::agent::test
