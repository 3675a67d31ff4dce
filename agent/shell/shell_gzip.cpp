/// gzip, gunzip and zcat; bzip2, bunzip2 and bzcat.

#include "agent/shell/shell_gzip.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_bzip2.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <zlib.h>

namespace apiary::agent {
namespace {

constexpr std::string_view kHead{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10};
constexpr int kRaw = -MAX_WBITS;  // a stream of deflate without a frame

Bytef* bytesOf(std::string_view text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads
}

void addNumber(std::string& text, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        text += static_cast<char>(number >> shift & 255U);
    }
}

/// The size of the head of a member; nothing if it is cut off.
std::optional<std::size_t> headSize(std::string_view file) {
    if (file.size() < kHead.size()) {
        return std::nullopt;
    }
    const auto flags = static_cast<unsigned char>(file[3]);
    std::size_t at = kHead.size();
    if ((flags & 4U) != 0) {
        if (file.size() < at + 2) {
            return std::nullopt;
        }
        at += 2U + static_cast<unsigned char>(file[at]) + 256U * static_cast<unsigned char>(file[at + 1]);
    }
    for (const unsigned text : {8U, 16U}) {
        if ((flags & text) != 0) {
            const std::size_t end = file.find('\0', std::min(at, file.size()));
            if (end == std::string_view::npos) {
                return std::nullopt;
            }
            at = end + 1;
        }
    }
    at += (flags & 2U) != 0 ? 2 : 0;
    return at <= file.size() ? std::optional(at) : std::nullopt;
}

/// One stream of deflate. Takes it off the file.
GunzipError inflateInto(std::string_view& file, std::size_t most, std::string& into) {
    z_stream stream{};
    if (inflateInit2(&stream, kRaw) != Z_OK) {
        return GunzipError::Corrupt;
    }
    stream.next_in = bytesOf(file);
    stream.avail_in = static_cast<uInt>(file.size());
    int result = Z_OK;
    while (result == Z_OK && into.size() < most) {
        std::array<char, 8192> piece{};
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        result = inflate(&stream, Z_NO_FLUSH);
        into.append(piece.data(), piece.size() - stream.avail_out);
        if (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) {
            result = Z_BUF_ERROR;
        }
    }
    file.remove_prefix(file.size() - stream.avail_in);
    inflateEnd(&stream);
    into.resize(std::min(into.size(), most));
    return result == Z_STREAM_END || result == Z_OK ? GunzipError::None
           : result == Z_BUF_ERROR                  ? GunzipError::ShortRead
                                                    : GunzipError::Corrupt;
}

}  // namespace

std::string gzipped(std::string_view bytes) {
    std::string file(kHead);
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        return file;
    }
    std::string body(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = bytesOf(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(body.data());
    stream.avail_out = static_cast<uInt>(body.size());
    deflate(&stream, Z_FINISH);
    body.resize(body.size() - stream.avail_out);
    deflateEnd(&stream);
    file += body;
    addNumber(file, static_cast<std::uint32_t>(crc32(0, bytesOf(bytes), static_cast<uInt>(bytes.size()))));
    addNumber(file, static_cast<std::uint32_t>(bytes.size()));
    return file;
}

std::string gunzipped(std::string_view file, std::size_t most, GunzipError& error) {
    std::string bytes;
    error = file.empty() ? GunzipError::ShortRead : GunzipError::None;
    for (bool first = true; !file.empty() && error == GunzipError::None; first = false) {
        if (!file.starts_with("\x1f\x8b\x08")) {
            error = first ? GunzipError::NoMagic : error;  // what is behind is not looked at
            break;
        }
        const auto head = headSize(file);
        if (!head) {
            error = GunzipError::ShortRead;
            break;
        }
        file.remove_prefix(*head);
        const std::size_t before = bytes.size();
        error = inflateInto(file, most, bytes);
        if (error == GunzipError::None && bytes.size() < most) {
            std::string tail;
            addNumber(tail, static_cast<std::uint32_t>(
                                crc32(0, bytesOf(bytes) + before, static_cast<uInt>(bytes.size() - before))));
            error = file.size() < 8          ? GunzipError::ShortRead
                    : file.starts_with(tail) ? GunzipError::None
                                             : GunzipError::Corrupt;
            file.remove_prefix(std::min<std::size_t>(8, file.size()));
        } else {
            file = {};
        }
    }
    return bytes;
}

namespace {

bool isBzip(const ShellCall& call) {
    return call.name().starts_with('b');
}

/// The least that was asked for.
int levelOf(const ShellCall& call) {
    int level = 1;
    while (level < 9 && !call.has(static_cast<char>('0' + level))) {
        ++level;
    }
    return level;
}

std::string_view messageOf(const ShellCall& call, GunzipError error, bool nothingRead) {
    const bool cat = call.name() == "zcat";
    switch (error) {
        case GunzipError::NoMagic:
            return cat ? "no gzip/bzip2/xz magic" : "invalid magic";
        case GunzipError::ShortRead:
            return cat || !nothingRead ? "short read" : "invalid magic";
        default:
            return "corrupted data";
    }
}

/// What was read, packed or unpacked; false after it said what is wrong.
bool convert(ShellCall& call, bool unpacks, std::string& text) {
    const bool bzip = isBzip(call);
    if (!unpacks) {
        if (bzip && !call.work().move(text.size() * kBzipCost)) {
            return false;
        }
        text = bzip ? bzipped(text, levelOf(call)) : gzipped(text);
        return true;
    }
    GunzipError error = GunzipError::None;
    text = bzip ? bunzipped(text, ShellFiles::kMostBytes, error) : gunzipped(text, ShellFiles::kMostBytes, error);
    if (!call.work().move(text.size())) {
        return false;
    }
    if (error != GunzipError::None) {
        call.fail(std::string(bzip ? bunzipMessage(error) : messageOf(call, error, text.empty())));
    }
    return error == GunzipError::None;
}

/// The name without or with its suffix; nothing if it has none.
std::optional<std::string> renamed(const std::string& path, bool unpacks, bool bzip) {
    if (!unpacks) {
        return path + (bzip ? ".bz2" : ".gz");
    }
    if (bzip) {
        const bool fits = path.ends_with(".bz2") && path.size() > 4;
        return fits ? std::optional(path.substr(0, path.size() - 4)) : std::nullopt;
    }
    static constexpr std::pair<std::string_view, std::string_view> kSuffixes[] = {
        {".tgz", ".tar"}, {".gz", ""}, {"-gz", ""}, {".Z", ""}, {".z", ""}};
    for (const auto& [suffix, instead] : kSuffixes) {
        if (path.ends_with(suffix) && path.size() > suffix.size()) {
            return path.substr(0, path.size() - suffix.size()) + std::string(instead);
        }
    }
    return std::nullopt;
}

int packFile(ShellCall& call, const std::string& path, bool unpacks, bool toOutput) {
    const ShellFiles::Place place = call.locate(path);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (node == nullptr) {
        const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
        return call.fail(path + ": " + std::string(errorText(error)));
    }
    const std::optional<std::string> name =
        toOutput ? std::optional<std::string>("") : renamed(path, unpacks, isBzip(call));
    if (!name) {
        return call.fail(path + ": unknown suffix - ignored");
    }
    if (node->kind == ShellNode::Kind::Directory) {
        return call.fail(unpacks || toOutput ? "read error: Is a directory"
                                             : "can't remove file '" + path + "': Is a directory");
    }
    const ShellFiles::Place target = toOutput ? ShellFiles::Place{} : call.locate(*name);
    if (!toOutput && !call.has('f') && call.files().find(target.path) != nullptr) {
        return call.fail("can't open '" + *name + "': File exists");
    }
    const std::uint16_t mode = node->mode;
    const std::int64_t modified = node->modified;
    const ShellStreamPtr stream = call.open(path);
    if (!stream) {
        return 1;
    }
    std::string text = call.work().read(*stream, ShellFiles::kMostBytes);
    if (!convert(call, unpacks, text)) {
        return 1;
    }
    if (call.has('t')) {
        return 0;
    }
    if (toOutput) {
        call.out(text);
        return 0;
    }
    ShellError error = call.files().create(target.path, mode, call.work().seconds());
    if (error != ShellError::None) {
        return call.fail("can't open '" + *name + "': " + std::string(errorText(error)));
    }
    ShellStream file{ShellStream::Kind::File, target.path};
    error = call.work().write(file, text);
    if (error != ShellError::None) {
        return call.fail("write error: " + std::string(errorText(error)));
    }
    call.files().setModified(target.path, modified);
    if (!call.has('k')) {
        call.work().report(place.path);
        call.files().remove(place.path, call.work().seconds());
    }
    return 0;
}

int pack(ShellCall& call) {
    const bool gzip = call.name() == "gzip" || call.name() == "bzip2";
    if (!call.parse(gzip ? "cfkdtvqn123456789" : "cfvqdtnk")) {
        return 1;
    }
    const bool unpacks = !gzip || call.has('d') || call.has('t');
    const bool toOutput = call.has('c') || call.has('t') || call.name().ends_with("cat");
    if (call.words.size() < 2) {
        std::string text = call.work().read(*call.input(), ShellFiles::kMostBytes);
        if (!convert(call, unpacks, text)) {
            return 1;
        }
        call.out(call.has('t') ? "" : text);
        return 0;
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        status |= packFile(call, path, unpacks, toOutput);
    }
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"bunzip2", pack, "/usr/bin"},
    {"bzcat", pack, "/usr/bin"},
    {"bzip2", pack, "/usr/bin"},
    {"gunzip", pack},
    {"gzip", pack},
    {"zcat", pack},
};

}  // namespace

std::span<const ShellApplet> shellGzipApplets() {
    return kApplets;
}

}  // namespace apiary::agent
