// SPDX-License-Identifier: Apache-2.0
// From name to current value: scope check, file check on every access, candidate and quiet time, last-good, generations
// (R-01..R-19, R-30..R-36). Thread: resolve() and report() from any thread, never on the io threads' time for longer
// than `read_timeout` (R-06; call through run_blocking where waiting hurts); watchers are called on the poll thread,
// without a lock of ours held, and must return quickly. Ownership: SecretCache owns its poll and read threads; stop()
// joins them and no watcher is called after it. A Watch stops its notices when destroyed. Failure: ResolveError with
// the reason codes of R-48; texts name the secret, never the path.
// The config's own file is watched like those of the secrets and replaces the config in force whole, or not at all
// secrets whose entry stays keep value, generation and state; one whose path changed rotates; one that went is
// forgotten, and refused from then on. All on the poll thread; no lock is held while a file is read or parsed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/vault/config.hpp"
#include "embergate/vault/file_system.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::vault {

// kTargetChanged: this user names another target than the one that the secret is bound to (target_bindings.hpp).
enum class State { kOk, kStale, kMissing, kInvalid, kScopeDenied, kTargetChanged, kUnused, kRefused };
// "ok" "stale" "missing" "invalid" "scope-denied" "target-changed" "unused" "refused" (decision 23)
std::string_view to_string(State state);

// Why a value whose file is in order is not in use. kLogin, kCertificate: those who check it said no. kLoginUnusable,
// kCertificateUnusable: it does not fit what its user wants of it, so that it was not even shown. kAuthorities: none of
// them vouches for the certificate that the other side shows.
enum class Refused { kLogin, kCertificate, kLoginUnusable, kCertificateUnusable, kAuthorities };
// A reason code: "login-refused" "certificate-refused" "login-unusable" "certificate-unusable" "broker-untrusted"
std::string_view to_string(Refused what);

struct Refusal {
  Refused what = Refused::kLogin;
  core::SystemTime since{};
  std::string detail;  // what is known beyond the code; redacted, never a value
};

// What the value is for: decides normalisation, limits and refusals (R-05, R-21, R-23..R-27).
enum class ContentKind {
  kSingleLine,        // password, client secret
  kJaas,              // may span lines; Options::jaas_check says whether it is one
  kPem,               // any whole PEM text
  kHeader,            // `Name: Value`
  kCertificateChain,  // PEM, in any order
  kPrivateKey,        // PEM, may be encrypted
  kKeyAndChain,       // PEM, one key and its chain in one file: the preferred form, since it changes as one
  kAuthorities,       // PEM, certificates to trust
  kPkcs12,            // binary, with a password of its own
  kBearerToken,       // one line; the time in a JWT is read
  kHmacKey,           // one line; shorter than its hash is warned about
  kBase64UrlKey,      // one line, base64url without padding; given out as it stands
  kText,              // any text, for a look at what no one uses yet
  kBinary,            // as it is
  kConfig             // the vault config itself, as it is: it names secrets and holds none
};
// Inbound: others prove themselves with it; outbound per attempt; outbound of a running client keeps last-good without
// limit.
enum class Use { kInbound, kOutboundAttempt, kOutboundRunning };

struct SecretValue {
  std::shared_ptr<const Secret> secret;
  std::uint64_t generation =
      0;  // of this file in this process, from 1; advances when the normalised value changes
};

struct Report {  // never a value, length, hash or prefix
  SecretName name;
  State state = State::kMissing;
  std::string reason;  // code of R-48; with state ok empty or "pinned-deleted"
  std::uint64_t generation = 0;
  core::SystemTime since{};                   // of the state
  core::SystemTime last_read{};               // last successful read; epoch = never
  core::SystemTime changed{};                 // when the current generation was accepted; epoch = never
  std::optional<core::SystemTime> not_after;  // where the content says so: certificates, authorities, JWT
  std::string detail;                         // what is known beyond the reason: a rule, a position, a broker's words
  std::optional<core::SystemTime> not_before = {};  // as not_after
  core::Fault fault = core::Fault::kNone;           // its error code; also of a good value that is near its end
};

class Watch {  // destroying it ends the notices; waits for a notice that is running
 public:
  virtual ~Watch() = default;
};

// That someone refuses a value, as long as this lives. May outlive the cache.
class RefusalNote {
 public:
  virtual ~RefusalNote() = default;
};

// How the last change of the config's file went.
struct ConfigReport {
  std::string fault;         // why it was refused: path, place, reason; empty: what the file holds is in force
  core::SystemTime since{};  // of the fault; epoch = none
};

struct BundleMember;
class Bundle;  // bundle.hpp

class SecretCache {
 public:
  struct Options {
    core::Milliseconds ttl{30'000};           // BOX_VAULT_CACHE_TTL_MS
    core::Milliseconds poll{5'000};           // BOX_VAULT_POLL_MS, at most ttl
    core::Milliseconds quiet{100};            // BOX_VAULT_QUIET_MS
    std::optional<core::Milliseconds> grace;  // BOX_VAULT_GRACE_MS, default ttl
    core::Milliseconds previous_grace{0};     // BOX_VAULT_PREVIOUS_SECRET_GRACE_MS
    core::Milliseconds forced_refresh{
        1'000};  // BOX_VAULT_FORCED_REFRESH_MS: at most one forced refresh per file in this time
    core::Milliseconds read_timeout{1'000};
    core::Milliseconds racy_age{2'000};
    core::Milliseconds pair_mismatch{
        60'000};  // BOX_VAULT_PAIR_MISMATCH_MS: how long a pair may not fit unreported
    std::function<core::Result<void>(const Secret&)>
        jaas_check;           // whether a text is one JAAS entry; absent: anything is
    std::string config_path;  // BOX_VAULT_CONFIG, watched; empty: the config stays as it is given
    // From the text of that file to the config that would be in force, checked as at the start; on the poll thread.
    std::function<core::Result<VaultConfig>(const std::string& text)> config_reader;
    bool allow_world_writable = false;        // BOX_VAULT_ALLOW_WORLD_WRITABLE
    bool names_in_metrics = false;            // BOX_METRICS_SECRET_NAMES (contract 6.1)
    observability::Faults* faults = nullptr;  // outlives the cache; null: nothing is reported as lasting
    bool start_poll_thread = true;            // tests drive poll_once() instead
  };
  SecretCache(VaultConfig config, Options options, const core::Clock& clock, observability::Metrics& metrics,
              std::shared_ptr<FileSystem> files = nullptr);  // null: the machine's, within the roots of the config
  ~SecretCache();
  SecretCache(const SecretCache&) = delete;
  SecretCache& operator=(const SecretCache&) = delete;

  [[nodiscard]] std::shared_ptr<const VaultConfig> config() const;  // in force now
  [[nodiscard]] const ConfigInForce& config_in_force() const;       // lives as long as the cache
  [[nodiscard]] ConfigReport config_report() const;
  // `changed` is called after another config came into force.
  [[nodiscard]] std::unique_ptr<Watch> watch_config(std::function<void()> changed);
  // The current value for this requester (R-01: scope first, every time). May wait up to 3 x quiet for a candidate to
  // settle when inbound.
  [[nodiscard]] core::Result<SecretValue> resolve(const SecretName& name, const Requester& requester, ContentKind kind,
                                                  Use use);
  // A full read now, past every cache, unless the generation is already newer than `used` or the rate limit says no
  // (R-35..R-37); then as resolve().
  [[nodiscard]] core::Result<SecretValue> refresh(const SecretName& name, const Requester& requester, ContentKind kind,
                                                  Use use, std::uint64_t used_generation);
  // The value before the current one, while previous_grace lasts and the file was not deleted; empty otherwise.
  [[nodiscard]] std::shared_ptr<const Secret> previous(const SecretName& name) const;
  // Polled from now on, as is what was resolved once; `changed` is called with the current generation after
  // accepted changes and state transitions; what comes in quick succession may come in one call. The watch of an
  // unknown name speaks once the config has it.
  [[nodiscard]] std::unique_ptr<Watch> watch(const SecretName& name, ContentKind kind,
                                             std::function<void(std::uint64_t generation)> changed);
  // Several names as one snapshot (R-20..R-22).
  [[nodiscard]] std::shared_ptr<Bundle> bundle(std::vector<BundleMember> members);
  // The values that the files of these secrets hold are refused from now on, until the note goes: report() says
  // `refused` where it would say `ok`.
  [[nodiscard]] std::unique_ptr<RefusalNote> note_refusal(const std::vector<SecretName>& names, Refusal refusal);
  // What the last look found; `unused` for a name that no one has asked for yet, `missing` with the reason
  // `unknown-name` for one that the config has not.
  [[nodiscard]] Report report(const SecretName& name) const;
  // The same for one user: `scope-denied` when it is out of scope. Says nothing of refusals: what one user is refused
  // with may work for another.
  [[nodiscard]] Report report(const SecretName& name, const Requester& requester) const;
  // As report(), after a look now at the file (`vault check`); waits like an inbound resolve(). Without a kind: of any.
  [[nodiscard]] Report probe(const SecretName& name, std::optional<ContentKind> kind = {});
  [[nodiscard]] std::vector<Report> report_all() const;
  [[nodiscard]] std::vector<Report> reports_in_use() const;  // of names that someone has asked for
  void drop();       // POST /$drop-cache: forces re-reads, keeps last-good
  void poll_once();  // one round of the poll thread's work; for tests and for notices that shorten the wait
  void stop();
  // Replaces every live or recent value in `line` by "[secret]"; the hook that `app` installs in observability (S-22).
  // Quick when there is nothing.
  void redact(std::string& line) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::vault
