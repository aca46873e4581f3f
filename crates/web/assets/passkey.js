// Passkeys: asks the device, puts its answer into the form and sends the form. Declared by data attributes:
//   data-passkey="register" on a form: makes a passkey; "confirm": uses one of the signed-in person's; "sign-in": uses any
//   data-challenge          on that form: the server's challenge as JSON, bytes in base64url
//   data-challenge-from     instead of it: the address that gives one to a POST of the form's csrf
//   name="challenge"        the hidden input that takes the name of a challenge from there
//   name="passkey"          the hidden input that takes the answer as JSON
//   data-passkey-failed     hidden words: it was cancelled, took too long or did not work
//   data-passkey-known      hidden words: this device is registered already (without them: the words above)
//   data-passkey-missing    hidden words: this browser has no passkeys; they stand in for the form's buttons
// Words and hidden input stand inside the form.
(() => {
  'use strict';
  const FORMS = 'form[data-passkey]';
  const able = Boolean(window.PublicKeyCredential && navigator.credentials?.create && navigator.credentials?.get);
  const busy = new WeakSet();

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0)).buffer;
  };
  const letters = (buffer) => {
    const plain = Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join('');
    return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };
  const withBytes = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  async function challengeOf(form) {
    if (form.dataset.challenge) return JSON.parse(form.dataset.challenge).publicKey;
    const answer = await fetch(form.dataset.challengeFrom, {
      method: 'POST',
      body: new URLSearchParams({ csrf: form.elements.csrf.value }),
      headers: { Accept: 'application/json' },
    });
    if (!answer.ok) throw new Error(`no challenge: ${answer.status}`);
    const told = await answer.json();
    if (form.elements.challenge) form.elements.challenge.value = told.name;
    return told.publicKey;
  }

  async function make(asked) {
    const made = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: withBytes(asked.excludeCredentials),
      },
    });
    return [made, {
      clientDataJSON: letters(made.response.clientDataJSON),
      attestationObject: letters(made.response.attestationObject),
      transports: made.response.getTransports?.() || [],
    }];
  }

  async function use(asked) {
    const used = await navigator.credentials.get({
      publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: withBytes(asked.allowCredentials) },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
    return [used, {
      clientDataJSON: letters(clientDataJSON),
      authenticatorData: letters(authenticatorData),
      signature: letters(signature),
      userHandle: userHandle ? letters(userHandle) : null,
    }];
  }

  async function answerFor(form) {
    const asked = await challengeOf(form);
    const [key, response] = await (form.dataset.passkey === 'register' ? make(asked) : use(asked));
    return JSON.stringify({
      id: key.id,
      rawId: letters(key.rawId),
      type: key.type,
      response,
      clientExtensionResults: key.getClientExtensionResults(),
    });
  }

  const say = (words) => { if (words) { words.hidden = false; words.focus(); } };
  const hush = (form) => form.querySelectorAll('[data-passkey-failed], [data-passkey-known]').forEach((words) => { words.hidden = true; });

  // Before anybody else sees the form go (htmx, upload): it is sent only with an answer in it.
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    const field = form.matches(FORMS) && form.querySelector('input[name=passkey]');
    if (!field || field.value) return;
    event.preventDefault();
    event.stopPropagation();
    if (!able || busy.has(form)) return;
    busy.add(form);
    hush(form);
    const { submitter } = event;
    try {
      field.value = await answerFor(form);
      form.requestSubmit(submitter);
    } catch (fault) {
      const known = fault.name === 'InvalidStateError' && form.querySelector('[data-passkey-known]');
      say(known || form.querySelector('[data-passkey-failed]'));
    } finally {
      // What is sent has been read out of the form by now; an old answer must not go a second time.
      field.value = '';
      busy.delete(form);
    }
  }, true);

  function start(root) {
    if (able) return;
    root.querySelectorAll(FORMS).forEach((form) => {
      // Removed, not hidden: whoever shows hidden things to browsers with scripts would show them again.
      form.querySelectorAll('button, input[type=submit]').forEach((button) => button.remove());
      const words = form.querySelector('[data-passkey-missing]');
      if (words) words.hidden = false;
    });
  }
  document.addEventListener('htmx:load', (event) => start(event.detail.elt));
  start(document);
})();
