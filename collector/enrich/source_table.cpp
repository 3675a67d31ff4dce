#include "collector/enrich/source_table.hpp"

#include <chrono>
#include <sys/stat.h>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::days kOld{180};  // addresses are given to others meanwhile

/// What two files say.
class FilesLookup final : public SourceLookup {
public:
    explicit FilesLookup(std::array<std::shared_ptr<const AddressFile>, 2> files) : files_(std::move(files)) {}

    SourceFacts factsOf(const Endpoint& source) const override {
        SourceFacts facts;
        for (const auto& file : files_) {
            if (file) {
                file->look(source, facts);
            }
        }
        return facts;
    }

    std::vector<SourceFileNote> files() const override {
        std::vector<SourceFileNote> notes;
        for (const auto& file : files_) {
            if (file) {
                notes.push_back(file->note());
            }
        }
        return notes;
    }

private:
    const std::array<std::shared_ptr<const AddressFile>, 2> files_;
};

std::string newsOf(const AddressFile& file, AddressQuestion question) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto age = std::chrono::floor<std::chrono::days>(now - file.built());
    return std::string(question == AddressQuestion::Country ? "countries" : "networks") + " come from " +
           file.note().path + ": " + file.note().type + ", built " + file.note().built + ", " +
           std::to_string(age.count()) + " days ago" + (age > kOld ? ": fetch a newer one" : "") + ", SHA-256 " +
           file.note().sha256;
}

}  // namespace

/// All zero if there is no such file.
SourceTable::Mark SourceTable::markOf(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
            static_cast<std::int64_t>(status.st_size), static_cast<std::int64_t>(status.st_mtim.tv_sec),
            static_cast<std::int64_t>(status.st_mtim.tv_nsec)};
}

void SourceTable::refreshSlot(Slot& slot, const std::string& path, AddressQuestion question, bool again,
                              Changes& changes) {
    if (path.empty()) {
        return;
    }
    const Mark mark = markOf(path);
    if (mark == slot.mark && !again) {
        return;
    }
    slot.mark = mark;  // before it is read: who writes to it meanwhile gives it another
    auto opened = AddressFile::open(path, question);
    if (!opened) {
        changes.problems.push_back(opened.error() + (slot.file ? "; what was read before stays in use"
                                                               : "; what it would say of sources is left empty"));
        return;
    }
    if (!slot.file || slot.file->note().sha256 != (*opened)->note().sha256) {
        slot.file = *opened;
        changes.read.push_back(newsOf(*slot.file, question));
    }
}

SourceTable::Changes SourceTable::refresh(bool again) {
    Changes changes;
    refreshSlot(country_, paths_.country, AddressQuestion::Country, again, changes);
    refreshSlot(network_, paths_.network, AddressQuestion::Network, again, changes);
    files_.with([&](auto& files) { files = {country_.file, network_.file}; });
    return changes;
}

std::vector<std::string> SourceTable::ages() const {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    std::vector<std::string> ages;
    for (const auto& file : files_.with([](const auto& files) { return files; })) {
        if (file) {
            const auto age = std::chrono::floor<std::chrono::days>(now - file->built());
            ages.push_back(file->note().type + " is " + std::to_string(age.count()) + " days old");
        }
    }
    return ages;
}

std::shared_ptr<const SourceLookup> SourceTable::current() const {
    return std::make_shared<FilesLookup>(files_.with([](const auto& files) { return files; }));
}

}  // namespace apiary::collector
