// SPDX-License-Identifier: Apache-2.0
#include "kafka/producer_config.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace embergate::kafka {

namespace {

using core::ErrorCode;
using core::make_error;

constexpr std::size_t kFramingReserve = 128;  // record and batch headers of message format 2 take at most 97 bytes
constexpr std::uint32_t kSocketTimeoutFloorMs = 5'000;
constexpr std::size_t kClientIdLimit = 64;

// A zero-terminated copy of a secret for a C call, wiped at the end.
class Plaintext {
 public:
  explicit Plaintext(const vault::Secret& secret)
      : bytes_(secret.with_plaintext([](std::string_view text) { return std::string(text); })) {}
  ~Plaintext() { vault::wipe(bytes_); }
  Plaintext(const Plaintext&) = delete;
  Plaintext& operator=(const Plaintext&) = delete;
  [[nodiscard]] const char* c_str() const { return bytes_.c_str(); }

 private:
  std::string bytes_;
};

// The library drops blanks in front of a property, and they may belong to a user name or password. The configuration
// holds such a login behind a mark, and make_client() gives it to the client itself, which keeps every byte. Other
// logins go the plain way, since a client that gets its login later must not connect before.
constexpr char kMark = '=';

bool needs_mark(const vault::Secret& value) {
  return value.with_plaintext([](std::string_view text) {
    return !text.empty() && (std::isspace(static_cast<unsigned char>(text.front())) != 0 || text.front() == kMark);
  });
}

class Setter {
 public:
  explicit Setter(rd_kafka_conf_t* conf) : conf_(conf) {}

  void set(const char* name, const std::string& value) {
    std::array<char, 256> reason{};
    if (error_.empty() &&
        rd_kafka_conf_set(conf_, name, value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
      error_ = fmt::format("Kafka client property {}: {}", name, reason.data());
    }
  }
  void set_secret(const char* name, const vault::Secret& value) {
    const Plaintext text(value);
    if (error_.empty() && rd_kafka_conf_set(conf_, name, text.c_str(), nullptr, 0) != RD_KAFKA_CONF_OK) {
      error_ = fmt::format("Kafka client property {}: the value is not acceptable", name);
    }
  }
  void set_marked_secret(const char* name, const vault::Secret& value) {
    set_secret(name, value.with_plaintext([](std::string_view text) {
      std::string marked;
      marked.reserve(text.size() + 1);
      marked += kMark;
      marked += text;
      return vault::Secret(std::move(marked));
    }));
  }
  [[nodiscard]] core::Result<void> result() const {
    if (error_.empty()) return {};
    return make_error(ErrorCode::kInvalid, error_);
  }

 private:
  rd_kafka_conf_t* conf_;
  std::string error_;  // the first
};

const char* protocol_name(SecurityProtocol protocol) {
  switch (protocol) {
    case SecurityProtocol::kPlaintext:
      return "plaintext";
    case SecurityProtocol::kSsl:
      return "ssl";
    case SecurityProtocol::kSaslPlaintext:
      return "sasl_plaintext";
    case SecurityProtocol::kSaslSsl:
      return "sasl_ssl";
  }
  return "";
}

// The library knows MSK IAM by the mechanism that carries its token.
const char* carrier_name(SaslMechanism mechanism) {
  return sasl_mechanism_name(mechanism == SaslMechanism::kMskIam ? SaslMechanism::kOauthBearer : mechanism);
}

void set_delivery(Setter& to, const ConnectionSettings& settings, const QueueLimits& limits) {
  to.set("enable.idempotence", "true");
  to.set("acks", "all");
  to.set("message.timeout.ms",
         "0");  // a record comes back by purge or a permanent error only: expiry would break the order (kafka.md 2)
  to.set("partitioner", "murmur2_random");
  to.set("linger.ms", fmt::format("{}", settings.linger_ms));
  if (settings.batch_size) to.set("batch.size", std::to_string(std::max(*settings.batch_size, 1U)));
  to.set("message.max.bytes", std::to_string(settings.max_request_size));
  to.set("queue.buffering.max.messages", std::to_string(limits.messages));
  to.set("queue.buffering.max.kbytes", std::to_string(limits.kbytes));
  to.set("request.timeout.ms", std::to_string(settings.request_timeout_ms));
}

void set_network(Setter& to, const ConnectionSettings& settings) {
  to.set("bootstrap.servers", settings.bootstrap_servers);
  to.set("client.id", settings.client_id.substr(0, kClientIdLimit));
  to.set("security.protocol", protocol_name(settings.security_protocol));
  to.set("socket.timeout.ms", std::to_string(std::max(settings.request_timeout_ms + 1'000, kSocketTimeoutFloorMs)));
  to.set("socket.connection.setup.timeout.ms", "10000");
  to.set("socket.nagle.disable", "true");
  to.set("socket.keepalive.enable", "true");
  to.set("connections.max.idle.ms", "180000");  // cloud balancers cut silently from 240 s on
  to.set("reconnect.backoff.max.ms", "1000");   // decides how soon a mended credential is picked up
  to.set("topic.metadata.refresh.interval.ms", "180000");
  to.set("topic.metadata.propagation.max.ms", "5000");  // how long a record waits for a topic that no one knows
  to.set("allow.auto.create.topics", "false");
  to.set("enable.metrics.push", "false");
  to.set("log.connection.close", "true");  // how a connection ended is in the log only
  to.set("log.queue", "true");
}

void set_security(Setter& to, const ConnectionSettings& settings, const Credential* credential) {
  if (uses_sasl(settings)) to.set("sasl.mechanism", carrier_name(settings.sasl_mechanism));
  if (credential != nullptr && !credential->username.empty()) {
    const bool marked = needs_mark(credential->username) || needs_mark(credential->password);
    const auto set = marked ? &Setter::set_marked_secret : &Setter::set_secret;
    (to.*set)("sasl.username", credential->username);
    (to.*set)("sasl.password", credential->password);
  }
  if (!uses_tls(settings)) return;
  const std::string& authorities = credential != nullptr && !credential->authorities.empty()
                                       ? credential->authorities
                                       : settings.ssl_truststore_certificates;
  if (authorities.empty()) {
    to.set("ssl.ca.location", "probe");  // the system's bundle, wherever this distribution keeps it
  } else {
    to.set("ssl.ca.pem", authorities);
  }
  if (credential != nullptr && credential->key_pair) {
    to.set_secret("ssl.key.pem", credential->key_pair->private_key);
    to.set("ssl.certificate.pem", credential->key_pair->certificate_chain);
  }
  to.set("ssl.endpoint.identification.algorithm", settings.verify_host_name ? "https" : "none");
}

// What set_marked_secret() left there; empty: nothing.
vault::Secret marked_secret(const rd_kafka_conf_t* conf, const char* name) {
  std::size_t size = 0;
  if (rd_kafka_conf_get(conf, name, nullptr, &size) != RD_KAFKA_CONF_OK || size <= 1) return {};
  std::string text(size, '\0');
  rd_kafka_conf_get(conf, name, text.data(), &size);
  text.resize(size - 1);  // the size counts the terminating zero
  vault::Secret value(text.starts_with(kMark) ? text.substr(1) : std::string());
  vault::wipe(text);
  return value;
}

}  // namespace

std::size_t max_record_bytes(const ConnectionSettings& settings) {
  return settings.max_request_size > kFramingReserve ? settings.max_request_size - kFramingReserve : 0;
}

core::Result<ConfHandle> make_producer_conf(const ConnectionSettings& settings, const Credential* credential,
                                            const QueueLimits& limits) {
  ConfHandle conf(rd_kafka_conf_new());
  Setter setter(conf.get());
  set_network(setter, settings);
  set_security(setter, settings, credential);
  set_delivery(setter, settings, limits);
  EG_CHECK(setter.result());
  int events = RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG;
  if (uses_tokens(settings)) events |= RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
  rd_kafka_conf_set_events(conf.get(), events);
  return conf;
}

core::Result<void> set_topic_properties(rd_kafka_topic_conf_t* conf, const TopicSettings& topic) {
  std::array<char, 256> reason{};
  if (rd_kafka_topic_conf_set(conf, "compression.codec", topic.compression_type.c_str(), reason.data(),
                              reason.size()) != RD_KAFKA_CONF_OK) {
    return make_error(ErrorCode::kInvalid, fmt::format("Kafka client property compression.codec: {}", reason.data()));
  }
  return {};
}

core::Result<void> apply_password(rd_kafka_t* client, const Credential& credential) {
  const Plaintext username(credential.username);
  const Plaintext password(credential.password);
  const ErrorHandle error(rd_kafka_sasl_set_credentials(client, username.c_str(), password.c_str()));
  if (error) return make_error(ErrorCode::kInternal, "the Kafka client did not take the new credential");
  return {};
}

core::Result<void> apply_token(rd_kafka_t* client, const BearerToken& token) {
  const Plaintext text(token.text);
  const auto expires = std::chrono::duration_cast<core::Milliseconds>(token.expires_at.time_since_epoch()).count();
  std::vector<const char*> extensions;
  for (const auto& [name, value] : token.extensions) {
    extensions.push_back(name.c_str());
    extensions.push_back(value.c_str());
  }
  std::array<char, 256> reason{};  // may echo the token, so it is thrown away
  if (rd_kafka_oauthbearer_set_token(client, text.c_str(), expires, token.principal.c_str(), extensions.data(),
                                     extensions.size(), reason.data(), reason.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return make_error(ErrorCode::kInvalid,
                      "the Kafka client does not take the token: it has expired, or it or one of its extensions holds "
                      "characters that RFC 7628 does not allow");
  }
  return {};
}

core::Result<OpenClient> make_client(ConfHandle conf, const BearerToken* token, BrokerObjection objection,
                                     Trial trial) {
  OpenClient client;
  client.bell = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!client.bell.valid()) {
    return core::make_retriable(ErrorCode::kUnavailable,
                                "the Kafka client cannot be made: the process has no file descriptor left; raise its "
                                "limit of open files");
  }
  client.guard = std::make_shared<ConnectGuard>(std::move(objection), trial);
  client.guard->install(conf.get());
  const Credential login{
      marked_secret(conf.get(), "sasl.username"), marked_secret(conf.get(), "sasl.password"), {}, {}, {}};
  if (login.username.empty()) client.guard->open();
  std::array<char, 512> reason{};
  client.handle.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size()));
  if (!client)
    return make_error(ErrorCode::kInvalid, fmt::format("the Kafka client cannot be made: {}", reason.data()));
  static_cast<void>(conf.release());  // the client owns it now
  rd_kafka_set_log_queue(client.handle.get(), nullptr);
  auto applied = login.username.empty() ? core::Result<void>() : apply_password(client.handle.get(), login);
  if (applied && token != nullptr) applied = apply_token(client.handle.get(), *token);
  if (!applied) client.guard->hold();
  client.guard->open();
  if (!applied) return std::move(applied).error();
  return client;
}

}  // namespace embergate::kafka
