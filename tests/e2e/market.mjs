// A market for venue.mjs: channels whose messages are numbered by the venue's clock, whether or not anybody listens, and
// go to every socket that has subscribed to the channel. So what arrives behind fairlead can be compared with what was
// sent, however many sockets carried it.
//
// A client subscribes by the text `sub c0 c1` and leaves by `unsub c0`. The path's query shapes its connection:
// `?delay=50` holds each message back for so many milliseconds, `?stamp` makes each copy of a message another text.
import { performance } from 'node:perf_hooks';

const kTickMs = 5;

export class Market {
  #tell;
  #sockets = new Map(); // WebSocket -> { number, channels, delay, stamp, waiting }
  #channels = new Map(); // name -> the last number
  #withheld = new Set(); // those who subscribe from now on do not get these
  #timer = null;
  #fewest = null; // sockets to which a message went, at the least

  constructor(tell) {
    this.#tell = tell;
  }

  accept(socket, number, url) {
    const query = new URL(url, 'ws://venue').searchParams;
    const delay = Number(query.get('delay') ?? 0);
    const client = { number, channels: new Set(), delay, stamp: query.has('stamp'), waiting: [] };
    this.#sockets.set(socket, client);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('message', (data, binary) => {
      const [verb, ...names] = binary ? [] : data.toString().split(' ');
      if (verb !== 'sub' && verb !== 'unsub') return;
      for (const name of names) {
        if (verb === 'unsub') client.channels.delete(name);
        else if (!this.#withheld.has(name)) client.channels.add(name);
      }
      this.#tell({ event: 'subscribed', connection: number, channels: [...client.channels] });
    });
  }

  // `rate` messages a second altogether, the channels in turn.
  start(channels, rate, size) {
    for (const name of channels) this.#channels.set(name, 0);
    const begin = performance.now();
    let made = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const due = Math.floor(((now - begin) / 1000) * rate); made < due; ++made)
        this.#make(channels[made % channels.length], size, now);
      for (const [socket, client] of this.#sockets) flush(socket, client, now);
    }, kTickMs);
  }

  // Ends it when what is held back has left; { name: last number }.
  stop(done) {
    clearInterval(this.#timer);
    const longest = Math.max(0, ...[...this.#sockets.values()].map((client) => client.delay));
    setTimeout(() => {
      for (const [socket, client] of this.#sockets) flush(socket, client, Infinity);
      done(Object.fromEntries(this.#channels));
    }, longest);
  }

  withhold(channels) {
    this.#withheld = new Set(channels);
  }

  // Of each message since the last call: to how many sockets it went, at the least; null = there was none.
  fewest() {
    const fewest = this.#fewest;
    this.#fewest = null;
    return fewest;
  }

  #make(name, size, now) {
    const number = this.#channels.get(name) + 1;
    this.#channels.set(name, number);
    const text = `{"c":"${name}","n":${number},"pad":"${'x'.repeat(size)}"}`;
    let recipients = 0;
    for (const [socket, client] of this.#sockets) {
      if (!client.channels.has(name) || socket.readyState !== socket.OPEN) continue;
      const own = client.stamp ? `{"at":"${client.number}-${now}",${text.slice(1)}` : text;
      client.waiting.push({ due: now + client.delay, text: own });
      ++recipients;
    }
    this.#fewest = this.#fewest === null ? recipients : Math.min(this.#fewest, recipients);
  }
}

function flush(socket, client, now) {
  let ready = 0;
  while (ready < client.waiting.length && client.waiting[ready].due <= now) socket.send(client.waiting[ready++].text);
  client.waiting.splice(0, ready);
}
