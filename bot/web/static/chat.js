/* The chat of the page, and small comforts for the results. Plain ES2017: it must run on a phone from 2018.
   What a person chose or wrote is never kept in the browser: only what was asked, and only until the tab closes. */
(function () {
  'use strict';

  const KEPT_FOR = 30 * 60 * 1000; // ms: an old talk on a shared phone is nobody's business
  const LINES_KEPT = 60;
  const PATIENCE = 15000; // ms for one request; after that it is sent again, with the same key
  const SLOWEST_RETRY = 15000; // ms
  const TYPING_AFTER = 300; // ms: a quick answer needs no dots
  const OFFLINE_AFTER = 3000; // ms: a short gap in the stream is not worth a word
  const STORE = 'langnghe';

  comforts();
  const chat = document.querySelector('.chat');
  if (!chat || !window.EventSource || !window.fetch || !window.crypto) return;

  const words = JSON.parse(chat.getAttribute('data-words'));
  const log = chat.querySelector('.log');
  const typing = chat.querySelector('.typing');
  const banner = chat.querySelector('.banner');
  const form = chat.querySelector('.composer');
  const box = form.querySelector('textarea');
  const clear = chat.querySelector('.clear');

  let lines = []; // what is on screen, as it is kept: {by: 'us'|'you', text, stamped, done}
  let last = ''; // id of the last event read
  let queue = []; // what was said and is not acknowledged: {key, body}
  let acts = {}; // key → the message it answered, for its stamp
  let sending = false;
  let stream = null;
  let gap = 0;

  chat.classList.add('alive');
  clear.hidden = false;
  recall();
  listen();
  begin();

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    write();
  });
  box.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    write();
  });
  box.addEventListener('input', fit);
  log.addEventListener('click', function (event) {
    const button = event.target.closest('.option');
    if (button && !button.disabled) tap(button, event.detail === 0);
  });
  clear.addEventListener('click', function () {
    lines = [];
    log.textContent = '';
    keep();
    say({again: true});
    log.focus();
  });
  window.addEventListener('online', function () { listen(); pump(); });
  window.addEventListener('offline', function () { notice(words.offline); });
  window.addEventListener('pagehide', function () { if (stream) stream.close(); stream = null; });
  window.addEventListener('pageshow', function (event) { if (event.persisted) { listen(); say({again: true}); } });

  /* What a person does */

  function begin() {
    const payload = new URLSearchParams(location.search).get('start');
    if (payload !== null) {
      // Used once: loading the page again must not start again.
      history.replaceState(null, '', location.pathname + location.hash);
      say({start: payload});
    } else if (lines.length || queue.length) {
      say({again: true});
    } else {
      say({start: ''});
    }
  }

  function write() {
    const text = box.value.trim();
    if (!text) return;
    if (text.length > 2000) return notice(words.too_long);
    const asked = lastAsked();
    const isChoice = asked && picks(text, asked);
    // A number under a question would show the choice to whoever looks over the shoulder.
    const bubble = add({by: 'you', text: isChoice ? words.said : text, stamped: isChoice}, words.said);
    box.value = '';
    fit();
    settle(asked);
    reveal([bubble]);
    acts[say({text: text})] = {message: isChoice ? asked : null, bubble: isChoice ? bubble : null, focus: false};
  }

  function tap(button, byKeyboard) {
    const message = button.closest('.message');
    button.classList.add('pressed');
    settle(message);
    acts[say({tap: button.value})] = {message: message, done: true, focus: byKeyboard || document.activeElement === button};
  }

  function picks(text, message) {
    if (/^[\d\s,.;]{1,14}$/.test(text)) return true;
    const wanted = text.toLowerCase();
    return Array.prototype.some.call(message.querySelectorAll('.option span'), function (label) {
      return label.textContent.toLowerCase() === wanted;
    });
  }

  /* Saying it: one at a time, again and again until it is acknowledged. The key makes repeating harmless. */

  function say(said) {
    const key = makeKey();
    said.key = key;
    said.language = document.documentElement.lang;
    queue.push(said);
    keep();
    pump();
    return key;
  }

  async function pump() {
    if (sending) return;
    sending = true;
    try { await sendAll(); } finally { sending = false; }
  }

  async function sendAll() {
    let pause = 1000;
    while (queue.length) {
      const said = queue[0];
      const waiting = setTimeout(function () { typing.classList.add('on'); typing.lastChild.textContent = words.typing; }, TYPING_AFTER);
      const answer = await post(said);
      clearTimeout(waiting);
      if (answer.again) {
        notice(navigator.onLine === false ? words.offline : words.retrying);
        await sleepOrOnline(pause);
        pause = Math.min(pause * 2, SLOWEST_RETRY);
        continue;
      }
      pause = 1000;
      queue.shift();
      rest();
      if (answer.events) { notice(''); answer.events.forEach(hear); }
      else refuse(answer.status, said);
      keep();
    }
  }

  async function post(said) {
    try {
      const body = JSON.stringify(Object.assign({after: last}, said));
      const request = fetch('/chat/say', {
        method: 'POST', body: body, credentials: 'same-origin', cache: 'no-store', headers: {'Content-Type': 'application/json'}
      });
      const response = await Promise.race([request, sleep(PATIENCE)]);
      if (!response || response.status >= 500 || response.status === 429) return {again: true};
      if (response.status !== 200) return {status: response.status};
      return {events: (await response.json()).events.map(function (event) {
        return {id: event.id, reply: event.data};
      })};
    } catch (problem) {
      return {again: true};
    }
  }

  function refuse(status, said) {
    const act = acts[said.key];
    delete acts[said.key];
    if (status === 401 || status === 403) {
      notice(words.reload);
      const button = make('button', '', words.reload_button);
      button.type = 'button';
      button.addEventListener('click', function () { location.reload(); });
      banner.appendChild(button);
      queue = [];
      return;
    }
    notice(status === 413 ? words.too_long : words.refused);
    if (act && !said.again) say({again: true});
  }

  /* Hearing: the same events come by the stream and with the answer to a post; each is shown once, in order. */

  function listen() {
    if (stream && stream.readyState !== 2) return;
    stream = new EventSource('/chat/events?after=' + encodeURIComponent(last));
    const mine = stream;
    mine.addEventListener('hello', function (event) {
      clearTimeout(gap);
      gap = 0;
      if (banner.textContent === words.offline) notice('');
      pump();
      // The server no longer knows what this page has read: it was restarted, or we were away for long.
      if (JSON.parse(event.data).again && last && isNews(event.lastEventId) && !queue.length) say({again: true});
    });
    mine.addEventListener('reply', function (event) {
      rest();
      hear({id: event.lastEventId, reply: JSON.parse(event.data)});
      keep();
    });
    mine.onerror = function () {
      if (!gap) gap = setTimeout(function () { notice(words.offline); }, OFFLINE_AFTER);
      // A refusal ends a stream for good; the browser repeats only broken connections.
      if (mine.readyState === 2) setTimeout(function () { if (stream === mine) listen(); }, 5000);
    };
  }

  function hear(event) {
    if (!isNews(event.id)) return;
    last = event.id;
    const reply = event.reply;
    const act = acts[reply.key];
    delete acts[reply.key];
    stamp(act, reply.stamp);
    conclude(act);
    dropRepeated(reply.messages);
    const shown = reply.messages.map(function (message) {
      if (message.options) retire();
      return add({by: 'us', text: message.text}, message.text, message);
    });
    reveal(shown);
    const asked = shown.length ? shown[shown.length - 1].querySelector('.options') : null;
    // The button a person pressed is gone: whoever moves by keyboard goes on at the next choices, not at the top.
    if (act && act.focus) (asked || log).focus({preventScroll: true});
  }

  function isNews(id) {
    const now = id.split('.');
    const before = last.split('.');
    return now[0] !== before[0] || Number(now[1]) > Number(before[1]);
  }

  function stamp(act, text) {
    if (!act || !act.message || !act.message.isConnected) return;
    const line = act.message.line;
    if (text) {
      line.text = text;
      line.stamped = true;
      act.message.classList.add('stamped');
      act.message.querySelector('.text').textContent = text;
      if (act.bubble) drop(act.bubble); // the stamp says it already
    } else if (act.done && !line.done) {
      line.done = true;
      act.message.appendChild(make('p', 'done', words.chosen));
    }
  }

  // What was tapped must not stay readable; what was typed may not have been an answer, so the choices are offered again.
  function conclude(act) {
    if (!act || !act.message) return;
    const group = act.message.querySelector('.options');
    if (!group) return;
    if (act.done) act.message.removeChild(group);
    else group.querySelectorAll('.option').forEach(function (button) { button.disabled = false; });
  }

  // Asked again after loading the page again, the question that stands there already moves down instead of standing twice.
  function dropRepeated(messages) {
    const texts = messages.map(function (message) { return message.text; });
    for (let bubble = log.lastElementChild; bubble; bubble = log.lastElementChild) {
      if (bubble.line.by !== 'us' || bubble.line.stamped || bubble.line.done || texts.indexOf(bubble.line.text) < 0) return;
      drop(bubble);
    }
  }

  function drop(bubble) {
    lines.splice(lines.indexOf(bubble.line), 1);
    log.removeChild(bubble);
  }

  /* Showing */

  // `line` is what is kept; `keptText` what is kept of its words.
  function add(line, keptText, message) {
    const bubble = draw(line, message);
    line.text = keptText;
    if (line.by === 'you') line.stamped = true;
    lines.push(line);
    while (lines.length > LINES_KEPT) { lines.shift(); log.removeChild(log.firstElementChild); }
    keep();
    return bubble;
  }

  function draw(line, message) {
    const bubble = make('div', 'message ' + (line.by === 'us' ? 'ours' : 'yours') + (line.stamped ? ' stamped' : ''));
    bubble.line = line;
    bubble.appendChild(make('span', 'unseen', line.by === 'us' ? words.from_us : words.from_you));
    const text = make('p', 'text', line.text);
    if (/🚨/.test(line.text)) dialable(text);
    bubble.appendChild(text);
    if (line.done) bubble.appendChild(make('p', 'done', words.chosen));
    if (message && message.options) bubble.appendChild(choices(message.options, line.text));
    if (message && message.file) bubble.appendChild(download(message.file));
    log.appendChild(bubble);
    return bubble;
  }

  function choices(options, question) {
    const group = make('div', 'options');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', words.options + ': ' + question.slice(0, 120));
    group.tabIndex = -1;
    // Where every choice is a way around, as in the list of languages, they are what is asked.
    const answers = options.filter(function (option) { return !option.aside; });
    options.forEach(function (option) {
      const isAside = option.aside && answers.length > 0;
      if (isAside && !group.querySelector('.aside')) group.appendChild(make('span', 'below'));
      const button = make('button', isAside ? 'option aside' : 'option');
      button.type = 'button';
      button.value = option.token;
      const number = make('b', '', String(option.number));
      number.setAttribute('aria-hidden', 'true');
      button.appendChild(number);
      button.appendChild(make('span', '', option.label));
      group.appendChild(button);
    });
    const shown = answers.length || options.length;
    const longest = Math.max.apply(null, (answers.length ? answers : options).map(function (option) { return option.label.length; }));
    if (shown <= 3 && longest <= 14) group.classList.add('row');
    else if (shown > 7 && longest <= 16) group.classList.add('pairs');
    return group;
  }

  function download(file) {
    const bytes = Uint8Array.from(atob(file.content), function (letter) { return letter.charCodeAt(0); });
    const link = make('a', 'file', words.download + ': ' + file.name);
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = file.name;
    return link;
  }

  // In an emergency the number is one tap away.
  function dialable(text) {
    const pieces = text.textContent.split(/\b(11[345])\b/);
    text.textContent = '';
    pieces.forEach(function (piece) {
      if (!/^11[345]$/.test(piece)) return text.appendChild(document.createTextNode(piece));
      const link = make('a', '', piece);
      link.href = 'tel:' + piece;
      text.appendChild(link);
    });
  }

  function lastAsked() {
    const groups = log.querySelectorAll('.options');
    return groups.length ? groups[groups.length - 1].closest('.message') : null;
  }

  // Once answered, a question offers nothing more; its buttons go when the reply comes, so that nothing jumps under a finger.
  function settle(message) {
    if (!message) return;
    message.querySelectorAll('.option').forEach(function (button) { button.disabled = true; });
  }

  function retire() {
    log.querySelectorAll('.options').forEach(function (group) { group.parentNode.removeChild(group); });
  }

  function reveal(bubbles) {
    if (!bubbles.length) return;
    const first = bubbles[0].offsetTop - 8;
    const end = log.scrollHeight - log.clientHeight;
    log.scrollTop = Math.min(first, end);
  }

  function rest() {
    typing.classList.remove('on');
    typing.lastChild.textContent = '';
  }

  function notice(text) {
    if (banner.textContent !== text) banner.textContent = text;
  }

  function fit() {
    box.style.height = 'auto';
    box.style.height = Math.min(Math.max(box.scrollHeight + 3, 48), 140) + 'px';
  }

  /* Keeping: for this tab only */

  function keep() {
    try {
      sessionStorage.setItem(STORE, JSON.stringify({at: Date.now(), lines: lines, last: last, queue: queue}));
    } catch (problem) { /* a full or forbidden store costs the history, not the chat */ }
  }

  function recall() {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(STORE)); } catch (problem) { return; }
    if (!kept || Date.now() - kept.at > KEPT_FOR) return;
    queue = kept.queue;
    last = kept.last;
    lines = kept.lines;
    log.setAttribute('aria-live', 'off'); // what was read out once is not read out again
    lines.forEach(function (line) { draw(line); });
    log.scrollTop = log.scrollHeight;
    setTimeout(function () { log.setAttribute('aria-live', 'polite'); }, 500);
  }

  function makeKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return Array.prototype.map.call(bytes, function (byte) { return ('0' + byte.toString(16)).slice(-2); }).join('');
  }

  function sleep(time) {
    return new Promise(function (done) { setTimeout(done, time); });
  }

  function sleepOrOnline(time) {
    return Promise.race([sleep(time), new Promise(function (done) {
      window.addEventListener('online', done, {once: true});
    })]);
  }

  /* The results: printing opens every table */

  function comforts() {
    const button = document.querySelector('.print');
    if (!button) return;
    button.hidden = false;
    button.addEventListener('click', function () { window.print(); });
    window.addEventListener('beforeprint', function () {
      document.querySelectorAll('details').forEach(function (part) { part.open = true; });
    });
  }

  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  }
})();
