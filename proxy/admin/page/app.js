// The page of a sidecar: asks its REST API once a second while it is looked at, and shows the answers. It keeps nothing
// but the last two minutes of rates; every decision is the sidecar's.

import { forget_token, get, has_token, ApiError } from './api.js';
import { ConnectionTable } from './connections.js';
import { ask_token, tell } from './dialogs.js';
import { Announcer, by_id, element, set_hidden, set_text } from './dom.js';
import { NONE, count, duration_ms, figure, rate, time } from './format.js';
import { alert_table, make_sections } from './lists.js';

const INTERVAL_MS = 1000;
const LONGEST_MS = 15_000;
const ALERTS = 100; // the latest so many

// A line above everything else. `role`: alert for what must be heard at once, status for what can wait.
class Notice {
  constructor(tone, role, ...more) {
    this.text_ = element('span', { role });
    this.node_ = element('div', { class: `notice ${tone}` }, this.text_, ...more);
    this.node_.hidden = true;
    by_id('notices').append(this.node_);
  }

  show(text) {
    set_hidden(this.node_, !text);
    set_text(this.text_, text ?? '');
  }
}

// A <dl> whose entries are made when they first have something to say.
class Facts {
  constructor(id) {
    this.root_ = by_id(id);
    this.nodes_ = new Map();
  }

  show(facts) {
    for (const [title, [text, tone = '']] of Object.entries(facts)) {
      if (!this.nodes_.has(title)) {
        this.nodes_.set(title, element('dd'));
        this.root_.append(element('div', {}, element('dt', {}, title), this.nodes_.get(title)));
      }
      const node = this.nodes_.get(title);
      set_text(node, text);
      if (node.className !== tone) node.className = tone;
    }
  }
}

class Page {
  constructor() {
    const retry = element('button', { type: 'button' }, 'Try again');
    const enter = element('button', { type: 'button' }, 'Enter the token');
    this.next_ = element('span', { class: 'next' });
    this.away_ = new Notice('bad', 'alert', this.next_, retry);
    this.locked_ = new Notice('bad', 'alert', enter);
    this.draining_ = new Notice('warn', 'status');
    this.reload_ = new Notice('warn', 'status');
    this.restarted_ = new Notice('info', 'status');
    retry.addEventListener('click', () => this.turn());
    enter.addEventListener('click', async () => (await ask_token(has_token())) && this.turn());
    this.identity_ = new Facts('identity');
    this.figures_ = new Facts('figures');
    this.connections_ = new ConnectionTable(by_id('connections-table'), () => this.turn_again());
    this.alerts_ = alert_table(by_id('alerts-table'));
    this.announcer_ = new Announcer(by_id('announcements'));
    this.sections_ = make_sections();
    this.last_alert_ = null; // its number; null before the first answer
    this.epoch_ = null;
    this.failures_ = 0;
    this.since_ = null; // of the first failure in a row
    this.answered_ = null;
    this.turn_ = null; // the one that is under way
    this.timer_ = 0;
  }

  turn() {
    this.rest();
    this.turn_ ??= this.ask_().finally(() => {
      this.turn_ = null;
      this.schedule_();
    });
    return this.turn_;
  }

  // Until the next turn().
  rest() {
    clearTimeout(this.timer_);
  }

  // One that begins after this call: what a command has changed is in it.
  async turn_again() {
    await this.turn_;
    await this.turn();
  }

  schedule_() {
    this.rest();
    if (!document.hidden) this.timer_ = setTimeout(() => this.turn(), this.wait_());
  }

  wait_() {
    return this.failures_ === 0 ? INTERVAL_MS : Math.min(LONGEST_MS, INTERVAL_MS * 2 ** (this.failures_ - 1));
  }

  async ask_() {
    try {
      const [status, { connections }, alerts] = await Promise.all([get('status'), get('network/connections'), get(`alerts?limit=${ALERTS}`)]);
      this.reached_();
      this.show_(status, connections, alerts);
      const now = Date.now();
      for (const section of this.sections_) await section.refresh_when_due(now);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.not_reached_(error);
    }
  }

  reached_() {
    this.failures_ = 0;
    this.since_ = null;
    this.answered_ = new Date();
    this.away_.show(null);
    this.locked_.show(null);
    document.body.classList.remove('old');
    set_text(by_id('pulse'), `as of ${time(this.answered_)}`);
  }

  not_reached_(error) {
    this.failures_ += 1;
    this.since_ ??= new Date();
    const locked = error.status === 401;
    const reason = error.status === 0 ? '' : ` It answers: ${error.message}.`;
    this.away_.show(locked ? null : `Sidecar not reachable since ${time(this.since_)}.${reason}`);
    this.locked_.show(locked ? `The sidecar wants a token: ${error.message}` : null);
    set_text(this.next_, `Next try in ${duration_ms(this.wait_())}.`);
    document.body.classList.add('old');
    set_text(by_id('pulse'), this.answered_ ? `old figures, of ${time(this.answered_)}` : 'no answer yet');
    document.title = 'not reachable – fairlead';
  }

  show_(status, connections, { alerts, raised }) {
    this.restarted_since_(status);
    this.connections_.show(connections);
    this.show_identity_(status);
    this.show_figures_(status, raised);
    this.alerts_.show(alerts.toReversed());
    this.announce_(alerts);
    this.draining_.show(status.draining ? 'Draining: the sidecar ends its topics, closes its sockets and stops.' : null);
    const { last_reload: reload } = status;
    this.reload_.show(reload?.time && !reload.ok ? `The last reload, at ${time(reload.time)}, changed nothing: ${reload.detail}` : null);
    set_text(by_id('gaps-count'), count(status.gaps));
    set_text(by_id('consumers-count'), `${count(status.consumers)} open`);
    const wanted = Object.values(connections).flatMap((c) => Object.values(c.subscriptions_by_state ?? {}));
    set_text(by_id('subscriptions-count'), count(wanted.reduce((sum, value) => sum + value, 0)));
    document.title = `${status.connected} of ${status.connections} connected – fairlead`;
  }

  restarted_since_({ epoch }) {
    const known = String(epoch);
    if (this.epoch_ !== null && this.epoch_ !== known) {
      this.restarted_.show(`The sidecar was restarted, noticed at ${time(new Date())}: a new epoch has begun.`);
      this.last_alert_ = 0;
    }
    this.epoch_ = known;
  }

  show_identity_(status) {
    this.identity_.show({
      Version: [status.version],
      Instance: [status.instance],
      Epoch: [String(status.epoch)],
      Uptime: [duration_ms(status.uptime_ms)],
      'Configuration loaded': [time(status.config_loaded)],
      State: status.draining ? ['draining', 'warn'] : ['running'],
    });
  }

  show_figures_(status, raised) {
    const all = status.connected === status.connections;
    this.figures_.show({
      Connected: [`${count(status.connected)} of ${count(status.connections)}`, all ? 'good' : 'warn'],
      Failed: [count(status.failed), status.failed ? 'bad' : ''],
      'Messages now': [rate(this.connections_.rate())],
      Messages: [figure(status.messages)],
      Topics: [figure(status.topics)],
      Consumers: [figure(status.consumers)],
      'Slow consumers': [figure(status.slow_consumer_episodes), status.slow_consumer_episodes ? 'warn' : ''],
      Gaps: [figure(status.gaps), status.gaps ? 'warn' : ''],
      Alerts: [figure(raised)],
      'Slow turns': [figure(status.loop_stalls), status.loop_stalls ? 'warn' : ''],
    });
  }

  // Those that came since the last answer; what was there before the page was opened is not news.
  announce_(alerts) {
    const last = this.last_alert_;
    this.last_alert_ = Math.max(last ?? 0, ...alerts.map(({ number }) => number));
    if (last === null) return;
    const fresh = alerts.filter(({ number }) => number > last);
    this.announcer_.say(fresh.map(({ alert }) => `${alert.level}: ${alert.connection || NONE}: ${alert.text}`), 'new alerts');
  }
}

const page = new Page();
const forget = by_id('forget-token');
set_hidden(forget, !has_token());
forget.addEventListener('click', () => {
  forget_token();
  set_hidden(forget, true);
  tell('good', 'The token is forgotten.');
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) page.rest();
  else page.turn();
});
page.turn();
