// Parts of a page that renew themselves: <div data-live="url" data-live-seconds="5">.
// Without JavaScript the page shows what it was sent with.
"use strict";
for (const part of document.querySelectorAll("[data-live]")) {
  const seconds = Number(part.dataset.liveSeconds) || 10;
  let failures = 0;
  const renew = async () => {
    if (!document.hidden && !part.contains(document.activeElement)) {
      try {
        const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" } });
        if (answer.redirected || answer.status === 403) return; // signed out: leave what is there
        if (!answer.ok) throw new Error(answer.status);
        part.innerHTML = await answer.text();
        failures = 0;
        if (part.querySelector("[data-live-done]")) return;
      } catch {
        failures += 1;
      }
    }
    setTimeout(renew, Math.min(seconds * 2 ** failures, 300) * 1000);
  };
  setTimeout(renew, seconds * 1000);
}
