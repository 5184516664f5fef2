// Asks for the page again when the server says that something has changed, and shows its <main>. Nothing here writes text into a page.
"use strict";
const address = document.body.dataset.events;
const live = document.getElementById("live");
let asking = false;
let again = false;

async function renew() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelector("main").replaceWith(page.querySelector("main"));
      document.title = page.title;
      if (document.body.dataset.events && !page.body.dataset.events) { location.reload(); }
    }
  } catch {
    live.textContent = "not connected";
  } finally {
    asking = false;
    if (again) { again = false; renew(); }
  }
}

if (address) {
  const source = new EventSource(address);
  source.addEventListener("hello", () => { live.textContent = "live"; });
  source.addEventListener("changed", renew);
  source.addEventListener("error", () => { live.textContent = "not connected"; });
}
