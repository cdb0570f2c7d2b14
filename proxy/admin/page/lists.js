// The lists beside the connections: alerts, and those that are fetched only while they are unfolded.

import { get } from './api.js';
import { command } from './dialogs.js';
import { by_id, element, set_attribute, set_text } from './dom.js';
import { NONE, bytes, count, duration_ms, time, words } from './format.js';
import { LiveTable, cell, state_column, text_column } from './table.js';

const LONG = 1000; // entries: such a list costs the sidecar something, so it is fetched more rarely
const INTERVAL_MS = 5000;
const LONG_INTERVAL_MS = 15_000;
const LEVELS = ['info', 'warning', 'critical'];

const choice_of = (label, values, matches) => ({ label, options: [['', 'all'], ...values.map((value) => [value, value])], matches });

export function alert_table(root) {
  return new LiveTable(root, {
    caption: 'Alerts',
    columns: [
      text_column('Time', ({ alert }) => time(alert.time)),
      state_column('Level', ({ alert }) => [alert.level]),
      text_column('Connection', ({ alert }) => alert.connection || NONE),
      text_column('Type', ({ alert }) => words(alert.type)),
      text_column('What happened', ({ alert }) => alert.text),
      text_column('Over', (record) => (record.resolved ? time(record.resolved_at) : NONE)),
    ],
    key: ({ number }) => number,
    text: ({ alert }) => [alert.connection, alert.type, alert.text].join(' '),
    choice: {
      label: 'Level',
      options: [['', 'all'], ['warning', 'warning and above'], ['critical', 'critical']],
      matches: ({ alert }, level) => LEVELS.indexOf(alert.level) >= LEVELS.indexOf(level),
    },
    page_size: 10,
    nothing: 'No alert since the start.',
  });
}

function subscription_table(root) {
  return new LiveTable(root, {
    caption: 'Subscriptions',
    columns: [
      text_column('Channel', ({ channel }) => channel),
      text_column('Connection', ({ connection }) => connection),
      state_column('State', ({ state }) => [state]),
      text_column('Since', ({ since }) => time(since)),
      text_column('Last data', ({ last_data }) => time(last_data)),
      text_column('Wanted by', ({ wanted_by }) => (wanted_by ?? []).join(', ') || NONE),
      text_column('Times sent', ({ times_sent }) => count(times_sent)),
      text_column('Detail', (s) => [s.detail, s.retry_in_ms ? `tried again in ${duration_ms(s.retry_in_ms)}` : ''].filter(Boolean).join('; ') || NONE),
    ],
    key: ({ connection, channel }) => JSON.stringify([connection, channel]),
    text: ({ connection, channel, detail }) => [connection, channel, detail].join(' '),
    choice: choice_of('State', ['pending', 'sent', 'acknowledged', 'flowing', 'stale', 'rejected'], ({ state }, chosen) => state === chosen),
    nothing: 'Nothing is subscribed.',
  });
}

function gap_table(root) {
  return new LiveTable(root, {
    caption: 'Gaps',
    columns: [
      text_column('Topic', ({ topic }) => topic),
      state_column('Cause', ({ gap }) => [gap.cause]),
      text_column('From', ({ gap }) => time(gap.from)),
      text_column('To', ({ gap }) => time(gap.to)),
      text_column('Missing', ({ gap }) => (gap.count ? `${count(gap.count)} messages` : gap.bytes ? bytes(gap.bytes) : 'cannot be told')),
      text_column('Reason', ({ gap }) => words(gap.reason)),
      text_column('Detail', ({ gap }) => gap.detail || NONE),
    ],
    key: ({ topic, epoch, sequence }) => JSON.stringify([topic, epoch, sequence]),
    text: ({ topic, gap }) => [topic, gap.reason, gap.detail].join(' '),
    choice: choice_of('Cause', ['upstream', 'relay'], ({ gap }, chosen) => gap.cause === chosen),
    page_size: 25,
    nothing: 'No gap was told.',
  });
}

function consumer_table(root) {
  return new LiveTable(root, {
    caption: 'Consumers',
    columns: [
      text_column('Consumer', ({ peer }) => peer),
      state_column('State', ({ until }) => [until ? 'closed' : 'open']),
      text_column('Since', ({ since }) => time(since)),
      text_column('Until', ({ until }) => time(until)),
      text_column('Endpoint', ({ endpoint }) => endpoint),
      text_column('Why it ended', ({ reason }) => reason || NONE),
    ],
    key: ({ peer, endpoint, since }) => JSON.stringify([peer, endpoint, since]),
    text: ({ peer, endpoint, reason }) => [peer, endpoint, reason].join(' '),
    choice: choice_of('State', ['open', 'closed'], ({ until }, chosen) => (until ? 'closed' : 'open') === chosen),
    page_size: 25,
    nothing: 'Nobody has read the stream since the start.',
  });
}

const CHANNEL_COLUMNS = ['Channel', 'On', 'From level', 'Delivered', 'Failed', 'Dropped', 'Queue', 'Last error'].map((title) => ({ title }));

// A switch and a level that are the operator's: what comes from the sidecar is shown as soon as the command is through.
function channel_row({ channel }, after) {
  const toggle = element('button', { type: 'button', role: 'switch', 'aria-label': `Channel ${channel}` });
  const level = element('select', { 'aria-label': `Lowest level of ${channel}` }, ...LEVELS.map((name) => element('option', { value: name }, name)));
  const cells = CHANNEL_COLUMNS.map(({ title }, index) => cell(title, index ? 'td' : 'th'));
  cells[0].append(channel);
  cells[1].append(toggle);
  cells[2].append(level);
  let shown = null; // the level that was written into the field, so that a choice being made is not undone
  const set = async (what, body) => {
    await command({ name: `alert channel ${channel}: ${what}`, path: `alerts/channels/${encodeURIComponent(channel)}`, body });
    shown = null;
    await after();
  };
  toggle.addEventListener('click', () => {
    const on = toggle.getAttribute('aria-checked') !== 'true';
    set(on ? 'on' : 'off', { enabled: on });
  });
  level.addEventListener('change', () => set(`from ${level.value}`, { level: level.value }));
  return {
    nodes: [element('tr', { role: 'row' }, ...cells)],
    update(entry) {
      set_attribute(toggle, 'aria-checked', Boolean(entry.enabled));
      set_text(toggle, entry.enabled ? 'on' : 'off');
      if (entry.level !== shown) level.value = shown = entry.level;
      [entry.delivered, entry.failed, entry.dropped].forEach((value, index) => set_text(cells[3 + index], count(value)));
      set_text(cells[6], entry.capacity ? `${count(entry.queued)} of ${count(entry.capacity)}` : NONE);
      set_text(cells[7], entry.last_error || NONE);
    },
  };
}

function channel_table(root, after) {
  return new LiveTable(root, {
    caption: 'Alert channels',
    columns: CHANNEL_COLUMNS,
    key: ({ channel }) => channel,
    row: (entry) => channel_row(entry, after),
    nothing: 'There is no channel.',
  });
}

// A <details> whose list is fetched while it is unfolded.
class Section {
  constructor(id, path, table, list_of) {
    this.details_ = by_id(id);
    this.path_ = path;
    this.list_of_ = list_of;
    this.root_ = by_id(`${id}-table`);
    this.error_ = element('p', { class: 'hint bad' });
    this.root_.append(this.error_);
    this.table_ = table(this.root_);
    this.due_ = 0;
    this.details_.addEventListener('toggle', () => this.refresh());
  }

  async refresh_when_due(now) {
    if (this.details_.open && now >= this.due_) await this.refresh();
  }

  async refresh() {
    if (!this.details_.open) return;
    this.due_ = Date.now() + INTERVAL_MS;
    try {
      const list = this.list_of_(await get(this.path_));
      if (list.length > LONG) this.due_ = Date.now() + LONG_INTERVAL_MS;
      set_text(this.error_, '');
      this.table_.show(list);
    } catch (error) {
      if (error.status === undefined) throw error;
      set_text(this.error_, `This list could not be fetched: ${error.message}`);
    }
  }
}

// The newest first where time is the order.
export function make_sections() {
  const channels = new Section('channels', 'alerts/channels', (root) => channel_table(root, () => channels.refresh()), (answer) => answer.channels);
  return [
    new Section('subscriptions', 'subscriptions', subscription_table, (answer) => answer.subscriptions),
    new Section('gaps', 'gaps', gap_table, (answer) => answer.gaps.reverse()),
    new Section('consumers', 'consumers', consumer_table, (answer) => answer.consumers.reverse()),
    channels,
  ];
}
