/// Every registered protocol against every transcript in tests/transcripts/<protocol>/.
/// A new protocol needs no code here. UPDATE_TRANSCRIPTS=1 rewrites the files; review the diff.

#include "tests/agent/protocols/transcript.hpp"

#include "agent/protocol/conversation.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace apiary::agent::test {
namespace {

namespace fs = std::filesystem;

const fs::path kTranscripts = APIARY_TRANSCRIPTS;

std::string readFile(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> allTranscripts() {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(kTranscripts)) {
        if (entry.path().extension() == ".txt") {
            found.push_back(fs::relative(entry.path(), kTranscripts));
        }
    }
    std::ranges::sort(found);
    return found;
}

std::string nameOf(const testing::TestParamInfo<fs::path>& test) {
    std::string name = test.param.string();
    std::ranges::replace_if(
        name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

class TranscriptTest : public testing::TestWithParam<fs::path> {
protected:
    fs::path path_ = kTranscripts / GetParam();
    std::string script_ = readFile(path_);
    const Module* module_ = findModule(GetParam().begin()->string());
};

TEST_P(TranscriptTest, ReproducesTheConversation) {
    ASSERT_NE(module_, nullptr);
    const std::string played = play(*module_, readSteps(script_), true);
    if (std::getenv("UPDATE_TRANSCRIPTS") != nullptr) {
        std::ofstream(path_, std::ios::binary) << heading(script_) << played;
    } else {
        EXPECT_EQ(strip(script_), played);
    }
}

TEST_P(TranscriptTest, DoesNotDependOnHowAStreamIsCut) {
    ASSERT_NE(module_, nullptr);
    if (module_->transport == Transport::Datagram) {
        GTEST_SKIP() << "datagrams are whole";
    }
    const auto steps = readSteps(script_);
    const std::string whole = play(*module_, steps, false);
    for (const std::size_t size : {1U, 2U, 3U, 7U}) {
        EXPECT_EQ(whole, play(*module_, cut(steps, size), false)) << "pieces of " << size;
    }
    EXPECT_EQ(whole, play(*module_, join(steps), false)) << "pipelined";
}

INSTANTIATE_TEST_SUITE_P(All, TranscriptTest, testing::ValuesIn(allTranscripts()), nameOf);

TEST(RegistryTest, NamesAreUniqueSortedAndCovered) {
    std::vector<std::string_view> names;
    for (const Module* module : modules()) {
        names.push_back(module->name);
        EXPECT_TRUE(fs::is_directory(kTranscripts / module->name)) << module->name << " has no transcript";
        const auto prepared = prepare(*module);
        ASSERT_TRUE(prepared) << prepared.error();
        EXPECT_NE(module->open(**prepared, {}), nullptr);
    }
    EXPECT_TRUE(std::ranges::is_sorted(names, std::less_equal<>{}));
}

TEST(RegistryTest, SaysTruthfullyWhoSpeaksFirst) {
    for (const Module* module : modules()) {
        Conversation conversation(*module, *prepare(*module), {});
        const auto sends = [](const Action& action) { return std::holds_alternative<Send>(action); };
        EXPECT_EQ(module->speaksFirst, std::ranges::any_of(conversation.open(WallTime{}), sends)) << module->name;
    }
}

TEST(RegistryTest, RefusesASettingTheModuleDoesNotDeclare) {
    const auto prepared = prepare(*findModule("ftp"), {{"greting", "x"}});
    ASSERT_FALSE(prepared);
    EXPECT_NE(prepared.error().find("greting"), std::string::npos);
}

}  // namespace
}  // namespace apiary::agent::test
