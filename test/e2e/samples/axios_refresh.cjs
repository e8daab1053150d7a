// SPDX-License-Identifier: MIT
// The refresh page's Node.js sample: axios with a plain object, which becomes a JSON body.
const axios = require("axios");

axios.post(process.env.INSTANCE + "/oauth/token", {
    grant_type: "refresh_token",
    refresh_token: process.env.REFRESH_TOKEN,
    client_id: process.env.CLIENT_ID,
    client_secret: process.env.CLIENT_SECRET,
}).then((answer) => {
    console.log("token", answer.data.access_token);
    console.log("refresh", answer.data.refresh_token);
}, (failed) => {
    console.error(failed.response ? failed.response.data : failed);
    process.exit(1);
});
