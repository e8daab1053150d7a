// SPDX-License-Identifier: MIT
// A person at a real browser: Chromium by way of playwright-core, with the world that with_server.py made.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createHmac } from "node:crypto";
import https from "node:https";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const world = JSON.parse(readFileSync(process.env.JETON_WORLD, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(world.screenshots, { recursive: true });

export const shapes = {
    desk: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
    "desk-dark": { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
    phone: { viewport: { width: 375, height: 720 }, colorScheme: "light", isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
    "phone-dark": { viewport: { width: 320, height: 640 }, colorScheme: "dark", isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

// The browser, and the application that people are sent back to: every name but localhost leads there.
export async function launch() {
    const application = https.createServer({ cert: readFileSync(world.cert), key: readFileSync(world.key) }, (request, response) => {
        response.setHeader("Content-Type", "text/html");
        response.end("<!doctype html><html lang=en><title>Application</title><link rel=icon href=data:,><h1>Back at the application</h1>");
    });
    await new Promise((resolve) => application.listen(0, "127.0.0.1", resolve));
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        `--host-resolver-rules=MAP * 127.0.0.1:${application.address().port}, EXCLUDE localhost`] });
    return { newContext: (options) => browser.newContext(options), close: async () => { await browser.close(); application.closeAllConnections(); application.close(); } };
}

// A context whose pages may not complain: no console errors (a CSP violation is one), nothing asked of any other host.
export async function visit(browser, options = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...shapes.desk, ...options });
    context.setDefaultTimeout(10000);
    context.complaints = [];
    context.landed = [];
    context.on("request", (request) => {
        const url = request.url();
        if (url.startsWith(world.callback) && request.isNavigationRequest())
            context.landed.push(url);
        else if (!url.startsWith(world.url + "/") && !url.startsWith("data:"))
            context.complaints.push("asked " + url);
    });
    context.on("page", (page) => {
        page.on("pageerror", (error) => context.complaints.push(String(error)));
        page.on("console", (message) => {
            // Chromium words a 4xx page as an error of its own
            if (message.type() === "error" && !/Failed to load resource: the server responded with a status of 4/.test(message.text()))
                context.complaints.push(message.text());
        });
    });
    return context;
}
export async function leave(context) {
    await context.close();
    assert.deepEqual(context.complaints, []);
}

export async function login(page, who, to = "/account") {
    await page.goto(world.url + to);
    await page.fill("#username", who.name);
    await page.fill("#password", who.password);
    await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/login")), page.click("main button")]);
}

export const picture = (page, name) => page.screenshot({ path: path.join(world.screenshots, name + ".png"), fullPage: true });

// Accessible (axe-core, WCAG 2.2 AA and best practices), and nothing sticks out at the side.
export async function fit(page, name) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    assert.ok(found.passes.length > 5, name + ": axe looked at nothing");
    assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" | ").slice(0, 300)}`), [], name);
    const [wide, window_] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window_ + 1, `${name}: ${wide} wide in a window of ${window_}`);
    const out = await page.locator(".card table").evaluateAll((all) => all.map((table) => table.getBoundingClientRect().right + parseFloat(getComputedStyle(table.closest(".card")).paddingRight) - table.closest(".card").getBoundingClientRect().right));
    assert.ok(out.every((beyond) => beyond <= 1), `${name}: a table goes ${out} beyond its card`);
    assert.ok((await page.title()).length > 3 && (await page.locator("h1").count()) === 1, name + ": one title, one heading");
}

export const authorize = (client, more = {}) => world.url + "/oauth/authorize?" + new URLSearchParams({ response_type: "code", client_id: client.id,
    redirect_uri: world.callback, scope: "read write", state: "a b", ...more });

// An authenticator app as RFC 6238 has it, and each code once.
export class App {
    constructor(secret) { this.secret = secret; this.step = 0; }
    code() {
        this.step = Math.max(Math.floor(Date.now() / 30000), this.step + 1);
        const bits = [...this.secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
        const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
        const counter = Buffer.alloc(8);
        counter.writeBigUInt64BE(BigInt(this.step));
        const mac = createHmac("sha1", key).update(counter).digest();
        const at = mac[19] & 15;
        return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
    }
}

// A person who has just logged in adds one; `codes` is called while the recovery codes are shown.
export async function addApp(page, codes = async () => {}) {
    await page.goto(world.url + "/account/sign-in-methods/new");
    const app = new App((await page.inputValue("#key")).replaceAll(" ", ""));
    await page.fill("#name", "phone");
    await page.fill("#code", app.code());
    await page.click("main form button");
    await page.waitForSelector(".codes");
    assert.equal(await page.locator(".codes li").count(), 10);
    app.recovery = await page.locator(".codes code").allTextContents();
    await codes();
    await page.click("main a.button");
    return app;
}
