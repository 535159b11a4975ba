// SPDX-License-Identifier: Apache-2.0
// To whom a credential goes: by the user who holds the other end, or by the certificate that it shows.
#include "app/gateway_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "app/socket_owner.hpp"
#include "support/pki.hpp"
#include "support/scripted_peer.hpp"
#include "support/temp_dir.hpp"
#include "support/variables.hpp"

namespace embergate::app {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

GatewayAnswer ask(const GatewayPlace& place, milliseconds limit = std::chrono::seconds(20)) {
  return ask_gateway(place, "/health", vault::Secret(std::string("root:cnry")),
                     std::chrono::steady_clock::now() + limit);
}

// Takes IPv4 as well. Accepts nothing by itself.
class Port {
 public:
  Port() : handle_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int off = 0;
    ::setsockopt(handle_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    socklen_t size = sizeof address;
    is_open_ = ::bind(handle_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(handle_, 8) == 0 &&
               ::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    number_ = ntohs(address.sin6_port);
  }
  ~Port() { ::close(handle_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] std::uint16_t number() const { return number_; }
  [[nodiscard]] int accept() const { return ::accept(handle_, nullptr, nullptr); }

 private:
  int handle_;
  bool is_open_ = false;
  std::uint16_t number_ = 0;
};

int connect_to(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return handle;
}

TEST(SocketOwner, IsWhoAcceptedTheConnectionAndNoOneBefore) {
  const Port port;
  if (!port.is_open()) GTEST_SKIP() << "no IPv6 here";
  const int ours = connect_to(port.number());
  EXPECT_EQ(other_end_of(ours).state, OtherEnd::State::kNotTaken);
  const int theirs = port.accept();
  const OtherEnd held = other_end_of(ours);
  EXPECT_EQ(held.state, OtherEnd::State::kHeld) << "IPv4 to a socket of IPv6";
  EXPECT_EQ(held.user, ::geteuid());
  ::close(theirs);
  EXPECT_EQ(other_end_of(ours).state, OtherEnd::State::kClosed);
  ::close(ours);
}

TEST(SocketOwner, IsReadFromTheRowOfThatEndAlone) {
  const std::string ends = " 0100007F:1F90 0100007F:C350 ";
  const auto row = [&](const std::string& state, const std::string& user, const std::string& inode) {
    return "  sl  local_address rem_address   st\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
           "00000000     7        0 11 1\n   1:" +
           ends + state + " 00000000:00000000 00:00000000 00000000  " + user + "        0 " + inode + " 1 0\n";
  };
  const OtherEnd held = other_end_in(row("01", "1001", "12345"), ends);
  EXPECT_EQ(held.state, OtherEnd::State::kHeld);
  EXPECT_EQ(held.user, 1001U);
  EXPECT_EQ(other_end_in(row("01", "0", "0"), ends).state, OtherEnd::State::kNotTaken) << "not root's";
  EXPECT_EQ(other_end_in(row("03", "1001", "0"), ends).state, OtherEnd::State::kNotTaken);
  EXPECT_EQ(other_end_in(row("06", "0", "0"), ends).state, OtherEnd::State::kClosed);
  EXPECT_EQ(other_end_in(row("01", "1001", "12345"), " 0100007F:1F90 0100007F:C351 ").state,
            OtherEnd::State::kElsewhere);
  EXPECT_EQ(other_end_in(ends + "01 cut", ends).state, OtherEnd::State::kElsewhere);
}

// The kernel completes connections before anyone accepts them, and shows them as root's.
TEST(GatewayCall, SendsNothingWhileNoProcessHoldsTheOtherEnd) {
  const Port port;
  if (!port.is_open()) GTEST_SKIP() << "no IPv6 here";
  GatewayPlace place;
  place.port = port.number();
  place.proof.users = {0, ::geteuid()};
  const GatewayAnswer answer = ask(place, milliseconds(200));
  EXPECT_FALSE(answer.connected);
  EXPECT_THAT(answer.why, AllOf(HasSubstr("no credential was sent"), HasSubstr("no process takes the connection")));
  const int theirs = port.accept();
  char byte = 0;
  EXPECT_EQ(::recv(theirs, &byte, 1, 0), 0) << "closed, and nothing before";
  ::close(theirs);
}

class OwnCertificate : public testing::Test {
 protected:
  OwnCertificate() {
    std::signal(SIGPIPE, SIG_IGN);  // the peer may still write when its connection is ended
    place.tls = true;
    place.port = peer.port();
  }
  // What the settings prove by their certificate alone.
  static GatewayProof proof(std::vector<std::string> settings) {
    test::Variables variables(std::move(settings));
    GatewayProof proof = proof_of(read_all_settings(variables.get()));
    proof.users.clear();
    return proof;
  }

  const test::Authority ca{"Embergate test CA"};
  const test::Issued pair = ca.issue("localhost");
  test::TempDir directory;
  test::ScriptedPeer peer{[](const std::string&) { return test::ScriptedPeer::answer(200, "{}"); }, pair};
  GatewayPlace place;
};

TEST_F(OwnCertificate, IsProofOfTheGatewayWhoeverHoldsTheOtherEnd) {
  const std::string path = directory.write("tls.pem", pair.key + ca.certificate() + pair.certificate);
  place.proof = proof({"BOX_WEB_TLS_CERT=" + path});
  EXPECT_EQ(ask(place).status(), 200) << ask(place).why;
  const std::string config =
      directory.write("vault.json", R"({"secret":{"web":{"path":")" + path + R"(","scope":["Listener/web"]}}})");
  place.proof = proof({"BOX_WEB_TLS_CERT=web", "BOX_VAULT_CONFIG=" + config});
  EXPECT_EQ(ask(place).status(), 200) << ask(place).why;
}

TEST_F(OwnCertificate, ThatIsAnotherOneProvesNothing) {
  const std::string other = directory.write("other.pem", ca.issue("localhost").certificate + ca.certificate());
  place.proof = proof({"BOX_WEB_TLS_CERT=" + other});
  const GatewayAnswer answer = ask(place);
  EXPECT_FALSE(answer.connected);
  EXPECT_THAT(answer.why, HasSubstr("its certificate is not the one of BOX_WEB_TLS_CERT"));
  place.proof = proof({"BOX_WEB_TLS_CERT=" + directory.file("absent")});
  EXPECT_THAT(ask(place).why, HasSubstr("cannot be read here"));
  EXPECT_THAT(peer.requests(), IsEmpty());
}

}  // namespace
}  // namespace embergate::app
