/* Live parts, deadlines, the key `/`, dialogs, copying. Every page works without it. */
(() => {
  const show = (id, is) => {
    const band = document.getElementById(id);
    if (band) band.hidden = !is;
    if (!is) for (const it of document.querySelectorAll('.unsent')) it.remove();
  };

  const ask = () => fetch(location.href, { method: 'HEAD', redirect: 'manual' });

  const arrives = async () => {
    try {
      return (await ask()).status < 500;
    } catch {
      return false;
    }
  };

  const sayUnsent = (at, words) => {
    if (at.nextElementSibling?.className === 'unsent') return;
    const said = document.createElement('p');
    said.className = 'unsent';
    said.setAttribute('role', 'alert');
    said.textContent = words;
    at.after(said);
  };

  /** While a band says that the page is behind, a form is sent only if it would arrive: an error page would take the place of what was typed. */
  let sure;
  document.addEventListener(
    'submit',
    async (event) => {
      const { target: form, submitter } = event;
      const band = document.querySelector('.interruption:not([hidden])');
      if (!band || form.method !== 'post' || sure === form) return;
      event.preventDefault();
      event.stopPropagation();
      if (!(await arrives())) return sayUnsent(submitter ?? form.lastElementChild, band.dataset.unsent);
      sure = form;
      form.requestSubmit(submitter);
      sure = undefined;
    },
    true,
  );

  // --- fields of a form that several buttons send ----------------------------------------------------------------------

  const UNSENT = `unsent ${location.pathname}`;

  /** One button sends its own field; what is typed into the fields of the others comes back with the next page. */
  document.addEventListener('submit', ({ target: form, submitter }) => {
    const others = [...form.elements].filter((it) => it.dataset.enter && it.dataset.enter !== submitter?.id);
    const typed = others
      .filter(({ value, defaultValue }) => value !== defaultValue)
      .map(({ id, value }) => [id, value]);
    if (typed.length > 0) sessionStorage.setItem(UNSENT, JSON.stringify(typed));
  });

  for (const [id, value] of JSON.parse(sessionStorage.getItem(UNSENT) ?? '[]')) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  sessionStorage.removeItem(UNSENT);

  // --- live parts -----------------------------------------------------------------------------------------------------

  const liveAt = document.body.dataset.live;
  let source;
  let retrying;

  const replace = (parts) => {
    for (const [id, html] of Object.entries(parts)) {
      const part = document.getElementById(id);
      if (!part || part.innerHTML === html) continue;
      const open = [...part.querySelectorAll('details[open][id]')].map((it) => it.id);
      // What is being typed stays, and the cursor in it.
      const typed = [...part.querySelectorAll('input[id], textarea[id]')].filter((it) => it.value !== it.defaultValue);
      const active = part.contains(document.activeElement) ? document.activeElement.id : '';
      const cursor = active ? document.activeElement.selectionStart : undefined;
      part.innerHTML = html;
      for (const name of open) document.getElementById(name)?.setAttribute('open', '');
      for (const { id: name, value } of typed) {
        const field = document.getElementById(name);
        if (field) field.value = value;
      }
      const focused = active ? document.getElementById(active) : undefined;
      focused?.focus({ preventScroll: true });
      if (typeof cursor === 'number') focused?.setSelectionRange?.(cursor, cursor);
      countDown();
      window.htmx?.process(part);
      part.dispatchEvent(new CustomEvent('fastregister:live', { bubbles: true }));
    }
  };

  /** A stream that is refused is not tried again by the browser: the session is over, or the console is away. */
  const lookAgain = async () => {
    try {
      const answer = await ask();
      if (answer.type === 'opaqueredirect') return location.reload();
    } catch {
      // Still away.
    }
    connect();
  };

  const connect = () => {
    clearTimeout(retrying);
    source?.close();
    source = new EventSource(liveAt);
    source.addEventListener('open', () => show('disconnected', false));
    source.addEventListener('changed', (event) => {
      show('interrupted', false);
      replace(JSON.parse(event.data));
    });
    source.addEventListener('interrupted', () => show('interrupted', true));
    source.addEventListener('resumed', () => show('interrupted', false));
    source.addEventListener('ended', () => location.reload());
    source.addEventListener('error', () => {
      show('disconnected', true);
      if (source.readyState === EventSource.CLOSED) retrying = setTimeout(lookAgain, 2000);
    });
  };

  const disconnect = () => {
    clearTimeout(retrying);
    source?.close();
    source = undefined;
  };

  if (liveAt) {
    connect();
    // A browser has six connections to a host: a hidden page needs none.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) disconnect();
      else if (!source) connect();
    });
    addEventListener('pagehide', disconnect);
    addEventListener('pageshow', (event) => {
      if (event.persisted) connect();
    });
  }

  // --- deadlines ------------------------------------------------------------------------------------------------------

  const countDown = () => {
    for (const it of document.querySelectorAll('[data-ends]')) {
      const left = Math.floor((Number(it.dataset.ends) - Date.now()) / 1000);
      const [h, m, s] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60), left % 60];
      const words = left <= 0 ? it.dataset.over : h > 0 ? it.dataset.hours : it.dataset.minutes;
      it.textContent = words.replace('{h}', h).replace('{m}', m).replace('{s}', s);
    }
  };

  setInterval(countDown, 1000);
  countDown();

  // --- keys and buttons -----------------------------------------------------------------------------------------------

  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const finder = [...document.querySelectorAll('.finder')].find((it) => it.offsetParent !== null);
    if (!finder) return;
    event.preventDefault();
    finder.focus();
    finder.select();
  });

  /** The button that stands beside a field, not the first one of its form. */
  document.addEventListener('keydown', (event) => {
    const button = event.key === 'Enter' && !event.isComposing && event.target.dataset?.enter;
    if (!button) return;
    event.preventDefault();
    document.getElementById(button)?.click();
  });

  /** Browsers give the clipboard to https and to this machine only; elsewhere the text is selected, and copied as it was done before. */
  const copied = async (from) => {
    try {
      await navigator.clipboard.writeText(from.textContent);
      return true;
    } catch {
      from.closest('details')?.setAttribute('open', '');
      getSelection().selectAllChildren(from);
      if (!document.execCommand('copy')) return false;
      getSelection().removeAllRanges();
      return true;
    }
  };

  document.addEventListener('click', async (event) => {
    const copier = event.target.closest('[data-copy]');
    const from = copier && document.getElementById(copier.dataset.copy);
    if (from) {
      const isCopied = await copied(from);
      const said = copier.parentElement.querySelector('output');
      said.textContent = isCopied ? copier.dataset.copied : copier.dataset.failed;
      said.classList.toggle('failed', !isCopied);
      if (isCopied) setTimeout(() => said.replaceChildren(), 3000);
    }
    if (event.target.closest('.closer')) event.target.closest('dialog')?.close();
  });

  /** What would unfold in its place becomes a dialog over the page. */
  document.addEventListener('click', (event) => {
    const summary = event.target.closest('details.confirm > summary');
    if (!summary) return;
    event.preventDefault();
    const form = summary.parentElement.querySelector('form');
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-labelledby', form.getAttribute('aria-labelledby'));
    const home = form.parentElement;
    form.querySelector('.closer').hidden = false;
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener('close', () => {
      home.append(form);
      dialog.remove();
      summary.focus();
    });
    dialog.showModal();
  });

  document.addEventListener('change', (event) => {
    const form = event.target.closest('form[data-submits]');
    if (form) form.requestSubmit();
  });
})();
