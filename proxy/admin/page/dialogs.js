// The two questions that the page asks, and what came of a command. A <dialog> keeps the focus inside, gives it back
// afterwards, and is closed by Escape; that is the answer "no".

import { has_token, keep_token, post } from './api.js';
import { by_id, element, set_hidden } from './dom.js';

const MESSAGES = 4; // shown at once; the oldest goes
const MESSAGE_MS = 12_000;

function ask(dialog, prepare) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const end = (answer) => {
      listening.abort();
      dialog.close();
      resolve(answer);
    };
    const { signal } = listening;
    dialog.addEventListener('cancel', () => end(null), { signal });
    for (const button of dialog.querySelectorAll('[data-answer]')) {
      button.addEventListener('click', () => end(button.dataset.answer === 'yes' ? true : null), { signal });
    }
    prepare(end, signal);
    dialog.showModal();
  });
}

// True, or null when the operator would rather not.
function confirm_({ title, text, yes }) {
  return ask(by_id('confirm'), () => {
    by_id('confirm-title').textContent = title;
    by_id('confirm-text').textContent = text;
    by_id('confirm-yes').textContent = yes;
  });
}

// True when a token was given and kept.
export async function ask_token(was_refused) {
  const field = by_id('token-field');
  field.value = '';
  by_id('token-text').textContent = was_refused
    ? 'The sidecar has refused the token that this page has.'
    : 'The sidecar takes commands only with the token of its token_file.';
  const given = await ask(by_id('token'), (end, signal) => {
    by_id('token-form').addEventListener('submit', (event) => {
      event.preventDefault();
      if (field.value) end(field.value);
    }, { signal });
  });
  field.value = '';
  if (given) keep_token(given);
  set_hidden(by_id('forget-token'), !has_token());
  return Boolean(given);
}

export function tell(tone, text) {
  const messages = by_id('messages');
  const close = element('button', { type: 'button', 'aria-label': 'Dismiss' }, '×');
  const message = element('p', { class: `message ${tone}` }, element('span', {}, text), close);
  close.addEventListener('click', () => message.remove());
  messages.append(message);
  while (messages.children.length > MESSAGES) messages.firstElementChild.remove();
  setTimeout(() => message.remove(), MESSAGE_MS);
}

async function post_with_token(path, body) {
  for (;;) {
    try {
      return await post(path, body);
    } catch (error) {
      if (error.status !== 401 || !(await ask_token(has_token()))) throw error;
    }
  }
}

// One command from question to answer. Returns whether it was carried out.
export async function command({ name, path, body, question }) {
  if (question && !(await confirm_(question))) return false;
  try {
    const answer = await post_with_token(path, body);
    tell('good', `${name}: ${answer.message || 'done'}`);
    return true;
  } catch (error) {
    tell('bad', `${name} failed: ${error.message}`);
    return false;
  }
}
