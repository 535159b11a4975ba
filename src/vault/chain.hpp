// SPDX-License-Identifier: Apache-2.0
// Which certificate belongs to a key, and who vouches for whom, whatever the order in which they are delivered.
// Thread: pure. Ownership: pointers into what is given. Failure: nothing found.
#pragma once

#include <string_view>
#include <vector>

#include "embergate/vault/key_material.hpp"
#include "vault/openssl_handles.hpp"

namespace embergate::vault {

// Of a PEM text. Empty when any of them cannot be read: half a chain is no chain.
Certificates certificates_in(std::string_view text);

// The certificate of the key, then its issuers as far as they are there. Where several fit, one that is in its time,
// and of those the one that ends last. Empty: none belongs to the key.
std::vector<X509*> chain_of(const Certificates& all, EVP_PKEY* key);
// The same without the key: from one that has issued no other.
std::vector<X509*> likely_chain_of(const Certificates& all);

// Of the whole chain but for an authority at its end, which the other side has for itself.
Validity validity_of(const std::vector<X509*>& chain);

}  // namespace embergate::vault
