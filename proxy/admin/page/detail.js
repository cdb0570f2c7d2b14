// Everything else about one connection, under its row: facts, and its sockets.

import { element, set_hidden, set_text } from './dom.js';
import { NONE, bytes, count, duration_ms, duration_us, rate, time, words } from './format.js';
import { head, plain_row, state_column, text_column } from './table.js';

const SOCKETS = 50; // shown; a larger pool says so

const sum_text = (counts) => {
  const parts = Object.entries(counts ?? {}).filter(([, value]) => value > 0);
  return parts.length ? parts.map(([name, value]) => `${count(value)} ${words(name)}`).join(', ') : 'none';
};

function disconnects_text(list) {
  if (!list?.length) return 'none';
  return list.map((entry) => `${count(entry.count)} ${words(entry.cause)}${entry.close_code ? ` (${entry.close_code})` : ''}`).join(', ');
}

// title -> text of (connection, rates)
const FACTS = {
  URL: (c) => c.url || NONE,
  Profile: (c) => c.profile || NONE,
  TLS: (c) => c.tls || 'none',
  'Certificate expires': (c) => time(c.certificate_expires),
  Session: (c) => count(c.session),
  'Last connected': (c) => time(c.last_connected),
  'Total uptime': (c) => c.total_uptime || NONE,
  'Last reconnect took': (c) => c.last_reconnect_latency || NONE,
  'Connection attempts': (c) => `${count(c.successful_connects)} succeeded, ${count(c.failed_attempts)} failed`,
  'Reconnect attempts': (c) => count(c.reconnect_attempts),
  'Failures in a row': (c) => `${count(c.consecutive_failures)}${c.max_retries ? ` of ${count(c.max_retries)}` : ''}`,
  'Next try': (c) => (c.retry_in_ms ? `in ${duration_ms(c.retry_in_ms)}` : NONE),
  'Last cause': (c) => `${words(c.last_cause)}${c.last_detail ? `: ${c.last_detail}` : ''}`,
  'Sockets ended': (c) => disconnects_text(c.disconnects),
  Received: (c) => `${count(c.messages)} messages, ${bytes(c.bytes)}`,
  'Highest rate in 2 minutes': (c, rates) => rate(rates.highest),
  'Last message': (c) => time(c.last_message),
  Liveness: (c) => words(c.liveness),
  Topics: (c) => count(c.topics),
  Unrouted: (c) => count(c.unrouted),
  Subscriptions: (c) => sum_text(c.subscriptions_by_state),
  Rejected: (c) => count(c.subscriptions_rejected),
  Repairs: (c) => count(c.repairs),
  Gaps: (c) => sum_text(c.gaps_by_cause),
  "Venue's numbers": (c) => sum_text({ holes: c.venue_gaps, repeats: c.venue_repeats, resets: c.venue_resets, late: c.venue_out_of_order }),
  'Copies dropped': (c) => count(c.duplicates_dropped),
  Rotations: (c) => `${count(c.rotations)} completed, ${count(c.rotations_failed)} failed`,
  'Waiting to be sent': (c) => count(c.send_queue_messages),
};

const SOCKET_COLUMNS = [
  text_column('Socket', (s) => `shard ${s.shard}, leg ${s.leg}${s.successor ? ', successor' : ''}`),
  state_column('State', ({ status }) => [status]),
  text_column('Connected', (s) => time(s.connected)),
  text_column('Endpoint', (s) => s.endpoint || s.url || NONE),
  text_column('Session', (s) => count(s.session)),
  text_column('Messages', (s) => count(s.messages)),
  text_column('First / late', (s) => `${count(s.wins)} / ${count(s.losses)}`),
  text_column('Mean delay', (s) => duration_us(s.mean_delay_us)),
  text_column('Subscriptions', (s) => count(s.subscriptions)),
  text_column('Round trip', (s) => duration_us(s.ping_round_trip_us)),
  text_column('Last cause', (s) => `${words(s.last_cause)}${s.last_detail ? `: ${s.last_detail}` : ''}`),
];

// Built when it is first shown: most rows are never unfolded.
export class Detail {
  constructor(root, on_hard_reconnect) {
    this.root_ = root;
    this.on_hard_reconnect_ = on_hard_reconnect;
    this.built_ = false;
    this.rows_ = [];
  }

  show(connection, rates) {
    if (!this.built_) this.build_(connection.id);
    for (const [title, node] of this.facts_) set_text(node, FACTS[title](connection, rates));
    this.show_sockets_(connection.sockets ?? []);
  }

  build_(id) {
    this.built_ = true;
    this.facts_ = Object.keys(FACTS).map((title) => [title, element('dd')]);
    const facts = this.facts_.map(([title, node]) => element('div', {}, element('dt', {}, title), node));
    this.body_ = element('tbody', { role: 'rowgroup' });
    this.table_ = element('table', { role: 'table', class: 'sockets' },
      element('caption', {}, `Sockets of ${id}`), head(SOCKET_COLUMNS), this.body_);
    this.more_ = element('p', { class: 'hint' });
    const hard = element('button', { type: 'button', class: 'danger', 'aria-label': `Hard reconnect ${id}` }, 'Hard reconnect');
    hard.addEventListener('click', this.on_hard_reconnect_);
    this.root_.append(element('dl', { class: 'facts' }, ...facts), element('div', { class: 'scroll' }, this.table_), this.more_, hard);
  }

  show_sockets_(sockets) {
    const shown = sockets.slice(0, SOCKETS);
    while (this.rows_.length > shown.length) this.rows_.pop().nodes[0].remove();
    while (this.rows_.length < shown.length) {
      this.rows_.push(plain_row(SOCKET_COLUMNS));
      this.body_.append(this.rows_.at(-1).nodes[0]);
    }
    shown.forEach((socket, index) => this.rows_[index].update(socket));
    set_hidden(this.table_, shown.length === 0);
    set_text(this.more_, sockets.length > SOCKETS ? `The first ${SOCKETS} of ${count(sockets.length)} sockets.` : '');
  }
}
