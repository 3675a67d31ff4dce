/// tar: archives of POSIX (ustar), plain, with gzip and with bzip2.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_bzip2.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"
#include "agent/shell/shell_tar_format.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

class Tar {
public:
    explicit Tar(ShellCall& call) : call_(call) {}

    int run() {
        if (call_.words.size() == 2 && call_.words[1] == "--version") {
            call_.out("tar (busybox) 1.35.0\n");
            return 0;
        }
        if (!parse()) {
            return 1;
        }
        const int modes = call_.has('c') + call_.has('x') + call_.has('t');
        if (modes != 1) {
            return call_.usage();
        }
        directory_ = call_.environment().directory;
        return call_.has('c') ? create() : read();
    }

private:
    /// Old bundles have no dash; long options stand for short ones.
    bool parse() {
        if (call_.words.size() > 1 && !call_.words[1].starts_with('-')) {
            call_.words[1].insert(0, "-");
        }
        static constexpr std::pair<std::string_view, std::string_view> kLong[] = {
            {"--list", "-t"}, {"--extract", "-x"},   {"--create", "-c"}, {"--verbose", "-v"},
            {"--file", "-f"}, {"--directory", "-C"}, {"--gzip", "-z"},   {"--to-stdout", "-O"}};
        for (std::size_t i = 1; i < call_.words.size(); ++i) {
            std::string& word = call_.words[i];
            const std::size_t sign = word.find('=');
            const bool apart = word == "--strip-components" && i + 1 < call_.words.size();
            if (apart || word.starts_with("--strip-components=")) {
                const std::string value = apart ? call_.words[i + 1] : word.substr(sign + 1);
                stripped_ = parseNumber<std::size_t>(value).value_or(0);
                const auto at = call_.words.begin() + static_cast<std::ptrdiff_t>(i--);
                call_.words.erase(at, at + (apart ? 2 : 1));
                continue;
            }
            const auto* known = std::ranges::find(kLong, std::string_view(word).substr(0, sign),
                                                  &std::pair<std::string_view, std::string_view>::first);
            if (known != std::end(kLong)) {
                word = std::string(known->second) + (sign == std::string::npos ? "" : word.substr(sign + 1));
            }
        }
        return call_.parse("txcC:f:OvkopaZzJjhm");
    }

    /// From the folder of -C.
    ShellFiles::Place locate(std::string_view path, bool followLast = true) const {
        return call_.files().locate(directory_, path, followLast);
    }
    bool enter() {
        if (!call_.has('C')) {
            return true;
        }
        const ShellFiles::Place place = call_.locate(call_.value('C'));
        const ShellNode* node = place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
        if (node == nullptr || node->kind != Kind::Directory) {
            const ShellError error = place.error != ShellError::None ? place.error
                                     : node == nullptr               ? ShellError::NoEntry
                                                                     : ShellError::NotDirectory;
            call_.fail("can't change directory to '" + call_.value('C') + "': " + std::string(errorText(error)));
            return false;
        }
        directory_ = place.path;
        return true;
    }

    /// A name without what leads out of the folder.
    std::string inside(const std::string& path) {
        std::size_t begin = path.find_first_not_of('/');
        begin = begin == std::string::npos ? path.size() : begin;
        for (std::size_t at = path.find("../"); at != std::string::npos; at = path.find("../", at + 1)) {
            if (at == 0 || path[at - 1] == '/') {
                begin = std::max(begin, at + 3);
            }
        }
        if (begin > 0 && told_.insert(path.substr(0, begin)).second) {
            call_.fail("removing leading '" + path.substr(0, begin) + "' from member names");
        }
        return path.substr(begin);
    }

    void tell(const std::string& line) {
        if (call_.valueOr('f', "-") == "-" && call_.has('c')) {
            call_.error(line + '\n');
        } else {
            call_.out(line + '\n');
        }
    }

    int create() {
        const std::string path = call_.valueOr('f', "-");
        ShellStreamPtr output;
        if (path != "-") {
            ShellFiles::Place place = call_.locate(path);
            if (place.error == ShellError::None) {
                call_.work().report(place.path);
                place.error =
                    call_.files().create(place.path, 0666 & ~call_.environment().mask, call_.work().seconds());
            }
            if (place.error != ShellError::None) {
                return call_.fail("can't open '" + path + "': " + std::string(errorText(place.error)));
            }
            output = std::make_shared<ShellStream>(ShellStream{ShellStream::Kind::File, place.path});
            archive_ = place.path;
        }
        if (!enter()) {
            return 1;
        }
        if (call_.words.size() < 2) {
            return call_.fail("empty archive");
        }
        bool failed = false;
        for (const std::string& member : call_.operands()) {
            failed |= !add(member);
        }
        text_.append(2 * kTarBlock, '\0');
        if (call_.has('z')) {
            text_ = gzipped(text_);
        } else if (call_.has('j')) {
            if (!call_.work().move(text_.size() * kBzipCost)) {
                return 1;
            }
            text_ = bzipped(text_);
        }
        if (output) {
            const ShellError error = call_.work().write(*output, text_);
            if (error != ShellError::None) {
                return call_.fail("write error: " + std::string(errorText(error)));
            }
        } else {
            call_.out(text_);
        }
        return failed ? call_.fail("error exit delayed from previous errors") : 0;
    }

    bool add(const std::string& path) {
        const ShellWork::Level level(call_.work());
        const ShellFiles::Place place = locate(path, call_.has('h'));
        const ShellNode* node = place.error == ShellError::None ? call_.files().find(place.path) : nullptr;
        if (!call_.work().step()) {
            return false;
        }
        if (node == nullptr) {
            const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
            call_.fail(path + ": " + std::string(errorText(error)));
            return false;
        }
        if (place.path == archive_) {
            call_.fail(path + ": file is the archive; skipping");
            return true;
        }
        const bool directory = node->kind == Kind::Directory;
        std::string name = inside(path);
        name += directory && !name.ends_with('/') && !name.empty() ? "/" : "";
        if (name.size() >= kTarLongestName || node->kind == Kind::Device || text_.size() > ShellFiles::kMostBytes) {
            return true;
        }
        if (!name.empty()) {
            if (call_.has('v')) {
                tell(name);
            }
            text_ += tarHead(call_.files(), name, *node);
            if (node->kind == Kind::File) {
                text_ += node->text();
                text_.append((kTarBlock - text_.size() % kTarBlock) % kTarBlock, '\0');
            }
            if (!call_.work().move(text_.size() / 4)) {
                return false;
            }
        }
        bool all = true;
        if (directory) {
            std::vector<std::string> names;
            for (const auto& [below, child] : call_.files().listed(place.path)) {
                names.push_back(below);
            }
            for (const std::string& below : names) {
                all &= add(path + (path.ends_with('/') ? "" : "/") + below);
            }
        }
        return all;
    }

    bool wanted(const std::string& name) {
        const std::vector<std::string> chosen = call_.operands();
        if (chosen.empty()) {
            return true;
        }
        for (const std::string& one : chosen) {
            const std::string plain = one.ends_with('/') ? one.substr(0, one.size() - 1) : one;
            if (name == plain || name.starts_with(plain + '/')) {
                met_.insert(one);
                return true;
            }
        }
        return false;
    }

    std::string listing(const TarMember& member) const {
        const std::string date =
            dateOf(static_cast<std::int64_t>(std::min<std::uint64_t>(member.modified, 4'000'000'000)));
        static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
        std::string day = date.substr(4, 2);
        std::ranges::replace(day, ' ', '0');
        return modeLetters(member.node()) + ' ' + member.user + '/' + member.group +
               printed(" %9llu ", static_cast<unsigned long long>(member.size)) + date.substr(16) +
               printed("-%02zu-", kMonths.find(date.substr(0, 3)) / 3 + 1) + day + ' ' + date.substr(7, 8) + ' ' +
               member.name + (member.kind == '2' ? " -> " + member.target : "");
    }

    int read() {
        const ShellStreamPtr stream = call_.open(call_.valueOr('f', "-"));
        if (!stream) {
            return 1;
        }
        std::string all = call_.work().read(*stream, ShellFiles::kMostBytes * 2);
        int status = 0;
        if (!enter()) {
            return 1;
        }
        const bool bzip = call_.has('j');
        if (bzip || call_.has('z')) {  // else it takes the file as it is, whatever it begins with
            GunzipError error = GunzipError::None;
            all = bzip ? bunzipped(all, ShellFiles::kMostBytes, error) : gunzipped(all, ShellFiles::kMostBytes, error);
            if (error != GunzipError::None) {
                call_.fail(bzip                            ? std::string(bunzipMessage(error))
                           : error == GunzipError::Corrupt ? "corrupted data"
                                                           : "invalid magic");
                all.resize(error == GunzipError::NoMagic ? 0 : all.size());
            }
        }
        std::string_view rest = all;
        while (call_.work().step() && call_.work().move(kTarBlock)) {
            TarMember member;
            std::string_view error;
            if (!readTarHead(rest, member, error)) {
                status = error.empty() ? status : call_.fail(error);
                break;
            }
            const std::string_view body = rest.substr(0, member.kind == '0' ? member.size : 0);
            if (wanted(member.name)) {
                if (call_.has('t')) {
                    call_.out((call_.has('v') ? listing(member) : member.name) + '\n');
                } else {
                    status |= extract(member, body);
                }
            }
            rest.remove_prefix(
                std::min<std::size_t>(rest.size(), (body.size() + kTarBlock - 1) / kTarBlock * kTarBlock));
        }
        for (const std::string& one : call_.operands()) {
            if (status == 0 && !met_.contains(one)) {
                status = call_.fail(one + ": not found in archive");
            }
        }
        return status;
    }

    int extract(const TarMember& member, std::string_view body) {
        std::string name = inside(member.name);
        for (std::size_t i = 0; i < stripped_ && !name.empty(); ++i) {
            const std::size_t slash = name.find('/');
            name = slash == std::string::npos ? "" : name.substr(slash + 1);
        }
        if (name.empty()) {
            return 0;
        }
        if (call_.has('O')) {
            if (call_.has('v')) {
                call_.error(member.name + '\n');
            }
            call_.out(body);
            return 0;
        }
        if (call_.has('v')) {
            call_.out(member.name + '\n');
        }
        const std::int64_t now = call_.work().seconds();
        for (std::size_t end = name.find('/'); end != std::string::npos && end + 1 < name.size() && call_.work().step();
             end = name.find('/', end + 1)) {
            const ShellFiles::Place folder = locate(std::string_view(name).substr(0, end));
            if (folder.error == ShellError::None && call_.files().find(folder.path) == nullptr) {
                call_.files().makeDirectory(folder.path, 0755, now);
            }
        }
        while (name.size() > 1 && name.ends_with('/')) {
            name.pop_back();
        }
        const ShellFiles::Place place = locate(name, false);
        ShellError error = place.error;
        const ShellNode* there = error == ShellError::None ? call_.files().find(place.path) : nullptr;
        const bool directory = member.kind == '5';
        if (there != nullptr && there->kind != Kind::Directory && !directory && !call_.has('k')) {
            call_.work().report(place.path);
            call_.files().remove(place.path, now);
            there = nullptr;
        }
        if (there != nullptr && !directory) {
            return call_.fail(member.kind == '2'
                                  ? "can't create symlink '" + name + "' to '" + member.target + "': File exists"
                                  : "can't open '" + name + "': File exists");
        }
        const auto mode = static_cast<std::uint16_t>(member.mode & 07777U);
        if (error == ShellError::None && directory) {
            error = there != nullptr ? ShellError::None : call_.files().makeDirectory(place.path, mode, now);
        } else if (error == ShellError::None && member.kind == '2') {
            error = call_.files().makeLink(place.path, member.target, now);
        } else if (error == ShellError::None) {
            error = call_.files().create(place.path, mode, now);
            ShellStream file{ShellStream::Kind::File, place.path};
            error = error == ShellError::None ? call_.work().write(file, body) : error;
        }
        if (error != ShellError::None) {
            return call_.fail("can't open '" + name + "': " + std::string(errorText(error)));
        }
        if (member.kind != '2' && !call_.has('m')) {
            call_.files().setModified(
                place.path, static_cast<std::int64_t>(std::min<std::uint64_t>(member.modified, 4'000'000'000)));
        }
        return 0;
    }

    ShellCall& call_;
    std::string directory_ = {};
    std::string archive_ = {};
    std::size_t stripped_ = 0;
    std::string text_ = {};
    std::set<std::string> told_ = {};
    std::set<std::string> met_ = {};
};

int tar(ShellCall& call) {
    return Tar(call).run();
}

constexpr ShellApplet kApplets[] = {
    {"tar", tar},
};

}  // namespace

std::span<const ShellApplet> shellTarApplets() {
    return kApplets;
}

}  // namespace apiary::agent
