#include "agent/shell/shell_work.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace apiary::agent {

std::int64_t ShellWork::seconds() const {
    return std::chrono::floor<std::chrono::seconds>(now_.time_since_epoch()).count();
}

bool ShellWork::step() {
    if (--steps_ < 0) {
        stop();
    }
    return !stopped();
}

bool ShellWork::move(std::size_t bytes) {
    moved_ += bytes;
    if (moved_ > kMostMoved) {
        stop();
    }
    return !stopped();
}

void ShellWork::wait(Millis time) {
    const Millis before = takes_;
    if (breaking_ != 0 && breaksAt_ && !background_ && takes_ + time > *breaksAt_) {
        takes_ = std::max(takes_, *breaksAt_);
        left_ = before + time - takes_;
        broken_ = std::exchange(breaking_, 0);
        spent_ = true;
        return;
    }
    takes_ = std::min(kMostTime, takes_ + std::clamp(time, Millis{0}, kMostTime));
    if (!background_ && takes_ > before) {
        pauses_.emplace_back(output_.size(), takes_);
    }
    if (takes_ == kMostTime) {
        steps_ = std::min(steps_, 100);  // a loop around sleep ends sooner
    }
}

void ShellWork::goOn(bool before) {
    if (!before && spent_ && grants_-- > 0) {
        spent_ = false;
        steps_ = 300;
        moved_ = std::min(moved_, kMostMoved / 2);
    }
}

std::string ShellWork::endBackground(bool outer) {
    background_ = outer;
    return outer ? std::string{} : std::exchange(backgroundOutput_, {});
}

void ShellWork::settle() {
    if (background_) {
        return;
    }
    output_.append(std::exchange(late_, {}));
    for (ShellJobs::Job& job : jobs.list()) {
        if ((job.fresh || job.signal != 0) && !job.stopped && job.ends && *job.ends <= moment() + Millis{20}) {
            job.ends = moment();
        }
        job.fresh = false;
    }
}

void ShellWork::replay(const ShellJobs::Reader& reader) {
    replayed_.assign(reader.typed.rbegin(), reader.typed.rend());
    hidden_ = reader.shown;
    hiddenCommands_ = reader.observed;
}

ShellJobs::Reader ShellWork::since(const Mark& mark) const {
    ShellJobs::Reader reader;
    reader.typed.assign(typed_.begin() + static_cast<std::ptrdiff_t>(mark.typed),
                        typed_.begin() + static_cast<std::ptrdiff_t>(typedAt_));
    reader.shown = output_.size() - mark.shown;
    reader.observed = commands_ - mark.commands;
    return reader;
}

void ShellWork::breakOff(int signal, std::optional<Millis> passed) {
    breaking_ = signal;
    breaksAt_ = passed;
}

ShellWork::Break ShellWork::takeBreak() {
    constexpr int kMore = 300;  // for what follows
    const Break taken{std::exchange(broken_, 0), std::exchange(left_, {})};
    if (taken.signal != 0) {
        spent_ = false;
        steps_ = std::max(steps_, kMore);
    }
    return taken;
}

void ShellWork::observe(Command command) {
    if (hiddenCommands_ > 0) {
        --hiddenCommands_;
        return;
    }
    if (++commands_ <= kMostEvidence) {
        evidence_.emplace_back(std::move(command));
    }
}

void ShellWork::report(const std::string& path) {
    const auto found = unreported.find(path);
    if (found == unreported.end()) {
        return;
    }
    unreported.erase(found);
    const ShellNode* node = files_.find(path);
    if (node != nullptr && node->kind == ShellNode::Kind::File && node->size() > 0 && reported_ < kMostReported) {
        const std::string_view text = node->text().substr(0, kMostReported - reported_);
        reported_ += text.size();
        move(text.size());
        evidence_.emplace_back(PayloadPiece{nextPayload++, std::string(text), true, path});
    }
}

ShellError ShellWork::write(ShellStream& stream, std::string_view bytes) {
    if (broken_ != 0 || !move(bytes.size() + (stream.kind == ShellStream::Kind::File ? kWriteCost : 0))) {
        return ShellError::None;
    }
    switch (stream.kind) {
        case ShellStream::Kind::Terminal: {
            const std::size_t hidden = background_ ? 0 : std::min(hidden_, bytes.size());
            hidden_ -= hidden;
            bytes.remove_prefix(hidden);
            std::string& output = background_ ? backgroundOutput_ : output_;
            const std::size_t used = output_.size() + backgroundOutput_.size() + late_.size();
            output.append(bytes.substr(0, kMostOutput - std::min(kMostOutput, used)));
            if (used + bytes.size() >= kMostOutput) {
                stop();
            }
            return ShellError::None;
        }
        case ShellStream::Kind::Pipe:
            stream.buffer.append(bytes.substr(0, kMostPiped - std::min(kMostPiped, stream.buffer.size())));
            return stream.buffer.size() < kMostPiped ? ShellError::None : ShellError::BrokenPipe;
        case ShellStream::Kind::File:
            break;
    }
    const ShellNode* node = files_.find(stream.path);
    if (node != nullptr && stream.append) {
        stream.offset = node->size();
    }
    const ShellError error = files_.write(stream.path, stream.offset, bytes, seconds());
    if (error == ShellError::None) {
        stream.offset += bytes.size();
        if (unreported.size() < ShellFiles::kMostNodes) {
            unreported.insert(stream.path);
        }
        written_.insert(stream.path);
    }
    return error;
}

std::string_view ShellWork::ahead(ShellStream& stream, std::string& made, std::size_t most) {
    if (stream.kind == ShellStream::Kind::Pipe) {
        readerStopped_ |= stream.stopsReader;
        return std::string_view(stream.buffer).substr(std::min(stream.offset, stream.buffer.size()));
    }
    if (stream.kind == ShellStream::Kind::File) {
        const ShellNode* node = files_.find(stream.path);
        if (node == nullptr) {
            return {};  // removed meanwhile
        }
        if (node->live == ShellNode::Live::No) {
            return node->text().substr(std::min(stream.offset, node->size()));
        }
        const bool endless = node->live == ShellNode::Live::Zero || node->live == ShellNode::Live::Random;
        made = host_.live(node->live, now_, std::min(most, kMostOutput));
        return endless ? std::string_view(made) : std::string_view(made).substr(std::min(stream.offset, made.size()));
    }
    if (terminal_.empty() && !replayed_.empty()) {
        terminal_ = std::move(replayed_.back());
        replayed_.pop_back();
    } else if (terminal_.empty()) {
        if (typedAt_ == typed_.size() && breaking_ != 0 && !breaksAt_) {
            broken_ = std::exchange(breaking_, 0);
            spent_ = true;
            return {};
        }
        if (typedAt_ == typed_.size()) {
            starved_ = true;
            return {};
        }
        terminal_ = typed_[typedAt_++];
    }
    return terminal_;
}

std::string ShellWork::read(ShellStream& stream, std::size_t most) {
    std::string all;
    while (all.size() < most && !stopped()) {
        std::string made;
        const std::string_view next = ahead(stream, made, most - all.size()).substr(0, most - all.size());
        if (next.empty() || !move(next.size())) {
            break;
        }
        all.append(next);
        stream.offset += next.size();
        terminal_.erase(0, stream.kind == ShellStream::Kind::Terminal ? next.size() : 0);
    }
    return all;
}

std::string ShellWork::readLine(ShellStream& stream) {
    std::string made;
    std::string_view next = ahead(stream, made, 4096);
    next = next.substr(0, next.find('\n') == std::string_view::npos ? next.size() : next.find('\n') + 1);
    std::string line(move(next.size()) ? next : std::string_view{});
    stream.offset += line.size();
    terminal_.erase(0, stream.kind == ShellStream::Kind::Terminal ? line.size() : 0);
    return line;
}

}  // namespace apiary::agent
