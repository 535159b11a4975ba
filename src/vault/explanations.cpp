// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/explanations.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

using Row = std::pair<std::string_view, std::string_view>;
constexpr std::array<Row, 28> kExplanations{{
    {reason::kMissing, "its file does not exist; the program that delivers it has not written it, or has removed it"},
    {reason::kEmpty, "its file is empty; an empty secret is never used"},
    {reason::kTooLarge, "its file is larger than a secret of this kind may be"},
    {reason::kNotRegular, "its path is not a regular file"},
    {reason::kUnreadable, "its file may not be read by this process; give the group read access"},
    {reason::kWorldWritable,
     "every user may write its file or directory; take that right away, or set BOX_VAULT_ALLOW_WORLD_WRITABLE"},
    {reason::kChanging, "its file is still being written; write a temporary file, then rename it"},
    {reason::kNulByte, "its file holds a NUL byte"},
    {reason::kMultiLine, "its file holds more than one line; one final newline is allowed, nothing before or after it"},
    {reason::kBadEncoding,
     "its file is not plain UTF-8 without a byte order mark, or is a key that is not base64url without padding"},
    {reason::kUnrenderedTemplate, "its file holds a template that was not filled in"},
    {reason::kBadHeader, "its file must hold one header line, Name: Value, whose name may be set"},
    {reason::kBadPem, "its file is not whole PEM text with the certificates or the key that are wanted from it"},
    {reason::kBadPkcs12,
     "its file is not a PKCS#12 key store; convert a Java key store with keytool -importkeystore -srckeystore old.jks "
     "-destkeystore new.p12 -deststoretype PKCS12"},
    {reason::kBadJaas, "its file must hold one JAAS entry of a login module that is allowed, ended by a semicolon"},
    {reason::kBadJson, "its file must be a JSON object with a string at the json_pointer of its entry"},
    {reason::kPairMismatch,
     "the private key does not open with its password, or no certificate belongs to it; deliver both from one issue, "
     "best as one PEM file"},
    {reason::kOldCipher,
     "its key is encrypted with a cipher of older tools (RC2, RC4, DES), which OpenSSL opens with its legacy provider "
     "at most, and that is not installed or does not know it; install it (Debian: openssl-provider-legacy), or encrypt "
     "the key again, for a store with: openssl pkcs12 -legacy -in old.p12 -nodes | openssl pkcs12 -export -out "
     "client.p12"},
    {reason::kExpired, "its certificate or token has expired or is not valid yet; deliver a new one"},
    {reason::kOutsideRoots, "its path leads out of the directories of BOX_VAULT_ALLOWED_ROOTS"},
    {reason::kPinnedDeleted,
     "its file was deleted under the mount and can never change; mount the directory, not the file"},
    {reason::kUnknownName,
     "the vault config has no such name; add an entry, and the config is read again when its file changes"},
    {reason::kIoError, "its file could not be read in time; the file system reported an error or gave no answer"},
    {reason::kLoginRefused,
     "the login with the value of its file is refused; make the file and the other side agree, in any order. A value "
     "that was accepted before goes on being used while the other side takes it"},
    {reason::kCertificateRefused,
     "the certificate of its file is refused; check that the other side trusts its authority and that it is valid"},
    {reason::kLoginUnusable,
     "the value of its file is no login for the resource that uses it: its login module does not fit saslMechanism, or "
     "an option is missing or wrong; write a value that fits. A value that was accepted before is used until a "
     "restart"},
    {reason::kCertificateUnusable,
     "no connection can be made with the certificate, key or authorities of its file; write ones that fit. What was "
     "accepted before is used until a restart"},
    {reason::kBrokerUntrusted,
     "no authority of its file vouches for the certificate that a broker shows, or that is of another host; write the "
     "authority of the brokers to the file, beside the old one while they change. The authorities before are used "
     "until a restart"},
}};

}  // namespace

std::string_view explanation_of(std::string_view reason) {
  const auto* const row =
      std::find_if(kExplanations.begin(), kExplanations.end(), [&](const Row& one) { return one.first == reason; });
  return row == kExplanations.end() ? std::string_view("its file has not been read yet") : row->second;
}

std::string explained(std::string_view reason, std::string_view detail) {
  std::string text(explanation_of(reason));
  if (!detail.empty()) text.append(" (").append(detail).append(")");
  return text;
}

}  // namespace embergate::vault
