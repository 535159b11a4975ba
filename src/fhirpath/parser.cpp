// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fhirpath/function_table.hpp"
#include "fhirpath/habits.hpp"

namespace embergate::fhirpath {
namespace {

// Chains of operators lean to the left and nest without brackets; they may be this many times deeper than brackets.
constexpr std::size_t kChainFactor = 4;

constexpr int kUnaryPower = 110;
constexpr int kTypePower = 80;

struct BinaryOperator {
  std::string_view text;
  Op op;
  int power;
};
constexpr BinaryOperator kOperators[] = {
    {"*", Op::kMultiply, 100},    {"/", Op::kDivide, 100},
    {"div", Op::kDiv, 100},       {"mod", Op::kMod, 100},
    {"+", Op::kAdd, 90},          {"-", Op::kSubtract, 90},
    {"&", Op::kConcatenate, 90},  {"is", Op::kIs, kTypePower},
    {"as", Op::kAs, kTypePower},  {"|", Op::kUnion, 70},
    {"<=", Op::kLessOrEqual, 60}, {"<", Op::kLess, 60},
    {">", Op::kGreater, 60},      {">=", Op::kGreaterOrEqual, 60},
    {"=", Op::kEqual, 50},        {"~", Op::kEquivalent, 50},
    {"!=", Op::kNotEqual, 50},    {"!~", Op::kNotEquivalent, 50},
    {"in", Op::kIn, 40},          {"contains", Op::kContains, 40},
    {"and", Op::kAnd, 30},        {"or", Op::kOr, 20},
    {"xor", Op::kXor, 20},        {"implies", Op::kImplies, 10},
};

const BinaryOperator* operator_of(const Token& token) {
  if (token.kind != TokenKind::kSymbol && (token.kind != TokenKind::kIdentifier || token.delimited)) return nullptr;
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [&](const auto& row) { return row.text == token.value; });
  return found == std::end(kOperators) ? nullptr : found;
}

// Words that cannot begin a term.
bool is_reserved(const Token& token) {
  static constexpr std::string_view kReserved[] = {"and", "or", "xor", "implies", "div", "mod", "true", "false"};
  return !token.delimited && std::find(std::begin(kReserved), std::end(kReserved), token.value) != std::end(kReserved);
}

bool takes_type(std::string_view name) { return name == "is" || name == "as" || name == "ofType"; }

}  // namespace

Place place_of(std::string_view text, std::size_t offset) {
  Place place;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

Parser::Parser(Program& program, Names& names) : program_(program), names_(names), lexer_(program.text) {}

std::optional<ParseError> Parser::parse() {
  if (!advance()) return error_;
  if (token_.kind == TokenKind::kEnd) {
    fail("expected an expression, found nothing", "write a condition, for example status = 'final'");
    return error_;
  }
  const NodeId root = expression(kLowest);
  if (!failed() && token_.kind != TokenKind::kEnd) {
    fail(fmt::format("expected an operator or the end, found {}", found()),
         "join two conditions with and, or, implies");
  }
  program_.root = root;
  return error_;
}

bool Parser::advance() {
  previous_end_ = token_.end;
  token_ = lexer_.next();
  if (token_.kind != TokenKind::kError) return true;
  if (!failed()) error_ = ParseError{token_.begin, token_.value, hint_for(rest_from(token_.begin))};
  return false;
}

std::string Parser::found() const {
  if (token_.kind == TokenKind::kEnd) return "the end";
  return fmt::format(
      "'{}'",
      std::string_view(program_.text).substr(token_.begin, std::min<std::size_t>(token_.end - token_.begin, 40)));
}

NodeId Parser::fail(std::string message, std::string hint) {
  return fail_at(token_.begin, std::move(message), std::move(hint));
}

NodeId Parser::fail_at(std::size_t offset, std::string message, std::string hint) {
  if (!failed()) error_ = ParseError{offset, std::move(message), std::move(hint)};
  return kNoNode;
}

bool Parser::expect(std::string_view symbol, std::string_view where) {
  if (token_.is_symbol(symbol)) return advance();
  const bool is_value = token_.kind != TokenKind::kEnd && token_.kind != TokenKind::kSymbol;
  fail(fmt::format("expected {} {}, found {}", symbol, where, found()),
       is_value ? "an operator may be missing before it" : hint_for(rest_from(token_.begin)));
  return false;
}

NodeId Parser::add(AstNode node) {
  if (failed()) return kNoNode;
  if (program_.nodes.size() >= program_.limits.max_nodes) {
    return fail_at(node.position, fmt::format("the expression has more than {} parts", program_.limits.max_nodes),
                   "split it into several triggers");
  }
  std::size_t height = 0;
  const auto below = [&](std::uint32_t child) {
    if (child < heights_.size()) height = std::max<std::size_t>(height, heights_[child]);
  };
  if (node.op != Op::kConstant && node.op != Op::kVariable) {
    below(node.a);
    if (node.op == Op::kFunction || node.op == Op::kInstance) {
      for (std::uint32_t i = 0; i < node.count; ++i) below(program_.arguments[node.b + i]);
    } else if (node.op != Op::kMember && node.op != Op::kElementValue && node.op != Op::kIs && node.op != Op::kAs) {
      below(node.b);
    }
  }
  if (++height > program_.limits.max_depth * kChainFactor) {
    return fail_at(node.position, "the expression is nested too deeply", "split it into several triggers");
  }
  heights_.push_back(static_cast<std::uint16_t>(std::min<std::size_t>(height, UINT16_MAX)));
  program_.nodes.push_back(node);
  program_.ranges.push_back(range_of(node));
  return static_cast<NodeId>(program_.nodes.size() - 1);
}

// A node is added when its last token is behind the parser; it begins where its first part does.
SourceRange Parser::range_of(const AstNode& node) const {
  if (node.op == Op::kThis && node.flag) return {node.position, node.position};
  const bool has_input = node.op != Op::kConstant && node.op != Op::kVariable && node.a < program_.ranges.size();
  const std::uint32_t begin = has_input ? program_.ranges[node.a].begin : node.position;
  return {std::min(begin, node.position), previous_end_};
}

NodeId Parser::constant(const Item& item, std::uint32_t position) {
  program_.constants.push_back(item);
  return add({.op = Op::kConstant,
              .a = static_cast<std::uint32_t>(program_.constants.size() - 1),
              .b = 1,
              .position = position});
}

NodeId Parser::this_node(std::uint32_t position, bool implicit) {
  return add({.op = Op::kThis, .flag = implicit, .position = position});
}

NodeId Parser::expression(int least_power) {
  if (++depth_ > program_.limits.max_depth) {
    return fail(fmt::format("the expression is nested deeper than {}", program_.limits.max_depth),
                "split it into several triggers");
  }
  NodeId left = prefix();
  while (!failed()) {
    const Token symbol = token_;
    if (symbol.is_symbol(".")) {
      if (!advance()) break;
      left = invocation(left, false);
    } else if (symbol.is_symbol("[")) {
      if (!advance()) break;
      const NodeId index = expression(kLowest);
      if (failed() || !expect("]", "after the index")) break;
      left = add({.op = Op::kElementAt, .a = left, .b = index, .position = symbol.begin});
    } else {
      const BinaryOperator* row = operator_of(symbol);
      if (!row || row->power <= least_power) break;
      left = binary(left, symbol, row->op, row->power);
    }
  }
  --depth_;
  return failed() ? kNoNode : left;
}

NodeId Parser::binary(NodeId left, const Token& symbol, Op op, int power) {
  if (!advance()) return kNoNode;
  if (power == kTypePower) {
    const auto type = type_specifier();
    if (!type) return kNoNode;
    return add({.op = op, .a = left, .b = *type, .position = symbol.begin});
  }
  const NodeId right = expression(power);
  if (failed()) return kNoNode;
  return add({.op = op, .a = left, .b = right, .position = symbol.begin});
}

NodeId Parser::prefix() {
  if (!token_.is_symbol("+") && !token_.is_symbol("-")) return term();
  const bool negative = token_.is_symbol("-");
  const std::uint32_t position = token_.begin;
  if (!advance()) return kNoNode;
  if (negative && token_.kind == TokenKind::kNumber && token_.value == "2147483648") return literal_number(true);
  const NodeId operand = expression(kUnaryPower);
  if (failed()) return kNoNode;
  return add({.op = negative ? Op::kNegate : Op::kPlus, .a = operand, .position = position});
}

NodeId Parser::term() {
  const std::uint32_t position = token_.begin;
  const Token token = token_;
  switch (token.kind) {
    case TokenKind::kNumber:
    case TokenKind::kLong:
      return literal_number(false);
    case TokenKind::kString:
      if (!advance()) return kNoNode;
      return constant(Item::string(program_.strings.emplace_back(token.value)), position);
    case TokenKind::kDate:
    case TokenKind::kDateTime:
    case TokenKind::kTime: {
      if (!advance()) return kNoNode;
      const auto kind = token.kind == TokenKind::kDate
                            ? TemporalKind::kDate
                            : (token.kind == TokenKind::kTime ? TemporalKind::kTime : TemporalKind::kDateTime);
      return constant(Item::temporal(kind, token.temporal), position);
    }
    case TokenKind::kThis:
      if (!advance()) return kNoNode;
      return this_node(position, false);
    case TokenKind::kIndex:
    case TokenKind::kTotal:
      if (!advance()) return kNoNode;
      return add({.op = token.kind == TokenKind::kIndex ? Op::kIndex : Op::kTotal, .position = position});
    case TokenKind::kVariable:
      if (!advance()) return kNoNode;
      names_.variables.push_back(token.value);
      return add(
          {.op = Op::kVariable, .a = static_cast<std::uint32_t>(names_.variables.size() - 1), .position = position});
    case TokenKind::kSymbol:
      if (token.value == "(") {
        if (!advance()) return kNoNode;
        const NodeId inner = expression(kLowest);
        if (failed() || !expect(")", "to close the bracket")) return kNoNode;
        program_.ranges[inner] = {position, previous_end_};
        return inner;
      }
      if (token.value == "{") {
        if (!advance() || !expect("}", "after {: {} is the empty collection")) return kNoNode;
        return add({.op = Op::kConstant, .a = 0, .b = 0, .position = position});
      }
      break;
    case TokenKind::kIdentifier:
      if (token.is_word("true") || token.is_word("false")) {
        if (!advance()) return kNoNode;
        return constant(Item::boolean(token.value == "true"), position);
      }
      if (!is_reserved(token)) return invocation(this_node(position, true), true);
      break;
    default:
      break;
  }
  return fail(fmt::format("expected a value, a name or (, found {}", found()), hint_for(rest_from(position)));
}

NodeId Parser::literal_number(bool negative) {
  const Token number = token_;
  if (!advance()) return kNoNode;
  const auto value = Decimal::parse(number.value);
  if (!value) return fail_at(number.begin, "the number is too large", "at most 38 digits");
  if (number.kind == TokenKind::kLong) {
    const auto whole = value->to_integer();
    if (!whole) return fail_at(number.begin, "the number does not fit into 64 bits");
    return constant(Item::long_integer(*whole), number.begin);
  }
  const bool is_word = token_.kind == TokenKind::kIdentifier && !token_.delimited;
  if (token_.kind == TokenKind::kString || (is_word && calendar_unit(token_.value))) {
    const Token unit = token_;
    if (!advance()) return kNoNode;
    const std::string& text = program_.strings.emplace_back(unit.value);
    program_.quantities.push_back(
        {negative ? negate(*value) : *value, text, is_word ? calendar_unit(text) : std::nullopt});
    return constant(Item::quantity(&program_.quantities.back()), number.begin);
  }
  if (number.value.find('.') != std::string::npos) return constant(Item::decimal(*value), number.begin);
  const auto whole = value->to_integer();
  if (!whole || (*whole > INT32_MAX && !negative)) {
    return fail_at(number.begin, "the integer does not fit into 32 bits",
                   "write it with a decimal point or an L at the end");
  }
  return constant(Item::integer(negative ? -*whole : *whole), number.begin);
}

NodeId Parser::invocation(NodeId input, bool implicit_input) {
  const Token name = token_;
  if (name.kind == TokenKind::kThis || name.kind == TokenKind::kIndex || name.kind == TokenKind::kTotal) {
    return fail("expected a name after the dot", "$this, $index and $total stand at the beginning of a path");
  }
  if (name.kind != TokenKind::kIdentifier) {
    return fail(fmt::format("expected a name after the dot, found {}", found()),
                "names with other characters go between backticks");
  }
  if (!advance()) return kNoNode;
  if (token_.is_symbol("(")) return function_call(input, name, implicit_input);
  if (token_.is_symbol("{") && may_be_type(input, implicit_input)) return instance(input, name, implicit_input);
  program_.members.push_back({.name = program_.strings.emplace_back(name.value)});
  const auto member = static_cast<std::uint32_t>(program_.members.size() - 1);
  return add({.op = Op::kMember, .flag = implicit_input, .a = input, .b = member, .position = name.begin});
}

NodeId Parser::function_call(NodeId input, const Token& name, bool implicit_input) {
  const FunctionInfo* info = find_function(name.value);
  if (!info) {
    const std::string_view reason = why_missing(name.value);
    if (!reason.empty()) return fail_at(name.begin, std::string(reason));
    const std::string_view near = nearest_function(name.value);
    return fail_at(name.begin, fmt::format("unknown function {}()", name.value),
                   near.empty() ? "the reference of FHIRPath lists those that there are"
                                : fmt::format("did you mean {}()?", near));
  }
  AstNode call{
      .op = Op::kFunction, .function = info->function, .flag = implicit_input, .a = input, .position = name.begin};
  if (!advance()) return kNoNode;
  if (takes_type(name.value)) {
    const auto type = type_specifier();
    if (!type) return kNoNode;
    call.extra = *type;
  } else if (!arguments(call)) {
    return kNoNode;
  }
  if (!expect(")", fmt::format("to close {}(", name.value))) return kNoNode;
  if (info->arguments != Arguments::kType && (call.count < info->least || call.count > info->most)) {
    const std::string wanted =
        info->least == info->most ? fmt::format("{}", info->least) : fmt::format("{} to {}", info->least, info->most);
    return fail_at(
        name.begin,
        fmt::format("{}() takes {} argument{}, here are {}", name.value, wanted, wanted == "1" ? "" : "s", call.count),
        fmt::format("write {}({})", name.value, usage_of(name.value)));
  }
  return add(call);
}

bool Parser::arguments(AstNode& call) {
  std::vector<NodeId> list;
  while (!token_.is_symbol(")")) {
    const NodeId argument = call.function == Function::kSort ? sort_key() : expression(kLowest);
    if (failed()) return false;
    list.push_back(argument);
    if (list.size() > kManyArguments) {
      fail("too many arguments");
      return false;
    }
    if (!token_.is_symbol(",")) break;
    if (!advance()) return false;
    if (token_.is_symbol(")")) {
      fail("expected an argument after the comma");
      return false;
    }
  }
  call.b = static_cast<std::uint32_t>(program_.arguments.size());
  call.count = static_cast<std::uint8_t>(list.size());
  program_.arguments.insert(program_.arguments.end(), list.begin(), list.end());
  return true;
}

// A key may be followed by asc or desc; a minus before it means descending, for strings too (the older form).
NodeId Parser::sort_key() {
  NodeId key = expression(kLowest);
  if (failed()) return kNoNode;
  bool descending = false;
  if (program_.nodes[key].op == Op::kNegate) {
    descending = true;
    key = program_.nodes[key].a;
  }
  if (token_.is_word("asc") || token_.is_word("desc")) {
    descending = token_.value == "desc";
    if (!advance()) return kNoNode;
  }
  // A wrapper carries the direction, so that the key itself stays what it is.
  return add({.op = Op::kPlus, .flag = descending, .a = key, .position = program_.nodes[key].position});
}

}  // namespace embergate::fhirpath
