// A venue in Node, on the `ws` package, driven by lines of JSON: commands on stdin, events on stdout. node_venue.py is
// the other side. Every command is answered by {"done": id}.
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';
import { Market } from './market.mjs';

const kHighWater = 4 << 20; // bytes waiting in one socket above which `flood` waits for it
const sockets = new Map(); // connection number -> WebSocket
let next_connection = 1;
const refusals = new Map(); // path, or undefined for every one -> HTTP status that answers upgrades

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const market = new Market(tell);

const numbered = (number, size) => String(number).padStart(10, '0') + ' '.padEnd(size - 10, 'x');

function matching(path) {
  return [...sockets.values()].filter((socket) => path === undefined || socket.path === path);
}

function accept(socket, request) {
  const connection = next_connection++;
  socket.path = request.url;
  sockets.set(connection, socket);
  tell({ event: 'open', connection, path: request.url });
  socket.on('message', (data, binary) => {
    tell({ event: 'message', connection, binary, base64: data.toString('base64') });
  });
  socket.on('close', (code) => {
    sockets.delete(connection);
    tell({ event: 'close', connection, code });
  });
  socket.on('error', () => {});
  market.accept(socket, connection, request.url);
}

function verify({ req }, answer) {
  const status = refusals.get(req.url) ?? refusals.get(undefined);
  if (status) tell({ event: 'refused' });
  answer(!status, status);
}

const commands = {
  listen({ cert, key }, done) {
    const server = cert
      ? createHttpsServer({ cert: readFileSync(cert), key: readFileSync(key) })
      : createHttpServer();
    new WebSocketServer({ server, perMessageDeflate: false, verifyClient: verify }).on('connection', accept);
    server.listen(0, '127.0.0.1', () => done({ port: server.address().port }));
  },

  // One message in as many frames as there are pieces.
  send({ path, binary, pieces }, done) {
    for (const socket of matching(path)) {
      pieces.forEach((piece, index) => {
        const data = Buffer.from(piece, 'base64');
        socket.send(binary ? data : data.toString('utf8'), { binary, fin: index === pieces.length - 1 });
      });
    }
    done({});
  },

  // Numbered messages to every connection of the path, `rate` a second each, in a batch every few milliseconds.
  pace({ path, count, size, rate, first }, done) {
    const targets = matching(path);
    const begin = process.hrtime.bigint();
    let sent = 0;
    const timer = setInterval(() => {
      const elapsed = Number(process.hrtime.bigint() - begin) / 1e9;
      const due = Math.min(count, Math.floor(elapsed * rate));
      for (; sent < due; ++sent) {
        const text = numbered(first + sent, size);
        for (const socket of targets) socket.send(text);
      }
      if (sent === count) {
        clearInterval(timer);
        done({});
      }
    }, 5);
  },

  // Numbered messages as fast as the sockets take them.
  flood({ path, count, size, first }, done) {
    const targets = matching(path);
    let sent = 0;
    const step = () => {
      const full = targets.some((socket) => socket.bufferedAmount > kHighWater);
      for (let batch = 0; !full && batch < 1000 && sent < count; ++batch, ++sent) {
        const text = numbered(first + sent, size);
        for (const socket of targets) socket.send(text);
      }
      if (sent < count) setImmediate(step);
      else done({});
    };
    step();
  },

  close({ path, code, reason }, done) {
    for (const socket of matching(path)) socket.close(code, reason);
    done({});
  },

  // Without a close frame.
  terminate({ connection }, done) {
    sockets.get(connection)?.terminate();
    done({});
  },

  refuse({ path, status }, done) {
    if (status) refusals.set(path, status);
    else refusals.delete(path);
    done({});
  },

  market({ channels, rate, size }, done) {
    market.start(channels, rate, size);
    done({});
  },

  withhold({ channels }, done) {
    market.withhold(channels);
    done({});
  },

  fewest(_nothing, done) {
    done({ fewest: market.fewest() });
  },

  stop_market(_nothing, done) {
    market.stop((last) => done({ last }));
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line);
    commands[command.command](command, (answer) => tell({ ...answer, done: command.id }));
  })
  .on('close', () => process.exit(0));
