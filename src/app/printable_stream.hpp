// SPDX-License-Identifier: Apache-2.0
// A stream that passes on what is written to it in whole lines, in which nothing steers a terminal or hides: arguments,
// files and answers of others may hold anything, and every message quotes some. Thread: one. Ownership: the stream
// behind it outlives it; what has no line feed yet is passed on at the end. Failure: that of the stream behind it.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>

namespace embergate::app {

class PrintableStream : public std::ostream {
 public:
  explicit PrintableStream(std::ostream& behind) : std::ostream(nullptr), lines_(behind) { rdbuf(&lines_); }
  PrintableStream(const PrintableStream&) = delete;
  PrintableStream& operator=(const PrintableStream&) = delete;

 private:
  class Lines : public std::streambuf {
   public:
    explicit Lines(std::ostream& behind) : behind_(behind) {}
    ~Lines() override { pass_on(text_.size()); }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

   private:
    int_type overflow(int_type c) override;
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int sync() override;
    void pass_on(std::size_t size);

    std::ostream& behind_;
    std::string text_;
  };

  Lines lines_;
};

}  // namespace embergate::app
