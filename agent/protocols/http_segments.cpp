#include "agent/protocols/http_segments.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kWorthSharing = 1024;

}  // namespace

void HttpSegments::add(std::string_view bytes) {
    turn_.send(bytes);
    filled_ = (filled_ + bytes.size()) % kSegment;
}

void HttpSegments::add(const HttpSlice& slice) {
    const std::size_t room = filled_ == 0 ? 0 : kSegment - filled_;
    if (slice.length >= kWorthSharing && slice.length <= room) {
        turn_.sendShared(slice.whole, slice.offset, slice.length);
        filled_ = (filled_ + slice.length) % kSegment;
        return;
    }
    const std::size_t copied = slice.length < kSegment ? slice.length : room;
    add(std::string_view(*slice.whole).substr(slice.offset, copied));
    if (copied < slice.length) {
        turn_.sendShared(slice.whole, slice.offset + copied, slice.length - copied);
        filled_ = 0;
    }
}

}  // namespace apiary::agent
