#include "agent/protocols/http_gzip.hpp"

#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <zlib.h>

namespace apiary::agent {
namespace {

constexpr std::size_t kOverhead = 68;  // of the coding and its fields, as mod_deflate counts
constexpr std::size_t kBuffer = 8096;  // DeflateBufferSize
constexpr int kWindow = -15;           // DeflateWindowSize; negative: without a header of zlib's own
constexpr int kMemory = 9;             // DeflateMemLevel
constexpr std::string_view kHeader("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);

std::string littleEndian(std::uint32_t number) {
    std::string bytes;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>(number >> shift & 0xffU);
    }
    return bytes;
}

bool skip(char c, std::string_view& rest) {
    const bool there = rest.starts_with(c);
    rest.remove_prefix(there ? 1 : 0);
    return there;
}

void skipSpace(std::string_view& rest) {
    rest.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(rest, httpSpace) - rest.begin()));
}

/// ap_get_token(): what stands before the next ';' or ',' outside of quotes, or, unless `blanks`, before a blank. Takes
/// the blanks around it off, too.
std::string_view takeToken(std::string_view& rest, bool blanks) {
    skipSpace(rest);
    std::size_t end = 0;
    for (bool quoted = false; end < rest.size(); ++end) {
        const char c = rest[end];
        if (!quoted && (c == ';' || c == ',' || (!blanks && httpSpace(c)))) {
            break;
        }
        quoted = quoted != (c == '"');
    }
    const std::string_view token = rest.substr(0, end);
    rest.remove_prefix(end);
    skipSpace(rest);
    return token;
}

}  // namespace

bool httpCompressible(std::string_view type, std::size_t size) {
    static constexpr std::string_view kTypes[] = {"text/html",
                                                  "text/plain",
                                                  "text/xml",
                                                  "text/css",
                                                  "text/javascript",
                                                  "application/x-javascript",
                                                  "application/javascript",
                                                  "application/ecmascript",
                                                  "application/rss+xml",
                                                  "application/wasm",
                                                  "application/xml"};
    return size > kOverhead && std::ranges::find(kTypes, type.substr(0, type.find(';'))) != std::end(kTypes);
}

bool httpTakesGzip(const HttpRequest& request) {
    const std::string* field = request.field("Accept-Encoding");
    std::string_view rest = field == nullptr ? std::string_view() : *field;
    std::string_view coding = takeToken(rest, false);
    while (!coding.empty() && !httpEqual(coding, "gzip")) {
        while (skip(';', rest)) {
            (void)takeToken(rest, true);
        }
        skip(',', rest);
        coding = takeToken(rest, false);
    }
    while (skip(';', rest)) {
    }
    const std::string_view weight = takeToken(rest, true);
    return !coding.empty() && (weight.size() < 3 || !std::string_view("q=0.000").starts_with(weight));
}

HttpGzip httpGzip(std::string_view bytes) {
    std::string coded(kHeader);
    std::vector<std::size_t> passes;
    std::string buffer(kBuffer, '\0');
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();  // the only way it can fail
    }
    std::size_t handed = 0;
    const auto empty = [&] {
        coded.append(buffer, 0, kBuffer - stream.avail_out);
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = kBuffer;
    };
    stream.avail_out = kBuffer;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    // zlib's interface is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    while (stream.avail_in > 0) {
        if (stream.avail_out == 0) {
            empty();
            passes.push_back(coded.size() - handed);
            handed = coded.size();
        }
        (void)deflate(&stream, Z_NO_FLUSH);
    }
    int status = Z_OK;
    while (status == Z_OK) {
        empty();
        status = deflate(&stream, Z_FINISH);
    }
    empty();
    deflateEnd(&stream);
    coded += littleEndian(static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()))));
    coded += littleEndian(static_cast<std::uint32_t>(bytes.size()));
    passes.push_back(coded.size() - handed);
    return {std::make_shared<const std::string>(std::move(coded)), std::move(passes)};
}

std::string httpGzipTag(const std::string& etag) {
    return etag.ends_with('"') ? etag.substr(0, etag.size() - 1) + "-gzip\"" : etag;
}

}  // namespace apiary::agent
