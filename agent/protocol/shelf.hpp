#pragma once

#include "common/concurrent/guarded.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What peers gave the sessions of one service and may want back, where that is too large for Remember: contents by
/// number. Bounded: `most` bytes of all together, those that still come and those that are being sent included; who was
/// not asked for longest goes first. No source has a share of its own: eight large uploads make all others forget.
/// Thread-safe.
class Shelf {
public:
    using Number = std::uint64_t;
    static constexpr Number kNothing = 0;
    static constexpr std::size_t kMostOfOne = std::size_t{1} << 20U;

    explicit Shelf(std::size_t most = std::size_t{8} << 20U) : stock_(most) {}
    Shelf(const Shelf&) = delete;
    Shelf& operator=(const Shelf&) = delete;

    /// A content that still comes. It may not outlive its shelf; dropped before it is put there, it leaves nothing.
    class Draft {
    public:
        explicit Draft(Shelf& shelf) : shelf_(shelf) {}
        Draft(const Draft&) = delete;
        Draft& operator=(const Draft&) = delete;
        ~Draft() { shelf_.giveBack(claimed_); }

        /// Replaces or adds bytes, with zeros in a gap as in a file. False if it is too large or there is no room: then
        /// it has kept nothing of them.
        bool write(std::uint64_t at, std::string_view bytes);

        /// Ends its use.
        Number put();

    private:
        Shelf& shelf_;
        std::string content_;
        std::size_t claimed_ = 0;
    };

    /// Null if it is no longer there. Counts as asked for.
    std::shared_ptr<const std::string> find(Number number);

private:
    using Content = std::shared_ptr<const std::string>;
    struct Kept {
        Number number;
        Content content;
    };
    struct Stock {
        explicit Stock(std::size_t bytes) : most(bytes) {}

        const std::size_t most;
        std::size_t used = 0;
        Number last = kNothing;
        std::list<Kept> kept;  // asked for last, first
    };

    bool claim(std::size_t bytes, bool makesRoom);
    void giveBack(std::size_t bytes);
    Number put(Content content, std::size_t claimed);

    Guarded<Stock> stock_;
};

}  // namespace apiary::agent
