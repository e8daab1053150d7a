// SPDX-License-Identifier: MIT
// A foreign OpenID Connect client that trusts the metadata (openid-client 6): registers itself with an initial access token, then logs in
// with PAR, private_key_jwt, PKCE and DPoP; JARM, signed introspection and signed user info when PROFILE asks; refreshes, revokes, logs out.
import { webcrypto } from "node:crypto";
import readline from "node:readline";

globalThis.crypto ??= webcrypto; // Node.js 18
globalThis.CryptoKey ??= webcrypto.CryptoKey;
const oidc = await import("openid-client-6");
const jose = await import("jose-6");
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (word, url) => {
    console.log(word, url.href ?? url);
    return new URL((await lines.next()).value);
};
const must = (holds, what) => {
    if (!holds)
        throw new Error(what);
};

const signed = process.env.PROFILE === "fapi2-message-signing";
const callback = process.env.REDIRECT_URI;
const pair = await jose.generateKeyPair("ES256", { extractable: true });
const kid = "judge";
const jwk = { ...(await jose.exportJWK(pair.publicKey)), kid, use: "sig", alg: "ES256" };
const auth = oidc.PrivateKeyJwt({ key: pair.privateKey, kid });
const config = await oidc.dynamicClientRegistration(new URL(process.env.INSTANCE), {
    client_name: "The judge", redirect_uris: [callback], post_logout_redirect_uris: [callback + "?out"], grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks: { keys: [jwk] },
    id_token_signed_response_alg: process.env.ALG, dpop_bound_access_tokens: true, require_pushed_authorization_requests: true,
    ...(signed ? { authorization_signed_response_alg: "ES256", introspection_signed_response_alg: "ES256", userinfo_signed_response_alg: "ES256",
        request_object_signing_alg: "ES256", require_signed_request_object: true } : {}),
}, auth, { initialAccessToken: process.env.INITIAL_TOKEN });
must(config.serverMetadata().authorization_response_iss_parameter_supported, "iss is not promised");
if (signed)
    oidc.useJwtResponseMode(config);
oidc.enableNonRepudiationChecks(config); // the ID token's signature too, although it came over TLS
const keys = await oidc.randomDPoPKeyPair("ES256");
const DPoP = oidc.getDPoPHandle(config, keys);

const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
const parameters = { redirect_uri: callback, scope: "openid profile email offline_access", state, nonce, prompt: "consent", max_age: "300",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
let pushed;
if (signed) {
    const object = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: pair.privateKey, kid });
    pushed = await oidc.buildAuthorizationUrlWithPAR(config, object.searchParams, { DPoP });
} else {
    pushed = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
}
must(pushed.searchParams.get("request_uri") && !pushed.searchParams.get("scope"), "PAR did not shorten the request");
const landed = await ask("open", pushed);
const tokens = await oidc.authorizationCodeGrant(config, landed, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 300,
    idTokenExpected: true }, undefined, { DPoP });
must(tokens.token_type === "dpop", "the token is not bound: " + tokens.token_type);
const claims = tokens.claims();
must(claims.auth_time && !claims.sid, "auth_time is missing, or sid stands there for a client that hears of no logouts");
const person = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
must(person.email === process.env.EMAIL && typeof person.email_verified === "boolean", "user info: " + JSON.stringify(person));
const api = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(process.env.INSTANCE + "/api/1.0/users/me"), "GET", undefined,
    undefined, { DPoP });
must(api.status === 200, "the API refused the bound token: " + api.status);
const stolen = await fetch(process.env.INSTANCE + "/api/1.0/users/me", { headers: { authorization: "Bearer " + tokens.access_token } });
must(stolen.status === 401, "the API took a bound token without its proof: " + stolen.status);

const again = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
must(again.claims().sub === claims.sub && again.claims().auth_time === claims.auth_time, "the refreshed ID token differs");
const told = await oidc.tokenIntrospection(config, again.access_token);
must(told.active && told.cnf?.jkt === await jose.calculateJwkThumbprint(await jose.exportJWK(keys.publicKey)), "introspection: " + JSON.stringify(told));

const out = await ask("logout", oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: callback + "?out", id_token_hint: again.id_token, state: "bye" }));
must(out.searchParams.get("state") === "bye" && out.searchParams.has("out"), "logout landed at " + out);
must((await oidc.tokenIntrospection(config, again.access_token)).active, "offline access ended with the session");
await oidc.tokenRevocation(config, again.refresh_token);
must(!(await oidc.tokenIntrospection(config, again.access_token)).active, "still active after revocation");
console.log("done", claims.sub);
process.exit(0);
