/* Uploading with progress, files that are dropped, and going on when a sheet is read. A plain form works without it. */
(() => {
  const form = document.querySelector('form.upload');

  if (form) {
    const input = form.querySelector('input[type=file]');
    const fault = form.querySelector('.fault');
    const uploading = form.querySelector('.uploading');
    const [bar, status] = [uploading.querySelector('progress'), uploading.querySelector('[role=status]')];
    const button = form.querySelector('button');
    const chosen = form.querySelector('.chosen');
    form.classList.add('scripted');
    const { bytes, files: most, tooLarge, tooMany, failed } = form.dataset;

    const say = (text) => {
      fault.textContent = text;
      fault.hidden = text === '';
      uploading.hidden = true;
      button.disabled = false;
    };

    const sizeOf = (bytes) => {
      const [amount, unit] = bytes < 1_048_576 ? [bytes / 1024, 'kB'] : [bytes / 1_048_576, 'MB'];
      const most = { maximumFractionDigits: amount < 10 ? 1 : 0 };
      return `${new Intl.NumberFormat(document.documentElement.lang, most).format(amount)} ${unit}`;
    };

    const look = () => {
      chosen.replaceChildren(
        ...[...input.files].map(({ name, size }) => {
          const [item, file] = [document.createElement('span'), document.createElement('bdi')];
          file.textContent = name;
          item.append(file, ` · ${sizeOf(size)}`);
          return item;
        }),
      );
      say(refusal());
    };

    const refusal = () => {
      const files = [...input.files];
      if (files.length > Number(most)) return tooMany;
      const large = files.filter(({ size }) => size > Number(bytes)).map(({ name }) => name);
      return large.length > 0 ? `${large.join(', ')}: ${tooLarge}` : '';
    };

    input.addEventListener('change', look);

    for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop']) {
      form.addEventListener(kind, (event) => {
        event.preventDefault();
        form.classList.toggle('over', kind === 'dragenter' || kind === 'dragover');
      });
    }
    form.addEventListener('drop', (event) => {
      if (event.dataTransfer.files.length === 0) return;
      input.files = event.dataTransfer.files;
      look();
    });

    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const no = refusal();
      if (no !== '') return say(no);
      say('');
      button.disabled = true;
      uploading.hidden = false;
      const request = new XMLHttpRequest();
      request.open('POST', form.action);
      request.upload.addEventListener('progress', ({ loaded, total }) => {
        bar.value = total > 0 ? (loaded / total) * 100 : 0;
        status.textContent = `${Math.floor(bar.value)} %`;
      });
      request.addEventListener('error', () => say(failed));
      request.addEventListener('load', () => {
        // The browser has followed to the page of the upload, or to the log-in.
        if (request.status < 400) return location.assign(request.responseURL);
        const page = new DOMParser().parseFromString(request.responseText, 'text/html');
        say(page.querySelector('main .fault')?.textContent ?? failed);
      });
      request.send(new FormData(form));
    });
    // Also after the way back from the next page.
    addEventListener('pageshow', look);
  }

  document.addEventListener('fastregister:live', (event) => {
    const next = event.target.querySelector('[data-goto]');
    if (next) location.replace(next.dataset.goto);
  });
})();
