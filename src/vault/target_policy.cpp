// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/target_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::vault {
namespace {

using Verdict = TargetRuling::Verdict;

// "*.example.org:9092" stands for every name below, since hosted brokers come and go under theirs.
bool covers(std::string_view allowed, std::string_view server) {
  if (!allowed.starts_with("*.")) return allowed == server;
  const auto suffix = allowed.substr(1);
  return server.size() > suffix.size() && server.ends_with(suffix);
}

bool covers(const NormalUrl& allowed, const NormalUrl& url) {
  // Paths end with a slash, so a prefix ends where a segment does: /hook is not /hooked.
  return allowed.tls == url.tls && allowed.host == url.host && allowed.port == url.port &&
         url.path.starts_with(allowed.path);
}

TargetRuling refused(std::string text) { return {Verdict::kRefused, std::move(text)}; }

struct Peer {  // one address of a target
  std::string shown;
  bool valid = false;
  bool allowed = false;  // by the pins, where there are any
  bool plaintext = false;
  bool loopback = false;
};

Peer peer_of_url(const Target& target, const Pins* pins) {
  Peer peer;
  const auto url = normal_url(target.address);
  if (!url) return peer;
  peer.valid = true;
  // Without path and query, which may carry what is no one's business.
  peer.shown = fmt::format("{}://{}:{}", url->tls ? "https" : "http", url->host, url->port);
  peer.plaintext = !url->tls;
  peer.loopback = is_loopback_host(url->host);
  peer.allowed = pins == nullptr || std::any_of(pins->urls.begin(), pins->urls.end(), [&](const std::string& prefix) {
                   const auto allowed = normal_url(prefix);
                   return allowed && covers(*allowed, *url);
                 });
  return peer;
}

Peer peer_of_server(std::string_view text, bool plaintext, const Pins* pins) {
  Peer peer;
  peer.shown = normal_server(text);
  if (peer.shown.empty()) return peer;
  peer.valid = true;
  peer.plaintext = plaintext;
  peer.loopback = is_loopback_host(std::string_view(peer.shown).substr(0, peer.shown.rfind(':')));
  peer.allowed = pins == nullptr || std::any_of(pins->servers.begin(), pins->servers.end(),
                                                [&](const std::string& one) { return covers(one, peer.shown); });
  return peer;
}

std::vector<Peer> peers_of(const Target& target, const Pins* pins) {
  if (target.kind == Target::Kind::kUrl) return {peer_of_url(target, pins)};
  std::vector<Peer> peers;
  std::string_view rest = target.address;
  while (true) {
    const auto comma = std::min(rest.find(','), rest.size());
    auto one = rest.substr(0, comma);
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    peers.push_back(peer_of_server(one, target.plaintext, pins));
    if (comma == rest.size()) return peers;
    rest.remove_prefix(comma + 1);
  }
}

TargetRuling graver(TargetRuling a, TargetRuling b) { return b.verdict > a.verdict ? std::move(b) : std::move(a); }

class Judge {
 public:
  Judge(const Entry& entry, TargetMode mode)
      : entry_(entry), mode_(mode), strict_(entry.allow || mode == TargetMode::kStrict) {}

  [[nodiscard]] TargetRuling rule(const Target& target) const {
    const auto& name = entry_.name.value();
    if (!entry_.allow && mode_ == TargetMode::kStrict) {
      return refused(fmt::format(
          "secret \"{}\" is not pinned to targets, and BOX_VAULT_TARGET_POLICY is strict; give its entry in "
          "the vault config a member allow",
          name));
    }
    TargetRuling worst;
    for (const auto& peer : peers_of(target, entry_.allow ? &*entry_.allow : nullptr))
      worst = graver(worst, rule_on(peer, target.shows_secret));
    if (target.verification_off) {
      worst = graver(std::move(worst),
                     weak(fmt::format("secret \"{}\" would go to a peer whose name or certificate is not checked; take "
                                      "the setting that switches the check off away",
                                      name)));
    }
    if (target.own_authorities) {
      worst = graver(std::move(worst),
                     weak(fmt::format("secret \"{}\" would go to a peer that is only vouched for by authorities which "
                                      "stand in the resource itself; deliver them as a file with a name of its own in "
                                      "the vault config",
                                      name)));
    }
    return worst;
  }

 private:
  [[nodiscard]] TargetRuling rule_on(const Peer& peer, bool shows_secret) const {
    const auto& name = entry_.name.value();
    if (!peer.valid) {
      // Without pins the resource's own rules judge its addresses.
      if (!entry_.allow) return {};
      return refused(
          fmt::format("secret \"{}\" may not be sent there: the address is not plainly host:port, or http(s) with a "
                      "host and a path "
                      "without %2F, %5C and %2E",
                      name));
    }
    if (!peer.allowed) {
      return refused(
          fmt::format("secret \"{}\" may not be sent to {}: its entry in the vault config does not allow that "
                      "target",
                      name, peer.shown));
    }
    if (!peer.plaintext || peer.loopback || entry_.allow_plaintext) return {};
    auto text = fmt::format(
        "secret \"{}\" would cross the network to {} without TLS; use TLS, or set allow_plaintext in its entry in the "
        "vault config",
        name, peer.shown);
    if (shows_secret && mode_ == TargetMode::kFirstUse) return refused(std::move(text));
    return weak(std::move(text));
  }

  [[nodiscard]] TargetRuling weak(std::string text) const {
    if (strict_) return refused(std::move(text));
    if (mode_ == TargetMode::kOff) return {};
    return {Verdict::kWarned, std::move(text)};
  }

  const Entry& entry_;
  TargetMode mode_;
  bool strict_;
};

}  // namespace

TargetRuling TargetPolicy::rule(const SecretName& name, const Target& target) const {
  const Entry* entry = config_.find(name);
  if (entry == nullptr) return refused(fmt::format("secret \"{}\" is not in the vault config", name.value()));
  return Judge(*entry, config_.target_mode()).rule(target);
}

}  // namespace embergate::vault
