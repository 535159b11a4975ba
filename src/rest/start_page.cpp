// SPDX-License-Identifier: Apache-2.0
#include "rest/start_page.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "embergate/core/text.hpp"
#include "rest/render.hpp"

namespace embergate::rest {
namespace {

constexpr std::string_view kAbout = "FHIR messaging gateway: changes of FHIR resources go to Kafka";
constexpr std::string_view kDocumentation =
    "the folder docs of its source; on its machine: embergate man, embergate help";

std::string escaped(std::string_view text) {
  std::string out;
  core::append_markup_text(out, text);
  return out;
}

// The icon is given so that browsers ask for none, which would need a password.
std::string html(const ApiOptions& options, bool signed_in) {
  return fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Embergate</title><link rel="icon" href="data:,"></head>
<body>
<h1>Embergate{}</h1>
<p>{}.</p>
<ul>
<li>FHIR base, with a client's id and secret: <code>{}/fhir</code></li>
<li>Health: <a href="health">{}/health</a></li>
<li>Documentation: {}</li>
</ul>
</body>
</html>
)",
                     signed_in ? " " + escaped(options.version) : "", kAbout, escaped(options.base_url),
                     escaped(options.base_url), kDocumentation);
}

std::string json(const ApiOptions& options, bool signed_in) {
  nlohmann::ordered_json page{{"name", "Embergate"},
                              {"description", kAbout},
                              {"fhir", options.base_url + "/fhir"},
                              {"health", options.base_url + "/health"},
                              {"documentation", kDocumentation}};
  if (signed_in) page["version"] = options.version;
  return page.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace

http::Response start_page(const ApiOptions& options, bool as_html, bool signed_in) {
  http::Response response = as_html ? render_json(200, html(options, signed_in), "text/html; charset=utf-8")
                                    : render_json(200, json(options, signed_in));
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Content-Security-Policy",
            "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
           {"X-Content-Type-Options", "nosniff"},
           {"X-Frame-Options", "DENY"},
           {"Referrer-Policy", "no-referrer"},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           {"Cross-Origin-Resource-Policy", "same-origin"},
           {"Cache-Control", "no-store"},
           {"Vary", "Accept, Authorization"}})
    response.headers.push_back({name, value});
  return response;
}

}  // namespace embergate::rest
