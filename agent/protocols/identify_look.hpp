#pragma once

#include "agent/protocols/identify.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace apiary::agent {

/// Claims about the beginning of a stream, made in order and joined by "and". The first that is false or lies beyond
/// the bytes that are there decides, and those behind it are not looked at: so a verdict never changes from Yes or
/// No, and numbers read beyond the end do no harm. Lives as long as the bytes at most.
class Look {
public:
    explicit Look(std::string_view bytes) : bytes_(bytes) {}

    /// These bytes stand at `at`.
    Look& is(std::size_t at, std::string_view expected) {
        const auto there = from(at).substr(0, expected.size());
        if (match_ == Match::Yes) {
            match_ = there != expected.substr(0, there.size()) ? Match::No
                     : there.size() < expected.size()          ? Match::NeedMore
                                                               : Match::Yes;
        }
        return *this;
    }

    /// The byte at `at` lies between the two, which are included.
    Look& in(std::size_t at, unsigned low, unsigned high) {
        const auto value = big(at, 1);
        return that(value >= low && value <= high);
    }

    Look& oneOf(std::size_t at, std::initializer_list<unsigned> values) {
        const auto value = big(at, 1);
        return that(std::ranges::find(values, value) != values.end());
    }

    /// Something follows from what was read. Not looked at if that was not there.
    Look& that(bool claim) {
        if (match_ == Match::Yes && !claim) {
            match_ = Match::No;
        }
        return *this;
    }

    /// So many bytes are there.
    Look& has(std::size_t size) {
        if (match_ == Match::Yes && bytes_.size() < size) {
            match_ = Match::NeedMore;
        }
        return *this;
    }

    /// The number at `at` of `size` bytes, most or least significant first; 0 if it is not there yet.
    std::uint32_t big(std::size_t at, std::size_t size) { return number(at, size, false); }
    std::uint32_t little(std::size_t at, std::size_t size) { return number(at, size, true); }

    bool open() const { return match_ == Match::Yes; }
    std::string_view from(std::size_t at) const { return bytes_.substr(std::min(at, bytes_.size())); }
    std::size_t size() const { return bytes_.size(); }
    Match verdict() const { return match_; }

private:
    std::uint32_t number(std::size_t at, std::size_t size, bool little) {
        has(at + size);
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size && open(); ++i) {
            value = value << 8U | static_cast<unsigned char>(bytes_[little ? at + size - 1 - i : at + i]);
        }
        return value;
    }

    std::string_view bytes_;
    Match match_ = Match::Yes;
};

}  // namespace apiary::agent
