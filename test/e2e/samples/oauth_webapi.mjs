// SPDX-License-Identifier: MIT
// A foreign client made of the smallest steps (oauth4webapi): client credentials with private_key_jwt and DPoP, a JWT for a registered
// resource checked as that resource would, the device grant, token exchange, and each refusal in the library's own words.
import { webcrypto } from "node:crypto";
import readline from "node:readline";

globalThis.crypto ??= webcrypto; // Node.js 18
globalThis.CryptoKey ??= webcrypto.CryptoKey;
const oauth = await import("oauth4webapi");
const jose = await import("jose-6");
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
// A server may ask for its nonce once (RFC 9449 8); the library then has it in its DPoP handle.
const noncing = async (ask) => ask().catch((e) => { if (!oauth.isDPoPNonceError(e)) throw e; return ask(); });
const must = (holds, what) => {
    if (!holds)
        throw new Error(what);
};

const issuer = new URL(process.env.INSTANCE);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2" }));
const same = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oidc" }));
must(JSON.stringify(as) === JSON.stringify(same), "the two metadata documents differ");
const key = await jose.importJWK(JSON.parse(process.env.PRIVATE_JWK), "ES256");
const client = { client_id: process.env.CLIENT_ID };
const auth = oauth.PrivateKeyJwt({ key, kid: JSON.parse(process.env.PRIVATE_JWK).kid });
const keys = await oauth.generateKeyPair("ES256");
const DPoP = oauth.DPoP(client, keys);

const machine = await noncing(async () => oauth.processClientCredentialsResponse(as, client, await oauth.clientCredentialsGrantRequest(as, client,
    auth, { resource: process.env.RESOURCE, scope: "read" }, { DPoP })));
must(machine.token_type === "dpop", "token_type " + machine.token_type);
const { payload, protectedHeader } = await jose.jwtVerify(machine.access_token, jose.createRemoteJWKSet(new URL(as.jwks_uri)),
    { issuer: as.issuer, audience: process.env.RESOURCE, typ: "at+jwt" });
must(payload.cnf.jkt === await jose.calculateJwkThumbprint(await jose.exportJWK(keys.publicKey)) && protectedHeader.kid, "cnf of the JWT");

const device = await oauth.processDeviceAuthorizationResponse(as, client, await oauth.deviceAuthorizationRequest(as, client, auth,
    { scope: "openid profile read" }));
const poll = async () => oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, auth, device.device_code, { DPoP }));
let error = await poll().catch((e) => e.error);
must(error === "authorization_pending", "first poll: " + error);
error = await poll().catch((e) => e.error);
must(error === "slow_down", "second poll at once: " + error);
console.log("device", device.verification_uri_complete);
await lines.next(); // the person has allowed it
let tokens;
for (let i = 0; i < 40 && !tokens; i++) {
    await new Promise((done) => setTimeout(done, 1000 * (device.interval ?? 5)));
    tokens = await poll().catch((e) => { must(["authorization_pending", "slow_down"].includes(e.error), "poll: " + (e.error ?? e)); });
}
const claims = oauth.getValidatedIdTokenClaims(tokens);
must(claims.sub === process.env.SUBJECT, "ID token of the device grant: " + JSON.stringify(claims));
const info = await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP }));
must(info.name, "user info: " + JSON.stringify(info));

const exchanged = await oauth.processGenericTokenEndpointResponse(as, client, await oauth.genericTokenEndpointRequest(as, client, auth,
    "urn:ietf:params:oauth:grant-type:token-exchange", { subject_token: tokens.access_token,
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token", resource: process.env.RESOURCE, scope: "read" }, { DPoP }));
must(exchanged.issued_token_type && (await jose.decodeJwt(exchanged.access_token)).sub === claims.sub, "token exchange");
const told = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, tokens.access_token,
    { requestJwtResponse: true }));
must(told.active && told.sub === claims.sub, "signed introspection: " + JSON.stringify(told));
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.refresh_token));
error = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, { DPoP }).then((r) =>
    oauth.processRefreshTokenResponse(as, client, r)).catch((e) => e.error);
must(error === "invalid_grant", "refresh after revocation: " + error);
console.log("done", claims.sub);
process.exit(0);
