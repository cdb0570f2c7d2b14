// A table that follows a list which is fetched again and again. Rows have keys and are changed in place, so that focus,
// selection and what is unfolded survive; only one page of rows is in the document, however long the list is.
//
// The roles are written out because style.css makes cards of the rows on a phone, and a browser may forget what a table
// is once its `display` is another.

import { element, set_hidden, set_states, set_text } from './dom.js';
import { NONE, count } from './format.js';

const ROW = { role: 'row' };

export function cell(title, kind = 'td') {
  const role = kind === 'th' ? { role: 'rowheader', scope: 'row' } : { role: 'cell', 'data-label': title };
  return element(kind, role);
}

export function head(columns) {
  const titles = columns.map(({ title }) => element('th', { role: 'columnheader', scope: 'col' }, title));
  return element('thead', { role: 'rowgroup' }, element('tr', ROW, ...titles));
}

export function text_column(title, text) {
  return {
    title,
    show(place, item) {
      const words = text(item);
      set_text(place, words);
      if (place.classList.contains('unknown') !== (words === NONE)) place.classList.toggle('unknown');
    },
  };
}

export const state_column = (title, states) => ({ title, show: (place, item) => set_states(place, states(item)) });

// A row whose cells are written by the columns: {title, show(cell, item)}. The first is the row's header.
export function plain_row(columns) {
  const cells = columns.map(({ title }, index) => cell(title, index === 0 ? 'th' : 'td'));
  const node = element('tr', ROW, ...cells);
  return {
    nodes: [node],
    update: (item) => columns.forEach((column, index) => column.show(cells[index], item)),
  };
}

export class LiveTable {
  // columns: {title, show}; key(item): text; text(item): what the search looks into, or absent for no search;
  // choice: {label, options: [[value, text]], matches(item, value)}; row(item): {nodes, update(item)}.
  constructor(root, { caption, columns, key, text, choice, row, page_size = 50, nothing }) {
    this.options_ = { key, text, choice, row: row ?? (() => plain_row(columns)), page_size, nothing };
    this.items_ = [];
    this.rows_ = new Map();
    this.page_ = 0;
    this.search_ = '';
    this.chosen_ = '';
    this.body_ = element('tbody', { role: 'rowgroup' });
    this.table_ = element('table', { role: 'table' }, element('caption', { class: 'unseen' }, caption), head(columns), this.body_);
    this.nothing_ = element('p', { class: 'nothing' });
    const tools = this.tools_(caption, text, choice);
    root.append(...tools, element('div', { class: 'scroll' }, this.table_), this.nothing_, this.pager_(caption));
  }

  show(items) {
    this.items_ = items;
    this.draw_();
  }

  tools_(caption, text, choice) {
    const parts = [];
    if (text) {
      const search = element('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
      search.addEventListener('input', () => this.select_({ search_: search.value.trim().toLowerCase() }));
      parts.push(element('label', {}, `Filter ${caption.toLowerCase()} `, search));
    }
    if (choice) {
      const options = choice.options.map(([value, words]) => element('option', { value }, words));
      const select = element('select', {}, ...options);
      select.addEventListener('change', () => this.select_({ chosen_: select.value }));
      parts.push(element('label', {}, `${choice.label} `, select));
    }
    return parts.length ? [element('div', { class: 'tools', role: 'search', 'aria-label': caption }, ...parts)] : [];
  }

  select_(change) {
    Object.assign(this, change, { page_: 0 });
    this.draw_();
  }

  pager_(caption) {
    const button = (words, step) => {
      const node = element('button', { type: 'button', 'aria-label': `${words}: ${caption.toLowerCase()}` }, words);
      node.addEventListener('click', () => {
        this.page_ += step;
        this.draw_();
      });
      return node;
    };
    this.back_ = button('Previous', -1);
    this.on_ = button('Next', 1);
    this.range_ = element('span');
    this.pages_ = element('div', { class: 'pager', role: 'group', 'aria-label': `Pages of ${caption.toLowerCase()}` }, this.range_, this.back_, this.on_);
    this.pages_.hidden = true;
    return this.pages_;
  }

  matching_() {
    const { text, choice } = this.options_;
    return this.items_.filter((item) =>
      (!this.search_ || text(item).toLowerCase().includes(this.search_)) &&
      (!this.chosen_ || choice.matches(item, this.chosen_)));
  }

  draw_() {
    const { page_size, nothing } = this.options_;
    const found = this.matching_();
    const last = Math.max(0, Math.ceil(found.length / page_size) - 1);
    this.page_ = Math.min(Math.max(this.page_, 0), last);
    const begin = this.page_ * page_size;
    const shown = found.slice(begin, begin + page_size);
    this.rows_of_(shown);
    set_hidden(this.table_, shown.length === 0);
    set_hidden(this.nothing_, shown.length > 0);
    set_text(this.nothing_, this.items_.length ? `None of ${count(this.items_.length)} matches.` : nothing);
    set_hidden(this.pages_, last === 0);
    set_text(this.range_, `${count(begin + 1)}–${count(begin + shown.length)} of ${count(found.length)}`);
    // Not `disabled`: that would take the focus from whoever pages by keyboard to the end.
    this.usable_(this.back_, this.page_ > 0);
    this.usable_(this.on_, this.page_ < last);
  }

  usable_(button, usable) {
    if ((button.getAttribute('aria-disabled') === 'true') === usable) button.setAttribute('aria-disabled', String(!usable));
  }

  rows_of_(items) {
    const wanted = new Map(items.map((item) => [this.options_.key(item), item]));
    for (const [key, row] of this.rows_) {
      if (wanted.has(key)) continue;
      row.nodes.forEach((node) => node.remove());
      this.rows_.delete(key);
    }
    let place = this.body_.firstChild;
    for (const [key, item] of wanted) {
      let row = this.rows_.get(key);
      if (!row) this.rows_.set(key, (row = this.options_.row(item)));
      row.update(item);
      for (const node of row.nodes) {
        if (node === place) place = place.nextSibling;
        else this.body_.insertBefore(node, place);
      }
    }
  }
}
