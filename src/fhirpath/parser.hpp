// SPDX-License-Identifier: Apache-2.0
// Text to nodes: a Pratt parser over the grammar of FHIRPath 2.0.0. Names of functions, types and members are looked at
// later, by the checker. Thread: one user, one text. Failure: the first error ends the parse; CompileError says what
// was expected, where, and how to mend it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "embergate/fhirpath/expression.hpp"
#include "fhirpath/lexer.hpp"
#include "fhirpath/program.hpp"

namespace embergate::fhirpath {

struct ParseError {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

// Variables and type names stay text until the checker resolves them.
struct Names {
  std::vector<std::string> variables;  // AstNode::a of kVariable
};

class Parser {
 public:
  Parser(Program& program, Names& names);
  // The root is set in the program; nullopt when all is well.
  std::optional<ParseError> parse();

 private:
  static constexpr int kLowest = 0;  // below the power of every operator
  NodeId expression(int least_power);
  NodeId prefix();
  NodeId term();
  NodeId literal_number(bool negative);
  NodeId invocation(NodeId input, bool implicit_input);
  NodeId function_call(NodeId input, const Token& name, bool implicit_input);
  // Type { name: value, ... }; the brace is the next token.
  NodeId instance(NodeId input, const Token& name, bool implicit_input);
  bool instance_elements(AstNode& node);
  [[nodiscard]] bool may_be_type(NodeId input, bool implicit_input) const;
  NodeId binary(NodeId left, const Token& symbol, Op op, int power);
  bool arguments(AstNode& call);
  NodeId sort_key();
  std::optional<std::uint32_t> type_specifier();
  [[nodiscard]] std::string nearest_type(std::string_view name) const;
  std::optional<std::uint32_t> resolve_type(const std::string& name, std::uint32_t begin);

  NodeId add(AstNode node);
  [[nodiscard]] SourceRange range_of(const AstNode& node) const;
  NodeId constant(const Item& item, std::uint32_t position);
  NodeId this_node(std::uint32_t position, bool implicit);
  bool advance();
  bool expect(std::string_view symbol, std::string_view where);
  NodeId fail(std::string message, std::string hint = {});
  NodeId fail_at(std::size_t offset, std::string message, std::string hint = {});
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] std::string found() const;
  [[nodiscard]] std::string_view rest_from(std::size_t offset) const {
    return std::string_view(program_.text).substr(std::min(offset, program_.text.size()));
  }

  Program& program_;
  Names& names_;
  Lexer lexer_;
  Token token_;
  std::uint32_t previous_end_ = 0;      // of the token before token_
  std::vector<std::uint16_t> heights_;  // of the tree below each node
  std::size_t depth_ = 0;
  std::optional<ParseError> error_;
};

}  // namespace embergate::fhirpath
