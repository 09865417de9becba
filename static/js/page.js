/* What every page does beyond HTML: time zone, keyboard, ticking times, selections, and care for focus after a swap. */
"use strict";

/* The viewer's time zone, for the server to show times in from the next page on. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `tz=${encodeURIComponent(zone)};path=/;max-age=31536000;samesite=lax`;

/* Words come from the server, translated: see the tag `words`. */
const words = JSON.parse(document.querySelector("meta[name=words]")?.content || "{}");
const say = (template, value) => (template || "%s").replace("%s", value);

function span(seconds) {
  if (seconds < 60) return say(words.s, Math.floor(seconds));
  if (seconds < 3600) return say(words.min, Math.floor(seconds / 60));
  if (seconds < 86400) return say(words.h, Math.floor(seconds / 3600));
  const days = Math.floor(seconds / 86400);
  return say(days === 1 ? words.day : words.days, days);
}

function tick() {
  for (const time of document.querySelectorAll("time.ago")) {
    const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const text = Math.abs(seconds) < 1 ? words.now : say(seconds > 0 ? words.in : words.ago, span(Math.abs(seconds)));
    if (text && time.textContent !== text) time.textContent = text;
  }
  for (const timer of document.querySelectorAll("[data-elapsed]")) {
    timer.begun ??= performance.now() - Number(timer.dataset.elapsed);
    const seconds = (performance.now() - timer.begun) / 1000;
    timer.textContent = seconds < 60 ? say(words.s, Math.floor(seconds)) : `${span(seconds)} ${seconds < 3600 ? say(words.s, Math.floor(seconds % 60)) : ""}`.trim();
  }
}
if (words.now) setInterval(tick, 1000);

/* Keyboard: `/` finds, `g` and a letter goes, `?` shows the list. Never while somebody types. */
const goes = JSON.parse(document.documentElement.dataset.goes || "{}");
let leader = 0;
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary").focus();
    }
    if (typing?.id === "find") typing.blur();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.getElementById("find")) {
    event.preventDefault();
    document.getElementById("find").select();
  } else if (event.key === "?") {
    document.getElementById("keys")?.showPopover();
  } else if (event.key === "g") {
    leader = event.timeStamp;
  } else if (goes[event.key] && event.timeStamp - leader < 1500 && leader) {
    location.assign(goes[event.key]);
  } else {
    leader = 0;
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

/* Selections: one box for all, a count, and buttons that only show when something is selected. */
function selection(form) {
  const boxes = [...form.querySelectorAll("input[name=selected]")];
  const chosen = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("[data-select-all]");
  if (all) {
    all.hidden = false;
    all.checked = boxes.length > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  const count = form.querySelector("[data-selected-count]");
  if (count) count.textContent = chosen || "";
}
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-selection]");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) {
    for (const box of form.querySelectorAll("input[name=selected]")) box.checked = event.target.checked;
  }
  selection(form);
});
const selections = () => document.querySelectorAll("form[data-selection]").forEach(selection);
document.addEventListener("DOMContentLoaded", selections);

/* Of a long list in a box of its own, the current row is in sight. */
document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll(".tall")) {
    const row = box.querySelector("[aria-current]");
    if (row) box.scrollTop = row.offsetTop - box.clientHeight / 2;
  }
});

/* A swap must not lose the place: what was open, what was selected, where the focus was. It says what changed. */
let before = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  before = {
    open: [...target.querySelectorAll("details[id][open]")].map((item) => item.id),
    chosen: [...target.querySelectorAll("input[name=selected]:checked")].map((item) => item.value),
    scrolled: [...target.querySelectorAll("pre[id], .tall[id]")].map((item) => [item.id, item.scrollTop, item.scrollHeight - item.clientHeight - item.scrollTop < 4]),
    focused: target.contains(document.activeElement) ? [...selectorsOf(document.activeElement), "#main"] : [],
  };
});
document.addEventListener("htmx:afterSettle", () => {
  if (before) {
    for (const id of before.open) document.getElementById(id)?.setAttribute("open", "");
    for (const box of document.querySelectorAll("input[name=selected]")) if (before.chosen.includes(box.value)) box.checked = true;
    for (const [id, top, atEnd] of before.scrolled) {
      const item = document.getElementById(id);
      if (item) item.scrollTop = atEnd ? item.scrollHeight : top;
    }
    for (const place of before.focused) {
      if (document.activeElement === document.body) document.querySelector(place)?.focus({ preventScroll: true });
    }
    before = null;
  }
  selections();
  announce();
});
let announced = "";
function announce() {
  const text = [...document.querySelectorAll("[data-announce]")].map((item) => item.dataset.announce).join(". ");
  if (text && text !== announced) document.getElementById("announcer").textContent = text;
  announced = text;
}
document.addEventListener("DOMContentLoaded", () => {
  announced = [...document.querySelectorAll("[data-announce]")].map((item) => item.dataset.announce).join(". ");
});

/* What a request could not do is said where messages stand: by the server, in a note that names the request (see
   errors.py), or by us when it could not. A region that refreshes by itself says it only where trying again is in vain. */
function complain(text) {
  const note = document.createElement("div");
  note.className = "note bad";
  note.textContent = text;
  document.getElementById("notes").replaceChildren(note);
  closable();
}
const isNote = (xhr) => xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget") === "#notes";
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (!isNote(xhr)) return;
  const live = requestConfig.elt.dataset.live;
  if (live && [401, 403, 404].includes(xhr.status)) delete requestConfig.elt.dataset.live;
  else if (live) return void (event.detail.shouldSwap = false);
  event.detail.shouldSwap = true;
});
document.addEventListener("htmx:responseError", (event) => {
  if (!event.detail.elt.dataset.live && !isNote(event.detail.xhr)) complain(say(words.refused, event.detail.xhr.status));
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt.dataset.live) complain(words.unreachable);
});
document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.elt.closest?.("[popover]:popover-open")?.hidePopover();
});

/* Nor must a form or a link that leads back to this page, when the keyboard is used: the focus returns to where it was,
   or as near as there is something. Wrong answers come first. What was done is read out. */
function selectorsOf(item) {
  const action = item.form?.getAttribute("action");
  return [
    item.id && `#${CSS.escape(item.id)}`,
    item.name && `${item.localName}[name="${CSS.escape(item.name)}"][value="${CSS.escape(item.value)}"]`,
    action && `form[action="${CSS.escape(action)}"] ${item.localName}`,
  ].filter(Boolean);
}
window.addEventListener("pagehide", () => {
  const item = document.activeElement;
  if (!item?.matches("#main :focus-visible")) return;
  const places = selectorsOf(item);
  for (let outer = item.parentElement.closest("[id]"); outer && outer.id !== "main"; outer = outer.parentElement.closest("[id]")) {
    if (outer.popover) places.push(`[popovertarget="${CSS.escape(outer.id)}"]`);
    places.push(`#${CSS.escape(outer.id)}`);
  }
  sessionStorage.setItem("place", JSON.stringify({ path: location.pathname, at: Date.now(), places }));
});
document.addEventListener("DOMContentLoaded", () => {
  const said = [...document.querySelectorAll("#notes > .note")].map((note) => note.textContent.trim()).join(". ");
  if (said) setTimeout(() => (document.getElementById("announcer").textContent = said), 300);
  const kept = JSON.parse(sessionStorage.getItem("place") || "null");
  sessionStorage.removeItem("place");
  if (document.querySelector("[autofocus]:not([popover] *)")) return;
  const back = kept?.path === location.pathname && Date.now() - kept.at < 30000;
  for (const place of ["#main [aria-invalid=true]", ...(back ? [...kept.places, "#main"] : [])]) {
    const item = document.querySelector(place);
    if (!item) continue;
    if (item.matches("section, form, div, table")) item.tabIndex = -1;
    item.focus({ preventScroll: item.tabIndex < 0 });
    if (document.activeElement === item) break;
  }
});

/* Each note can be put away: it stays in sight while the page is scrolled. */
function closable() {
  const notes = document.getElementById("notes");
  for (const note of notes?.querySelectorAll(":scope > .note:not(:has(> .close))") || []) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain quiet close";
    button.textContent = notes.dataset.close;
    button.addEventListener("click", () => {
      note.remove();
      document.getElementById("main").focus({ preventScroll: true });
    });
    note.append(button);
  }
}
document.addEventListener("DOMContentLoaded", closable);
document.addEventListener("htmx:afterSettle", closable);

/* A form that only leads to a page goes to its address as it is written: without the `?` of an empty form. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-go]")) return;
  event.preventDefault();
  location.assign(event.target.action);
});
