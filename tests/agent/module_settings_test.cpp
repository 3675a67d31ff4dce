#include "agent/module_settings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace apiary::agent::test {
namespace {

namespace fs = std::filesystem;

struct Shown final : Prepared {
    std::string text;
};

Preparation::Outcome show(const Settings& settings, const Readings& readings, std::uint64_t) {
    if (settings.at("word") == "bad") {
        return Error{"word must not be bad, with a site or not"};
    }
    auto shown = std::make_shared<Shown>();
    for (const auto& [name, folder] : readings.folders) {
        shown->text += name + '=' + *folder.at("/index.html").content + ' ';
    }
    for (const auto& [name, tables] : readings.tables) {
        shown->text += name + '=' + std::to_string(tables.tables.size());
    }
    return std::shared_ptr<const Prepared>(std::move(shown));
}

constexpr Setting kSettings[] = {{"site", "", "a folder", SettingKind::Folder},
                                 {"pages", "", "tables", SettingKind::Tables},
                                 {"word", "good", "a word"}};
const Module kShowing{"showing", Transport::Stream, false, {}, kSettings, show, nullptr};

class ModuleSettingsTest : public testing::Test {
protected:
    ModuleSettingsTest() {
        fs::remove_all(root_);
        fs::create_directories(root_ / "site");
        std::ofstream(root_ / "site/index.html") << "home";
        std::ofstream(root_ / "pages.toml") << "[[route]]\n[[route]]\n";
    }
    ~ModuleSettingsTest() override { fs::remove_all(root_); }

    /// What was prepared, or the errors of the file.
    std::string prepared(const std::string& settings) const {
        TomlFile file = TomlFile::parse("[service]\n[service.settings]\n" + settings, (root_ / "agent.toml").string());
        const auto made = prepareModule(kShowing, file.root().table("service"), 0);
        std::string text = made == nullptr ? "" : static_cast<const Shown&>(*made).text;
        for (const std::string& error : file.finish()) {
            text += error.substr(root_.string().size() + 1) + '\n';
        }
        return text;
    }

    std::string root() const { return root_.string(); }

private:
    fs::path root_ = fs::path(testing::TempDir()) /
                     ("module_settings_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(ModuleSettingsTest, ReadsWhatSettingsNameFromTheFoldersOfTheFile) {
    EXPECT_EQ(prepared("site = 'site'\npages = 'pages.toml'\n"), "site=home pages=2");
    EXPECT_EQ(prepared("site = '" + root() + "/site/'\n"), "site=home ");
}

TEST_F(ModuleSettingsTest, ReadsNothingForSettingsThatAreEmptyOrMissing) {
    EXPECT_EQ(prepared(""), "");
    EXPECT_EQ(prepared("site = ''\npages = ''\n"), "");
}

TEST_F(ModuleSettingsTest, NotesAtEachSettingWhyItsFilesAreOfNoUse) {
    EXPECT_EQ(
        prepared("pages = 'none.toml'\nsite = 'none'\n"),
        "agent.toml:3: [settings] pages cannot be used: " + root() +
            "/none.toml: cannot be read: No such file or directory\nagent.toml:4: [settings] site cannot be used: '" +
            root() + "/none' cannot be read: No such file or directory\n");
}

TEST_F(ModuleSettingsTest, AnErrorOfTheModuleStandsAtTheSettingItNamesFirst) {
    EXPECT_EQ(prepared("site = 'site'\nword = 'bad'\n"),
              "agent.toml:4: [settings] word is refused: word must not be bad, with a site or not\n");
}

TEST_F(ModuleSettingsTest, ReadsAgainWhatHasChangedAndLeavesTheOldAlone) {
    const auto once = [&] {
        TomlFile file = TomlFile::parse("[service.settings]\nsite = 'site'\n", root() + "/agent.toml");
        return prepareModule(kShowing, file.root().table("service"), 0);
    };
    const auto before = once();
    std::ofstream(root() + "/site/index.html") << "new";
    const auto after = once();

    EXPECT_EQ(static_cast<const Shown&>(*before).text, "site=home ");
    EXPECT_EQ(static_cast<const Shown&>(*after).text, "site=new ");
}

}  // namespace
}  // namespace apiary::agent::test
