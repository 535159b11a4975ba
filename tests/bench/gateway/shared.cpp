// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "bench/gateway/measurements.hpp"
#include "support/samples.hpp"
#include "support/temp_dir.hpp"

namespace embergate::bench {

std::string patient_request(std::uint64_t number, const std::string& authorization) {
  static const std::string body = test::samples::full_patient("", "Chalmers-000000000000").dump();
  static const std::size_t place = body.find("000000000000");
  std::string request = fmt::format(
      "POST /fhir/Patient HTTP/1.1\r\nHost: bench\r\nAuthorization: {}\r\nContent-Type: application/fhir+json\r\n"
      "Content-Length: {}\r\n\r\n",
      authorization, body.size());
  const std::size_t at = request.size() + place;
  request += body;
  request.replace(at, 12, fmt::format("{:012}", number));
  return request;
}

double cpu_seconds_of(int process) {
  const std::string text = test::read_file(fmt::format("/proc/{}/stat", process));
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace embergate::bench
