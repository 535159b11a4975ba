// SPDX-License-Identifier: Apache-2.0
// The chunked coding of RFC 9112 7.1, taken apart strictly: bounded size digits, bounded extensions, bounded trailers
// (checked, then dropped). Thread: a plain object of one connection. Units: bytes. Failure: kMalformed and kTooLarge
// are final.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace embergate::http {

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(std::size_t body_limit) : limit_(body_limit) {}
  enum class State { kMore, kComplete, kMalformed, kTooLarge };
  struct Step {
    State state;
    std::size_t consumed;  // bytes of the input that are done with
  };
  // Appends what `input` holds of the body. Bytes behind a complete body are not consumed: they are the next request.
  // With kMore an unconsumed rest (part of a line) must be given again together with what follows it.
  Step feed(std::string_view input, std::string& body);

 private:
  enum class Expect { kSize, kData, kDataEnd, kTrailer };
  State take_size_line(std::string_view line, std::size_t body_size);
  State take_trailer(std::string_view line);

  std::size_t limit_;
  std::uint64_t chunk_left_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  Expect expect_ = Expect::kSize;
};

}  // namespace embergate::http
