// SPDX-License-Identifier: MIT
// An MCP client with the SDK's own flow: it finds jeton by the server's metadata, registers itself, sends the person to log in, and calls the tools.
// SERVER=http://127.0.0.1:3000/mcp node mcp_client.mjs; it prints the address to open in a browser.
import { createServer } from "node:http";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";

const address = new URL(process.env.SERVER ?? "http://127.0.0.1:3000/mcp");
const listener = createServer().listen(0, "127.0.0.1");
await new Promise((done) => listener.once("listening", done));
const code = new Promise((done, fail) => {
  listener.on("request", (request, response) => {
    const answer = new URL(request.url, "http://127.0.0.1").searchParams;
    response.end("You can close this window.");
    if (answer.get("code")) done(answer.get("code"));
    else fail(new Error(`${answer.get("error")}: ${answer.get("error_description")}`));
  });
});

const kept = {}; // a real client keeps this in the system's key ring
const provider = {
  redirectUrl: `http://127.0.0.1:${listener.address().port}/callback`,
  get clientMetadata() {
    return {
      client_name: process.env.NAME ?? "Notes on the command line",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  },
  clientMetadataUrl: process.env.CLIENT_ID_DOCUMENT, // instead of registering, where the server takes such documents
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  redirectToAuthorization: (url) => console.log(`open ${url.href}`),
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  codeVerifier: () => kept.verifier,
};

async function connect() {
  const client = new Client({ name: "notes-cli", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(address, { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (why) {
    if (!(why instanceof UnauthorizedError)) throw why;
    await transport.finishAuth(await code);
    return connect();
  }
  return client;
}

try {
  const client = await connect();
  const call = async (name, values) => console.log(`${name}: ${(await client.callTool({ name, arguments: values })).content[0].text}`);
  await call("write_note", { text: "Buy bread." });
  await call("read_note", {});
  console.log(JSON.stringify({ client_id: kept.client.client_id, scope: kept.tokens.scope, refresh: Boolean(kept.tokens.refresh_token) }));
  await client.close();
} finally {
  listener.close();
}
