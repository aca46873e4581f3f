// Makes pages quicker to use; every page works without it. Behaviour is declared by data attributes:
//   data-key="j"            this key follows the link, presses the button, chooses the radio or focuses the field
//   data-rows               inside this list or table, j and k move between the links marked data-row
//   data-submit-key         on a form: ctrl-enter or cmd-enter submits it, also while typing
//   data-dialog="ID"        opens the <dialog>; data-close closes the dialog around it
//   data-keep="KEY"         on a form: what is typed survives an expired session, until it is saved
//   data-saved="KEY"        the server says: this was saved, forget what was kept
//   data-forget             on the sign-out form: forget everything kept
//   data-select-all="NAME"  ticks every checkbox of that name in the form
//   data-upload             on a form with files: shows progress in its <progress data-upload-bar>
//   data-counter="ID"       on a textarea: the element that says how many characters are left
//   data-insert="ID"        adds the value of the field data-insert-from to the text of that field, instead of asking the server
//   data-scripted           hidden without scripts, shown with them; data-print prints; data-shortcuts turns keys on and off
(() => {
  'use strict';
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (el) => el && (el.isContentEditable || el.matches('textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit], [type=file])'));
  const visible = (el) => el.getClientRects().length > 0 && !el.disabled;
  const storage = (kind) => { try { return window[kind]; } catch { return null; } };
  const session = storage('sessionStorage');
  const local = storage('localStorage');

  // Shortcuts. People who speak to their computer must be able to turn single keys off (WCAG 2.1.4).
  const keysOff = () => local?.getItem('akashi:keys') === 'off';
  const openDialog = () => document.querySelector('dialog[open]');

  function use(el) {
    if (el.matches('input[type=radio], input[type=checkbox]')) { el.focus(); el.click(); }
    else if (typing(el)) { el.focus(); el.select?.(); }
    else el.click();
  }

  function moveRow(step) {
    const list = document.activeElement?.closest?.('[data-rows]') || document.querySelector('[data-rows]');
    const rows = list ? all('[data-row]', list).filter(visible) : [];
    if (!rows.length) return false;
    const at = rows.indexOf(document.activeElement);
    const start = at >= 0 ? at + step : Math.max(0, rows.findIndex((row) => row.getAttribute('aria-current')));
    rows[Math.min(rows.length - 1, Math.max(0, start))].focus();
    return true;
  }

  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest?.('form') || document.querySelector('form[data-submit-key]');
      if (form?.hasAttribute('data-submit-key')) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') { if (typing(event.target) && !openDialog()) event.target.blur(); return; }
    if (typing(event.target) || keysOff() || openDialog()) return;
    const key = event.key;
    const target = all('[data-key]').find((el) => el.dataset.key.split(' ').includes(key) && visible(el));
    if (target) { event.preventDefault(); use(target); }
    else if (key === 'j' || key === 'k') { if (moveRow(key === 'j' ? 1 : -1)) event.preventDefault(); }
  });

  document.addEventListener('click', (event) => {
    const opener = event.target.closest?.('[data-dialog]');
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog?.showModal) { event.preventDefault(); if (!dialog.open) dialog.showModal(); }
    }
    const closer = event.target.closest?.('[data-close]');
    if (closer) { event.preventDefault(); closer.closest('dialog')?.close(); }
    if (event.target.closest?.('[data-print]')) window.print();
    const inserter = event.target.closest?.('[data-insert]');
    const into = inserter && document.getElementById(inserter.dataset.insert);
    const words = inserter && document.getElementById(inserter.dataset.insertFrom)?.value;
    if (into) {
      event.preventDefault();
      if (words) into.value = into.value.trim() ? `${into.value.trimEnd()}\n${words}` : words;
      into.dispatchEvent(new Event('input', { bubbles: true }));
      into.focus();
    }
  });

  // Tick all.
  function boxesOf(master) {
    return all('input[type=checkbox]', master.form || document).filter((box) => box.name === master.dataset.selectAll && box !== master);
  }
  function showTicks(master) {
    const boxes = boxesOf(master);
    const ticked = boxes.filter((box) => box.checked).length;
    master.checked = boxes.length > 0 && ticked === boxes.length;
    master.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  document.addEventListener('change', (event) => {
    const el = event.target;
    if (el.dataset?.selectAll) boxesOf(el).forEach((box) => { box.checked = el.checked; });
    else if (el.type === 'checkbox') all('[data-select-all]').filter((master) => master.dataset.selectAll === el.name).forEach(showTicks);
    if (el.hasAttribute?.('data-shortcuts')) local?.setItem('akashi:keys', el.checked ? 'on' : 'off');
  });

  // Characters left: counted as people count them, by code point.
  function count(area) {
    const out = document.getElementById(area.dataset.counter);
    if (!out) return;
    const left = Number(area.dataset.limit) - [...area.value].length;
    out.textContent = (left < 0 ? out.dataset.over : out.dataset.left).replace('{n}', Math.abs(left).toLocaleString());
    out.classList.toggle('over', left < 0);
  }

  // What was typed is kept per person, so that nobody else signing in here is offered it.
  const keepName = (key) => `akashi:keep:${document.body.dataset.who || ''}:${key}`;
  const kept = (form) => all('textarea, input, select', form).filter((el) => el.name && !['hidden', 'password', 'file', 'submit', 'button'].includes(el.type));
  const read = (form) => kept(form).map((el) => [el.name, el.value, ['radio', 'checkbox'].includes(el.type) ? el.checked : null]);
  const differs = (form, saved) => JSON.stringify(read(form)) !== JSON.stringify(saved);
  function restore(form, saved) {
    const fields = kept(form);
    for (const [name, value, checked] of saved) {
      const el = fields.find((field) => field.name === name && (checked === null || field.value === value));
      if (!el) continue;
      if (checked === null) el.value = value; else el.checked = checked;
      if (el.dataset.counter) count(el);
    }
  }
  function offer(form) {
    const name = keepName(form.dataset.keep);
    let saved = null;
    try { saved = JSON.parse(session?.getItem(name) || 'null'); } catch { session?.removeItem(name); }
    const template = document.getElementById('keep-offer');
    if (!saved || !template || form.querySelector('.keep-offer')) return;
    if (!differs(form, saved)) { session.removeItem(name); return; }
    form.prepend(template.content.cloneNode(true));
    const notice = form.querySelector('.keep-offer');
    notice.querySelector('[data-restore]').addEventListener('click', () => { restore(form, saved); notice.remove(); kept(form)[0]?.focus(); });
    notice.querySelector('[data-discard]').addEventListener('click', () => { session.removeItem(name); notice.remove(); });
  }
  document.addEventListener('input', (event) => {
    if (event.target.dataset?.counter) count(event.target);
    const form = event.target.closest?.('form[data-keep]');
    // While an offer stands unanswered, the older text is not overwritten.
    if (form && session && !form.querySelector('.keep-offer')) {
      try { session.setItem(keepName(form.dataset.keep), JSON.stringify(read(form))); } catch { /* storage is full: typing goes on */ }
    }
  });

  // Upload with progress. The answer of the server, whatever page it is, replaces this one.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.hasAttribute('data-forget') && session) {
      Object.keys(session).filter((name) => name.startsWith('akashi:keep:')).forEach((name) => session.removeItem(name));
    }
    const bar = form.querySelector('[data-upload-bar]');
    if (event.defaultPrevented || !form.hasAttribute('data-upload') || !bar || !window.FormData) return;
    event.preventDefault();
    const request = new XMLHttpRequest();
    const frame = bar.closest('.progress') || bar;
    const words = frame.querySelector('[data-upload-words]');
    frame.hidden = false;
    request.upload.onprogress = (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total; bar.value = step.loaded;
      if (words) words.textContent = `${Math.round((step.loaded / step.total) * 100)}%`;
    };
    request.onload = () => {
      const page = new DOMParser().parseFromString(request.responseText, 'text/html');
      if (!page.querySelector('main')) { frame.hidden = true; if (words) words.textContent = ''; fail(form); return; }
      history.pushState(null, '', request.responseURL);
      document.title = page.title;
      document.body.replaceWith(page.body);
      window.htmx?.process(document.body);
      start(document);
      (document.querySelector('.error-summary') || document.querySelector('h1'))?.focus();
      window.scrollTo(0, 0);
    };
    request.onerror = () => { frame.hidden = true; fail(form); };
    request.open('POST', form.action);
    request.send(event.submitter ? new FormData(form, event.submitter) : new FormData(form));
  });
  const fail = (form) => { const said = form.querySelector('[data-upload-failed]'); if (said) { said.hidden = false; said.focus(); } };

  // Of 253 lines, the open one is in sight; only the lists scroll, never the page.
  function showCurrent(line) {
    for (const box of [line.closest('.items'), line.closest('.bench-list')]) {
      if (box && box.scrollHeight > box.clientHeight) box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
    }
  }

  function start(root) {
    all('.items [aria-current]', root).forEach(showCurrent);
    all('[data-scripted]', root).forEach((el) => { el.hidden = false; });
    all('[data-saved]', root).forEach((el) => session?.removeItem(keepName(el.dataset.saved)));
    all('[data-select-all]', root).forEach(showTicks);
    all('[data-counter]', root).forEach(count);
    all('[data-shortcuts]', root).forEach((el) => { el.checked = !keysOff(); });
    all('form[data-keep]', root).forEach(offer);
    root.querySelector('.error-summary')?.focus();
  }
  document.addEventListener('htmx:load', (event) => start(event.detail.elt));
  window.addEventListener('pageshow', (event) => { if (event.persisted) start(document); });
  // htmx:load also fires for the whole body; without htmx the page starts here.
  if (!window.htmx) start(document);
})();
