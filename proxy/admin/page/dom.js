// The few ways in which this page touches the document. What venues and operators have written comes in as text and
// stays text: nothing here, and nothing in the files that build on it, parses markup at run time.

const SVG = 'http://www.w3.org/2000/svg';

// Each state has a word, a colour (style.css) and one of these shapes, so that none of the three is needed alone.
const SHAPES = {
  disc: 'M8 2a6 6 0 1 0 0 12 6 6 0 1 0 0-12z',
  half: 'M8 2a6 6 0 1 0 0 12 6 6 0 1 0 0-12z M8 4v8a4 4 0 0 1 0-8z',
  ring: 'M8 2a6 6 0 1 0 0 12 6 6 0 1 0 0-12z M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 1 1 0-7z',
  triangle: 'M8 1.5 15 14H1z M7.1 5.5h1.8v4.3H7.1z M7.1 10.9h1.8v1.8H7.1z',
  cross: 'M3.5 1.5 8 6l4.5-4.5 2 2L10 8l4.5 4.5-2 2L8 10l-4.5 4.5-2-2L6 8 1.5 3.5z',
  bars: 'M3.5 2.5h3.2v11H3.5z M9.3 2.5h3.2v11H9.3z',
  square: 'M2.5 2.5h11v11h-11z M7.1 4.5h1.8v4.3H7.1z M7.1 10h1.8v1.8H7.1z',
};

// Word -> [shape, tone]. Words of connections, subscriptions, alerts; a word that is not here gets a ring.
const LOOKS = {
  connected: ['disc', 'good'],
  connecting: ['half', 'busy'],
  reconnecting: ['triangle', 'warn'],
  disconnected: ['ring', 'quiet'],
  failed: ['cross', 'bad'],
  paused: ['bars', 'quiet'],
  'not ready': ['half', 'busy'],
  stale: ['triangle', 'warn'],
  flowing: ['disc', 'good'],
  acknowledged: ['disc', 'busy'],
  sent: ['half', 'busy'],
  pending: ['ring', 'quiet'],
  rejected: ['cross', 'bad'],
  info: ['disc', 'busy'],
  warning: ['triangle', 'warn'],
  critical: ['square', 'bad'],
  upstream: ['triangle', 'warn'],
  relay: ['square', 'bad'],
  open: ['disc', 'good'],
  closed: ['ring', 'quiet'],
};

export const by_id = (id) => document.getElementById(id);

// An element with attributes and children; a string among the children becomes a text node.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Writes only what differs, so that a selection, a screen reader and the layout are left in peace.
export function set_text(node, text) {
  const wanted = String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function set_attribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function set_hidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

function drawing(width, height, ...children) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  svg.append(...children);
  return svg;
}

// Replaces what `cell` shows by words with their shapes; does nothing while they stay the same.
export function set_states(cell, words) {
  const wanted = words.join('|');
  if (cell.dataset.states === wanted) return;
  cell.dataset.states = wanted;
  cell.replaceChildren(...words.map((word) => {
    const [shape, tone] = LOOKS[word] ?? ['ring', 'quiet'];
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', SHAPES[shape]);
    path.setAttribute('fill-rule', 'evenodd');
    return element('span', { class: `state ${tone}` }, drawing(16, 16, path), word);
  }));
}

// A line over the last two minutes. It is drawing only: the present value stands beside it as text.
export class Sparkline {
  constructor(seconds) {
    this.seconds_ = seconds;
    this.line_ = document.createElementNS(SVG, 'path');
    this.node = drawing(120, 24, this.line_);
    this.node.setAttribute('preserveAspectRatio', 'none');
    this.node.setAttribute('class', 'spark');
  }

  // points: [ms, value or null], ascending. Null, and silence of more than 5 s, break the line.
  show(points, now) {
    const highest = Math.max(1, ...points.map(([, value]) => value ?? 0));
    let path = '';
    let last = null;
    for (const [time, value] of points) {
      if (value !== null) {
        const x = 120 - ((now - time) / 1000 / this.seconds_) * 120;
        const y = 22.5 - (value / highest) * 21;
        path += `${last !== null && time - last < 5000 ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
      }
      last = value === null ? null : time;
    }
    set_attribute(this.line_, 'd', path || 'M0 0');
  }
}

// Says things to screen readers without a flood: what comes at once is said in one sentence.
export class Announcer {
  constructor(node) {
    this.node_ = node;
  }

  say(sentences, plural) {
    if (sentences.length === 0) return;
    set_text(this.node_, sentences.length <= 3 ? sentences.join('. ') : `${sentences.length} ${plural}. ${sentences.at(-1)}`);
  }
}
