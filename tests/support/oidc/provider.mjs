// SPDX-License-Identifier: Apache-2.0
// A certified OpenID provider for tests: client credentials give JWT access tokens for Kafka. Everything it needs to
// know can be changed while it runs, by POST to /control/<command> with a JSON body:
//   secret {"client": "gw", "secret": "..."}    the client's only secret from now on
//   publish-key {}                              makes a new signing key and shows it in /jwks, without using it yet
//   rotate-key {}                               signs with the newest key; publishes one first when there is none unused
//   lifetime {"seconds": 20}                    of the next tokens
// Usage: node provider.mjs PORT CLIENT SECRET LIFETIME-SECONDS. Prints one line when it is ready.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, client, secret, lifetime] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const state = { clients: new Map([[client, secret]]), lifetime: Number(lifetime), keys: [], signing: 0, provider: null };

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

// Clients are looked up at each request, so that a new secret counts at once; tokens are not kept, they are JWTs.
class Store {
  constructor(model) { this.model = model; }
  async find(id) {
    if (this.model !== 'Client' || !state.clients.has(id)) return undefined;
    return {
      client_id: id, client_secret: state.clients.get(id), grant_types: ['client_credentials'], redirect_uris: [],
      response_types: [], token_endpoint_auth_method: 'client_secret_basic',
    };
  }
  async upsert() {}
  async consume() {}
  async destroy() {}
  async revokeByGrantId() {}
}

function makeProvider() {
  const newestFirst = [state.keys[state.signing], ...state.keys.filter((_, i) => i !== state.signing)];
  return new Provider(issuer, {
    adapter: Store,
    jwks: { keys: newestFirst },
    scopes: ['kafka'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'kafka:cluster',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'kafka', audience: 'kafka', accessTokenTTL: state.lifetime, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256', kid: state.keys[state.signing].kid } },
        }),
      },
    },
  });
}

const commands = {
  secret: (body) => { state.clients.set(body.client, body.secret); },
  'publish-key': () => { state.keys.push(newKey()); },
  'rotate-key': () => {
    if (state.signing === state.keys.length - 1) state.keys.push(newKey());
    state.signing = state.keys.length - 1;
  },
  lifetime: (body) => { state.lifetime = body.seconds; },
};

async function control(request, response) {
  const command = commands[request.url.slice('/control/'.length)];
  let text = '';
  for await (const part of request) text += part;
  if (!command) return response.writeHead(404).end();
  command(JSON.parse(text || '{}'));
  state.provider = makeProvider();
  return response.writeHead(204).end();
}

state.keys.push(newKey());
state.provider = makeProvider();
createServer((request, response) => {
  if (request.url.startsWith('/control/')) return control(request, response);
  return state.provider.callback()(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log(`ready ${issuer}`));
process.on('SIGTERM', () => process.exit(0));
