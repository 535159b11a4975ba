// SPDX-License-Identifier: Apache-2.0
// A certificate authority that lives in memory, for tests of TLS: makes pairs of certificate and key, valid or expired.
// Nothing is kept. Thread: one at a time. Failure: ends the test program.
#pragma once

#include <memory>
#include <string>

namespace embergate::test {

struct TestPair {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS#8
};

class TestCa {
 public:
  struct Subject {
    std::string name = "localhost";                          // common name
    std::string alternative = "DNS:localhost,IP:127.0.0.1";  // subjectAltName; empty: none
    int first_day = -1;                                      // from today
    int last_day = 30;
  };
  explicit TestCa(const std::string& name = "Embergate test CA");
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  [[nodiscard]] const std::string& certificate() const;  // PEM
  [[nodiscard]] TestPair issue(const Subject& subject) const;
  [[nodiscard]] TestPair issue() const { return issue(Subject()); }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::test
