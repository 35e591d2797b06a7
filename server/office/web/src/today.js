// What waits is read again while somebody may be looking; signed out, no more.
const EVERY_MS = 60_000;
let tag = "";
const reading = setInterval(async () => {
  const shown = document.getElementById("today");
  if (!shown || document.hidden || shown.contains(document.activeElement)) return;
  const answer = await fetch(shown.dataset.poll, { headers: tag ? { "If-None-Match": tag } : {} }).catch(() => null);
  if (answer?.status === 401 || answer?.redirected) clearInterval(reading);
  if (!answer?.ok || answer.redirected) return;
  tag = answer.headers.get("ETag") ?? "";
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("today");
  if (fresh) shown.replaceWith(fresh);
}, EVERY_MS);
