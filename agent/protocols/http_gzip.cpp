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
    while (!rest.empty()) {
        std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(item.size() + 1, rest.size()));
        std::string compact;
        std::ranges::copy_if(item, std::back_inserter(compact), [](char c) { return !httpSpace(c); });
        const std::string_view coding = std::string_view(compact).substr(0, compact.find(';'));
        if (httpEqual(coding, "gzip")) {
            const std::string_view weight =
                std::string_view(compact).substr(std::min(coding.size() + 1, compact.size()));
            return weight.size() < 3 || !std::string_view("q=0.000").starts_with(weight);
        }
    }
    return false;
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
