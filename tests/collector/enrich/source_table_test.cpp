#include "collector/enrich/source_table.hpp"

#include "common/net/address.hpp"
#include "tests/collector/enrich/mmdb_writer.hpp"
#include "tests/support/quick_folder.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace apiary::collector {
namespace {

using test::MmdbWriter;

class SourceTableTest : public testing::Test {
protected:
    std::string put(const std::string& name, const std::string& bytes) {
        const std::string path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        return path;
    }

    static SourceFacts factsOf(const SourceTable& table, const std::string& address) {
        return table.current()->factsOf(*parseAddress(address));
    }

    /// What is wrong with such a file of countries.
    std::string problemOf(const std::string& bytes) {
        const auto file = AddressFile::open(put("bad.mmdb", bytes), AddressQuestion::Country);
        return file ? "" : file.error();
    }

    static std::string countries(const std::string& code = "DE") {
        return MmdbWriter("Test-Country")
            .country("192.0.2.0/24", code)
            .country("192.0.2.128/25", "FR")
            .country("2001:db8::/32", "JP")
            .bytes();
    }
    static std::string networks() {
        return MmdbWriter("Test-ASN")
            .system("192.0.2.0/24", 64500, "Example Research")
            .system("2001:db8::/32", 4'200'000'000, "Zw\xc3\xb6lf")
            .bytes();
    }

    SourceTableTest() {
        std::string name = quickFolder() + "apiary-source-table.XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~SourceTableTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

TEST_F(SourceTableTest, FindsCountryAndNetworkOfBothKindsOfAddress) {
    SourceTable table({put("c.mmdb", countries()), put("n.mmdb", networks())});
    EXPECT_TRUE(table.refresh(true).problems.empty());
    EXPECT_EQ(factsOf(table, "192.0.2.1"), (SourceFacts{"DE", 64500, "Example Research"}));
    EXPECT_EQ(factsOf(table, "::ffff:192.0.2.200"), (SourceFacts{"FR", 64500, "Example Research"}));
    EXPECT_EQ(factsOf(table, "2001:db8::1"), (SourceFacts{"JP", 4'200'000'000, "Zw\\xc3\\xb6lf"}));
    EXPECT_EQ(factsOf(table, "198.51.100.1"), SourceFacts{});
    EXPECT_EQ(factsOf(table, "2001:db9::1"), SourceFacts{});
    EXPECT_EQ(factsOf(table, "::c000:201"), (SourceFacts{"DE", 64500, "Example Research"}));
}

TEST_F(SourceTableTest, KnowsNothingWithoutFiles) {
    SourceTable table({});
    const auto changes = table.refresh(true);
    EXPECT_TRUE(changes.problems.empty() && changes.read.empty());
    EXPECT_EQ(factsOf(table, "192.0.2.1"), SourceFacts{});
    EXPECT_EQ(editionText(table.current()->files()), "");
}

TEST_F(SourceTableTest, SaysWhichFilesAnswer) {
    SourceTable table({put("c.mmdb", countries()), put("n.mmdb", networks())});
    const auto changes = table.refresh(true);
    EXPECT_EQ(editionText(table.current()->files()), "Test-Country 2023-11-14, Test-ASN 2023-11-14");
    ASSERT_EQ(changes.read.size(), 2U);
    EXPECT_NE(changes.read[0].find("Test-Country, built 2023-11-14"), std::string::npos) << changes.read[0];
    EXPECT_EQ(table.current()->files()[1].sha256.size(), 64U);
}

TEST_F(SourceTableTest, ReadsTheLayoutsOfIpinfo) {
    const auto lite =
        MmdbWriter("ipinfo lite")
            .add("192.0.2.0/24",
                 {{"country", {"Germany"}}, {"country_code", {"DE"}}, {"asn", {"AS64500"}}, {"as_name", {"Example"}}});
    SourceTable table({put("lite.mmdb", lite.bytes()), put("lite.mmdb", lite.bytes())});
    EXPECT_TRUE(table.refresh(true).problems.empty());
    EXPECT_EQ(factsOf(table, "192.0.2.1"), (SourceFacts{"DE", 64500, "Example"}));
    const auto old = MmdbWriter("ipinfo country").add("192.0.2.0/24", {{"country", {"FR"}}});
    SourceTable other({put("old.mmdb", old.bytes()), {}});
    other.refresh(true);
    EXPECT_EQ(factsOf(other, "192.0.2.1"), (SourceFacts{"FR", 0, ""}));
}

TEST_F(SourceTableTest, TakesAFileThatWasReplaced) {
    SourceTable table({put("c.mmdb", countries("DE")), {}});
    table.refresh(true);
    EXPECT_TRUE(table.refresh(false).read.empty());
    const auto before = table.current();
    put("next.mmdb", countries("NL"));
    std::filesystem::rename(folder_ / "next.mmdb", folder_ / "c.mmdb");
    EXPECT_EQ(table.refresh(false).read.size(), 1U);
    EXPECT_EQ(factsOf(table, "192.0.2.1").country, "NL");
    EXPECT_EQ(before->factsOf(*parseAddress("192.0.2.1")).country, "DE");
}

TEST_F(SourceTableTest, KeepsTheFileThatAnsweredWhenTheNextIsBad) {
    SourceTable table({put("c.mmdb", countries()), {}});
    table.refresh(true);
    put("c.mmdb", "half of a download");  // over the file that is in use
    const auto changes = table.refresh(true);
    ASSERT_EQ(changes.problems.size(), 1U);
    EXPECT_NE(changes.problems[0].find("c.mmdb: is not a whole MaxMind database"), std::string::npos);
    EXPECT_NE(changes.problems[0].find("stays in use"), std::string::npos);
    EXPECT_EQ(factsOf(table, "192.0.2.1").country, "DE");
    std::filesystem::remove(folder_ / "c.mmdb");
    EXPECT_EQ(table.refresh(false).problems.size(), 1U);
    EXPECT_TRUE(table.refresh(false).problems.empty());  // said once
    EXPECT_EQ(factsOf(table, "192.0.2.1").country, "DE");
}

TEST_F(SourceTableTest, TakesAFileThatComesLater) {
    SourceTable table({(folder_ / "c.mmdb").string(), {}});
    EXPECT_NE(table.refresh(true).problems.at(0).find("is left empty"), std::string::npos);
    put("c.mmdb", countries());
    EXPECT_TRUE(table.refresh(false).problems.empty());
    EXPECT_EQ(factsOf(table, "192.0.2.1").country, "DE");
}

TEST_F(SourceTableTest, SaysWhatIsWrongWithAFile) {
    EXPECT_NE(problemOf("").find("not a whole MaxMind database"), std::string::npos);
    EXPECT_NE(problemOf(std::string(100'000, '\0')).find("not a whole MaxMind database"), std::string::npos);
    EXPECT_NE(problemOf("network,country\n").find("not a whole MaxMind database"), std::string::npos);
    EXPECT_NE(problemOf(networks()).find("its type is Test-ASN, and no country"), std::string::npos);
    EXPECT_NE(problemOf(MmdbWriter("Test-Country").bytes()).find("no country"), std::string::npos);
    const auto folder = AddressFile::open(folder_.string(), AddressQuestion::Country);
    EXPECT_NE(folder.error().find("is not a file"), std::string::npos);
    const auto missing = AddressFile::open((folder_ / "none").string(), AddressQuestion::Country);
    EXPECT_NE(missing.error().find("No such file"), std::string::npos);
}

TEST_F(SourceTableTest, RefusesEveryTruncation) {
    const std::string whole = countries();
    for (std::size_t size = 0; size + 1 < whole.size(); size += 7) {
        EXPECT_NE(problemOf(whole.substr(0, size)), "") << size;
    }
}

TEST_F(SourceTableTest, OutlivesEveryDamagedByte) {
    const std::string whole = countries();
    int opened = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char with : {'\x00', '\x1e', '\x7f', '\xff'}) {
            std::string damaged = whole;
            damaged[at] = with;
            SourceTable table({put("damaged.mmdb", damaged), {}});
            opened += table.refresh(true).problems.empty() ? 1 : 0;
            for (const char* address : {"192.0.2.1", "192.0.2.200", "2001:db8::1", "::1", "203.0.113.9"}) {
                const auto country = factsOf(table, address).country;
                EXPECT_TRUE(country.empty() || country.size() == 2);
            }
        }
    }
    EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace apiary::collector
