// SPDX-License-Identifier: Apache-2.0
#include "kafka/broker_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace embergate::kafka {
namespace {

constexpr std::size_t kMostShown = 200;  // bytes of a broker's words
constexpr std::string_view kUnknown = "[...]";

// Behind these the library's texts hold what the broker said.
constexpr std::array<std::string_view, 5> kBrokerSpeaks{
    "SASL authentication error: ", "broker response: ", "broker's supported mechanisms: ",
    "authentication failed (principal=", "SASL OAUTHBEARER authentication failed: "};

// What brokers say: Apache Kafka, and the services that speak its protocol.
constexpr std::array<std::string_view, 63> kKnown{"a",
                                                  "access",
                                                  "account",
                                                  "an",
                                                  "and",
                                                  "authenticate",
                                                  "authentication",
                                                  "authorize",
                                                  "authorized",
                                                  "aws",
                                                  "broker",
                                                  "by",
                                                  "client",
                                                  "could",
                                                  "credential",
                                                  "credentials",
                                                  "denied",
                                                  "disabled",
                                                  "due",
                                                  "during",
                                                  "error",
                                                  "expired",
                                                  "failed",
                                                  "failure",
                                                  "for",
                                                  "from",
                                                  "gssapi",
                                                  "has",
                                                  "iam",
                                                  "in",
                                                  "invalid",
                                                  "invalid_token",
                                                  "is",
                                                  "listener",
                                                  "login",
                                                  "mechanism",
                                                  "msk",
                                                  "not",
                                                  "oauthbearer",
                                                  "of",
                                                  "on",
                                                  "or",
                                                  "password",
                                                  "plain",
                                                  "provided",
                                                  "request",
                                                  "sasl",
                                                  "scram",
                                                  "scram-sha-256",
                                                  "scram-sha-512",
                                                  "security",
                                                  "service",
                                                  "session",
                                                  "status",
                                                  "supported",
                                                  "the",
                                                  "to",
                                                  "token",
                                                  "unknown",
                                                  "unsupported",
                                                  "user",
                                                  "username",
                                                  "with"};

constexpr bool is_sorted() {
  for (std::size_t i = 1; i < kKnown.size(); ++i) {
    if (!(kKnown[i - 1] < kKnown[i])) return false;
  }
  return true;
}
static_assert(is_sorted(), "looked up by halves");

bool is_part_of_a_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_known(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::binary_search(kKnown.begin(), kKnown.end(), lower);
}

bool is_harmless(char c) { return std::string_view(" .,:;!?'\"(){}[]/").find(c) != std::string_view::npos; }

// One mark stands for any number of unknown words in a row, so that not even their lengths are shown.
std::string known_words(std::string_view said) {
  std::string shown;
  bool hides = false;
  std::size_t at = 0;
  while (at < said.size() && shown.size() < kMostShown) {
    std::size_t end = at;
    while (end < said.size() && is_part_of_a_word(said[end])) ++end;
    const bool is_word = end > at;
    if (!is_word) ++end;
    const std::string_view piece = said.substr(at, end - at);
    at = end;
    if (is_word ? is_known(piece) : is_harmless(piece.front())) {
      if (hides && !is_word) continue;
      if (hides) shown += ' ';
      hides = false;
      shown += piece;
    } else if (!hides) {
      hides = true;
      shown += kUnknown;
    }
  }
  while (!shown.empty() && shown.back() == ' ') shown.pop_back();
  return shown;
}

// " (after 312ms in state AUTH_REQ)", with how many like it were suppressed.
std::string without_times(std::string text) {
  const auto at = text.rfind(" (after ");
  if (at == std::string::npos || text.find("ms in state ", at) == std::string::npos) return text;
  int depth = 0;  // "error(s)" has brackets of its own
  for (std::size_t end = at; end < text.size(); ++end) {
    if (text[end] == '(') ++depth;
    if (text[end] == ')' && --depth == 0) return text.erase(at, end + 1 - at);
  }
  return text.erase(at);
}

}  // namespace

std::string without_broker_words(std::string_view said) {
  const std::string timeless = without_times(std::string(said));
  const std::string_view text(timeless);
  for (const std::string_view mark : kBrokerSpeaks) {
    const auto found = text.find(mark);
    if (found == std::string_view::npos) continue;
    const std::size_t end = found + mark.size();
    return std::string(text.substr(0, end)).append(known_words(text.substr(end)));
  }
  return std::string(text);
}

}  // namespace embergate::kafka
