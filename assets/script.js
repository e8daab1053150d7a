/* SPDX-License-Identifier: MIT
   Comfort alone: copy buttons, "really?" before the few buttons that end something at once, and times in the zone of this browser. Every
   page works without it. */
'use strict';

const words = document.body.dataset;

function copyButton(target, inside) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain slim copy';
  button.textContent = words.copy;
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    const text = 'value' in target ? target.value : target.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (!('select' in target)) {
        return;
      }
      target.select();
      document.execCommand('copy');
    }
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = words.copy; }, 2000);
  });
  if (inside) {
    target.parentElement.appendChild(button);
  } else {
    target.after(button);
  }
}

document.querySelectorAll('input[data-copy]').forEach((input) => {
  copyButton(input, false);
  input.addEventListener('focus', () => input.select());
});
document.querySelectorAll('.snippet > pre').forEach((pre) => copyButton(pre, true));
document.querySelectorAll('form[data-confirm]').forEach((form) => {
  form.addEventListener('submit', (event) => {
    if (!window.confirm(form.dataset.confirm)) {
      event.preventDefault();
    }
  });
});
/* The page says each time in the zone of the person's profile, else in UTC, which becomes the browser's. In the language of the page, and as the
   person's own region writes it where the two are one language. */
const language = document.documentElement.lang;
const locales = [...navigator.languages.filter((tag) => tag.split('-')[0] === language.split('-')[0]), language];
const clockIn = (timeZone) => new Intl.DateTimeFormat(locales,
  {year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short', timeZone});
let clock = clockIn(undefined);
if (words.zone) {
  try {
    clock = clockIn(words.zone);
  } catch {
    /* this browser does not know it */
  }
}
document.querySelectorAll('time[datetime]').forEach((time) => {
  time.title = time.textContent;
  time.textContent = clock.format(new Date(time.dateTime));
});
/* A second click on a slow page must not send the form twice; the button's own name=value has been taken by then. */
document.querySelectorAll('form[method=post]').forEach((form) => {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent && !event.defaultPrevented) {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented) {
      form.dataset.sent = '1';
      setTimeout(() => { delete form.dataset.sent; }, 4000);
    }
  });
});
