// The sidecar's REST API as this page needs it: JSON in, JSON out, a deadline on every request, and the token.

const ROOT = '/api/v1/';
const DEADLINE_MS = 8000; // the server gives up after 5 s and says so itself
const TOKEN = 'fairlead.token'; // in sessionStorage: gone with the tab, never on disk for another

// status 0: there was no answer at all.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// 64-bit numbers that are names rather than amounts: kept as text where the browser can, since a double rounds them.
function parse(text) {
  return JSON.parse(text, (key, value, context) => (key === 'epoch' && context?.source ? context.source : value));
}

function error_of(status, text) {
  try {
    return new ApiError(status, JSON.parse(text).error.message);
  } catch {
    return new ApiError(status, `the answer was ${status}`);
  }
}

async function request(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  let text;
  try {
    response = await fetch(ROOT + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new ApiError(0, error.name === 'TimeoutError' ? `no answer within ${DEADLINE_MS / 1000} s` : 'no answer');
  }
  if (!response.ok) throw error_of(response.status, text);
  try {
    return parse(text);
  } catch {
    throw new ApiError(response.status, 'the answer cannot be read');
  }
}

export const get = (path) => request('GET', path);
export const post = (path, body) => request('POST', path, body);

export const has_token = () => Boolean(sessionStorage.getItem(TOKEN));
export const keep_token = (token) => sessionStorage.setItem(TOKEN, token);
export const forget_token = () => sessionStorage.removeItem(TOKEN);
