/* SPDX-License-Identifier: MIT
   Comfort alone: copy buttons and "really?" before the few buttons that end something at once. Every page works without it. */
'use strict';

function copyButton(target, inside) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain slim copy';
  button.textContent = 'Copy';
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
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
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
