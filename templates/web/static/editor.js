// The effect of a profile's text follows typing. Without this script the button Check shows the same.
"use strict";
// Milliseconds:
const WAIT = 1200; // without a key, before the server is asked: fewer than 60 times a minute, its limit
const AGAIN = 2000; // until it is asked again when it is busy

const form = document.querySelector(".editor");
const text = document.getElementById("text");
const effect = document.getElementById("effect");
const announcement = document.getElementById("announcement");
const saved = form.elements.base.value;
let request = null;
let timer = 0;
let isLeaving = false;
let isLoggedOut = false;

function ask(delay) {
  clearTimeout(timer);
  timer = setTimeout(show, delay);
}

async function show() {
  request?.abort();
  const own = (request = new AbortController());
  effect.setAttribute("aria-busy", "true");
  try {
    let response = await preview(own.signal);
    if (response.status === 400 && (await renewToken(own.signal))) response = await preview(own.signal);
    if (response.ok) put(await response.text());
    else if (own === request) fail(response);
  } catch (error) {
    if (error.name !== "AbortError") say("The effect cannot be shown: there is no connection to Paperboy.");
  } finally {
    if (own === request) effect.removeAttribute("aria-busy");
  }
}

function preview(signal) {
  const body = new FormData();
  for (const name of ["version", "text"]) body.append(name, form.elements[name].value);
  return fetch(form.dataset.preview, {
    method: "POST", body, signal, redirect: "manual", headers: { "X-CSRFToken": form.elements.csrf_token.value },
  });
}

// Who has logged in again, in another tab, has another token. Save needs it too.
async function renewToken(signal) {
  const response = await fetch(form.action, { signal, redirect: "manual" });
  if (!response.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  form.elements.csrf_token.value = page.querySelector(".editor [name=csrf_token]").value;
  return true;
}

function put(html) {
  const closed = [...effect.querySelectorAll("details:not([open])")].map((part) => part.id);
  effect.innerHTML = html;
  for (const id of closed) effect.querySelector(`#${id}`)?.removeAttribute("open");
  isLoggedOut = false;
  say([...effect.querySelectorAll("[data-summary]")].map((part) => part.textContent).join(" "));
}

function fail(response) {
  isLoggedOut = response.type === "opaqueredirect" || response.status === 400;
  if (isLoggedOut) {
    const link = document.createElement("a");
    Object.assign(link, { href: form.dataset.login, target: "_blank", textContent: "Log in in another tab" });
    announcement.replaceChildren("You are logged out, and this is not saved. ", link, ", then come back here.");
  } else if (response.status === 429) {
    const seconds = Number(response.headers.get("Retry-After")) || 60;
    say(`There were too many requests. The effect will be shown in ${seconds} seconds.`);
    ask(seconds * 1000);
  } else if (response.status === 503) {
    say("Paperboy is busy. The effect will be shown in a moment.");
    ask(AGAIN);
  } else {
    say("The effect cannot be shown: copy your text, and load this page again.");
  }
}

function say(message) {
  announcement.textContent = message;
}

// A problem's place is selected in the text.
effect.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  if (!link) return;
  event.preventDefault();
  const lines = text.value.split("\n");
  const line = Math.min(Number(link.dataset.line), lines.length) - 1;
  const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  const column = Math.min(Number(link.dataset.column) - 1, lines[line].length);
  text.focus();
  text.setSelectionRange(start + column, start + lines[line].length);
  text.scrollTop = (text.scrollHeight / lines.length) * Math.max(0, line - 3);
});

text.addEventListener("input", () => ask(WAIT));
addEventListener("focus", () => { if (isLoggedOut) ask(0); });
form.addEventListener("submit", () => { isLeaving = true; });
addEventListener("beforeunload", (event) => {
  if (!isLeaving && text.value !== saved) event.preventDefault();
});
if (!effect.querySelector("[data-summary]")) {
  say("Computing the last seven days…");
  ask(0);
}
