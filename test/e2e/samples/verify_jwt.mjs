// SPDX-License-Identifier: MIT
// A resource server's check of a JWT access token with a foreign library: node verify_jwt.mjs ISSUER AUDIENCE < token
import { createRemoteJWKSet, jwtVerify } from "jose";
import { readFileSync } from "node:fs";
import https from "node:https";

const [issuer, audience] = process.argv.slice(2);
const token = readFileSync(0, "utf8").trim();
const keys = createRemoteJWKSet(new URL("/oauth/jwks", issuer), { agent: new https.Agent({ keepAlive: false }) });
const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience, typ: "at+jwt" });
console.log(JSON.stringify({ payload, protectedHeader }));
