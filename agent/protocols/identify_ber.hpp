#pragma once

#include "agent/protocols/identify_look.hpp"

namespace apiary::agent {

/// An element in the basic encoding rules of ASN.1 (X.690).
struct BerElement {
    std::size_t content;  // where it begins
    std::size_t size;     // of the content

    std::size_t end() const { return content + size; }
};

/// Claims that an element with this tag stands at `at`. Its content need not be there.
inline BerElement berAt(Look& look, std::size_t at, unsigned tag) {
    const std::size_t first = look.in(at, tag, tag).big(at + 1, 1);
    if (first < 0x80) {
        return {at + 2, first};
    }
    const auto digits = first - 0x80;
    const std::size_t size = look.that(digits >= 1 && digits <= 4).open() ? look.big(at + 2, digits) : 0;
    return {at + 2 + digits, look.that(size <= 0xffffff).open() ? size : 0};
}

}  // namespace apiary::agent
