#pragma once

#include "collector/notify/carrier.hpp"
#include "common/result.hpp"

#include <chrono>
#include <string>

namespace apiary::collector {

/// Posts each notice to a web address, as application/json (RFC 8259 over RFC 9110). 2xx: taken; 400, 413 and 422: this
/// notice is not wanted; anything else: later. Follows no redirect, uses no proxy of the environment, checks the
/// server's certificate. The address may hold a secret: only its host is ever logged.
class Webhook final : public Carrier {
public:
    /// An Error says what is wrong with the address: https, or http to this machine.
    static Status check(const std::string& url);

    /// `url` has passed check().
    explicit Webhook(std::string url, std::chrono::milliseconds deadline = std::chrono::seconds(10));
    ~Webhook() override;
    Webhook(const Webhook&) = delete;
    Webhook& operator=(const Webhook&) = delete;

    Delivery carry(const std::string& json, const std::atomic<bool>& stopping) override;

private:
    const std::string url_;
    const std::string host_;
    const std::chrono::milliseconds deadline_;
};

}  // namespace apiary::collector
