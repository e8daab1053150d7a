// SPDX-License-Identifier: MIT
// node-oidc-provider for `bench/run --peers`: one client, tokens made before by the library's own models. It ships no durable adapter, so there are two of ours:
//     memory   everything in a Map without bounds (the adapter that it ships forgets all but 1,000 rows)
//     sqlite   one table by model and id, as Node's own SQLite has it (write-ahead log, synchronous FULL: each change is durable before its answer)
//     node provider.mjs PORT SECRET VERIFIER TOKENS CODES OUT memory|sqlite       writes OUT/access, OUT/refresh and OUT/codes, then says "ready"
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';

const [port, secret, verifier, tokens, codes, out, kind] = process.argv.slice(2);
const redirect = 'http://127.0.0.1/callback';
const rows = new Map();

class MapAdapter {
  constructor(model) {
    this.model = model;
  }
  async upsert(id, payload) {
    rows.set(this.model + id, payload);
  }
  async find(id) {
    return rows.get(this.model + id);
  }
  async findByUid() {}
  async findByUserCode() {}
  async consume(id) {
    rows.get(this.model + id).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    rows.delete(this.model + id);
  }
  async revokeByGrantId() {}
}

async function sqliteAdapter() {
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(`${out}/provider.db`);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (key TEXT PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID; BEGIN');
  const put = db.prepare('INSERT INTO rows VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET payload = excluded.payload');
  const get = db.prepare('SELECT payload FROM rows WHERE key = ?');
  const use = db.prepare("UPDATE rows SET payload = json_set(payload, '$.consumed', unixepoch()) WHERE key = ?");
  const remove = db.prepare('DELETE FROM rows WHERE key = ?');
  class SqliteAdapter extends MapAdapter {
    async upsert(id, payload) {
      put.run(this.model + id, JSON.stringify(payload));
    }
    async find(id) {
      const row = get.get(this.model + id);
      return row && JSON.parse(row.payload);
    }
    async consume(id) {
      use.run(this.model + id);
    }
    async destroy(id) {
      remove.run(this.model + id);
    }
  }
  return { Adapter: SqliteAdapter, prepared: () => db.exec('COMMIT') };
}

const { Adapter, prepared } = kind === 'sqlite' ? await sqliteAdapter() : { Adapter: MapAdapter, prepared: () => {} };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Adapter,
  clients: [{ client_id: 'bench', client_secret: secret, redirect_uris: [redirect], grant_types: ['client_credentials', 'authorization_code', 'refresh_token'] }],
  cookies: { keys: ['bench'] },
  features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: false } },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, name: 'A Person of Many', preferred_username: id }) }),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 86400, AuthorizationCode: 86400, ClientCredentials: 3600, Grant: 86400, IdToken: 3600, RefreshToken: 86400 },
});
provider.on('server_error', (_, e) => console.error(e));

const client = await provider.Client.find('bench');

async function made(Model, scope, person, more) {
  const grant = new provider.Grant({ clientId: 'bench', accountId: person });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  return new Model({ accountId: person, client, grantId, gty: 'authorization_code', scope, ...more }).save();
}

async function write(name, count, one) {
  const lines = [];
  for (let i = 0; i < count; i++) lines.push(await one(`person${i}`));
  writeFileSync(`${out}/${name}`, `${lines.join('\n')}\n`);
}

await write('access', tokens, (person) => made(provider.AccessToken, 'openid profile', person));
await write('refresh', tokens, (person) => made(provider.RefreshToken, 'profile', person, { rotations: 0, iiat: Math.floor(Date.now() / 1000) }));
const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
await write('codes', codes, (person) =>
  made(provider.AuthorizationCode, 'profile', person, { redirectUri: redirect, codeChallenge, codeChallengeMethod: 'S256' }),
);

prepared();
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
