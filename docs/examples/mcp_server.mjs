// SPDX-License-Identifier: MIT
// An MCP server that takes jeton's tokens: `npm install @modelcontextprotocol/sdk jose`, then
// ISSUER=https://localhost:8443 RESOURCE=http://127.0.0.1:3000/mcp node mcp_server.mjs
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { z } from "zod";

const issuer = process.env.ISSUER ?? "https://localhost:8443";
const resource = new URL(process.env.RESOURCE ?? "http://127.0.0.1:3000/mcp");
const scopes = ["notes:read", "notes:write"]; // as registered with jeton: jeton resource add … --scope

const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));

const verifier = {
  async verifyAccessToken(token) {
    const told = await jwtVerify(token, keys, { issuer: metadata.issuer, audience: resource.href, typ: "at+jwt" }).catch((why) => {
      throw new InvalidTokenError(why.message);
    });
    const { aud, client_id, exp, scope = "", sub } = told.payload;
    return { token, clientId: client_id, scopes: scope.split(" ").filter(Boolean), expiresAt: exp, resource: new URL(aud), extra: { sub } };
  },
};

const notes = new Map(); // by person

function serverOf() {
  const server = new McpServer({ name: "notes", version: "1.0.0" });
  const say = (text, isError = false) => ({ content: [{ type: "text", text }], isError });
  const within = (scope, { authInfo }, act) => (authInfo.scopes.includes(scope) ? say(act(authInfo.extra.sub)) : say(`The token has no scope ${scope}.`, true));
  server.registerTool("read_note", { description: "The note of the person who is logged in" }, (extra) =>
    within("notes:read", extra, (person) => notes.get(person) ?? "nothing yet"),
  );
  server.registerTool("write_note", { description: "Replaces it", inputSchema: { text: z.string() } }, ({ text }, extra) =>
    within("notes:write", extra, (person) => (notes.set(person, text), "written")),
  );
  return server;
}

const app = createMcpExpressApp({ host: resource.hostname });
app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: resource, scopesSupported: scopes, resourceName: "Notes" }));
const guard = requireBearerAuth({ verifier, expectedResource: resource, resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource) });
app.post(resource.pathname, guard, async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => transport.close());
  await serverOf().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.listen(Number(resource.port || 80), resource.hostname, () => console.log(`ready on ${resource.href}`));
