#pragma once

#include "common/rpc/credentials.hpp"
#include "console/model/values.hpp"

#include <QString>
#include <grpcpp/support/status.h>

namespace apiary::console {

/// What a failed call means for the link, and for a person.
struct Failure {
    LinkState::Kind kind = LinkState::Kind::Lost;
    QString reason;
    QString advice;
};

/// Reads a stream's end: Certificate when one of the two ends does not accept the other's certificate (the files are
/// looked at to say which), Unusable when the collector lacks the service or the role, otherwise Lost.
Failure explainEnd(const std::string& address, const TlsIdentity& identity, const grpc::Status& status);

/// Whether our own files are usable; nothing if they are.
std::optional<Failure> checkFiles(const TlsIdentity& identity);

/// Why a single question failed, in a sentence.
QString explainCall(const std::string& address, const grpc::Status& status);

}  // namespace apiary::console
