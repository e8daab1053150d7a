// SPDX-License-Identifier: MIT
// A foreign OAuth client that trusts the metadata: discovery, code with PKCE and iss, refresh, introspection, revocation.
const { Issuer, generators } = require("openid-client");
const readline = require("node:readline");

(async () => {
    const issuer = await Issuer.discover(process.env.INSTANCE + "/.well-known/oauth-authorization-server");
    const client = new issuer.Client({ client_id: process.env.CLIENT_ID, client_secret: process.env.CLIENT_SECRET, response_types: ["code"],
        redirect_uris: [process.env.REDIRECT_URI], token_endpoint_auth_method: "client_secret_basic" });
    const code_verifier = generators.codeVerifier(), state = generators.state();
    console.log("open", client.authorizationUrl({ scope: process.env.SCOPE, state, code_challenge: generators.codeChallenge(code_verifier),
        code_challenge_method: "S256" }));
    const [landed] = await new Promise((resolve) => {
        readline.createInterface({ input: process.stdin }).once("line", (line) => resolve([line]));
    });
    const tokens = await client.oauthCallback(process.env.REDIRECT_URI, client.callbackParams(landed), { code_verifier, state });
    const again = await client.refresh(tokens.refresh_token);
    const told = await client.introspect(again.access_token);
    if (!told.active || told.scope !== process.env.SCOPE)
        throw new Error("introspection: " + JSON.stringify(told));
    await client.revoke(again.refresh_token);
    if ((await client.introspect(again.access_token)).active)
        throw new Error("still active after revocation");
    console.log("token", tokens.access_token);
    process.exit(0);
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
