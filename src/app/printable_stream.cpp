// SPDX-License-Identifier: Apache-2.0
#include "app/printable_stream.hpp"

#include <string_view>

#include "embergate/core/text.hpp"

namespace embergate::app {

void PrintableStream::Lines::pass_on(std::size_t size) {
  if (size == 0) return;
  behind_ << core::printable_lines(std::string_view(text_).substr(0, size));
  text_.erase(0, size);
}

std::streamsize PrintableStream::Lines::xsputn(const char* text, std::streamsize size) {
  text_.append(text, static_cast<std::size_t>(size));
  const std::size_t last = text_.rfind('\n');  // a character may be written in two parts, a line feed is not
  pass_on(last == std::string::npos ? 0 : last + 1);
  return behind_.good() ? size : 0;
}

std::streambuf::int_type PrintableStream::Lines::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  return xsputn(&one, 1) == 1 ? c : traits_type::eof();
}

int PrintableStream::Lines::sync() {
  behind_.flush();
  return behind_.good() ? 0 : -1;
}

}  // namespace embergate::app
