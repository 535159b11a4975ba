// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/fault.hpp"

#include <algorithm>
#include <array>

namespace embergate::core {
namespace {

constexpr std::string_view kStatusPage = "operate.md#status-of-a-destination";
constexpr std::string_view kRefusedPage = "operate.md#events-that-were-refused";
constexpr std::string_view kStatesPage = "reference/secret-delivery.md#states-and-reasons";
constexpr std::string_view kTargetPage = "secrets.md#where-a-secret-may-go";
constexpr std::string_view kScopePage = "secrets.md#the-vault-config";
constexpr std::string_view kCriteriaPage = "criteria.md#errors";
constexpr std::string_view kHealthPage = "operate.md#health";
constexpr std::string_view kTlsPage = "configure.md#network";

constexpr std::array kTable{
    FaultText{Fault::kKafkaUnreachable, "kafka.unreachable", "no broker can be reached",
              "no connection to a broker can be made, or connections end before the broker answers",
              "check bootstrapServers, that the brokers run, and the network in between; records wait and go on by "
              "themselves",
              kStatusPage},
    FaultText{Fault::kKafkaDns, "kafka.dns", "the name of a broker is not known",
              "the host name of a broker cannot be resolved here",
              "check the name in bootstrapServers, or the advertised.listeners of the broker that is named",
              kStatusPage},
    FaultText{Fault::kKafkaTimeout, "kafka.timeout", "no answer in time",
              "brokers were reached and have not answered in time",
              "look at load and disks of the brokers, and at what lies between; records wait", kStatusPage},
    FaultText{Fault::kKafkaThrottled, "kafka.throttled", "the brokers slow the gateway down",
              "a quota of the cluster holds answers back",
              "raise the producer quota of the user or client id, or spread the load", kStatusPage},
    FaultText{Fault::kKafkaTlsUntrusted, "kafka.tls-untrusted", "the certificate of a broker is not trusted",
              "no authority that the destination trusts vouches for the certificate that a broker shows",
              "put the authority of the brokers into sslTruststoreCertificates, or into the file of its secret",
              kStatusPage},
    FaultText{
        Fault::kKafkaTlsHostname, "kafka.tls-hostname", "the certificate of a broker is for another host",
        "the certificate is trusted, and does not name the host that was asked for",
        "use the name that the certificate has in bootstrapServers and advertised.listeners, or issue one that has "
        "this name",
        kStatusPage},
    FaultText{Fault::kKafkaTlsExpected, "kafka.tls-expected", "the broker's port speaks TLS",
              "the destination connects without TLS, and the port closes such connections, as one that speaks TLS does",
              "set securityProtocol to SSL or SASL_SSL, or name the port that speaks it in the clear", kStatusPage},
    FaultText{Fault::kKafkaPlaintextExpected, "kafka.plaintext-expected", "the broker's port does not speak TLS",
              "the destination connects with TLS, and what answers is not TLS",
              "name the TLS port of the brokers in bootstrapServers; only where there is none, set securityProtocol to "
              "PLAINTEXT or SASL_PLAINTEXT",
              kStatusPage},
    FaultText{Fault::kKafkaTlsFailed, "kafka.tls-failed", "no TLS connection comes about",
              "the handshake failed for another reason than trust or name",
              "look at the detail and at the broker's log: versions, ciphers, or a client certificate that it wants",
              kStatusPage},
    FaultText{
        Fault::kKafkaAuthRefused, "kafka.auth-refused", "the brokers refuse the login",
        "the brokers, or the token endpoint, refuse the login or the certificate that the file holds",
        "make the file and the other side agree, in any order; a value that was accepted before goes on being used "
        "while the brokers take it",
        kStatusPage},
    FaultText{Fault::kKafkaAuthMechanism, "kafka.auth-mechanism", "the broker does not offer this way to log in",
              "the listener has another set of SASL mechanisms than saslMechanism names",
              "set saslMechanism to one that the listener offers, or enable it there (sasl.enabled.mechanisms)",
              kStatusPage},
    FaultText{Fault::kKafkaTokenFailed, "kafka.token-failed", "no token can be had",
              "the token endpoint cannot be reached, or its answer holds no token",
              "check saslOauthbearerTokenEndpointUrl, BOX_EGRESS_DENY and the endpoint itself",
              "reference/kafka-tokens.md"},
    FaultText{Fault::kKafkaTopicMissing, "kafka.topic-missing", "the Kafka topic does not exist",
              "the cluster has no topic of this name, or does not show it to the user of the login",
              "create it (the gateway never does), or let the user describe it", kStatusPage},
    FaultText{Fault::kKafkaNotAuthorised, "kafka.not-authorised", "the Kafka user may not write here",
              "the login is good, and its user lacks a right on the topic or the cluster",
              "let the user write and describe the topic", kStatusPage},
    FaultText{Fault::kKafkaNoLeader, "kafka.no-leader", "partitions have no leader",
              "the brokers that hold partitions of the topic are down, while others answer",
              "bring those brokers back, or move the partitions; records wait, other destinations go on", kStatusPage},
    FaultText{Fault::kKafkaTooLarge, "kafka.too-large", "a record is too large",
              "the record of an event is longer than a broker takes for its Kafka topic",
              "raise max.message.bytes of the topic; what waits follows by itself", kRefusedPage},
    FaultText{Fault::kKafkaRecordRefused, "kafka.record-refused", "a broker refuses a record",
              "the broker refuses the record of an event for what it is, as a policy or a record check of the cluster",
              "follow the reason that $waiting of the destination names", kRefusedPage},
    FaultText{Fault::kKafkaFailed, "kafka.failed", "the Kafka client reports an error",
              "the Kafka client or a broker reports an error that has no code of its own",
              "look at the detail; records wait and are sent again", kStatusPage},
    FaultText{Fault::kSecretMissing, "secret.missing", "the file of a secret is not there", "its file does not exist",
              "let the program that delivers it write it: it has not yet, or has removed it", kStatesPage},
    FaultText{Fault::kSecretEmpty, "secret.empty", "the file of a secret is empty",
              "its file is empty, and an empty secret is never used", "write the value to it", kStatesPage},
    FaultText{Fault::kSecretTooLarge, "secret.too-large", "the file of a secret is too large",
              "its file is larger than a secret of this kind may be", "write the value alone to it", kStatesPage},
    FaultText{Fault::kSecretNotRegular, "secret.not-regular", "the path of a secret is no file",
              "its path is not a regular file", "name a file in the vault config", kStatesPage},
    FaultText{Fault::kSecretUnreadable, "secret.unreadable", "the file of a secret may not be read",
              "its file may not be read by this process", "give the group read access", kStatesPage},
    FaultText{Fault::kSecretWorldWritable, "secret.world-writable", "everybody may write the file of a secret",
              "every user may write its file or directory",
              "take that right away, or set BOX_VAULT_ALLOW_WORLD_WRITABLE", kStatesPage},
    FaultText{Fault::kSecretChanging, "secret.changing", "the file of a secret is being written",
              "its file is still being written", "write a temporary file, then rename it", kStatesPage},
    FaultText{Fault::kSecretNulByte, "secret.nul-byte", "a NUL byte in a secret", "its file holds a NUL byte",
              "write the value as text, without it", kStatesPage},
    FaultText{Fault::kSecretMultiLine, "secret.multi-line", "a secret of several lines",
              "its file holds more than one line: one final newline is allowed, nothing before or after it",
              "write the value alone to it", kStatesPage},
    FaultText{
        Fault::kSecretBadEncoding, "secret.bad-encoding", "a secret in another encoding",
        "its file is not plain UTF-8 without a byte order mark, or is a key that is not base64url without padding",
        "write it to its file in that form", kStatesPage},
    FaultText{Fault::kSecretUnrendered, "secret.unrendered", "a template instead of a secret",
              "its file holds a template that was not filled in", "mend the program that fills it in", kStatesPage},
    FaultText{Fault::kSecretBadHeader, "secret.bad-header", "no header line",
              "its file must hold one header line, Name: Value, whose name may be set", "write one such line to it",
              kStatesPage},
    FaultText{Fault::kSecretBadPem, "secret.bad-pem", "no whole PEM text",
              "its file is not whole PEM text with the certificates or the key that are wanted from it",
              "write all of it to the file, by renaming", kStatesPage},
    FaultText{Fault::kSecretBadPkcs12, "secret.bad-pkcs12", "no PKCS#12 key store",
              "its file is not a PKCS#12 key store",
              "convert a Java key store with keytool -importkeystore -srckeystore old.jks -destkeystore new.p12 "
              "-deststoretype PKCS12",
              kStatesPage},
    FaultText{Fault::kSecretBadJaas, "secret.bad-jaas", "no JAAS entry",
              "its file must hold one JAAS entry of a login module that is allowed, ended by a semicolon",
              "write one such entry to it", kStatesPage},
    FaultText{Fault::kSecretBadJson, "secret.bad-json", "no JSON object with the value",
              "its file must be a JSON object with a string at the json_pointer of its entry",
              "mend the file or the json_pointer", kStatesPage},
    FaultText{Fault::kSecretPairMismatch, "secret.pair-mismatch", "key and certificate do not belong together",
              "the private key does not open with its password, or no certificate belongs to it",
              "deliver both from one issue, best as one PEM file", kStatesPage},
    FaultText{
        Fault::kSecretLegacyCipher, "secret.legacy-cipher", "a key in a cipher of older tools",
        "its key is encrypted with a cipher of older tools (RC2, RC4, DES), which OpenSSL opens with its legacy "
        "provider at most, and that is not installed or does not know it",
        "install it (Debian: openssl-provider-legacy), or encrypt the key again, for a store with: openssl pkcs12 "
        "-legacy -in old.p12 -nodes | openssl pkcs12 -export -out client.p12",
        kStatesPage},
    FaultText{Fault::kSecretExpired, "secret.expired", "a certificate or token has run out",
              "its certificate or token has expired or is not valid yet", "deliver a new one", kStatesPage},
    FaultText{Fault::kSecretExpires, "secret.expires", "a certificate or token runs out soon",
              "its certificate or token is near its end", "deliver a new one before that; it is taken over by itself",
              kStatesPage},
    FaultText{Fault::kSecretOutsideRoots, "secret.outside-roots", "a path out of the allowed directories",
              "its path leads out of the directories of BOX_VAULT_ALLOWED_ROOTS",
              "move the file, or add its directory there", kStatesPage},
    FaultText{Fault::kSecretPinnedDeleted, "secret.pinned-deleted", "a mounted file that was deleted",
              "its file was deleted under the mount and can never change", "mount the directory, not the file",
              kStatesPage},
    FaultText{Fault::kSecretUnknownName, "secret.unknown-name", "a name that the vault config does not have",
              "the vault config has no such name", "add an entry, and the config is read again when its file changes",
              kScopePage},
    FaultText{Fault::kSecretIoError, "secret.io-error", "the file system gives no answer",
              "its file could not be read in time: the file system reported an error or gave no answer",
              "look at the mount", kStatesPage},
    FaultText{Fault::kSecretStale, "secret.stale", "the last good value is in use",
              "what the file holds now cannot be used, and the value before is",
              "mend the file before the next restart, which would lose that value", kStatesPage},
    FaultText{Fault::kSecretScope, "secret.scope", "a resource may not use this secret",
              "the scope of the secret in the vault config does not cover the resource that refers to it",
              "widen the scope, or use another secret", kScopePage},
    FaultText{Fault::kSecretTargetChanged, "secret.target-changed", "a secret may not go to this target",
              "the secret was first used with another target, or the vault config allows other ones only",
              "find out who changed the target; cover it with allow in the vault config, or an administrator can "
              "confirm the new target with $vault-retarget",
              kTargetPage},
    FaultText{Fault::kSecretUnproven, "secret.unproven", "a new value that no one has accepted yet",
              "the file holds a newer value than the one in use, and no broker has accepted it so far",
              "wait for the brokers to be reached, or see what else is reported", kStatesPage},
    FaultText{Fault::kSecretUnusable, "secret.unusable", "a value that does not fit its user",
              "the file is in order, and what it holds does not fit the settings of the resource that uses it",
              "write a value that fits; a value that was accepted before is used until a restart", kStatesPage},
    FaultText{Fault::kVaultConfig, "vault.config", "the changed vault config cannot be used",
              "the vault config was changed and has a fault; the one before is in force",
              "mend the file: the log names line, column and reason", kScopePage},
    FaultText{Fault::kTopicIdle, "topic.idle", "a destination without a topic",
              "no active topic has the url that the destination names",
              "write the topic, set its status to active, or "
              "make the destination again with the right url",
              kStatusPage},
    FaultText{Fault::kTopicCriterionError, "topic.criterion-error", "a criterion fails",
              "the criterion of a trigger ended with an error, which counts as no match",
              "mend the criterion; the log names line and column", kCriteriaPage},
    FaultText{
        Fault::kTopicSwitchedOff, "topic.switched-off", "a criterion is put off",
        "a criterion has exceeded its limits again and again: for a while writes do not evaluate it, and its events "
        "are decided later",
        "make the criterion simpler", kCriteriaPage},
    FaultText{Fault::kTopicUndecided, "topic.undecided", "events that are not decided yet",
              "a criterion met its limits, so whether the destination wants these events is not known; later events of "
              "their resources wait",
              "make the criterion simpler; release what consumers want, discard the rest",
              "criteria.md#undecided-events"},
    FaultText{Fault::kDestinationUnusable, "destination.unusable", "a destination cannot be started",
              "the stored settings of the destination cannot be used by this version",
              "delete it and post it again with what the detail asks for", kStatusPage},
    FaultText{Fault::kDestinationRecordTooLarge, "destination.record-too-large", "a record is beyond maxRequestSize",
              "the record of an event is longer than the maxRequestSize of its destination allows, and is not sent",
              "make a second destination with a higher maxRequestSize, write the resources that $waiting lists once "
              "more, and discard their old events",
              kRefusedPage},
    FaultText{Fault::kDestinationEventSuperseded, "destination.event-superseded", "an event was overtaken",
              "an event could not be delivered before a later version of its resource was: it is kept, and not sent by "
              "itself",
              "release what consumers want although it comes out of order, discard the rest", kRefusedPage},
    FaultText{Fault::kStoreFull, "store.full", "the volume of the database is full",
              "no write can be stored: the volume of BOX_DB_PATH is full, or a quota is used up",
              "free space or enlarge the volume; writes go on by themselves", kHealthPage},
    FaultText{Fault::kStoreSlow, "store.slow", "writes do not become durable",
              "a write has been waiting for the volume of BOX_DB_PATH for a long time",
              "look at the volume: it hangs, or is far too slow", kHealthPage},
    FaultText{Fault::kStoreFailed, "store.failed", "the database cannot be used",
              "the database refuses writes or does not answer", "the detail names the reason; check the volume",
              kHealthPage},
    FaultText{
        Fault::kWebCertificate, "web.certificate", "the new certificate of the listener cannot be used",
        "the files of BOX_WEB_TLS_CERT and BOX_WEB_TLS_KEY were changed and cannot be used; the certificate before "
        "is shown",
        "write a certificate and its unencrypted key, both PEM, that belong together", kTlsPage},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].fault != static_cast<Fault>(i + 1)) return false;
  }
  return kTable.back().fault == Fault::kWebCertificate;
}
static_assert(is_in_order(), "each fault has its row, in the order of the enumeration");

constexpr FaultText kNoText{};

}  // namespace

const FaultText& text_of(Fault fault) {
  return fault == Fault::kNone ? kNoText : kTable[static_cast<std::size_t>(fault) - 1];
}

std::optional<Fault> fault_from(std::string_view code) {
  const auto* const row = std::find_if(kTable.begin(), kTable.end(), [&](const auto& one) { return one.code == code; });
  return row == kTable.end() ? std::nullopt : std::optional(row->fault);
}

std::span<const FaultText> fault_table() { return kTable; }

}  // namespace embergate::core
