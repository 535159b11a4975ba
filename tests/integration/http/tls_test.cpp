// SPDX-License-Identifier: Apache-2.0
// The listener's own certificate: shown, rotated, kept when the new one is broken (R-20..R-22, S-37).
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <thread>

#include "embergate/core/fair_pool.hpp"
#include "embergate/http/client.hpp"
#include "embergate/http/listener_certificate.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/vault/cache.hpp"
#include "integration/http/server_fixture.hpp"
#include "support/eventually.hpp"
#include "support/http_client.hpp"
#include "support/pki.hpp"
#include "support/temp_dir.hpp"
#include "support/tls_connection.hpp"

namespace embergate::http {
namespace {

using test::Authority;
using test::eventually;
using test::Issued;
using test::TlsConnection;

const std::atomic<bool> kNotStopping{false};

class Tls : public ServerFixture {
 protected:
  static vault::VaultConfig config_of(const std::vector<std::pair<std::string, std::string>>& files) {
    vault::VaultConfig config;
    for (const auto& [name, path] : files) {
      EXPECT_TRUE(config.add({.name = *vault::make_secret_name(name), .path = path, .scopes = {{"Listener", "web"}}}));
    }
    return config;
  }

  static vault::SecretCache::Options quick() {
    vault::SecretCache::Options options;
    options.ttl = options.poll = core::Milliseconds(20);
    options.quiet = core::Milliseconds(5);
    options.racy_age = core::Milliseconds(50);
    options.pair_mismatch = core::Milliseconds(100);
    return options;
  }

  ~Tls() override {
    stop();
    certificate_.reset();
    pool_.join();
  }

  void write(const Issued& pair) {
    files_.write("cert.pem", pair.certificate);
    files_.write("key.pem", pair.key);
  }

  // Two files, or one that holds both.
  core::Result<void> open_certificate(bool one_file = false) {
    secrets_.emplace(config_of({{"cert", files_.file("cert.pem")}, {"key", files_.file("key.pem")}}), quick(),
                     core::system_clock(), metrics_);
    ListenerFiles names{*vault::make_secret_name("cert"), std::nullopt};
    if (!one_file) names.key = *vault::make_secret_name("key");
    certificate_.emplace(*secrets_, pool_, names, &faults_);
    return certificate_->start();
  }

  std::uint16_t serve(ServerOptions options = {}) {
    const auto opened = open_certificate();
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().diagnostics);
    options.tls = certificate_->tls();
    return start(options);
  }

  // What lasts as web.certificate; empty: nothing.
  std::string certificate_fault() const {
    for (const auto& active : faults_.active()) {
      if (active.fault == core::Fault::kWebCertificate) return active.detail;
    }
    return {};
  }

  bool shows(std::uint16_t port, const Issued& pair) {
    TlsConnection connection(port, ca_.certificate());
    return connection.connected() && connection.peer_certificate() == pair.certificate;
  }

  const Authority ca_{"Embergate test CA"};
  test::TempDir files_;
  observability::Metrics metrics_;
  observability::Faults faults_{core::system_clock(), metrics_};
  core::FairPool pool_{1};
  std::optional<vault::SecretCache> secrets_;
  std::optional<ListenerCertificate> certificate_;
};

TEST_F(Tls, ServesRequestsOverTls) {
  const Issued pair = ca_.issue("localhost");
  write(pair);
  const std::uint16_t port = serve();
  EXPECT_TRUE(shows(port, pair));
  TlsConnection connection(port, ca_.certificate());
  for (int i = 0; i < 3; ++i) {
    const auto reply = connection.request("POST", "/echo", "hello");
    EXPECT_EQ(reply.status, 200) << reply.error;
    EXPECT_EQ(reply.body, "hello");
  }
  EXPECT_EQ(connection.request("GET", "/big").body.size(), kBigBody);
  const std::string large(300'000, 'x');
  EXPECT_EQ(connection.request("POST", "/echo", large).body, large);
}

TEST_F(Tls, OurOwnClientTrustsIt) {
  write(ca_.issue("localhost"));
  OutboundRequest request;
  request.url = "https://localhost:" + std::to_string(serve()) + "/";
  request.ca_pem = ca_.certificate();
  const auto answer = (*Client::make({}))->send_and_wait(std::move(request), kNotStopping);
  ASSERT_TRUE(answer) << answer.error().diagnostics;
  EXPECT_EQ(answer->status, 200);
}

TEST_F(Tls, SpeaksNothingOlderThan12) {
  write(ca_.issue("localhost"));
  const std::uint16_t port = serve();
  EXPECT_FALSE(TlsConnection(port, ca_.certificate(), TLS1_1_VERSION).connected());
  EXPECT_TRUE(TlsConnection(port, ca_.certificate(), TLS1_2_VERSION).connected());
  EXPECT_TRUE(TlsConnection(port, ca_.certificate(), TLS1_3_VERSION).connected());
}

TEST_F(Tls, ShowsARotatedPairToNewConnectionsAndKeepsTheOpenOnes) {
  const Issued first = ca_.issue("localhost");
  const Issued second = ca_.issue("localhost");
  write(first);
  const std::uint16_t port = serve();
  TlsConnection open(port, ca_.certificate());
  ASSERT_EQ(open.request("GET", "/address").status, 200);
  write(second);
  EXPECT_TRUE(eventually([&] { return shows(port, second); }));
  EXPECT_EQ(open.request("GET", "/address").status, 200) << "the connection lived through the rotation";
  EXPECT_EQ(open.peer_certificate(), first.certificate);
}

TEST_F(Tls, TakesOneFileWithKeyAndChain) {
  const Issued first = ca_.issue("localhost");
  const Issued second = ca_.issue("localhost");
  files_.write("cert.pem", first.key + first.certificate + ca_.certificate());
  ASSERT_TRUE(open_certificate(true));
  ServerOptions options;
  options.tls = certificate_->tls();
  const std::uint16_t port = start(options);
  EXPECT_TRUE(shows(port, first));
  files_.write("cert.pem", second.certificate + second.key);
  EXPECT_TRUE(eventually([&] { return shows(port, second); }));
}

TEST_F(Tls, Login69_Login77_TakesItsCertificatesInAnyOrder) {
  const Authority middle = ca_.intermediate("middle");
  const Issued pair = middle.issue("localhost");
  files_.write("cert.pem", ca_.certificate() + middle.certificate() + pair.certificate);
  files_.write("key.pem", pair.key);
  EXPECT_TRUE(shows(serve(), pair));
}

TEST_F(Tls, RM13_NeverShowsAMixedPairWhilePairsRotateUnderLoad) {
  std::vector<Issued> pairs;
  for (int i = 0; i < 8; ++i) pairs.push_back(ca_.issue("localhost"));
  write(pairs[0]);
  const std::uint16_t port = serve();
  std::atomic<bool> done{false};
  std::atomic<int> handshakes{0};
  std::atomic<int> failures{0};
  std::vector<std::thread> clients;
  clients.emplace_back([&] {  // keeps one connection
    TlsConnection open(port, ca_.certificate());
    while (!done) {
      if (open.request("GET", "/address").status != 200) ++failures;
    }
  });
  clients.emplace_back([&] {  // a new one each time
    while (!done) {
      TlsConnection fresh(port, ca_.certificate());
      if (!fresh.connected() || fresh.request("GET", "/address").status != 200) ++failures;
      ++handshakes;
    }
  });
  for (const Issued& pair : pairs) {
    write(pair);  // certificate first, key a moment later: half a rotation each time
    EXPECT_TRUE(eventually([&] { return shows(port, pair); }));
  }
  done = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(failures, 0);
  EXPECT_GT(handshakes, 8);
}

TEST_F(Tls, RM15_KeepsTheLastPairWhenTheKeyNeverFollows) {
  const Issued first = ca_.issue("localhost");
  const Issued second = ca_.issue("localhost");
  write(first);
  const std::uint16_t port = serve();
  files_.write("cert.pem", second.certificate);
  EXPECT_TRUE(eventually([&] {
    const auto report = secrets_->report(*vault::make_secret_name("cert"));
    return report.generation == 2;
  })) << "the new certificate was seen";
  EXPECT_TRUE(shows(port, first));
  files_.write("key.pem", second.key);
  EXPECT_TRUE(eventually([&] { return shows(port, second); }));
}

TEST_F(Tls, KeepsTheLastPairWhenTheNewOneIsExpiredOrBroken) {
  const Issued good = ca_.issue("localhost");
  const Issued last = ca_.issue("localhost");
  write(good);
  const std::uint16_t port = serve();
  test::IssueOptions past;
  past.not_after = std::chrono::system_clock::now() - std::chrono::minutes(1);
  write(ca_.issue("localhost", past));
  const auto state = [&] { return secrets_->report(*vault::make_secret_name("cert")).state; };
  EXPECT_TRUE(eventually([&] { return state() != vault::State::kOk; }));
  EXPECT_TRUE(eventually([&] { return certificate_fault().starts_with("the certificate in use stays: "); }))
      << "web.certificate lasts";
  EXPECT_TRUE(shows(port, good));
  files_.write("cert.pem", "not a certificate\n");
  files_.write("key.pem", "");
  EXPECT_TRUE(shows(port, good));
  EXPECT_NE(certificate_fault(), "");
  write(last);
  EXPECT_TRUE(eventually([&] { return shows(port, last); }));
  EXPECT_TRUE(eventually([&] { return certificate_fault().empty(); })) << certificate_fault();
}

TEST_F(Tls, TheCertificateFaultEndsAlsoWhenThePairBeforeComesBack) {
  const Issued good = ca_.issue("localhost");
  write(good);
  serve();
  files_.write("key.pem", ca_.issue("localhost").key);
  EXPECT_TRUE(eventually([&] { return certificate_fault().find("pair-mismatch") != std::string::npos; }));
  write(good);
  EXPECT_TRUE(eventually([&] { return certificate_fault().empty(); })) << certificate_fault();
}

TEST_F(Tls, DoesNotStartWithoutAPairThatFits) {
  const auto missing = open_certificate();
  EXPECT_FALSE(missing);
  certificate_.reset();
  Issued mixed = ca_.issue("localhost");
  mixed.key = ca_.issue("localhost").key;
  write(mixed);
  const auto refused = open_certificate();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().diagnostics.find("PRIVATE"), std::string::npos);
}

TEST_F(Tls, EndsAHandshakeThatTakesTooLong) {
  write(ca_.issue("localhost"));
  ServerOptions options;
  options.header_deadline = std::chrono::milliseconds(150);
  const std::uint16_t port = serve(options);
  test::HttpConnection silent(port, std::chrono::seconds(10));
  EXPECT_TRUE(silent.closed_by_peer());
  test::HttpConnection half(port, std::chrono::seconds(10));
  half.send(std::string("\x16\x03\x01\x02\x00", 5));
  EXPECT_TRUE(half.closed_by_peer());
}

TEST_F(Tls, EndsAConnectionThatDoesNotSpeakTls) {
  const Issued pair = ca_.issue("localhost");
  write(pair);
  const std::uint16_t port = serve();
  test::HttpConnection plain(port, std::chrono::seconds(10));
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(plain.closed_by_peer());
  EXPECT_TRUE(seen().empty());
  EXPECT_TRUE(shows(port, pair));
}

TEST_F(Tls, EndsIdleConnectionsWhenItStops) {
  write(ca_.issue("localhost"));
  const std::uint16_t port = serve();
  TlsConnection idle(port, ca_.certificate());
  ASSERT_EQ(idle.request("GET", "/address").status, 200);
  auto stopped = begin_shutdown(std::chrono::seconds(10));
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(5)), std::future_status::ready);
}

}  // namespace
}  // namespace embergate::http
