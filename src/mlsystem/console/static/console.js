// Times in the reader's zone, charts, the theme, questions before what cannot be undone. Pages work without it, but for charts.
import { drawCharts, redrawCharts } from "./charts.js";
import { hold, keep, restore } from "./keep.js";
import "./stream.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const FORMS = {
  moment: { dateStyle: "medium", timeStyle: "medium" },
  clock: { timeStyle: "medium" },
  day: { dateStyle: "medium" },
};
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000, size = Math.abs(seconds);
  if (size < MINUTE) return relative.format(Math.round(seconds), "second");
  if (size < HOUR) return relative.format(Math.round(seconds / MINUTE), "minute");
  if (size < DAY) return relative.format(Math.round(seconds / HOUR), "hour");
  return relative.format(Math.round(seconds / DAY), "day");
}

function showTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime), kind = time.dataset.kind;
    time.title = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
    time.textContent = kind === "ago" ? ago(moment) : moment.toLocaleString(undefined, FORMS[kind] ?? FORMS.moment);
  }
}

function fresh(within) {
  showTimes(within);
  drawCharts(within);
}

document.addEventListener("htmx:beforeSwap", event => keep(event.detail.target ?? event.target));
document.addEventListener("htmx:sseBeforeMessage", event => {
  if (hold(event.target, event.detail.data)) event.preventDefault();
  else keep(event.target);
});
for (const name of ["htmx:afterSwap", "htmx:sseMessage", "htmx:load"]) {
  document.addEventListener(name, event => {
    if (name !== "htmx:load") restore(event.target);
    fresh(event.target);
    follow(event.target);
  });
}

// A log that is followed shows its end, unless its reader has gone up.
function follow(within) {
  for (const log of [within, ...(within.querySelectorAll?.("[data-follow]") ?? [])]) {
    if (!log.matches?.("[data-follow]")) continue;
    if (log.dataset.follow !== "left") log.scrollTop = log.scrollHeight;
  }
}
document.addEventListener("scroll", event => {
  const log = event.target;
  if (!(log instanceof Element) || !log.matches("[data-follow]")) return;
  log.dataset.follow = log.scrollTop + log.clientHeight >= log.scrollHeight - 8 ? "" : "left";
}, true);

document.addEventListener("submit", event => {
  const question = event.target.dataset.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("mlsystem-theme", next); } catch { /* then it holds for this page */ }
  redrawCharts();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);

const menu = document.querySelector("[data-menu]");
if (menu && matchMedia("(max-width: 60rem)").matches) menu.open = false;

setInterval(() => showTimes(document), 10_000);
fresh(document);
follow(document);
