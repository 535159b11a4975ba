// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "support/eventually.hpp"
#include "support/pki.hpp"
#include "support/scripted_peer.hpp"

namespace embergate::http {
namespace {

using core::ErrorCode;
using test::Authority;
using test::ScriptedPeer;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::atomic<bool> kRunning{false};

std::unique_ptr<Client> make_client(const EgressRule& rule = {}) {
  auto client = Client::make(rule);
  EXPECT_TRUE(client);
  return *std::move(client);
}

OutboundRequest get(const std::string& url) {
  OutboundRequest request;
  request.url = url;
  return request;
}

core::Result<OutboundResponse> call(OutboundRequest request, const EgressRule& rule = {}) {
  return make_client(rule)->send_and_wait(std::move(request), kRunning);
}

ScriptedPeer::Script always(const std::string& answer) {
  return [answer](const std::string&) { return answer; };
}

// The class is the first word; nothing of the peer may follow it.
void expect_fault(const core::Result<OutboundResponse>& answer, ErrorCode code, const std::string& fault_class) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, code) << answer.error().diagnostics;
  EXPECT_THAT(answer.error().diagnostics, StartsWith(fault_class + ":"));
  EXPECT_THAT(answer.error().diagnostics, Not(HasSubstr("127.0.0.1")));
  EXPECT_THAT(answer.error().diagnostics, Not(HasSubstr("localhost")));
}

TEST(Client, SendsARequestAndReadsTheAnswer) {
  const ScriptedPeer peer(always(ScriptedPeer::answer(201, "made", "X-Id: 7\r\n")));
  OutboundRequest request = get(peer.url("/a?b=c"));
  request.method = "POST";
  request.headers.push_back({"Content-Type", "text/plain"});
  request.secret_headers.push_back({"Authorization", vault::Secret("Basic abc")});
  request.body = vault::Secret("hello");
  const auto answer = call(std::move(request));
  ASSERT_TRUE(answer) << answer.error().diagnostics;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->header("x-id"), "7");
  EXPECT_EQ(answer->body, "made");
  ASSERT_EQ(peer.requests().size(), 1U);
  EXPECT_EQ(peer.requests()[0], "POST /a?b=c HTTP/1.1\r\nHost: localhost:" + std::to_string(peer.port()) +
                                    "\r\nContent-Type: text/plain\r\nAuthorization: Basic abc\r\nContent-Length: "
                                    "5\r\nConnection: close\r\n\r\nhello");
}

TEST(Client, AlsoRunsAsACoroutine) {
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "hello")));
  const auto client = make_client();
  boost::asio::io_context io;
  auto future = boost::asio::co_spawn(io, client->send(get(peer.url())), boost::asio::use_future);
  io.run();
  const auto answer = future.get();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "hello");
}

TEST(Client, S09_NeverFollowsARedirect) {
  const ScriptedPeer attacker(always(ScriptedPeer::answer(200, "stolen")));
  const ScriptedPeer peer(always(ScriptedPeer::answer(302, "", "Location: " + attacker.url() + "\r\n")));
  OutboundRequest request = get(peer.url());
  request.secret_headers.push_back({"Authorization", vault::Secret("Basic abc")});
  const auto answer = call(std::move(request));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(attacker.connections(), 0);
}

TEST(Client, TrustsItsOwnCa) {
  const Authority ca("Embergate test CA");
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "secret")), ca.issue("localhost"));
  OutboundRequest request = get(peer.url());
  request.ca_pem = Authority("another").certificate() + ca.certificate();
  const auto answer = call(std::move(request));
  ASSERT_TRUE(answer) << answer.error().diagnostics;
  EXPECT_EQ(answer->body, "secret");
}

TEST(Client, S37_RefusesACertificateThatNobodyItTrustsSigned) {
  const Authority ca("Embergate test CA");
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")), ca.issue("localhost"));
  expect_fault(call(get(peer.url())), ErrorCode::kUnavailable, "tls");
  OutboundRequest other = get(peer.url());
  other.ca_pem = Authority("Embergate test CA").certificate();
  expect_fault(call(std::move(other)), ErrorCode::kUnavailable, "tls");
  EXPECT_TRUE(peer.requests().empty());
}

TEST(Client, S37_RefusesACertificateOfAnotherHost) {
  const Authority ca("Embergate test CA");
  test::IssueOptions other_host;
  other_host.names = {"idp.example"};
  other_host.addresses = {};
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")), ca.issue("idp.example", other_host));
  OutboundRequest request = get(peer.url());
  request.ca_pem = ca.certificate();
  expect_fault(call(std::move(request)), ErrorCode::kUnavailable, "tls");
  EXPECT_TRUE(peer.requests().empty());
}

TEST(Client, S37_RefusesAnExpiredCertificate) {
  const Authority ca("Embergate test CA");
  test::IssueOptions past;
  past.not_after = std::chrono::system_clock::now() - std::chrono::minutes(1);
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")), ca.issue("localhost", past));
  OutboundRequest request = get(peer.url());
  request.ca_pem = ca.certificate();
  expect_fault(call(std::move(request)), ErrorCode::kUnavailable, "tls");
}

TEST(Client, S37_RefusesTlsBefore12) {
  const Authority ca("Embergate test CA");
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")), ca.issue("localhost"), TLS1_1_VERSION);
  OutboundRequest request = get(peer.url());
  request.ca_pem = ca.certificate();
  expect_fault(call(std::move(request)), ErrorCode::kUnavailable, "tls");
}

TEST(Client, S37_SpeaksTls12) {
  const Authority ca("Embergate test CA");
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")), ca.issue("localhost"), TLS1_2_VERSION);
  OutboundRequest request = get(peer.url());
  request.ca_pem = ca.certificate();
  EXPECT_TRUE(call(std::move(request)));
}

TEST(Client, GivesUpAtItsDeadline) {
  const ScriptedPeer peer(always(ScriptedPeer::kSilence));
  OutboundRequest request = get(peer.url());
  request.timeout = core::Milliseconds(150);
  const auto before = std::chrono::steady_clock::now();
  const auto answer = call(std::move(request));
  expect_fault(answer, ErrorCode::kTimeout, "timeout");
  EXPECT_TRUE(answer.error().retriable);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST(Client, GivesUpWhenThePeerNeverEndsItsAnswer) {
  const ScriptedPeer peer(always("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  expect_fault(call(get(peer.url())), ErrorCode::kUnavailable, "malformed");
}

TEST(Client, S37_StopsReadingAtItsLimit) {
  const ScriptedPeer peer(always("HTTP/1.1 200 OK\r\n\r\n" + std::string(2'000'000, 'x')));
  expect_fault(call(get(peer.url())), ErrorCode::kTooLarge, "too-large");
}

TEST(Client, SaysThatNobodyListens) {
  std::string url;
  {
    const ScriptedPeer peer(always(""));
    url = peer.url();
  }
  const auto answer = call(get(url));
  expect_fault(answer, ErrorCode::kUnavailable, "refused");
  EXPECT_TRUE(answer.error().retriable);
}

TEST(Client, SaysThatTheConnectionWasClosed) {
  const ScriptedPeer peer(always(""));
  expect_fault(call(get(peer.url())), ErrorCode::kUnavailable, "refused");
}

TEST(Client, SaysThatANameIsUnknown) {
  OutboundRequest request = get("http://no-such-name.invalid/");
  request.allow_plaintext = true;
  expect_fault(call(std::move(request)), ErrorCode::kUnavailable, "dns");
}

TEST(Client, SaysThatThePeerDoesNotSpeakHttp) {
  const ScriptedPeer peer(always("SSH-2.0-x\r\n\r\n"));
  expect_fault(call(get(peer.url())), ErrorCode::kUnavailable, "malformed");
}

TEST(Client, AL16_ChecksTheAddressAndNotTheName) {
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")));
  const EgressRule strict{.allow_loopback = false, .denied_networks = {}};
  expect_fault(call(get(peer.url()), strict), ErrorCode::kForbidden, "refused");
  EXPECT_EQ(peer.connections(), 0);
  // Names and odd notations are what they lead to.
  const std::string port = std::to_string(peer.port());
  for (const char* host : {"localhost", "0x7f.1", "2130706433", "127.1", "017700000001"}) {
    expect_fault(call(get(std::string("http://") + host + ":" + port + "/"), strict), ErrorCode::kForbidden, "refused");
  }
  for (const char* host : {"169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]", "[fe80::1]"}) {
    expect_fault(call(get(std::string("https://") + host + ":" + port + "/")), ErrorCode::kForbidden, "refused");
  }
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Client, ReachesWhatTheOperatorNamed) {
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")));
  OutboundRequest request = get(peer.url());
  request.operator_address = true;
  EXPECT_TRUE(call(std::move(request), {.allow_loopback = false, .denied_networks = {}}));
}

TEST(Client, S03_SendsPlaintextToLoopbackOnly) {
  expect_fault(call(get("http://192.0.2.1/")), ErrorCode::kForbidden, "refused");
}

TEST(Client, RefusesARequestThatWouldBecomeAnother) {
  const ScriptedPeer peer(always(ScriptedPeer::answer(200, "x")));
  for (const auto& header : {Header{"X", "a\r\nY: b"}, Header{"X y", "a"}, Header{"Host", "other"},
                             Header{"Transfer-Encoding", "chunked"}, Header{"", "a"}}) {
    OutboundRequest request = get(peer.url());
    request.headers.push_back(header);
    const auto answer = call(std::move(request));
    ASSERT_FALSE(answer) << header.name;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(call(get("ftp://localhost/")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Client, EndsItsCallsWhenItStops) {
  const ScriptedPeer peer(always(ScriptedPeer::kSilence));
  const auto client = make_client();
  std::thread stopper([&] {
    EXPECT_TRUE(test::eventually([&] { return !peer.requests().empty(); }));
    client->stop();
  });
  OutboundRequest request = get(peer.url());
  request.timeout = std::chrono::minutes(5);
  const auto answer = client->send_and_wait(std::move(request), kRunning);
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().retriable);
  EXPECT_FALSE(client->send_and_wait(get(peer.url()), kRunning));
  EXPECT_EQ(peer.connections(), 1);
}

TEST(Client, EndsACallWhoseCallerStops) {
  const ScriptedPeer peer(always(ScriptedPeer::kSilence));
  std::atomic<bool> stopping{false};
  std::thread stopper([&] {
    EXPECT_TRUE(test::eventually([&] { return !peer.requests().empty(); }));
    stopping = true;
  });
  OutboundRequest request = get(peer.url());
  request.timeout = std::chrono::minutes(5);
  EXPECT_FALSE(make_client()->send_and_wait(std::move(request), stopping));
  stopper.join();
}

}  // namespace
}  // namespace embergate::http
