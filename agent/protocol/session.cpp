#include "agent/protocol/session.hpp"

#include <cassert>
#include <utility>

namespace apiary::agent {

void Turn::send(std::string_view bytes) {
    if (bytes.empty() && transport_ == Transport::Stream) {
        return;
    }
    bytes_ += bytes.size();
    if (transport_ == Transport::Stream && !closed_ && !actions_.empty()) {
        if (auto* last = std::get_if<Send>(&actions_.back())) {
            last->bytes.append(bytes);
            return;
        }
    }
    queue(Send{std::string(bytes)});
}

void Turn::sendShared(std::shared_ptr<const std::string> whole, std::size_t offset, std::size_t length,
                      ChannelId channel) {
    assert(offset <= whole->size() && length <= whole->size() - offset);
    bytes_ += length;
    queue(SendShared{std::move(whole), offset, length, channel});
}

std::string Turn::unsend() {
    std::string taken;
    std::erase_if(actions_, [&](const Action& action) {
        if (const auto* send = std::get_if<Send>(&action)) {
            taken += send->bytes;
            return true;
        }
        const auto* shared = std::get_if<SendShared>(&action);
        if (shared == nullptr || shared->channel != kControl) {
            return false;
        }
        taken.append(*shared->whole, shared->offset, shared->length);
        return true;
    });
    bytes_ -= taken.size();
    return taken;
}

void Turn::openPassive() {
    queue(OpenPassive{kControl});
    halted_ = true;
}

void Turn::sendOn(ChannelId channel, std::string_view bytes) {
    bytes_ += bytes.size();
    queue(SendOn{channel, std::string(bytes)});
}

void Turn::startTls(std::string_view handedBack) {
    queue(StartTls{std::string(handedBack)});
    halted_ = true;
}

void Turn::pause(Millis duration) {
    if (duration > Millis::zero()) {
        queue(Pause{duration});
    }
}

void Turn::observe(Evidence evidence) {
    auto* before = actions_.empty() ? nullptr : std::get_if<Evidence>(&actions_.back());
    auto* begun = before == nullptr ? nullptr : std::get_if<PayloadPiece>(before);
    auto* piece = std::get_if<PayloadPiece>(&evidence);
    if (piece == nullptr || begun == nullptr || closed_ || begun->last || begun->id != piece->id) {
        queue(std::move(evidence));
        return;
    }
    begun->bytes += piece->bytes;
    begun->last = piece->last;
    begun->name = std::move(piece->name);
}

void Turn::close() {
    queue(Close{});
    halted_ = closed_ = true;
}

void Turn::queue(Action action) {
    if (!closed_) {
        actions_.push_back(std::move(action));
    }
}

Result<std::shared_ptr<const Prepared>> prepare(const Module& module, const Settings& overrides,
                                                std::uint64_t sensorSeed, const Readings& readings) {
    Settings settings;
    for (const Setting& setting : module.settings) {
        settings.emplace(setting.name, setting.fallback);
    }
    for (const auto& [name, value] : overrides) {
        const auto known = settings.find(name);
        if (known == settings.end()) {
            std::string names;
            for (const auto& [possible, ignored] : settings) {
                names += (names.empty() ? "" : ", ") + possible;
            }
            return Error{std::string(module.name) + " has no setting '" + name +
                         (names.empty() ? "'; it has none" : "'; it has " + names)};
        }
        known->second = value;
    }
    return module.prepare(settings, readings, sensorSeed);
}

}  // namespace apiary::agent
