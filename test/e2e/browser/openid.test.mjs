// SPDX-License-Identifier: MIT
// What OpenID Connect and the newer grants add for people: the page for devices, requests that wait, the profile, logging out.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { authorize, fit, launch, leave, login, picture, shapes, visit, world } from "./person.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const basic = (client) => ({ authorization: "Basic " + Buffer.from(client.id + ":" + client.secret).toString("base64") });
async function post(context, path, form, client) {
    const answer = await context.request.post(world.url + path, { form, headers: client ? basic(client) : {} });
    return { status: answer.status(), body: await answer.json() };
}
const asks = async (context) => (await post(context, "/oauth/device/code", { client_id: world.tv.id, scope: "read" })).body;
const polls = (context, device) => post(context, "/oauth/token", { grant_type: "urn:ietf:params:oauth:grant-type:device_code", client_id: world.tv.id,
    device_code: device.device_code });
const pays = async (context, message) => (await post(context, "/oauth/ciba", { scope: "openid read", login_hint: world.alice.name,
    ...(message ? { binding_message: message } : {}) }, world.bank)).body;

for (const javaScriptEnabled of [true, false]) {
    const with_ = javaScriptEnabled ? "with JavaScript" : "without JavaScript";
    const options = { javaScriptEnabled, ...(javaScriptEnabled ? {} : shapes.phone) };

    test(`a device is connected, ${with_}`, async () => { // DV-03, DV-06
        const context = await visit(browser, options);
        const page = await context.newPage();
        const device = await asks(context);
        await page.goto(device.verification_uri); // nobody is logged in: the login leads back to the question
        await page.fill("#username", world.alice.name);
        await page.fill("#password", world.alice.password);
        await page.click("#login");
        await page.fill("#user_code", device.user_code.toLowerCase().replace("-", " "));
        await page.click("main button");
        const text = await page.textContent("main");
        for (const shown of [device.user_code, "Television", "Read your documents", "alice"])
            assert.ok(text.includes(shown), shown);
        assert.equal((await polls(context, device)).body.error, "authorization_pending");
        await page.click("#allow");
        assert.match(await page.textContent("main"), /The device is connected[^]*Television/);
        await leave(context);
    });

    test(`a device is told no, by the address in the QR code, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.alice);
        const device = await asks(context);
        await page.goto(device.verification_uri_complete);
        if (!await page.locator("#deny").count()) // the code is filled in, the person sends it
            await page.click("main button");
        await page.click("#deny");
        assert.match(await page.textContent("main"), /You denied access/);
        assert.equal((await polls(context, device)).body.error, "access_denied");
        await leave(context);
    });

    test(`a request that waits is seen and answered, ${with_}`, async () => { // CO-02
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.alice);
        const yes = await pays(context, "Pay 17 EUR <b>now</b>");
        await page.goto(world.url + "/account");
        await page.click("#requests-waiting a");
        assert.match(await page.textContent("main"), /Bank[^]*Pay 17 EUR <b>now<\/b>[^]*Read your documents/);
        await page.locator(".card", { hasText: "Pay 17 EUR" }).locator("button[value=allow]").click();
        await page.waitForLoadState();
        assert.equal(await page.locator(".card", { hasText: "Pay 17 EUR" }).count(), 0);
        const answer = await post(context, "/oauth/token", { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: yes.auth_req_id }, world.bank);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        const no = await pays(context, "Pay 18 EUR");
        await page.goto(world.url + "/account/requests");
        await page.locator(".card", { hasText: "Pay 18 EUR" }).locator("button[value=deny]").click();
        await page.waitForLoadState();
        assert.equal((await post(context, "/oauth/token", { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: no.auth_req_id }, world.bank)).body.error,
            "access_denied");
        await page.goto(world.url + "/account");
        assert.equal(await page.locator("#requests-waiting").count(), 0);
        await leave(context);
    });

    test(`the profile is saved, and a wrong value is told beside its field, ${with_}`, async () => {
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.bob);
        const name = "Bob <i>" + with_ + "</i> Ünï";
        await page.fill("#full_name", name);
        await page.fill("#nickname", "bobby");
        await page.fill("#birthdate", "1987-02-30");
        await page.click("main form[action='/account'] button");
        await page.waitForSelector("#birthdate-problem");
        assert.equal(await page.inputValue("#full_name"), name); // what was typed is not lost
        assert.equal(await page.getAttribute("#birthdate", "aria-invalid"), "true");
        if (javaScriptEnabled)
            await fit(page, "profile with a problem");
        await picture(page, (javaScriptEnabled ? "desk" : "phone") + "-profile-problem");
        await page.fill("#birthdate", "1987-02-28");
        await page.click("main form[action='/account'] button");
        await page.waitForLoadState();
        assert.equal(await page.locator("#birthdate-problem").count(), 0);
        await page.goto(world.url + "/account");
        assert.equal(await page.inputValue("#full_name"), name);
        assert.equal(await page.inputValue("#nickname"), "bobby");
        assert.equal(await page.inputValue("#birthdate"), "1987-02-28");
        await leave(context);
    });

    test(`an application logs the person out and is returned to, ${with_}`, async () => { // LO-01
        const context = await visit(browser, options);
        const page = await context.newPage();
        await login(page, world.bob);
        const leaving = world.url + "/oauth/logout?" + new URLSearchParams({ client_id: world.leaving.id, post_logout_redirect_uri: world.callback, state: "<s>" });
        await page.goto(leaving);
        assert.match(await page.textContent("main"), /Leaving[^]*logged in as Bob/);
        if (javaScriptEnabled)
            await fit(page, "logout asked by an application");
        await picture(page, (javaScriptEnabled ? "desk" : "phone") + "-logout-asked");
        await page.click("text=Stay");
        await page.goto(world.url + "/account");
        assert.equal(new URL(page.url()).pathname, "/account"); // nothing has happened
        await page.goto(leaving);
        await page.click("#logout");
        await page.waitForURL((url) => url.href.startsWith(world.callback));
        assert.equal(new URL(context.landed.at(-1)).searchParams.get("state"), "<s>");
        await page.goto(world.url + "/account");
        assert.equal(new URL(page.url()).pathname, "/login");
        await leave(context);
    });
}

for (const shape of Object.keys(shapes)) {
    test(`their pages: ${shape}`, async () => {
        const context = await visit(browser, shapes[shape]);
        const page = await context.newPage();
        await login(page, world.alice);
        const device = await asks(context);
        const look = async (name) => {
            await fit(page, name);
            await picture(page, `${shape}-${name}`);
        };
        await page.goto(world.url + "/oauth/device");
        await look("device");
        await page.fill("#user_code", "BCDF-GHJK");
        await page.click("main button");
        await page.waitForSelector("#error");
        await look("device-wrong");
        await page.fill("#user_code", device.user_code);
        await page.click("main button");
        await page.waitForSelector("#allow");
        await page.click("summary");
        await page.waitForFunction(() => document.querySelector(".qr").naturalWidth > 0);
        await look("device-confirm");
        await page.click("#allow");
        await page.waitForSelector("#done");
        await look("device-done");
        await page.goto(world.url + "/account/requests");
        await look("requests-none");
        const asked = await pays(context, "Pay 19 EUR to a shop with a rather long name");
        await page.goto(world.url + "/account");
        await look("account-request-waits");
        await page.goto(world.url + "/account/requests");
        await look("requests");
        await page.locator(".card", { hasText: "Pay 19 EUR" }).locator("button[value=deny]").click();
        await page.waitForLoadState();
        assert.ok(asked.auth_req_id);
        await page.goto(world.url + "/logout");
        await page.click("#logout");
        await page.waitForLoadState();
        await look("logged-out");
        await leave(context);
    });
}
