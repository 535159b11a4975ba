// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/listener_certificate.hpp"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "embergate/observability/log.hpp"
#include "embergate/vault/bundle.hpp"
#include "embergate/vault/explanations.hpp"
#include "embergate/vault/key_material.hpp"

namespace embergate::http {
namespace log = observability::log;

namespace {

std::vector<vault::BundleMember> members_of(const ListenerFiles& files) {
  std::vector<vault::BundleMember> members(1);
  members[0].name = files.certificate;
  members[0].kind = files.key ? vault::ContentKind::kCertificateChain : vault::ContentKind::kKeyAndChain;
  if (files.key) {
    members.emplace_back();
    members[1].name = files.key;
    members[1].kind = vault::ContentKind::kPrivateKey;
  }
  return members;
}

}  // namespace

struct ListenerCertificate::State {
  State(std::shared_ptr<vault::Bundle> files, observability::Faults* a_faults)
      : bundle(std::move(files)), faults(a_faults) {}

  // Takes over what the files hold now, unless it is in use already.
  core::Result<void> renew() {
    std::lock_guard lock(mutex);
    if (stopped) return {};
    auto renewed = take_over();
    if (generation > 0) tell(renewed ? check_files() : renewed);
    return renewed;
  }

  // That the vault goes on giving the pair before does not make the files good.
  [[nodiscard]] core::Result<void> check_files() const {
    const auto report = bundle->report();
    if (report.state == vault::State::kOk) return {};
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("{} ({})", vault::explanation_of(report.reason), report.reason));
  }

  void tell(const core::Result<void>& renewed) const {
    constexpr std::string_view kKey = "listener";
    constexpr std::string_view kEvent = "http/certificate-refused";
    const std::string text = renewed ? std::string() : "the certificate in use stays: " + renewed.error().diagnostics;
    if (faults != nullptr) {
      faults->becomes({.fault = renewed ? core::Fault::kNone : core::Fault::kWebCertificate,
                       .key = std::string(kKey),
                       .concerns = "BOX_WEB_TLS_CERT",
                       .detail = text,
                       .event = kEvent});
    } else if (!renewed) {
      log::event(log::Level::kWarn, kEvent, text, {{"code", core::code_of(core::Fault::kWebCertificate)}});
    }
  }

  core::Result<void> take_over() {
    EG_TRY(const auto value, bundle->resolve(requester(), vault::Use::kOutboundRunning));
    if (value->generation == generation) return {};
    const auto& chain = value->members.front();
    const auto& key = value->members.back();
    // Whatever the order in the file, peers want the certificate first and its issuers behind it.
    const auto opened = vault::open_pem_key(*key, chain.get(), nullptr);
    if (!opened.material) {
      return core::make_error(core::ErrorCode::kInvalid,
                              "certificate and key must be PEM, belong together, and the key must not be encrypted");
    }
    const auto& material = *opened.material;
    EG_CHECK(material.private_key.with_plaintext(
        [&](std::string_view key_pem) { return tls->take(material.chain, key_pem); }));
    log::event(log::Level::kInfo, generation == 0 ? "http/certificate-loaded" : "http/certificate-rotated",
               "new TLS connections see this certificate",
               {{"generation", static_cast<std::int64_t>(value->generation)}});
    generation = value->generation;
    return {};
  }

  const std::shared_ptr<vault::Bundle> bundle;
  observability::Faults* const faults;
  const std::shared_ptr<ListenerTls> tls = std::make_shared<ListenerTls>();
  std::atomic<bool> noticed{false};
  std::mutex mutex;
  std::uint64_t generation = 0;
  bool stopped = false;
};

ListenerCertificate::ListenerCertificate(vault::SecretCache& secrets, core::FairPool& pool, const ListenerFiles& files,
                                         observability::Faults* faults)
    : state_(std::make_shared<State>(secrets.bundle(members_of(files)), faults)) {
  // On the poll thread: only posts, and one renewal at a time.
  auto changed = [state = state_, &pool](std::uint64_t) {
    if (state->noticed.exchange(true)) return;
    pool.post({}, [state] {
      state->noticed = false;
      static_cast<void>(state->renew());  // what it finds, it tells
    });
  };
  watch_ = state_->bundle->watch(std::move(changed));
}

ListenerCertificate::~ListenerCertificate() { stop(); }

vault::Requester ListenerCertificate::requester() { return {"Listener", "web", "BOX_WEB_TLS_CERT"}; }

core::Result<void> ListenerCertificate::start() { return state_->renew(); }

void ListenerCertificate::stop() {
  watch_.reset();
  std::lock_guard lock(state_->mutex);
  state_->stopped = true;
}

std::shared_ptr<ListenerTls> ListenerCertificate::tls() const { return state_->tls; }

}  // namespace embergate::http
