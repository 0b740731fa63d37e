// The stream of a page's changes. A browser has few connections to one server: a page that nobody looks at gives its own back, and begins
// anew when somebody does. A stream that begins anew asks for everything: what the page was loaded with may have changed and changed back.
const PATIENCE = 5_000, FIRST_PAUSE = 1_000, LONGEST_PAUSE = 30_000;
const streams = new Set();

function tell(words) {
  const place = document.querySelector("[sse-swap=trouble]");
  if (!place) return;
  const note = document.createElement("p");
  note.className = "note bad";
  note.textContent = words;
  place.replaceChildren(...(words ? [note] : []));
}

class Stream {
  constructor(url) {
    this.url = new URL(url, location.href);
    this.listeners = [];
    this.pause = FIRST_PAUSE;
    this.readyState = EventSource.OPEN;
    streams.add(this);
    this.begin();
  }
  begin() {
    clearTimeout(this.waits);
    if (this.source || this.readyState === EventSource.CLOSED) return;
    const source = this.source = new EventSource(this.url);
    for (const [name, listener] of this.listeners) source.addEventListener(name, listener);
    source.onopen = event => {
      if (this.isLost) tell("");
      this.isLost = false;
      this.pause = FIRST_PAUSE;
      this.onopen?.(event);
    };
    source.onerror = () => {
      this.rest();
      if (document.hidden) return;
      this.isLost = true;
      tell("Nothing new comes from the console: it has ended, or you are signed out. What you see may be old; load the page again.");
      this.waits = setTimeout(() => this.begin(), this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    };
  }
  rest() {
    clearTimeout(this.waits);
    this.source?.close();
    this.source = null;
    this.url.searchParams.delete("live");
  }
  addEventListener(name, listener) {
    this.listeners.push([name, listener]);
    this.source?.addEventListener(name, listener);
  }
  removeEventListener(name, listener) {
    this.listeners = this.listeners.filter(([other, one]) => other !== name || one !== listener);
    this.source?.removeEventListener(name, listener);
  }
  close() {
    this.readyState = EventSource.CLOSED;
    this.rest();
    streams.delete(this);
  }
}

let leaving;
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(() => streams.forEach(one => one.rest()), PATIENCE);
  else streams.forEach(one => one.begin());
});
// A page that goes is told of no trouble; one that comes back out of the browser's memory begins anew.
addEventListener("pagehide", () => streams.forEach(one => one.rest()));
addEventListener("pageshow", event => { if (event.persisted) streams.forEach(one => one.begin()); });

htmx.createEventSource = url => new Stream(url);
