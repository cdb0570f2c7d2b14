// Numbers, durations and times as people read them. Every function takes null or undefined for "is not known" and
// then returns a dash.

export const NONE = '–';

const known = (value) => value !== null && value !== undefined && value !== '';
const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });

export const count = (value) => (known(value) ? whole.format(value) : NONE);

// Six digits are read at a glance; more are rounded.
export const figure = (value) => (known(value) ? (value < 1e6 ? whole : compact).format(value) : NONE);

export function rate(value) {
  if (!known(value)) return NONE;
  if (value >= 1e5) return `${compact.format(value)}/s`;
  return `${value > 0 && value < 10 ? value.toFixed(1) : whole.format(Math.round(value))}/s`;
}

export function bytes(value) {
  if (!known(value)) return NONE;
  let size = value;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (size < 1024) return `${unit === 'B' ? size : size.toFixed(1)} ${unit}`;
    size /= 1024;
  }
  return `${size.toFixed(1)} TiB`;
}

export function duration_ms(value) {
  if (!known(value)) return NONE;
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 10_000) return `${(value / 1000).toFixed(1)} s`;
  const seconds = Math.floor(value / 1000);
  const pairs = [['d', 86400, 'h', 3600], ['h', 3600, 'min', 60], ['min', 60, 's', 1]];
  for (const [unit, size, smaller, part] of pairs) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ${Math.floor((seconds % size) / part)} ${smaller}`;
  }
  return `${seconds} s`;
}

// 0 means that none was measured.
export function duration_us(value) {
  if (!value) return NONE;
  return value < 1000 ? `${value} µs` : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} ms`;
}

// The time of day; with the date in front where that is not today's.
export function time(text) {
  if (!known(text)) return NONE;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return String(text);
  const date = day.format(moment);
  return date === day.format(new Date()) ? clock.format(moment) : `${date} ${clock.format(moment)}`;
}

// "pong_timeout" -> "pong timeout"
export const words = (text) => (known(text) && text !== 'unspecified' ? String(text).replaceAll('_', ' ') : NONE);
