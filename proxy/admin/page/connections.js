// One connection: its row, the buttons in it, and what is behind it when it is unfolded (detail.js).

import { command } from './dialogs.js';
import { Detail } from './detail.js';
import { Sparkline, element, set_attribute, set_hidden, set_states, set_text } from './dom.js';
import { NONE, duration_ms, duration_us, rate, words } from './format.js';
import { LiveTable, cell } from './table.js';

const WINDOW_S = 120; // of the line of rates

// Messages a second over the last two minutes, from a counter that is read once in a while.
export class RateHistory {
  constructor() {
    this.points = []; // [ms, messages a second, or null where it cannot be told]
    this.before_ = null;
  }

  add(now, total) {
    const before = this.before_;
    this.before_ = [now, total];
    const seconds = before ? (now - before[0]) / 1000 : 0;
    // A counter that has fallen is another process's; after a pause the mean would hide what happened.
    const known = seconds > 0 && seconds < 5 && total >= before[1];
    this.points.push([now, known ? (total - before[1]) / seconds : null]);
    while (this.points[0][0] < now - WINDOW_S * 1000) this.points.shift();
  }

  get now() {
    return this.points.at(-1)?.[1] ?? null;
  }

  get highest() {
    return Math.max(0, ...this.points.map(([, value]) => value ?? 0));
  }
}

export function states_of(connection) {
  const states = [connection.status];
  if (connection.paused) states.push('paused');
  else if (connection.status === 'connected' && !connection.ready) states.push('not ready');
  if (connection.stale) states.push('stale');
  return states;
}

const COLUMNS = ['Connection', 'State', 'Uptime', 'Messages', 'Round trip', 'Endpoint', 'Last cause', 'Actions'].map((title) => ({ title }));

const CHOICES = [
  ['', 'all'],
  ['trouble', 'not connected and ready'],
  ['connected', 'connected'],
  ['connecting', 'connecting'],
  ['reconnecting', 'reconnecting'],
  ['disconnected', 'disconnected'],
  ['failed', 'failed'],
  ['paused', 'paused'],
];

function matches(connection, chosen) {
  const states = states_of(connection);
  return chosen === 'trouble' ? states.length > 1 || states[0] !== 'connected' : states.includes(chosen);
}

const path_of = (id, action) => `network/connections/${encodeURIComponent(id)}/${action}`;

function pausing(id) {
  return {
    title: `Pause ${id}?`,
    text: 'Its sockets are closed. Consumers get nothing from this venue until it is resumed.',
    yes: 'Pause',
  };
}

export function hard_reconnect(id) {
  return {
    name: `${id}: hard reconnect`,
    path: path_of(id, 'reconnect?hard=true'),
    question: {
      title: `Close ${id} before opening it again?`,
      text: 'Messages that the venue sends in between are lost. The plain reconnect opens the new socket first.',
      yes: 'Close and reconnect',
    },
  };
}

class Row {
  // after(): called when a command was carried out.
  constructor(connection, rates, after) {
    this.id_ = connection.id;
    this.rates_ = rates;
    this.after_ = after;
    this.cells_ = COLUMNS.map(({ title }, index) => cell(title, index === 0 ? 'th' : 'td'));
    this.unfold_ = element('button', { type: 'button', class: 'unfold', 'aria-expanded': 'false' }, this.id_);
    this.unfold_.addEventListener('click', () => this.toggle_());
    this.line_ = new Sparkline(WINDOW_S);
    this.rate_ = element('span', { class: 'number' });
    this.sockets_ = element('span', { class: 'lesser' });
    this.endpoint_ = element('span', { class: 'address' });
    this.cause_ = element('span');
    this.cause_detail_ = element('span', { class: 'lesser clipped' });
    this.cells_[0].append(this.unfold_);
    this.cells_[2].className = 'short';
    this.cells_[3].append(this.rate_, this.line_.node);
    this.cells_[5].append(this.endpoint_, this.sockets_);
    this.cells_[6].append(this.cause_, this.cause_detail_);
    this.make_buttons_();
    const content = element('td', { role: 'cell', colspan: COLUMNS.length });
    this.detail_ = new Detail(content, () => this.run_(hard_reconnect(this.id_)));
    this.detail_row_ = element('tr', { role: 'row', class: 'detail' }, content);
    this.detail_row_.hidden = true;
    this.nodes = [element('tr', { role: 'row', 'data-id': this.id_ }, ...this.cells_), this.detail_row_];
  }

  update(connection) {
    this.connection_ = connection;
    const cells = this.cells_;
    set_states(cells[1], states_of(connection));
    const waiting = connection.status === 'reconnecting' && connection.retry_in_ms > 0;
    set_text(cells[2], waiting ? `next try in ${duration_ms(connection.retry_in_ms)}` : connection.uptime_ms ? duration_ms(connection.uptime_ms) : NONE);
    this.line_.show(this.rates_.points, Date.now());
    set_text(this.rate_, rate(this.rates_.now));
    set_text(cells[4], duration_us(connection.ping_round_trip_us));
    this.show_endpoint_(connection);
    set_text(this.cause_, words(connection.last_cause));
    set_text(this.cause_detail_, connection.last_detail ?? '');
    set_attribute(this.cause_detail_, 'title', connection.last_detail || null);
    set_hidden(this.pause_, Boolean(connection.paused));
    set_hidden(this.resume_, !connection.paused);
    if (!this.detail_row_.hidden) this.detail_.show(connection, this.rates_);
  }

  show_endpoint_({ endpoint, sockets = [] }) {
    set_text(this.endpoint_, endpoint || NONE);
    const open = sockets.filter(({ status }) => status === 'connected').length;
    set_text(this.sockets_, sockets.length > 1 ? `${open} of ${sockets.length} sockets` : '');
  }

  make_buttons_() {
    const id = this.id_;
    const simple = (action) => ({ name: `${id}: ${action}`, path: path_of(id, action) });
    const button = (words_, what) => {
      const node = element('button', { type: 'button', 'aria-label': `${words_} ${id}` }, words_);
      node.addEventListener('click', () => this.run_(what, node));
      return node;
    };
    this.pause_ = button('Pause', { ...simple('pause'), question: pausing(id) });
    this.resume_ = button('Resume', simple('resume'));
    const buttons = [button('Reconnect', simple('reconnect')), button('Rotate', simple('rotate')), this.pause_, this.resume_];
    this.cells_[7].append(element('div', { class: 'actions' }, ...buttons));
  }

  // A second click while the first is under way does nothing.
  async run_(what, button) {
    if (button?.getAttribute('aria-disabled') === 'true') return;
    button?.setAttribute('aria-disabled', 'true');
    const done = await command(what);
    button?.removeAttribute('aria-disabled');
    if (!done) return;
    await this.after_();
    // Pause has become Resume, or the other way round: the focus stays where the operator left it.
    if (button?.hidden) (button === this.pause_ ? this.resume_ : this.pause_).focus();
  }

  toggle_() {
    const open = this.detail_row_.hidden;
    this.detail_row_.hidden = !open;
    this.unfold_.setAttribute('aria-expanded', String(open));
    if (open) this.detail_.show(this.connection_, this.rates_);
  }
}

export class ConnectionTable {
  constructor(root, after) {
    this.histories_ = new Map();
    this.table_ = new LiveTable(root, {
      caption: 'Connections',
      columns: COLUMNS,
      key: ({ id }) => id,
      text: ({ id, url, profile, endpoint }) => [id, url, profile, endpoint].join(' '),
      choice: { label: 'State', options: CHOICES, matches },
      row: (connection) => new Row(connection, this.histories_.get(connection.id), after),
      nothing: 'No connection is configured.',
    });
  }

  // connections: {id: connection}
  show(connections) {
    const now = Date.now();
    const list = Object.values(connections).sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const id of this.histories_.keys()) {
      if (!Object.hasOwn(connections, id)) this.histories_.delete(id);
    }
    for (const { id, messages } of list) {
      if (!this.histories_.has(id)) this.histories_.set(id, new RateHistory());
      this.histories_.get(id).add(now, messages);
    }
    this.table_.show(list);
  }

  // Of all connections, messages a second; null while none is known.
  rate() {
    const known = [...this.histories_.values()].map(({ now }) => now).filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) : null;
  }
}
