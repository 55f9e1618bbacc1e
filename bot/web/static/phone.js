/* A phone with Zalo on it, drawn. What is on the screen is asked for again and again; nothing is kept in the browser. */
(function () {
  'use strict';

  const SOON = 300; // ms, while an answer is likely on its way
  const AT_EASE = 2000; // ms
  const EAGER_FOR = 4000; // ms after something was done

  const phone = document.querySelector('.phone');
  if (!phone || !window.fetch) return;
  const address = phone.getAttribute('data-address');
  const words = JSON.parse(phone.getAttribute('data-words'));
  const screen = phone.querySelector('.screen');
  const list = screen.querySelector('ol');
  const empty = screen.querySelector('.empty');
  const follow = phone.querySelector('.follow');
  const menu = phone.querySelector('.oa-menu');
  const form = phone.querySelector('.writing');
  const box = form.querySelector('input');
  const trouble = phone.querySelector('.trouble');
  const clock = phone.querySelector('.clock');
  const shown = phone.querySelector('.window');
  const wide = window.matchMedia('(min-width: 900px)');
  const stage = document.querySelector('.stage');

  let next = 0; // the number of the line that is not drawn yet
  let follows = false;
  let eagerUntil = 0;
  let timer = 0;

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = '';
    act({act: 'say', text: text});
  });
  follow.addEventListener('click', function () { act({act: follows ? 'unfollow' : 'follow'}); });
  menu.addEventListener('click', function (event) {
    const button = event.target.closest('button');
    if (button) act({act: 'pick', item: Number(button.value)});
  });
  document.querySelectorAll('button[data-act]').forEach(function (button) {
    button.addEventListener('click', function () {
      const what = {act: button.getAttribute('data-act')};
      if (button.hasAttribute('data-hours')) what.hours = Number(button.getAttribute('data-hours'));
      if (!wide.matches) stage.open = false; // what comes of it is under it
      act(what);
    });
  });
  stage.open = wide.matches;
  list.addEventListener('click', function (event) {
    const button = event.target.closest('button');
    if (!button) return;
    act({act: 'tap', line: Number(button.getAttribute('data-line')), button: Number(button.value)});
  });
  document.addEventListener('visibilitychange', look);
  look();

  async function act(what) {
    eagerUntil = Date.now() + EAGER_FOR;
    await ask({method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(what)});
  }

  function look() {
    if (!document.hidden) ask({});
  }

  async function ask(settings) {
    clearTimeout(timer);
    try {
      const response = await fetch(address, Object.assign({credentials: 'same-origin', cache: 'no-store'}, settings));
      if (response.ok) draw(await response.json());
      say(response.ok ? '' : response.status === 404 ? words.gone : words.failed);
    } catch (problem) {
      say(words.away);
    }
    clearTimeout(timer);
    timer = setTimeout(look, Date.now() < eagerUntil ? SOON : AT_EASE);
  }

  function draw(talk) {
    follows = talk.is_follower;
    follow.hidden = false;
    follow.textContent = follows ? words.unfollow : words.follow;
    follow.classList.toggle('is-on', follows);
    clock.textContent = talk.clock;
    shown.textContent = words['window_' + talk.window.state].replace('{time}', lasting(talk.window.hours));
    shown.className = 'window is-' + talk.window.state;
    // The demo was started again: what is drawn is of another life.
    if (talk.first + talk.lines.length < next) { list.textContent = ''; next = 0; }
    const fresh = talk.lines.slice(Math.max(0, next - talk.first));
    let number = Math.max(next, talk.first);
    fresh.forEach(function (line) { bubble(line, number++); });
    next = talk.first + talk.lines.length;
    empty.hidden = list.children.length > 0;
    if (!fresh.length) return;
    screen.scrollTop = screen.scrollHeight; // as Zalo does: the end is in sight, with the buttons
  }

  function lasting(hours) {
    return hours > 48 || hours % 24 === 0 ? words.days.replace('{days}', Math.floor(hours / 24)) : words.hours.replace('{hours}', hours);
  }

  function bubble(line, number) {
    if (line.by === 'note') {
      list.appendChild(make('li', 'told', noted(line.text)));
      return;
    }
    const item = make('li', line.by === 'you' ? 'mine' : 'theirs');
    const from = {you: words.from_you, oa: words.from_them, officer: words.from_officer}[line.by];
    item.appendChild(make('span', line.by === 'officer' ? 'by-hand' : 'unseen', from));
    const card = make('div', 'card');
    if (line.text) card.appendChild(make('p', '', line.text));
    if (line.has) card.appendChild(make('p', 'is-' + line.has, words[line.has]));
    if (line.buttons.length) card.appendChild(buttons(line.buttons, number));
    item.appendChild(card);
    list.appendChild(item);
  }

  function noted(name) {
    const parts = name.split('.');
    return words['note_' + parts[0]].replace('{time}', parts[1] ? lasting(Number(parts[1])) : '');
  }

  function buttons(titles, number) {
    const group = make('div', 'buttons');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', words.buttons);
    titles.forEach(function (title, place) {
      const button = make('button', '', title);
      button.type = 'button';
      button.value = String(place);
      button.setAttribute('data-line', String(number));
      group.appendChild(button);
    });
    return group;
  }

  function say(sentence) {
    if (trouble.textContent !== sentence) trouble.textContent = sentence;
  }

  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  }
})();
