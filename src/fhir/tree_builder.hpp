// SPDX-License-Identifier: Apache-2.0
// Builds the node records of one Resource while simdjson's On-Demand parser walks its text (json_walk.cpp calls, in
// document order, what is public here). This is where S-19, S-30 and S-33 are checked. Thread: one builder per parse,
// on the calling thread. Ownership: lives for one parse; `nodes` is the thread's scratch. Failure: a function that
// returns false has noted the first fault, with its line, column and element path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

class TreeBuilder {
 public:
  TreeBuilder(Resource& resource, const ParseLimits& limits, std::vector<NodeRecord>& nodes)
      : resource_(resource), limits_(limits), nodes_(nodes) {}

  // A container begins: its bracket stands at `place`.
  bool open(NodeKind kind, const char* place);
  // The innermost container ends; `after` is behind its closing bracket, with nothing but white space between.
  bool close(const char* after);
  // The name of the member whose value comes next; `begin` is behind the opening quote.
  bool name(const char* begin);
  // A value that is no container: its characters and the white space behind it.
  bool scalar(std::string_view token);
  bool fail(core::ErrorCode code, const char* place, std::string what);

  // Hands the records over: a copy of just their size, or the scratch itself when no one uses it again. Only after
  // every call gave true.
  void finish(bool take_scratch);
  [[nodiscard]] const core::Error& error() const { return *error_; }

 private:
  bool null(const char* place);
  bool string(std::string_view token);
  bool number(std::string_view token);
  bool add(NodeKind kind, const char* begin, std::size_t length);
  bool count_tokens(std::size_t count, const char* place);
  bool check_new_member(const char* place);
  bool check_many_members(std::uint32_t object, const char* place);
  bool fail_duplicate(std::uint32_t object, std::string_view duplicate, const char* place);
  [[nodiscard]] std::string_view name_of(const NodeRecord& record) const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::uint32_t offset_of(const char* place) const {
    return static_cast<std::uint32_t>(place - resource_.text_.data());
  }

  struct Open {
    std::uint32_t node;
    std::uint64_t names_seen;  // one bit per name's hash: most new names need no comparison
  };
  struct Name {
    std::uint32_t begin = 0;
    std::uint16_t length = 0;
    std::uint8_t flags = 0;
  };

  Resource& resource_;
  const ParseLimits& limits_;
  std::vector<NodeRecord>& nodes_;
  std::vector<Open> open_;
  Name name_;
  std::size_t tokens_ = 0;
  std::optional<core::Error> error_;
};

}  // namespace embergate::fhir
