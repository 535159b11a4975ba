// SPDX-License-Identifier: Apache-2.0
#include "kafka/aws_signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ctime>

#include "embergate/core/assert.hpp"
#include "kafka/token_base64.hpp"
#include "kafka/token_text.hpp"

namespace embergate::kafka {
namespace {

constexpr std::string_view kService = "kafka-cluster";
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::seconds kLifetime{900};
constexpr std::string_view kUserAgent = "embergate/" EMBERGATE_VERSION;

std::string sha256(std::string_view bytes) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                              EVP_sha256(), nullptr);
  EG_ASSERT(done == 1);
  digest.resize(size);
  return digest;
}

std::string hmac(std::string_view key, std::string_view bytes) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  EG_ASSERT(done != nullptr);
  digest.resize(size);
  return digest;
}

// 20250102T030405Z
std::string time_stamp(core::SystemTime now) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm calendar{};
  gmtime_r(&seconds, &calendar);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", calendar.tm_year + 1900, calendar.tm_mon + 1, calendar.tm_mday,
                     calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
}

// The names are in the order that the signature wants.
std::string canonical_query(const AwsCredentials& credentials, std::string_view stamp, std::string_view scope) {
  std::string query = "Action=" + uri_encode("kafka-cluster:Connect");
  query += fmt::format("&X-Amz-Algorithm={}", kAlgorithm);
  query += "&X-Amz-Credential=" + uri_encode(fmt::format("{}/{}", credentials.access_key_id, scope));
  query += fmt::format("&X-Amz-Date={}&X-Amz-Expires={}", stamp, kLifetime.count());
  if (!credentials.session_token.empty()) {
    credentials.session_token.with_plaintext(
        [&](std::string_view token) { query += "&X-Amz-Security-Token=" + uri_encode(token); });
  }
  query += "&X-Amz-SignedHeaders=host";
  return query;
}

std::string signing_key(const vault::Secret& secret, std::string_view day, std::string_view region) {
  return secret.with_plaintext([&](std::string_view key) {
    std::string start = "AWS4";
    start.reserve(start.size() + key.size());
    start += key;
    std::string derived = hmac(hmac(hmac(hmac(start, day), region), kService), "aws4_request");
    vault::wipe(start);
    return derived;
  });
}

}  // namespace

MskSignature sign_msk_token(const AwsCredentials& credentials, std::string_view region, core::SystemTime now) {
  const std::string host = fmt::format("kafka.{}.amazonaws.com", region);
  const std::string stamp = time_stamp(now);
  const std::string day = stamp.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, kService);
  std::string query = canonical_query(credentials, stamp, scope);
  std::string request = fmt::format("GET\n/\n{}\nhost:{}\n\nhost\n{}", query, host, hex(sha256("")));

  MskSignature signature;
  signature.canonical_request_hash = hex(sha256(request));
  const std::string text = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp, scope, signature.canonical_request_hash);
  std::string key = signing_key(credentials.secret_access_key, day, region);
  signature.signature = hex(hmac(key, text));
  // The agent is added after signing and is no part of what is signed.
  std::string url = fmt::format("https://{}/?{}&X-Amz-Signature={}&User-Agent={}", host, query, signature.signature,
                                uri_encode(kUserAgent));
  signature.token = vault::Secret(base64url_encode(url));
  signature.expires_at = std::chrono::floor<std::chrono::seconds>(now) + kLifetime;
  for (std::string* used : {&query, &request, &key, &url}) vault::wipe(*used);
  return signature;
}

}  // namespace embergate::kafka
