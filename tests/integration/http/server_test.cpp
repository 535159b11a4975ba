// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "server_fixture.hpp"
#include "support/eventually.hpp"
#include "support/http_client.hpp"

namespace embergate::http {
namespace {

using std::chrono::steady_clock;
using test::eventually;
using test::HttpConnection;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

using ServerTest = ServerFixture;

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  const auto port = start();
  HttpConnection connection(port);
  for (int i = 0; i < 20; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 1000, 'x');
    const auto reply = connection.request("POST", "/echo", {}, body);
    ASSERT_EQ(reply.status, 200) << reply.error;
    EXPECT_EQ(reply.body, body);
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_FALSE(reply.header("Date").empty());
  }
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ServerTest, AnAnswerInPartsArrivesWholeAndIsHeldUntilItIsSent) {
  const auto port = start();
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("GET /parts HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([this] { return holds(); })) << "nobody has read it yet";
  const auto reply = connection.read_reply();
  EXPECT_EQ(reply.header("Content-Length"), std::to_string(kBigBody + 2));
  EXPECT_EQ(reply.body, "a" + std::string(kBigBody, 'b') + "c");
  EXPECT_TRUE(eventually([this] { return !holds(); }));
  const auto head = connection.request("HEAD", "/parts");
  EXPECT_EQ(head.status, 200) << head.error;
  EXPECT_EQ(connection.request("GET", "/a").status, 200) << "nothing of the body followed the head";
}

TEST_F(ServerTest, WhatAnAnswerHoldsIsGivenUpBeforeTheRestOfTheRequestIsWaitedFor) {
  const auto port = start();
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("POST /parts HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"));
  ASSERT_EQ(connection.read_reply().status, 200);
  EXPECT_TRUE(test::eventually([&] { return !holds(); }, std::chrono::seconds(1)));
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ServerTest, AtACapAConnectionThatOnlyThrowsAwayABodyGivesWay) {
  ServerOptions options;
  options.max_connections = 2;
  const auto port = start(options);
  HttpConnection waiting(port);
  ASSERT_EQ(waiting.request("GET", "/a").status, 200);
  HttpConnection sender(port);
  ASSERT_TRUE(sender.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"));
  ASSERT_TRUE(sender.closed_by_peer()) << "half of it: the body is still waited for";
  EXPECT_EQ(test::request(port, "GET", "/a").status, 200);
  EXPECT_EQ(waiting.request("GET", "/a").status, 200) << "the one that waits was not closed for them";
}

// Anyone can ask and not read: each such connection kept its place for 30 s.
TEST_F(ServerTest, AtACapAConnectionWhosePeerDoesNotReadGivesWay) {
  ServerOptions options;
  options.max_connections = 1;
  const auto port = start(options);
  HttpConnection deaf(port);
  ASSERT_TRUE(deaf.send("GET /many-parts HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return seen().size() == 1; }));
  const auto asked = steady_clock::now();
  EXPECT_TRUE(eventually([&] { return test::request(port, "GET", "/a").status == 200; }));
  EXPECT_LT(steady_clock::now() - asked, options.write_deadline / 2);
}

// The first one is whole before the second begins: bytes that are still on the way are not held yet.
TEST_F(ServerTest, AllBodiesTogetherHoldNoMoreThanTheyMay) {
  ServerOptions options;
  options.max_bodies_bytes = kBodyLimit;
  const auto port = start(options);
  const std::string of_700_000 = " HTTP/1.1\r\nHost: x\r\nContent-Length: 700000\r\n\r\n";
  HttpConnection first(port);
  ASSERT_TRUE(first.send("POST /keep" + of_700_000 + std::string(700'000, 'x')));
  ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
  HttpConnection second(port);
  ASSERT_TRUE(second.send("POST /echo" + of_700_000 + std::string(699'999, 'x')));
  EXPECT_EQ(second.read_reply().status, 503) << "what is still coming counts as well";
  EXPECT_EQ(test::request(port, "POST", "/echo", {}, std::string(60'000, 'x')).status, 200)
      << "small ones do not count";
  release();
  EXPECT_EQ(first.read_reply().body, "released");
  EXPECT_TRUE(eventually([&] {
    return test::request(port, "POST", "/echo", {}, std::string(700'000, 'x')).status == 200;
  })) << "what was held is free again";
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  const auto port = start();
  HttpConnection connection(port);
  const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nthr\r\n0\r\n\r\n";
  ASSERT_TRUE(connection.send(post + "one" + post + "two" + chunked + post + "fou"));
  for (const char* body : {"one", "two", "thr", "fou"}) EXPECT_EQ(connection.read_reply().body, body);
}

TEST_F(ServerTest, ReadsARequestThatComesByteByByte) {
  const auto port = start();
  HttpConnection connection(port);
  const std::string bytes =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nX: y\r\n\r\n";
  for (const char c : bytes + bytes) ASSERT_TRUE(connection.send(std::string_view(&c, 1)));
  EXPECT_EQ(connection.read_reply().body, "abc");
  EXPECT_EQ(connection.read_reply().body, "abc");
}

TEST_F(ServerTest, ReadsABodyUpToTheLimit) {
  const auto port = start();
  HttpConnection connection(port);
  std::string body(kBodyLimit, 'x');
  body[77777] = 'y';
  const auto reply = connection.request("POST", "/echo", {}, body);
  EXPECT_EQ(reply.status, 200) << reply.error;
  EXPECT_TRUE(reply.body == body);
  EXPECT_EQ(connection.request("GET", "/a").status, 200);
}

TEST_F(ServerTest, RefusesABodyAboveTheLimitAndCloses) {
  const auto port = start();
  HttpConnection sized(port);
  EXPECT_EQ(sized.request("POST", "/echo", {}, std::string(kBodyLimit + 1, 'x')).status, 413);
  EXPECT_TRUE(sized.closed_by_peer());

  HttpConnection chunked(port);
  ASSERT_TRUE(chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n"));
  const auto reply = chunked.read_reply();
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(chunked.closed_by_peer());
}

// S-29 and decision 29.
TEST_F(ServerTest, ClosesAfterAnAnswerThatLeftTheBodyUnread) {
  const auto port = start();
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 28\r\n\r\n" + std::string(kGet)));
  const auto reply = connection.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_peer());
  EXPECT_THAT(connection.unread(), IsEmpty());
  EXPECT_THAT(seen(), ElementsAre("POST /ignore"));
}

TEST_F(ServerTest, AnswersBeforeTheBodyArrives) {
  const auto port = start();
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"));
  EXPECT_EQ(connection.read_reply().status, 200);
}

TEST_F(ServerTest, InvitesTheBodyWhenTheHandlerReadsIt) {
  const auto port = start();
  HttpConnection connection(port);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  ASSERT_TRUE(connection.send(head));
  ASSERT_TRUE(eventually([&] { return seen().size() == 1; }));
  ASSERT_TRUE(connection.send("abc"));
  const auto reply = connection.read_reply();
  EXPECT_EQ(reply.body, "abc");
  EXPECT_EQ(connection.interim_replies(), 1);
  EXPECT_EQ(connection.request("POST", "/echo", {}, "more").body, "more");
}

TEST_F(ServerTest, InvitesNoBodyThatItWillNotRead) {
  const auto port = start();
  HttpConnection ignored(port);
  const auto reply = ignored.request("POST", "/ignore", {{"Content-Length", "3"}, {"Expect", "100-continue"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(ignored.interim_replies(), 0);
  EXPECT_TRUE(ignored.closed_by_peer());

  HttpConnection too_large(port);
  EXPECT_EQ(too_large.request("POST", "/echo", {{"Content-Length", "99999999"}, {"Expect", "100-continue"}}).status,
            413);
  EXPECT_EQ(too_large.interim_replies(), 0);
}

TEST_F(ServerTest, AnswersHeadWithTheFieldsOfGetAndNoBody) {
  const auto port = start();
  HttpConnection connection(port);
  const auto get = connection.request("GET", "/a");
  const auto head = connection.request("HEAD", "/a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), get.header("Content-Length"));
  EXPECT_EQ(connection.request("GET", "/a").body, "ignored the body");
}

TEST_F(ServerTest, TurnsAnExceptionInto500AndKeepsTheConnection) {
  const auto port = start();
  HttpConnection connection(port);
  const auto reply = connection.request("GET", "/throw");
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, testing::Not(HasSubstr("on purpose")));
  EXPECT_EQ(connection.request("GET", "/a").status, 200);
}

TEST_F(ServerTest, GivesTheBodyOnlyOnce) {
  const auto port = start();
  HttpConnection connection(port);
  EXPECT_EQ(connection.request("POST", "/twice", {}, "abc").status, 500);
}

TEST_F(ServerTest, SendsALargeBodyToASlowReader) {
  const auto port = start();
  HttpConnection slow(port);
  ASSERT_TRUE(slow.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return seen().size() == 1; }));
  // The answer does not fit the sockets' buffers; meanwhile the one io thread serves others.
  EXPECT_EQ(test::request(port, "GET", "/a").status, 200);
  const auto reply = slow.read_reply();
  EXPECT_EQ(reply.body.size(), kBigBody);
  EXPECT_EQ(slow.request("GET", "/a").status, 200);
}

TEST_F(ServerTest, TellsThePeersAddressWithoutPort) {
  const auto port = start();
  EXPECT_EQ(test::request(port, "GET", "/address").body, "127.0.0.1");
}

TEST_F(ServerTest, SpeaksHttp10) {
  const auto port = start();
  HttpConnection closing(port);
  ASSERT_TRUE(closing.send("GET /a HTTP/1.0\r\n\r\n"));
  const auto reply = closing.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(closing.closed_by_peer());

  HttpConnection staying(port);
  ASSERT_TRUE(staying.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_EQ(staying.read_reply().header("Connection"), "keep-alive");
  EXPECT_EQ(staying.request("GET", "/a").status, 200);
}

TEST_F(ServerTest, ClosesWhenTheClientAsksForIt) {
  const auto port = start();
  HttpConnection connection(port);
  EXPECT_EQ(connection.request("GET", "/a", {{"Connection", "close"}}).header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_peer());
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, PassesOverOneEmptyLineBetweenRequests) {
  const auto port = start();
  HttpConnection connection(port);
  ASSERT_TRUE(connection.send("\r\n" + std::string(kGet) + "\r\n" + std::string(kGet)));
  EXPECT_EQ(connection.read_reply().status, 200);
  EXPECT_EQ(connection.read_reply().status, 200);
  ASSERT_TRUE(connection.send("\r\n\r\n" + std::string(kGet)));
  EXPECT_EQ(connection.read_reply().status, 400);
}

TEST_F(ServerTest, SaysThatAPortIsInUse) {
  const auto port = start();
  ServerOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  Server second(io_.get_executor(), options, nullptr);
  const auto result = second.listen();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().diagnostics, StartsWith("address 127.0.0.1:" + std::to_string(port) + " is in use"));
}

TEST_F(ServerTest, SaysThatAHostIsNotOfThisMachine) {
  ServerOptions options;
  options.port = 0;
  for (const char* host : {"203.0.113.1", "not a host"}) {
    options.host = host;
    Server server(io_.get_executor(), options, nullptr);
    const auto result = server.listen();
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().diagnostics, HasSubstr(host));
  }
}

// S-31: caps.
TEST_F(ServerTest, RefusesConnectionsAboveTheCap) {
  ServerOptions options;
  options.max_connections_per_address = 2;
  const auto port = start(options);
  HttpConnection first(port);
  HttpConnection second(port);
  for (HttpConnection* busy : {&first, &second}) ASSERT_TRUE(busy->send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return waiting() == 2; }));
  HttpConnection third(port);
  const auto reply = third.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_TRUE(third.closed_by_peer());
  release();
  for (HttpConnection* busy : {&first, &second}) EXPECT_EQ(busy->read_reply().body, "released");
  // An answer may be here a moment before its connection counts as one that waits, and so may give way.
  EXPECT_TRUE(eventually([&] { return test::request(port, "GET", "/a").status == 200; }));
}

TEST_F(ServerTest, AtACapTheConnectionThatHasWaitedLongestGivesWay) {
  ServerOptions options;
  options.max_connections = 2;
  const auto port = start(options);
  HttpConnection first(port);
  ASSERT_EQ(first.request("GET", "/a").status, 200);
  HttpConnection second(port);
  ASSERT_EQ(second.request("GET", "/a").status, 200);
  ASSERT_EQ(first.request("GET", "/a").status, 200);
  EXPECT_EQ(test::request(port, "GET", "/a").status, 200);
  EXPECT_TRUE(second.closed_by_peer());
  EXPECT_EQ(first.request("GET", "/a").status, 200);
}

TEST_F(ServerTest, ARequestThatNeverEndsIsNoReasonToKeepAConnection) {
  ServerOptions options;
  options.max_connections_per_address = 1;
  const auto port = start(options);
  HttpConnection slow(port);
  ASSERT_TRUE(slow.send("GET /a HTTP/1.1\r\nHost: x\r\n"));
  EXPECT_EQ(test::request(port, "GET", "/a").status, 200);
  EXPECT_TRUE(slow.closed_by_peer());
}

TEST_F(ServerTest, RefusesConnectionsAboveTheTotal) {
  ServerOptions options;
  options.max_connections = 1;
  const auto port = start(options);
  HttpConnection first(port);
  ASSERT_TRUE(first.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
  HttpConnection second(port);
  EXPECT_EQ(second.read_reply().status, 503);
  release();
}

TEST_F(ServerTest, EndsIdleConnectionsAtOnceAndRunningExchangesAfterTheirAnswer) {
  const auto port = start();
  HttpConnection idle(port);
  HttpConnection busy(port);
  ASSERT_EQ(idle.request("GET", "/a").status, 200);
  ASSERT_TRUE(busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return waiting() == 1; }));

  auto done = begin_shutdown(std::chrono::seconds(30));
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(done.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_FALSE(HttpConnection(port, std::chrono::seconds(2)).connected());
  release();
  const auto reply = busy.read_reply();
  EXPECT_EQ(reply.body, "released");
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(busy.closed_by_peer());
  EXPECT_EQ(done.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(ServerTest, ClosesWhatDoesNotEndWithinTheShutdownLimit) {
  const auto port = start();
  HttpConnection busy(port);
  ASSERT_TRUE(busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
  auto done = begin_shutdown(std::chrono::milliseconds(50));
  EXPECT_EQ(done.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_TRUE(busy.closed_by_peer());
  release();
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, ServesManyConnectionsOnSeveralThreads) {
  const auto port = start({}, 4);
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&right, port, c] {
      HttpConnection connection(port);
      for (int i = 0; i < 200; ++i) {
        const std::string body = std::to_string(c) + ":" + std::to_string(i);
        if (connection.request("POST", "/echo", {}, body).body == body) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 8 * 200);
}

}  // namespace
}  // namespace embergate::http
