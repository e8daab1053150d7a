/* SPDX-License-Identifier: MIT
   Sends an authorization response on (OAuth 2.0 Form Post Response Mode). In the oldest JavaScript there is: where it does not run, the
   page's button does the same. */
(function () {
  'use strict';
  var form = document.getElementById('response');
  if (form) {
    form.submit();
  }
}());
