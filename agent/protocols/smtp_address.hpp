#pragma once

#include "common/net/endpoint.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// The address in the argument of MAIL, RCPT or VRFY, without quotes, brackets, comments and route: empty for <>.
/// Nothing if there is more than one. Postfix reads it by the rules of RFC 822, which forgives much.
std::optional<std::string> smtpAddress(std::string_view path);

/// Where mail to an address goes.
struct SmtpDestination {
    bool valid = false;
    bool ours = false;
    std::string mailbox;  // before the @
    std::string domain;   // without a dot at the end
};

/// Finds it as Postfix's resolver does: domains that are ours are taken off, and what is left is looked at again for
/// another @, site!user and user%site, even within quotes, so that no spelling of a foreign address passes for ours.
/// `ours` is asked for domains and address literals. `unicode` is what SMTPUTF8 allows: a domain beyond ASCII.
SmtpDestination smtpResolve(const std::string& address, bool unicode,
                            const std::function<bool(std::string_view domain)>& ours);

/// A name of letters, digits, - and _ in labels of at most 63, not all digits.
bool smtpIsHostname(std::string_view name, bool unicode = false);

/// [192.0.2.1] or [IPv6:2001:db8::1], as far as Postfix looks: it lets zeros stand before a number, and too few numbers
/// in an IPv6 address.
bool smtpIsLiteral(std::string_view text);

/// The address that a literal means, its port 0. Nothing if it means none, as [192.0.2.08], an octal number.
std::optional<Endpoint> smtpLiteral(std::string_view text);

}  // namespace apiary::agent
