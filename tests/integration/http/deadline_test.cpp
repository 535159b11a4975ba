// SPDX-License-Identifier: Apache-2.0
// S-31 and the mechanism of BI-17: slow peers are cut at their deadline and delay nobody. The deadlines are short here;
// each test that expects a cut gives it twenty seconds.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "server_fixture.hpp"
#include "support/eventually.hpp"
#include "support/http_client.hpp"

namespace embergate::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::eventually;
using test::HttpConnection;

using DeadlineTest = ServerFixture;

// A shell's limit is often 1,024, less than both ends of many connections.
bool allow_files(rlim_t count) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max < count) return false;
  files.rlim_cur = std::max(files.rlim_cur, count);
  return setrlimit(RLIMIT_NOFILE, &files) == 0;
}

// A peer with small windows, so that little of an answer is on the way.
class SlowReader {
 public:
  SlowReader(std::uint16_t port, std::string_view request) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int buffer = 32 * 1024;
    const int segment = 536;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(socket_, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  }
  ~SlowReader() { ::close(socket_); }
  SlowReader(const SlowReader&) = delete;
  SlowReader& operator=(const SlowReader&) = delete;

  void read_at_most(std::size_t bytes) {
    std::vector<char> room(bytes);
    const ssize_t got = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
    if (got > 0) taken_ += static_cast<std::size_t>(got);
  }
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  int socket_;
  std::size_t taken_ = 0;
};

TEST_F(DeadlineTest, CutsAHeadThatDoesNotEnd) {
  ServerOptions options;
  options.header_deadline = milliseconds(100);
  const auto port = start(options);
  HttpConnection connection(port);
  const auto begin = steady_clock::now();
  ASSERT_TRUE(connection.send("GET /a HTTP/1.1\r\nHost: x\r\n"));
  EXPECT_EQ(connection.read_reply().status, 408);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(90));
  EXPECT_TRUE(connection.closed_by_peer());
}

TEST_F(DeadlineTest, CutsAHeadThatTricklesHoweverOftenABytesComes) {
  ServerOptions options;
  options.header_deadline = milliseconds(200);
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("GET /a HTTP/1.1\r\nHost: x\r\nX-A: "));
  // One more byte every few milliseconds: the deadline counts from the first one all the same.
  EXPECT_TRUE(eventually([&] { return !connection.send("a") || server_->connections() == 0; }));
  EXPECT_THAT(connection.read_until_closed(), testing::StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(seen(), testing::IsEmpty());
}

TEST_F(DeadlineTest, CutsTheSecondHeadAsWell) {
  ServerOptions options;
  options.header_deadline = milliseconds(100);
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_EQ(connection.request("GET", "/a").status, 200);
  ASSERT_TRUE(connection.send("GET"));
  EXPECT_EQ(connection.read_reply().status, 408);
}

TEST_F(DeadlineTest, ClosesASilentNewConnectionWithoutAnAnswer) {
  ServerOptions options;
  options.header_deadline = milliseconds(100);
  const auto port = start(options);
  HttpConnection connection(port);
  EXPECT_EQ(connection.read_until_closed(), "");
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(DeadlineTest, ClosesAnIdleConnectionAtItsOwnTimeout) {
  ServerOptions options;
  options.header_deadline = milliseconds(50);
  options.idle_timeout = milliseconds(400);
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_EQ(connection.request("GET", "/a").status, 200);
  const auto begin = steady_clock::now();
  EXPECT_TRUE(connection.closed_by_peer());
  EXPECT_EQ(connection.unread(), "");
  // Not at the shorter deadline of a head that has begun.
  EXPECT_GE(steady_clock::now() - begin, milliseconds(300));
}

TEST_F(DeadlineTest, CutsABodyBelowTheMinimumRate) {
  ServerOptions options;
  options.body_grace = milliseconds(100);
  options.body_min_bytes_per_second = 1'000'000;
  const auto port = start(options);
  for (const char* framing : {"Content-Length: 900000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nF0000\r\n"}) {
    HttpConnection connection(port);
    ASSERT_TRUE(connection.send(std::string("POST /echo HTTP/1.1\r\nHost: x\r\n") + framing + "abc"));
    EXPECT_EQ(connection.read_reply().status, 408);
    EXPECT_TRUE(connection.closed_by_peer());
  }
}

TEST_F(DeadlineTest, CutsABodyThatStallsAfterAFastStart) {
  ServerOptions options;
  options.body_grace = milliseconds(100);
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_TRUE(
      connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + std::string(800'000, 'x')));
  EXPECT_EQ(connection.read_reply().status, 408);
}

TEST_F(DeadlineTest, KeepsABodyAboveTheMinimumRate) {
  ServerOptions options;
  options.body_grace = milliseconds(500);
  options.body_min_bytes_per_second = 10;
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
  const auto end = steady_clock::now() + milliseconds(1500);
  std::size_t sent = 0;
  // Three windows long, a little at a time.
  EXPECT_TRUE(eventually([&] {
    sent += 10;
    return !connection.send("0123456789") || steady_clock::now() > end;
  }));
  ASSERT_TRUE(connection.send(std::string(100'000 - sent, 'x')));
  EXPECT_EQ(connection.read_reply().status, 200);
}

TEST_F(DeadlineTest, CutsAPeerThatDoesNotReadItsAnswer) {
  ServerOptions options;
  options.write_deadline = milliseconds(100);
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return seen().size() == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

// It takes a whole part within each deadline, and never its share of the whole.
TEST_F(DeadlineTest, CutsAPeerThatReadsALargeAnswerPartByPart) {
  ServerOptions options;
  options.write_deadline = milliseconds(500);
  options.large_answer_min_bytes_per_second = 8 * 1024 * 1024;
  SlowReader reader(start(options), "GET /many-parts HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return seen().size() == 1; }));
  const std::size_t whole = kManyParts * 16 * 1024;
  EXPECT_TRUE(eventually([&] {
    reader.read_at_most(16 * 1024);
    return server_->connections() == 0;
  }));
  EXPECT_LT(reader.taken(), whole);
}

TEST_F(DeadlineTest, PutsNoDeadlineOnAHandler) {
  ServerOptions options;
  options.header_deadline = options.idle_timeout = options.body_grace = options.write_deadline = milliseconds(40);
  const auto port = start(options);
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
  const auto end = steady_clock::now() + milliseconds(300);
  ASSERT_TRUE(eventually([&] { return steady_clock::now() > end; }));
  release();
  EXPECT_EQ(connection.read_reply().body, "released");
}

// Five hundred of each kind at once, one io thread.
TEST_F(DeadlineTest, BI17_ServesOthersWhileManyPeersAreSlowAndCutsThemAll) {
  ASSERT_TRUE(allow_files(2'200));
  ServerOptions options;
  options.header_deadline = milliseconds(1500);
  options.body_grace = milliseconds(1500);
  options.max_connections_per_address = 2000;
  const auto port = start(options);
  std::vector<std::unique_ptr<HttpConnection>> slow;
  for (int i = 0; i < 500; ++i) {
    slow.push_back(std::make_unique<HttpConnection>(port));
    ASSERT_TRUE(slow.back()->send("GET /slow HTTP/1.1\r\nHost: x\r\nX-A: b"));
    slow.push_back(std::make_unique<HttpConnection>(port));
    ASSERT_TRUE(slow.back()->send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nabc"));
  }
  HttpConnection normal(port);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(normal.request("POST", "/echo", {}, "hello").body, "hello");
  for (auto& connection : slow) ASSERT_EQ(connection->read_reply().status, 408);
  EXPECT_TRUE(eventually([&] {
    slow.clear();
    return server_->connections() <= 1;
  }));
}

}  // namespace
}  // namespace embergate::http
