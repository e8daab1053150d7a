// SPDX-License-Identifier: MIT
// Every page, at desk and on the phone, light and dark: a picture, no accessibility violation, no complaint of the browser.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { addApp, authorize, fit, launch, leave, login, picture, shapes, visit, world } from "./person.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const account = ["/account", "/account/password", "/account/sign-in-methods", "/account/sign-in-methods/new", "/account/tokens", "/account/applications", "/account/sessions"];
const admin = ["/admin", "/admin/clients", "/admin/clients?filter=nothing-like-this", "/admin/new-client", `/admin/clients/${world.web.id}`, `/admin/clients/${world.web.id}/remove`,
    "/admin/users", "/admin/users?page=2", "/admin/new-user", `/admin/users/${world.alice.id}`, `/admin/users/${world.alice.id}/remove`, "/admin/scopes", "/admin/resources",
    "/admin/resources/edit?uri=https%3A%2F%2Forders.example",
    "/admin/events", "/admin/keys", "/admin/keys/rotate", "/logout", "/oauth/logout"];
const named = (path) => path.replace(world.web.id, "ID").replace(world.alice.id, "ID").replace(/[^A-Za-z]+/g, "-").replace(/^-|-$/g, "");

for (const shape of Object.keys(shapes)) {
    test(`pages that nobody needs a login for: ${shape}`, async () => {
        const context = await visit(browser, shapes[shape]);
        const page = await context.newPage();
        for (const [name, path, status] of [["login", "/login", 200], ["error", "/oauth/authorize?client_id=nosuch", 400], ["not-found", "/nosuch", 404]]) {
            const answer = await page.goto(world.url + path);
            assert.equal(answer.status(), status);
            await fit(page, name);
            await picture(page, `${shape}-${name}`);
        }
        await page.goto(world.url + "/login");
        await page.fill("#username", "alice");
        await page.fill("#password", "not it");
        await page.click("main button");
        await page.waitForSelector("#error");
        assert.match(await page.textContent("#error"), /Error:/);
        await fit(page, "login refused");
        await picture(page, `${shape}-login-refused`);
        await leave(context);
    });

    test(`pages of a person: ${shape}`, async () => {
        const context = await visit(browser, shapes[shape]);
        const page = await context.newPage();
        await login(page, world.alice);
        for (const path of account) {
            assert.equal((await page.goto(world.url + path)).status(), 200, path);
            await fit(page, path);
            await picture(page, `${shape}-${named(path)}`);
        }
        await page.goto(authorize(world.fresh, { prompt: "consent" }));
        assert.match(await page.textContent("main"), /A <b>bold<\/b> & "quoted"/);
        await fit(page, "consent");
        await picture(page, `${shape}-consent`);
        await page.goto(authorize(world.fresh, { authorization_details: JSON.stringify([{ type: "payment", actions: ["initiate", "cancel"],
            locations: ["https://bank.example/payments"], amount: { value: "12.50", currency: "EUR" }, creditor: "Merchant <A>" }]) }));
        assert.match(await page.textContent("main"), /Pay from your account[^]*initiate, cancel[^]*Merchant <A>/);
        await fit(page, "consent with details");
        await picture(page, `${shape}-consent-details`);
        await page.goto(authorize(world.fresh, { prompt: "select_account" }));
        assert.match(await page.textContent("main"), /Continue as alice/);
        await fit(page, "select account");
        await picture(page, `${shape}-select-account`);
        await leave(context);
    });

    test(`pages of a second factor: ${shape}`, async () => {
        const context = await visit(browser, shapes[shape]);
        const page = await context.newPage();
        const who = world.factors[`app-${shape}`];
        const look = async (name) => { await fit(page, name); await picture(page, `${shape}-${name}`); };
        await login(page, who);
        const app = await addApp(page, async () => look("recovery-codes"));
        await page.goto(world.url + "/account/sign-in-methods");
        await look("sign-in-methods-one");
        await page.click("main a:has-text('Remove')");
        await look("sign-in-method-remove");
        await page.goto(world.url + "/account/sign-in-methods/new");
        await page.fill("#name", "tablet");
        await page.fill("#code", "000000");
        await page.click("main form button");
        await page.waitForSelector("#code-problem");
        await look("app-wrong-code");
        const other = await visit(browser, shapes[shape]);
        const there = await other.newPage();
        await there.goto(world.url + "/account");
        await there.fill("#username", who.name);
        await there.fill("#password", who.password);
        await there.click("#login");
        await there.waitForSelector("#code");
        await fit(there, "login code");
        await picture(there, `${shape}-login-code`);
        await there.click("button[value=recovery]");
        await there.waitForSelector("text=Recovery code");
        await fit(there, "login recovery");
        await picture(there, `${shape}-login-recovery`);
        await there.fill("#code", "wrong");
        await there.click("#login");
        await there.waitForSelector("#error");
        await fit(there, "login recovery wrong");
        assert.ok(app.secret.length >= 32);
        await leave(other);
        await leave(context);
    });

    test(`pages of an administrator: ${shape}`, async () => {
        const context = await visit(browser, shapes[shape]);
        const page = await context.newPage();
        await login(page, world.admin, "/admin");
        for (const path of admin) {
            assert.equal((await page.goto(world.url + path)).status(), 200, path);
            await fit(page, path);
            await picture(page, `${shape}-${named(path)}`);
        }
        await leave(context);
    });
}

// A time is said in UTC by the server, and in the browser's own zone and way of writing where scripts run.
const hour = /\d\d:\d\d/;
for (const [zone, locale, pattern] of [["America/New_York", "en-US", /^[A-Z][a-z]{2} \d+, \d{4}, \d\d:\d\d [AP]M E[SD]T$/],
    ["Asia/Kathmandu", "en-GB", /^\d+ [A-Z][a-z]{2,3} \d{4}, \d\d:\d\d GMT\+5:45$/], ["Europe/Zurich", "ja", /^[A-Z][a-z]{2} \d+, \d{4}/]]) {
    test(`times are shown in the zone of the browser: ${zone}`, async () => {
        const context = await visit(browser, { timezoneId: zone, locale });
        const page = await context.newPage();
        await login(page, world.admin, "/admin");
        for (const path of ["/account/sessions", "/admin/events", "/admin/keys", `/admin/users/${world.alice.id}`, `/admin/clients/${world.web.id}`]) {
            await page.goto(world.url + path);
            const times = await page.$$eval("time", (all) => all.map((time) => [time.dateTime, time.title, time.textContent]));
            assert.ok(times.length > 0, path);
            for (const [exact, title, text] of times) {
                assert.match(exact, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
                assert.equal(title, `${exact.slice(0, 10)} ${exact.slice(11, 16)} UTC`);
                assert.match(text.replaceAll("\u202f", " "), pattern);
                const local = new Intl.DateTimeFormat("en-GB", { timeZone: zone, minute: "2-digit", hour: "2-digit", hour12: locale !== "en-GB" }).format(new Date(exact));
                assert.equal(hour.exec(text)[0], hour.exec(local)?.[0] ?? hour.exec(`0${local}`)[0]);
            }
        }
        await leave(context);
    });
}

test("a person with a time zone sees times in it, with and without scripts", async () => {
    const say = (exact, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Kathmandu", hourCycle: "h23", ...options }).format(new Date(exact));
    const set = async (zone) => {
        const context = await visit(browser, {});
        const page = await context.newPage();
        await login(page, world.alice);
        await page.goto(world.url + "/account");
        await page.fill("#zoneinfo", zone);
        await page.click("main button[type=submit]");
        await page.waitForSelector(".notice, #error");
        const refused = await page.locator("#zoneinfo-problem").allTextContents();
        await leave(context);
        return refused;
    };
    assert.match((await set("Mars/Olympus"))[0], /Mars\/Olympus/);
    assert.deepEqual(await set("Asia/Kathmandu"), []);
    for (const javaScriptEnabled of [true, false]) {
        const context = await visit(browser, { javaScriptEnabled, timezoneId: "America/New_York", locale: "en-GB" });
        const page = await context.newPage();
        await login(page, world.alice);
        await page.goto(world.url + "/account/sessions");
        const times = await page.locator("time").evaluateAll((all) => all.map((time) => [time.dateTime, time.title, time.textContent])).catch(() => null) ??
            await Promise.all((await page.locator("time").all()).map(async (time) => [await time.getAttribute("datetime"), "", await time.textContent()]));
        assert.ok(times.length > 0);
        for (const [exact, title, text] of times) {
            const there = `${say(exact, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-")} ${say(exact, { hour: "2-digit", minute: "2-digit" })} UTC+5:45`;
            assert.equal(javaScriptEnabled ? title : text, there);
            if (javaScriptEnabled)
                assert.match(text, /GMT\+5:45$/);
        }
        await leave(context);
    }
    assert.deepEqual(await set(""), []);
});

test("without scripts a time is in UTC and says so", async () => {
    const context = await visit(browser, { javaScriptEnabled: false, timezoneId: "America/New_York" });
    const page = await context.newPage();
    await login(page, world.alice);
    await page.goto(world.url + "/account/sessions");
    for (const text of await page.locator("time").allTextContents())
        assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    await leave(context);
});

test("the reverse of light is dark", async () => {
    const shade = async (shape) => {
        const context = await visit(browser, shapes[shape]);
        const page = await context.newPage();
        await page.goto(world.url + "/login");
        const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        await leave(context);
        return colour.match(/\d+/g).slice(0, 3).reduce((sum, n) => sum + Number(n), 0);
    };
    assert.ok(await shade("desk") > 500);
    assert.ok(await shade("desk-dark") < 250);
});

test("text at twice its size still fits", async () => {
    const context = await visit(browser, { viewport: { width: 640, height: 900 } });
    const page = await context.newPage();
    await login(page, world.alice);
    for (const path of ["/account", "/account/tokens"]) {
        await page.goto(world.url + path);
        const wide = await page.evaluate(() => {
            document.documentElement.style.fontSize = "200%";
            return document.scrollingElement.scrollWidth - innerWidth;
        });
        assert.ok(wide <= 1, `${path}: ${wide} too wide`);
    }
    context.complaints = context.complaints.filter((text) => !text.includes("Content Security Policy")); // the style set above
    await leave(context);
});
