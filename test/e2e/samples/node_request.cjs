// SPDX-License-Identifier: MIT
// The guide's Node.js sample: client credentials with the `request` library, which sends Basic and parses whatever comes.
var request = require("request");

request({
    url: process.env.INSTANCE + "/oauth/token",
    method: "POST",
    auth: { user: process.env.CLIENT_ID, pass: process.env.CLIENT_SECRET },
    form: { grant_type: "client_credentials" },
}, function (err, res, body) {
    if (err)
        throw err;
    console.log("token", JSON.parse(body).access_token);
});
