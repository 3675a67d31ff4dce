#pragma once

#include "agent/protocol/session.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// A line of /etc/passwd, and of lastlog.
struct FingerUser {
    std::string login;
    std::string name;
    std::string home;
    std::string shell = "/usr/sbin/nologin";
    std::string from = {};          // " on pts/0 from 10.0.0.7"; empty if the user never logged in
    std::chrono::minutes phase{0};  // of the logins, one in each period, since a Thursday's midnight
    std::chrono::minutes period = std::chrono::days(7);

    /// The line of finger's answer that tells of the last login before `now`. As that lies within half a year, without
    /// the year.
    std::string lastLogin(WallTime now) const;
};

/// What all FINGER sessions of a service share: who is on the host, in the order of /etc/passwd.
struct FingerService final : Prepared {
    std::vector<FingerUser> users;

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);

private:
    void add(const std::string& login, const std::string& name, std::uint64_t sensorSeed);
    Result<bool> addPeople(const std::string& people, std::uint64_t sensorSeed);
};

/// The words of `text` between any of `blanks`.
std::vector<std::string> fingerWords(std::string_view text, std::string_view blanks);

std::string fingerLower(std::string_view text);

}  // namespace apiary::agent
