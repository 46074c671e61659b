/* Live parts, the key `/`, dialogs, copying. Every page works without it. */
(() => {
  const show = (id, is) => {
    const band = document.getElementById(id);
    if (band) band.hidden = !is;
  };

  // --- live parts -----------------------------------------------------------------------------------------------------

  const liveAt = document.body.dataset.live;
  let source;
  let retrying;

  const replace = (parts) => {
    for (const [id, html] of Object.entries(parts)) {
      const part = document.getElementById(id);
      if (!part || part.innerHTML === html) continue;
      const open = [...part.querySelectorAll('details[open][id]')].map((it) => it.id);
      part.innerHTML = html;
      for (const name of open) document.getElementById(name)?.setAttribute('open', '');
      window.htmx?.process(part);
      part.dispatchEvent(new CustomEvent('fastregister:live', { bubbles: true }));
    }
  };

  /** A stream that is refused is not tried again by the browser: the session is over, or the console is away. */
  const lookAgain = async () => {
    try {
      const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual' });
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

  document.addEventListener('click', async (event) => {
    const copier = event.target.closest('[data-copy]');
    if (copier) {
      const from = document.getElementById(copier.dataset.copy);
      await navigator.clipboard.writeText(from ? (from.value ?? from.textContent) : '');
      copier.classList.add('copied');
      setTimeout(() => copier.classList.remove('copied'), 1500);
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
