#include "console/client/failure_words.hpp"

#include "common/text/escape.hpp"

#include <chrono>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr std::size_t kLongestMessage = 600;

/// A status message may come from whoever answers at the address.
std::string safe(const std::string& message) {
    return escapeCut(message, kLongestMessage);
}

bool saysOneOf(const std::string& message, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return message.find(word) != std::string::npos; });
}

bool refusesTheirs(const std::string& message) {
    return saysOneOf(message, {"certificate verify failed", "CERTIFICATE_VERIFY_FAILED", "not in peer certificate",
                               "Hostname Verification Check failed"});
}

bool refusesOurs(const std::string& message) {
    return saysOneOf(message, {"CERTIFICATE_REQUIRED", "certificate required", "UNKNOWN_CA", "unknown ca",
                               "BAD_CERTIFICATE", "bad certificate", "CERTIFICATE_EXPIRED", "certificate expired",
                               "CERTIFICATE_REVOKED", "certificate revoked"});
}

QString text(const std::string& utf8) {
    return QString::fromStdString(utf8);
}

QString filesAdvice(const TlsIdentity& identity) {
    return u"CA: %1 · certificate: %2 · key: %3"_s.arg(text(identity.ca), text(identity.certificate),
                                                       text(identity.key));
}

}  // namespace

std::optional<Failure> checkFiles(const TlsIdentity& identity) {
    const Status files = checkIdentity(identity, std::chrono::system_clock::now());
    if (files) {
        return std::nullopt;
    }
    return Failure{LinkState::Kind::Certificate, text(files.error()), filesAdvice(identity)};
}

Failure explainEnd(const std::string& address, const TlsIdentity& identity, const grpc::Status& status) {
    const std::string message = safe(status.error_message());
    switch (status.error_code()) {
        case grpc::StatusCode::UNIMPLEMENTED:
            return {LinkState::Kind::Unusable,
                    u"The collector at %1 does not know what this console asks for."_s.arg(text(address)),
                    u"Their versions differ: install the same release on both."_s};
        case grpc::StatusCode::PERMISSION_DENIED:
        case grpc::StatusCode::UNAUTHENTICATED:
            return {LinkState::Kind::Certificate,
                    u"The collector at %1 does not let this certificate in: %2"_s.arg(text(address), text(message)),
                    u"Use a certificate made by “apiary-collector issue operator”. "_s + filesAdvice(identity)};
        case grpc::StatusCode::OK:
        case grpc::StatusCode::CANCELLED:
            return {LinkState::Kind::Lost, u"the collector ended the stream"_s, {}};
        default:
            break;
    }
    if (refusesTheirs(message) || refusesOurs(message)) {
        return {LinkState::Kind::Certificate, text(explainFailure(address, message)), filesAdvice(identity)};
    }
    return {LinkState::Kind::Lost, text(explainFailure(address, message)), {}};
}

QString explainCall(const std::string& address, const grpc::Status& status) {
    const std::string message = safe(status.error_message());
    switch (status.error_code()) {
        case grpc::StatusCode::PERMISSION_DENIED:
            return u"Your certificate's role does not allow this: "_s + text(message);
        case grpc::StatusCode::DEADLINE_EXCEEDED:
            return u"The collector did not answer in time."_s;
        case grpc::StatusCode::UNAVAILABLE:
            return text(explainFailure(address, message));
        case grpc::StatusCode::UNIMPLEMENTED:
            return u"The collector does not offer this yet."_s;
        case grpc::StatusCode::RESOURCE_EXHAUSTED:
            return u"The answer is larger than this console takes in."_s;
        default:
            return message.empty() ? u"The collector could not answer (status %1)."_s.arg(status.error_code())
                                   : u"The collector says: "_s + text(message);
    }
}

}  // namespace apiary::console
