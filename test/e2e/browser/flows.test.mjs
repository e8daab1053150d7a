// SPDX-License-Identifier: MIT
// What people do, from the first to the last click, with JavaScript and without, by mouse and by keyboard.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { addApp, authorize, fit, launch, leave, login, picture, shapes, visit, world } from "./person.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const code = (context) => new URL(context.landed.at(-1)).searchParams;
async function confirmed(page, action) { // some buttons ask first when JavaScript runs
    page.once("dialog", (dialog) => dialog.accept());
    await action();
}

for (const javaScriptEnabled of [true, false]) {
    const with_ = javaScriptEnabled ? "with JavaScript" : "without JavaScript";
    const options = { javaScriptEnabled, ...(javaScriptEnabled ? {} : shapes.phone) };

    test(`log in, allow, and be sent back, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await page.goto(authorize(world.fresh, { prompt: "consent" }));
        await page.fill("#username", world.bob.name);
        await page.fill("#password", world.bob.password);
        await page.click("main button");
        await page.waitForSelector("button[name=decision]");
        assert.match(await page.textContent("main"), /Read your documents/);
        await page.click("button[name=decision][value=allow]");
        await page.waitForURL((url) => url.href.startsWith(world.callback));
        assert.match(code(context).get("code"), /^jtn_ac_/);
        assert.equal(code(context).get("state"), "a b");
        assert.equal(code(context).get("iss"), world.url);
        await leave(context);
    });

    test(`the answer is posted by a page of its own, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.bob);
        await page.goto(authorize(world.fresh, { prompt: "consent", response_mode: "form_post", state: "\"><b>" }));
        const wanted = page.waitForRequest((request) => request.url().startsWith(world.callback) && request.method() === "POST");
        await page.click("#allow");
        if (!javaScriptEnabled)
            await page.click("#continue");
        const fields = new URLSearchParams((await wanted).postData());
        assert.match(fields.get("code"), /^jtn_ac_/);
        assert.equal(fields.get("state"), "\"><b>");
        assert.equal(fields.get("iss"), world.url);
        await leave(context);
    });

    test(`another account is chosen on the way, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.bob);
        await page.goto(authorize(world.fresh, { prompt: "select_account consent" }));
        await page.click("#other");
        await page.fill("#username", world.alice.name);
        await page.fill("#password", world.alice.password);
        await page.click("#login");
        assert.match(await page.textContent("main"), /your account alice/);
        await page.click("#allow");
        await page.waitForURL((url) => url.href.startsWith(world.callback));
        await page.goto(authorize(world.fresh, { prompt: "select_account" }));
        await page.click("#continue");
        await page.waitForURL((url) => url.href.startsWith(world.callback));
        await leave(context);
    });

    test(`deny, and be sent back with the refusal, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.bob);
        await page.goto(authorize(world.fresh, { prompt: "consent" }));
        await page.click("button[name=decision][value=deny]");
        await page.waitForURL((url) => url.href.startsWith(world.callback));
        assert.equal(code(context).get("error"), "access_denied");
        await leave(context);
    });

    test(`a second factor: added, asked for, lost and removed, ${with_}`, async () => {
        const who = world.factors[javaScriptEnabled ? "app-script" : "app-noscript"];
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, who);
        const app = await addApp(page);
        const enter = async (fill) => {
            const fresh = await visit(browser, options);
            const there = await fresh.newPage();
            await there.goto(world.url + "/account/sign-in-methods");
            await there.fill("#username", who.name);
            await there.fill("#password", who.password);
            await there.click("#login");
            await there.waitForSelector("#code");
            await fill(there);
            await there.waitForURL(world.url + "/account/sign-in-methods");
            return [fresh, there];
        };
        const [one] = await enter(async (there) => {
            await there.fill("#code", app.code());
            await there.keyboard.press("Enter");
        });
        await leave(one);
        const [two, lost] = await enter(async (there) => {
            await there.click("button[value=recovery]");
            await there.waitForSelector("text=Recovery code");
            await there.fill("#code", app.recovery[0].toUpperCase());
            await there.keyboard.press("Enter");
        });
        await lost.click("main a:has-text('Remove')");
        await lost.click("main button.danger");
        await lost.waitForURL(world.url + "/account/sign-in-methods**");
        assert.match(await lost.textContent("main"), /password alone/);
        await leave(two);
        await leave(context);
    });

    test(`a personal access token: made, shown once, listed, revoked, ${with_}`, async () => {
        const context = await visit(browser, options);
        if (javaScriptEnabled)
            await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: world.url });
        const page = await context.newPage();
        await login(page, world.alice, "/account/tokens");
        const name = "browser " + with_;
        await page.fill("#name", name);
        await page.check("input[name='scopes[]'][value=read]");
        await page.click("main form[action='/account/tokens'] button");
        await page.waitForSelector("#token");
        const token = await page.inputValue("#token");
        assert.match(token, /^jtn_pat_/);
        if (javaScriptEnabled) {
            await fit(page, "token made");
            await picture(page, "desk-token-made");
            await page.click(".secret .copy");
            assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
        }
        const me = await context.request.get(world.url + "/api/1.0/users/me", { headers: { authorization: "Bearer " + token } });
        assert.equal((await me.json()).id, world.alice.id);
        await page.goto(world.url + "/account/tokens");
        assert.ok(!(await page.content()).includes(token));
        const row = page.locator("tr", { hasText: name });
        assert.equal(await row.count(), 1);
        await row.locator("a", { hasText: "Revoke" }).click();
        if (javaScriptEnabled)
            await fit(page, "revoke?");
        await page.click("main button.danger");
        await page.waitForURL(world.url + "/account/tokens**");
        assert.equal(await page.locator("tr", { hasText: name }).count(), 0);
        const after_ = await context.request.get(world.url + "/api/1.0/users/me", { headers: { authorization: "Bearer " + token } });
        assert.equal(after_.status(), 401);
        await leave(context);
    });

    test(`a client application: made, edited, secret renewed, disabled, deleted, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        const name = "Made " + with_;
        const ask = async (secret, more = {}) => (await context.request.post(world.url + "/oauth/token", {
            form: { grant_type: "client_credentials", ...more }, headers: { authorization: "Basic " + Buffer.from(`${id}:${secret}`).toString("base64") } })).json();
        await login(page, world.admin, "/admin/new-client");
        await page.click("main form button"); // nothing filled in: told so, by the browser or by the server
        await page.fill("#name", name);
        await page.check("input[name='grants[]'][value=client_credentials]");
        await page.check("input[name='grants[]'][value=authorization_code]");
        await page.fill("#redirect_uris", "https://x.example/#no");
        await page.click("main form[action='/admin/new-client'] button");
        await page.waitForSelector("#redirect_uris-problem");
        assert.equal(await page.inputValue("#name"), name); // what was typed is kept
        if (javaScriptEnabled) {
            await fit(page, "problems");
            await picture(page, "desk-client-problems");
        }
        await page.fill("#redirect_uris", "https://x.example/one\nhttps://x.example/two");
        await page.check("input[name='scopes[]'][value=read]");
        await page.click("main form[action='/admin/new-client'] button");
        await page.waitForSelector("#client_secret");
        const id = await page.inputValue("#client_id"), secret = await page.inputValue("#client_secret");
        assert.match(secret, /^jtn_cs_/);
        if (javaScriptEnabled) {
            await fit(page, "secret");
            await picture(page, "desk-client-secret");
        }
        assert.match((await ask(secret)).access_token, /^jtn_at_/);
        await page.goto(`${world.url}/admin/clients/${id}`);
        assert.ok(!(await page.content()).includes(secret));
        await page.fill("#name", name + " again");
        await page.check("input[name='scopes[]'][value=write]");
        await page.click(`main form[action='/admin/clients/${id}'] button`);
        await page.waitForURL(/admin\/clients/);
        assert.equal((await ask(secret, { scope: "write" })).scope, "write");
        await page.goto(`${world.url}/admin/clients/${id}`);
        assert.equal(await page.inputValue("#name"), name + " again");
        await page.selectOption("#overlap", "0");
        await page.click(`main form[action='/admin/clients/${id}/secret'] button`);
        await page.waitForSelector("#client_secret");
        const fresh = await page.inputValue("#client_secret");
        assert.match((await ask(fresh)).access_token, /^jtn_at_/);
        assert.equal((await ask(secret)).error, "invalid_client");
        await page.goto(`${world.url}/admin/clients/${id}`);
        await confirmed(page, () => page.click(`main form[action='/admin/clients/${id}/disable'] button`));
        await page.waitForSelector(".badge.off");
        assert.equal((await ask(fresh)).error, "invalid_client");
        await page.click("text=Delete…");
        await page.click("main button.danger");
        await page.waitForURL(/admin\/clients(\?|$)/);
        assert.equal((await page.goto(`${world.url}/admin/clients/${id}`)).status(), 404);
        await leave(context);
    });

    test(`a user: made, logs in, blocked, deleted, ${with_}`, async () => {
        const context = await visit(browser, options), theirs = await visit(browser, options);
        const page = await context.newPage(), person = await theirs.newPage();
        const who = { name: javaScriptEnabled ? "newjs" : "newnojs", password: "a first password 4711" };
        await login(page, world.admin, "/admin/new-user");
        await page.fill("#username", "x");
        await page.fill("#password", who.password);
        await page.click("main form[action='/admin/new-user'] button");
        await page.waitForSelector("#username-problem");
        await page.fill("#username", who.name);
        await page.fill("#password", who.password);
        await page.click("main form[action='/admin/new-user'] button");
        await page.waitForURL(/admin\/users/);
        await login(person, who);
        await page.goto(`${world.url}/admin/users?filter=${who.name}`);
        await page.click(`main table a:has-text("${who.name}")`);
        await confirmed(page, () => page.click("main form[action$='/block'] button"));
        await page.waitForSelector(".badge.off");
        await person.goto(world.url + "/account");
        assert.equal(new URL(person.url()).pathname, "/login");
        await page.click("text=Delete…");
        await page.click("main button.danger");
        await page.waitForURL(/admin\/users(\?|$)/);
        await leave(context);
        await leave(theirs);
    });

    test(`an allowed application is seen and ended, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.bob);
        await page.goto(authorize(world.web, { prompt: "consent" }));
        await page.click("button[name=decision][value=allow]");
        await page.waitForURL((url) => url.href.startsWith(world.callback));
        const tokens = await (await context.request.post(world.url + "/oauth/token", { form: { grant_type: "authorization_code", code: code(context).get("code"),
            redirect_uri: world.callback, client_id: world.web.id, client_secret: world.web.secret } })).json();
        const me = () => context.request.get(world.url + "/api/1.0/users/me", { headers: { authorization: "Bearer " + tokens.access_token } });
        assert.equal((await me()).status(), 200);
        await page.goto(world.url + "/account/applications");
        await page.locator("tr", { hasText: "Web" }).first().locator("a.button").click();
        await page.click("main button.danger");
        await page.waitForURL(world.url + "/account/applications**");
        assert.equal(await page.locator("tr", { hasText: "Web" }).count(), 0);
        assert.equal((await me()).status(), 401);
        await leave(context);
    });

    test(`the password is changed, other sessions end, ${with_}`, async () => {
        const admin = await visit(browser, options), one = await visit(browser, options), two = await visit(browser, options);
        const page = await admin.newPage(), here = await one.newPage(), there = await two.newPage();
        const who = { name: javaScriptEnabled ? "pwjs" : "pwnojs", password: "a first password 4711" };
        await login(page, world.admin, "/admin/new-user");
        await page.fill("#username", who.name);
        await page.fill("#password", who.password);
        await page.click("main form[action='/admin/new-user'] button");
        await page.waitForURL(/admin\/users/);
        await login(here, who);
        await login(there, who);
        await here.goto(world.url + "/account/password");
        const fields = here.locator("main input[type=password]");
        await fields.nth(0).fill(who.password);
        for (let i = 1; i < await fields.count(); i++)
            await fields.nth(i).fill("quite another one 4712");
        await here.click("main form button");
        await here.waitForLoadState();
        assert.equal(await here.locator("#error, .problem").count(), 0);
        await there.goto(world.url + "/account");
        assert.equal(new URL(there.url()).pathname, "/login");
        await login(there, { ...who, password: "quite another one 4712" });
        for (const context of [admin, one, two])
            await leave(context);
    });
}

test("everything by keyboard: log in and allow", async () => {
    const context = await visit(browser);
    const page = await context.newPage();
    await page.goto(authorize(world.fresh, { prompt: "consent" }));
    assert.equal(await page.evaluate(() => document.activeElement.id), "username");
    await page.keyboard.type(world.alice.name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(world.alice.password);
    await page.keyboard.press("Enter");
    await page.waitForSelector("button[name=decision]");
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Skip/);
    for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement.value) !== "allow"; i++) {
        await page.keyboard.press("Tab");
        const seen = await page.evaluate(() => {
            const style = getComputedStyle(document.activeElement);
            return style.outlineStyle !== "none" || style.boxShadow !== "none" || document.activeElement === document.body;
        });
        assert.ok(seen, "the focus can be seen");
    }
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.href.startsWith(world.callback));
    assert.ok(code(context).get("code"));
    await leave(context);
});

test("the Back button after allowing starts afresh or is refused, and never gives the same code twice", async () => {
    const context = await visit(browser);
    const page = await context.newPage();
    await login(page, world.alice);
    await page.goto(authorize(world.fresh, { prompt: "consent" }));
    await page.click("button[name=decision][value=allow]");
    await page.waitForURL((url) => url.href.startsWith(world.callback));
    await page.goBack();
    const first = code(context).get("code"), landed = context.landed.length;
    const button = page.locator("button[name=decision][value=allow]");
    if (await button.count()) {
        await button.click();
        await page.waitForLoadState();
    }
    for (const url of context.landed.slice(landed))
        assert.notEqual(new URL(url).searchParams.get("code"), first);
    await leave(context);
});
