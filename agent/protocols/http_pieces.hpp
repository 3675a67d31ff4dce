#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// A text that Apache writes piece by piece. Its buffer holds 8000 bytes, and is sent with the piece that is too much
/// for it: such an answer has no length, and chunks of these sizes.
class HttpPieces {
public:
    HttpPieces& operator<<(std::string_view piece) {
        text_ += piece;
        pending_ += piece.size();
        if (pending_ > kBuffer) {
            chunks_.push_back(pending_);
            pending_ = 0;
        }
        return *this;
    }

    const std::string& text() const { return text_; }

    /// How the text is cut. Empty: it went out in one piece, whose length is known.
    std::vector<std::size_t> chunks() const {
        std::vector<std::size_t> chunks = chunks_;
        if (!chunks.empty() && pending_ > 0) {
            chunks.push_back(pending_);
        }
        return chunks;
    }

private:
    static constexpr std::size_t kBuffer = 8000;

    std::string text_;
    std::vector<std::size_t> chunks_;
    std::size_t pending_ = 0;
};

}  // namespace apiary::agent
