// The effect of a profile's text follows typing. Without this script the button Check shows the same.
"use strict";
const WAIT = 700; // milliseconds without a key before the server is asked
const AGAIN = 5000; // until it is asked again when it is busy

const form = document.querySelector(".editor");
const text = document.getElementById("text");
const effect = document.getElementById("effect");
const announcement = document.getElementById("announcement");
const saved = form.elements.base.value;
let request = null;
let timer = 0;
let isLeaving = false;

function ask(delay) {
  clearTimeout(timer);
  timer = setTimeout(show, delay);
}

async function show() {
  request?.abort();
  const own = (request = new AbortController());
  const body = new FormData();
  for (const name of ["version", "text"]) body.append(name, form.elements[name].value);
  effect.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.dataset.preview, {
      method: "POST", body, signal: own.signal, redirect: "error",
      headers: { "X-CSRFToken": form.elements.csrf_token.value },
    });
    if (response.ok) put(await response.text());
    else if (own === request) fail(response.status);
  } catch (error) {
    if (error.name !== "AbortError") announcement.textContent = "The effect cannot be shown: check the connection, or log in again.";
  } finally {
    if (own === request) effect.removeAttribute("aria-busy");
  }
}

function put(html) {
  const closed = [...effect.querySelectorAll("details:not([open])")].map((part) => part.id);
  effect.innerHTML = html;
  for (const id of closed) effect.querySelector(`#${id}`)?.removeAttribute("open");
  announcement.textContent = [...effect.querySelectorAll("[data-summary]")].map((part) => part.textContent).join(" ");
}

function fail(status) {
  const isBusy = status === 429 || status === 503;
  announcement.textContent = isBusy
    ? "Paperboy is busy. The effect will be shown in a moment."
    : "The effect cannot be shown: copy your text, and load this page again.";
  if (isBusy) ask(AGAIN);
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
form.addEventListener("submit", () => { isLeaving = true; });
addEventListener("beforeunload", (event) => {
  if (!isLeaving && text.value !== saved) event.preventDefault();
});
if (!effect.querySelector("[data-summary]")) {
  announcement.textContent = "Computing the last seven days…";
  ask(0);
}
