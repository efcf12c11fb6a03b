// Shows a household, or the console, as it is now when it has changed: what is on the page is replaced block by block. Without it the
// page works as well; it is then as old as it was loaded.
"use strict";
(() => {
  const main = document.querySelector("[data-live]");
  if (!main || !window.EventSource) return;

  // Whoever is writing keeps what he has written.
  const busy = (block) => [...block.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue)
    || (block.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));

  const keepOpen = (old, fresh) => {
    const opened = [...old.querySelectorAll("details[open] > summary")].map((item) => item.textContent);
    for (const summary of fresh.querySelectorAll("details > summary")) {
      if (opened.includes(summary.textContent)) summary.parentElement.open = true;
    }
  };

  // Whoever is at a link or a button stays at it.
  const equal = (block, held) => [...block.querySelectorAll(held.tagName)]
    .find((item) => item.textContent === held.textContent && item.getAttribute("href") === held.getAttribute("href"));

  const replace = (page) => {
    let changed = false;
    for (const old of main.querySelectorAll("section[aria-labelledby], [data-live-part], nav.toc, .titlebar")) {
      const name = old.getAttribute("aria-labelledby");
      const part = old.dataset.livePart;
      const fresh = page.querySelector(part ? `[data-live-part="${part}"]` : name ? `section[aria-labelledby="${name}"]`
        : old.matches("nav") ? "nav.toc" : ".titlebar");
      if (!fresh || fresh.textContent === old.textContent || busy(old)) continue;
      keepOpen(old, fresh);
      if (main.dataset.liveSaid) fresh.classList.add("just-changed");
      const held = old.contains(document.activeElement) ? document.activeElement : null;
      const shown = document.importNode(fresh, true);
      old.replaceWith(shown);
      if (held) equal(shown, held)?.focus({ preventScroll: true });
      changed = true;
    }
    return changed;
  };

  const load = async () => {
    const answer = await fetch(main.dataset.liveAddress,
      { credentials: "same-origin", redirect: "manual", headers: { "X-Regiehub-Live": "1" } });
    // What may not be seen any more, or by somebody who is not logged in any more, does not stay on the screen.
    if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) return window.location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (replace(page) && main.dataset.liveSaid) document.getElementById("live").textContent = main.dataset.liveSaid;
    ends(page);
  };

  // An emergency access that ends takes from the screen what it showed. By the server's clock: this one's may be wrong.
  let ending;
  const ends = (page) => {
    const seconds = [...page.querySelectorAll("[data-ends-in]")].map((item) => Number(item.dataset.endsIn));
    if (ending && !seconds.length) window.location.reload();
    clearTimeout(ending);
    if (seconds.length) ending = setTimeout(() => window.location.reload(), 1000 * Math.min(...seconds) + 1000);
  };
  ends(main);

  const stream = new EventSource(main.dataset.live);
  stream.addEventListener("changed", () => { load().catch(() => {}); });
  window.addEventListener("pagehide", () => stream.close());
})();
