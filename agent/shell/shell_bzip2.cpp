#include "agent/shell/shell_bzip2.hpp"

#include <algorithm>
#include <array>
#include <bzlib.h>

namespace apiary::agent {
namespace {

char* bytesOf(std::string_view text) {
    return const_cast<char*>(text.data());  // libbz2 only reads
}

/// One member. Takes it off the file.
GunzipError unpackInto(std::string_view& file, std::size_t most, std::string& into) {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) {
        return GunzipError::Corrupt;
    }
    stream.next_in = bytesOf(file);
    stream.avail_in = static_cast<unsigned>(file.size());
    int result = BZ_OK;
    while (result == BZ_OK && into.size() < most) {
        std::array<char, 8192> piece{};
        stream.next_out = piece.data();
        stream.avail_out = static_cast<unsigned>(piece.size());
        result = BZ2_bzDecompress(&stream);
        into.append(piece.data(), piece.size() - stream.avail_out);
        if (result == BZ_OK && stream.avail_in == 0 && stream.avail_out > 0) {
            result = BZ_UNEXPECTED_EOF;
        }
    }
    file.remove_prefix(file.size() - stream.avail_in);
    BZ2_bzDecompressEnd(&stream);
    into.resize(std::min(into.size(), most));
    return result == BZ_OK || result == BZ_STREAM_END ? GunzipError::None
           : result == BZ_UNEXPECTED_EOF              ? GunzipError::ShortRead
           : result == BZ_DATA_ERROR_MAGIC            ? GunzipError::BadHead
                                                      : GunzipError::Corrupt;
}

}  // namespace

std::string bzipped(std::string_view bytes, int level) {
    std::string file(bytes.size() + bytes.size() / 100 + 600, '\0');  // what libbz2 promises to suffice
    auto size = static_cast<unsigned>(file.size());
    const int result =
        BZ2_bzBuffToBuffCompress(file.data(), &size, bytesOf(bytes), static_cast<unsigned>(bytes.size()), level, 0, 0);
    file.resize(result == BZ_OK ? size : 0);
    return file;
}

std::string bunzipped(std::string_view file, std::size_t most, GunzipError& error) {
    std::string bytes;
    error = file.starts_with("BZ") ? GunzipError::None : GunzipError::NoMagic;
    while (error == GunzipError::None && bytes.size() < most && file.starts_with("BZ")) {
        error = unpackInto(file, most, bytes);  // what is behind the last member is not looked at
    }
    return bytes;
}

std::string_view bunzipMessage(GunzipError error) {
    switch (error) {
        case GunzipError::BadHead:
            return "bunzip error -2";
        case GunzipError::ShortRead:
            return "bunzip error -3";
        case GunzipError::Corrupt:
            return "bunzip error -5";
        case GunzipError::NoMagic:
        case GunzipError::None:
            break;
    }
    return "invalid magic";
}

}  // namespace apiary::agent
