#include "common/config/toml.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;

TomlFile parse(std::string_view text) {
    return TomlFile::parse(text, "/etc/apiary/x.toml");
}

// The only error of a file whose one field `key` was read by `get`.
template <typename Get>
std::string errorOf(std::string_view text, Get get) {
    TomlFile file = parse(text);
    get(file.root().field("key"));
    const auto errors = file.finish();
    return errors.size() == 1 ? errors[0] : std::to_string(errors.size()) + " errors";
}

TEST(TomlTest, ReadsEveryKindOfValue) {
    const TomlFile file = parse(
        "name = 'x'\ncount = 3\non = true\nidle = '15m'\nbytes = '2GiB'\nlisten = ['127.0.0.1:21', '[::1]:21']\n"
        "state = 'run'\n");
    const TomlTable root = file.root();
    EXPECT_EQ(root.field("name").text(), "x");
    EXPECT_EQ(root.field("count").number(1, 1, 9), 3U);
    EXPECT_TRUE(root.field("on").flag(false));
    EXPECT_EQ(root.field("idle").duration(1s, 1s, 1h), 15min);
    EXPECT_EQ(root.field("bytes").size(0, 0, std::uint64_t{1} << 40U), std::uint64_t{2} << 30U);
    EXPECT_EQ(root.field("listen").endpoints(),
              (std::vector{*parseEndpoint("127.0.0.1:21"), *parseEndpoint("[::1]:21")}));
    EXPECT_EQ(root.field("state").path(), "/etc/apiary/run");
}

TEST(TomlTest, TakesTheFallbackOfWhatIsMissing) {
    TomlFile file = parse("");
    const TomlTable table = file.root().table("journal");
    EXPECT_FALSE(table.present());
    EXPECT_EQ(table.field("files").number(7, 1, 9), 7U);
    EXPECT_EQ(table.field("idle").duration(120s, 1s, 1h), 120s);
    EXPECT_EQ(table.field("directory").path("logs"), "/etc/apiary/logs");
    EXPECT_TRUE(file.finish().empty());
}

TEST(TomlTest, NamesFileAndLineOfAMissingKey) {
    TomlFile file = parse("\n\n[agent]\nthreads = 1\n");
    const TomlTable agent = file.root().table("agent");
    std::ignore = agent.field("name").required().text();
    std::ignore = agent.field("threads").number(1, 1, 4);
    EXPECT_EQ(file.finish(), std::vector<std::string>{"/etc/apiary/x.toml:3: [agent] name is missing; it must be set"});
}

TEST(TomlTest, SuggestsTheNearestKey) {
    TomlFile file = parse("[[service]]\nnmae = 'ftp'\n");
    for (const TomlTable& service : file.root().tables("service")) {
        std::ignore = service.field("name").text();
        std::ignore = service.field("listen").text();
    }
    EXPECT_EQ(file.finish(), std::vector<std::string>{
                                 "/etc/apiary/x.toml:2: unknown key 'nmae' in [[service]]; did you mean 'name'?"});
}

TEST(TomlTest, ListsTheKnownKeysWhenNoneIsNear) {
    TomlFile file = parse("colour = 'red'\n");
    std::ignore = file.root().field("name");
    std::ignore = file.root().table("journal");
    EXPECT_EQ(file.finish(),
              std::vector<std::string>{"/etc/apiary/x.toml:1: unknown key 'colour'; known here: name, journal"});
}

TEST(TomlTest, CollectsAllErrorsInTheOrderOfLines) {
    TomlFile file = parse("a = 1\nb = 'x'\nc = 'never'\n");
    std::ignore = file.root().field("c").duration(1s, 1s, 1h);
    std::ignore = file.root().field("b").number(1, 1, 2);
    const auto errors = file.finish();
    ASSERT_EQ(errors.size(), 3U);
    EXPECT_TRUE(errors[0].starts_with("/etc/apiary/x.toml:1: unknown key 'a'"));
    EXPECT_TRUE(errors[1].starts_with("/etc/apiary/x.toml:2: b must be a number from 1 to 2"));
    EXPECT_TRUE(errors[2].starts_with("/etc/apiary/x.toml:3: c must be a duration such as"));
}

TEST(TomlTest, SaysWhatAValueMayBe) {
    const auto duration = [](const TomlField& f) { std::ignore = f.duration(1s, 100ms, 15min); };
    EXPECT_NE(errorOf("key = 120", duration).find("\"120s\" (units ms, s, m, h, d), from 100ms to 15m"),
              std::string::npos);
    EXPECT_NE(errorOf("key = '16m'", duration).find("from 100ms to 15m"), std::string::npos);
    EXPECT_NE(errorOf("key = '9999999999999999999d'", duration).find("must be a duration"), std::string::npos);
    EXPECT_NE(errorOf("key = '2GB'", [](const TomlField& f) { std::ignore = f.size(0, 1, 2048); }).find("to 2KiB"),
              std::string::npos);
    EXPECT_NE(
        errorOf("key = ['1.2.3.4']", [](const TomlField& f) { std::ignore = f.endpoints(); }).find("ADDRESS:PORT"),
        std::string::npos);
    EXPECT_NE(errorOf("key = -1", [](const TomlField& f) { std::ignore = f.number(0, 0, 5); }).find("from 0 to 5"),
              std::string::npos);
    EXPECT_NE(errorOf("key = 1.5", [](const TomlField& f) { std::ignore = f.text(); }).find("text in quotes"),
              std::string::npos);
}

TEST(TomlTest, ReportsASyntaxErrorAlone) {
    TomlFile file = parse("a = 1\nb = = 2\n");
    std::ignore = file.root().field("name").required();
    const auto errors = file.finish();
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(errors[0].starts_with("/etc/apiary/x.toml:2: not valid TOML: ")) << errors[0];
}

TEST(TomlTest, ReportsAFileThatIsNotThere) {
    TomlFile file = TomlFile::read("/nonexistent/a.toml");
    EXPECT_EQ(file.finish(),
              std::vector<std::string>{"/nonexistent/a.toml: cannot be read: No such file or directory"});
}

TEST(TomlTest, ShowsTheFilesOwnWordsEscaped) {
    TomlFile file = parse("a = tru\nb = 1\n");
    const auto errors = file.finish();
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].find("saw 'tru\\x0a'"), std::string::npos) << errors[0];
}

TEST(TomlTest, RefusesWhatIsNoConfigurationFile) {
    EXPECT_EQ(TomlFile::read("/dev/zero").finish(),
              std::vector<std::string>{"/dev/zero: is larger than 1 MiB; is this the configuration?"});
    EXPECT_EQ(TomlFile::read("/").finish(), std::vector<std::string>{"/: cannot be read: Is a directory"});
}

TEST(TomlTest, HandsOverATableWhoseKeysOthersKnow) {
    TomlFile file = parse("[[service]]\n[service.settings]\nbanner = 'hi'\nhost = 'x'\n");
    auto entries = file.root().tables("service").at(0).table("settings").entries();
    std::ranges::sort(entries);
    EXPECT_EQ(entries, (std::vector<std::pair<std::string, std::string>>{{"banner", "hi"}, {"host", "x"}}));
    EXPECT_TRUE(file.finish().empty());
}

TEST(TomlTest, HandsOverValuesOfEveryKindWithTheirLines) {
    TomlFile file =
        parse("[[page]]\npath = '/x'\nstatus = 404\nopen = true\nnames = ['a', 'b']\n[page.then]\nstatus = 1\n");
    std::string seen;
    for (const TomlValue& value : file.root().tables("page").at(0).values()) {
        seen += std::to_string(value.line) + value.key + std::to_string(value.value.index()) + ' ';
    }
    EXPECT_EQ(file.root().keys(), std::vector<std::string>{"page"});
    EXPECT_EQ(seen, "5names3 4open2 2path0 3status1 7then.status1 ");
    EXPECT_EQ(file.finish(), std::vector<std::string>{});
}

TEST(TomlTest, RefusesValuesOfNoUseAmongThoseHandedOver) {
    TomlFile file = parse("[[page]]\nstatus = 1.5\nnames = [1]\n");
    std::ignore = file.root().tables("page").at(0).values();
    EXPECT_EQ(file.finish(),
              (std::vector<std::string>{"/etc/apiary/x.toml:2: [[page]] status must be a text in quotes",
                                        "/etc/apiary/x.toml:3: [[page]] names must hold nothing but texts in quotes"}));
}

TEST(TomlTest, RefusesALineLongEnoughToNestWithoutEnd) {
    std::string text = "a";
    for (int i = 0; i < 100'000; ++i) {
        text += ".a";
    }
    TomlFile file = parse(text + " = 1");
    EXPECT_EQ(file.finish().size(), 1U);
}

}  // namespace
}  // namespace apiary::test
