/* Live pages: one connection a tab tells which regions have to be fetched again.
   A region: <div id hx-get hx-trigger="live" hx-target="this" hx-swap="outerHTML" data-live="process:ID processes">. */
"use strict";

const live = { source: null, topics: "", since: Number(document.documentElement.dataset.now) || Date.now(), poll: 0, failures: 0 };
const mark = document.getElementById("live");
/* Each page at a moment of its own: after a restart all of them come back, and what all wait for is told to all at once. */
const someOf = (milliseconds) => milliseconds * (0.5 + Math.random() / 2);
const regions = () => [...document.querySelectorAll("[data-live]")];

function show(state) {
  if (!mark) return;
  mark.hidden = !state;
  if (!state) return;
  mark.dataset.state = state;
  mark.textContent = mark.dataset[`${state}Text`];
}

/* At most one fetch of a region each half second (data-live-rest: milliseconds); none while it is out of sight, asks something, or somebody types in it. */
function refresh(region) {
  if (region.waiting) return;
  const rest = (Number(region.dataset.liveRest) || 500) - (performance.now() - (live[region.id] || -1000));
  region.waiting = setTimeout(() => {
    region.waiting = 0;
    if (!region.isConnected) {
      const now = document.getElementById(region.id);
      if (now?.dataset.live) refresh(now);
      return;
    }
    const typing = region.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), select, textarea");
    const asking = region.querySelector("[popover]:popover-open");
    if (document.hidden || typing || asking || region.classList.contains("htmx-request")) {
      region.waiting = 0;
      region.dirty = true;
      if (region.classList.contains("htmx-request")) setTimeout(() => refresh(document.getElementById(region.id) || region), 300);
      return;
    }
    region.dirty = false;
    live[region.id] = performance.now();
    htmx.trigger(region, "live");
  }, Math.max(rest, 0));
}
/* What could not be fetched is tried again: the server or its database may be away for a moment. */
document.addEventListener("htmx:afterRequest", (event) => {
  const region = event.detail.elt;
  if (event.detail.successful || !region.dataset?.live) return;
  show("reconnecting");
  setTimeout(() => refresh(region), someOf(3000));
});
document.addEventListener("htmx:afterSettle", () => {
  if (live.source?.readyState === EventSource.OPEN && mark?.dataset.state === "reconnecting") show("live");
});
const refreshAll = () => regions().forEach(refresh);
const dirty = () => regions().filter((region) => region.dirty).forEach(refresh);
document.addEventListener("visibilitychange", dirty);
document.addEventListener("focusout", () => setTimeout(dirty, 50));
document.addEventListener("toggle", () => setTimeout(dirty, 50), true);

function changed(topics) {
  for (const region of regions()) {
    if (region.dataset.live.split(" ").some((topic) => topics.includes(topic))) refresh(region);
  }
}

function startPolling() {
  show("polling");
  live.poll ||= setInterval(refreshAll, someOf(6000));
}
function stopPolling() {
  clearInterval(live.poll);
  live.poll = 0;
}

/* Opens, replaces or closes the connection so that it fits the regions that the page shows now. */
function connect() {
  const topics = [...new Set(regions().flatMap((region) => region.dataset.live.split(" ").filter(Boolean)))].sort().join(" ");
  if (topics === live.topics) return;
  live.topics = topics;
  live.source?.close();
  live.source = null;
  if (!topics) {
    stopPolling();
    return show("");
  }
  const address = new URL(document.documentElement.dataset.events, location);
  address.searchParams.set("on", topics);
  address.searchParams.set("since", live.since);
  const source = (live.source = new EventSource(address));
  source.addEventListener("open", () => {
    live.failures = 0;
    stopPolling();
    show("live");
  });
  source.addEventListener("change", (event) => {
    live.since = Number(event.lastEventId) || live.since;
    changed(event.data.split(" "));
  });
  source.addEventListener("resync", () => setTimeout(refreshAll, Math.random() * 1000));
  source.addEventListener("offline", () => show("reconnecting"));
  source.addEventListener("online", () => show("live"));
  source.addEventListener("error", () => {
    live.failures += 1;
    if (live.failures > 2) startPolling();
    else setTimeout(() => live.source === source && source.readyState !== EventSource.OPEN && show("reconnecting"), 500);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => reopen(source), someOf(1000 * 2 ** Math.min(live.failures, 6)));
  });
}
/* A browser opens a lost connection again by itself, but for ever gives up one that was refused: with 503, or by a proxy. */
function reopen(source) {
  if (live.source !== source) return;
  live.topics = "";
  connect();
}
document.addEventListener("DOMContentLoaded", connect);
document.addEventListener("htmx:afterSettle", connect);
window.addEventListener("pagehide", () => live.source?.close());
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  live.topics = "";
  connect();
  refreshAll();
});
