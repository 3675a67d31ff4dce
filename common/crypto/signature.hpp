#pragma once

#include "common/result.hpp"

#include <string>
#include <string_view>

namespace apiary {

/// A signature, and the certificate (DER) of the key that made it.
struct Signature {
    std::string bytes;
    std::string certificate;
};

/// Signs `message` by the private key of a PEM file; ECDSA and RSA over SHA-256, or EdDSA, as the key is. The files are
/// read now. An Error names the file that is of no use.
Result<Signature> signBy(const std::string& certificateFile, const std::string& keyFile, std::string_view message);

/// True if the key of that certificate (DER) signed `message`. It says nothing about whose certificate it is.
bool signatureHolds(std::string_view certificate, std::string_view message, std::string_view signature);

/// Done if `certificate` (DER) was issued by the authority whose certificate `ca` (PEM) is. When it is or was valid
/// does not matter: what was signed once stays signed.
Status issuedBy(std::string_view certificate, std::string_view ca);

}  // namespace apiary
