// What a reader does on a page stays when a part of it is drawn anew: what is open, what is written, how far it is scrolled, and the focus.
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
const FIELDS = "input:not([type=hidden]):not([type=file]), textarea, select";
const held = new Map();
let kept = null, pressed = null;

// The same thing in two drawings: what it is, not what is written on it, for that changes.
function mark(one) {
  const read = name => one.getAttribute(name) ?? "";
  const within = one.closest("details[id]")?.id ?? "", form = one.closest("form");
  const sent = form ? [...form.querySelectorAll("input[type=hidden]:not([name=csrf_token])")].map(field => field.value) : [];
  const own = ["id", "href", "name", "aria-label"].map(read);
  const value = one.matches("[type=radio], [type=checkbox]") ? one.value : "";
  return JSON.stringify([one.tagName, ...own, value, within, form?.getAttribute("action") ?? "", ...sent]);
}

function marked(within, selector) {
  const seen = new Map();
  return [...within.querySelectorAll(selector)].map(one => {
    const name = mark(one), number = seen.get(name) ?? 0;
    seen.set(name, number + 1);
    return [`${name}${number}`, one];
  });
}

function written(one) {
  if (one.matches("[type=radio], [type=checkbox]")) return one.checked === one.defaultChecked ? null : one.checked;
  if (one.matches("select")) return [...one.options].some(option => option.selected !== option.defaultSelected) ? one.value : null;
  return one.value === one.defaultValue ? null : one.value;
}

export function keep(within) {
  const active = within.contains(document.activeElement) && document.activeElement !== within ? document.activeElement : null;
  const stops = marked(within, FOCUSABLE);
  kept = {
    within,
    open: new Map([...within.querySelectorAll("details[id]")].map(one => [one.id, one.open])),
    scrolled: new Map(marked(within, ".scroll").map(([name, one]) => [name, [one.scrollLeft, one.scrollTop]])),
    written: new Map(marked(within, FIELDS).map(([name, one]) => [name, written(one)]).filter(([, value]) => value !== null)),
    focus: active && stops.find(([, one]) => one === active)?.[0],
    place: stops.findIndex(([, one]) => one === active),
  };
}

export function restore(within) {
  if (kept?.within !== within) return;
  const { open, scrolled, written: values, focus, place } = kept;
  kept = null;
  for (const one of within.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = open.get(one.id);
  for (const [name, one] of marked(within, ".scroll")) if (scrolled.has(name)) [one.scrollLeft, one.scrollTop] = scrolled.get(name);
  for (const [name, one] of marked(within, FIELDS)) {
    if (!values.has(name)) continue;
    if (one.matches("[type=radio], [type=checkbox]")) one.checked = values.get(name);
    else one.value = values.get(name);
  }
  if (!focus || within.contains(document.activeElement)) return;
  const stops = marked(within, FOCUSABLE);
  // What had it may be gone: then what stands in its place, else the part itself, has it.
  const next = stops.find(([name]) => name === focus) ?? stops[Math.min(place, stops.length - 1)];
  if (!next) within.tabIndex = -1;
  (next?.[1] ?? within).focus({ preventScroll: true });
}

// Nobody is interrupted who types, chooses or presses: what has come meanwhile is drawn when they go on. A button that is drawn anew
// between press and release is not clicked.
export function hold(within, content) {
  const active = document.activeElement;
  if (!within.contains(pressed) && !(within.contains(active) && active.matches(FIELDS))) {
    held.delete(within);
    return false;
  }
  held.set(within, content);
  return true;
}

function drawHeld() {
  for (const [within, content] of [...held]) {
    if (hold(within, content)) continue;
    held.delete(within);
    if (!within.isConnected) continue;
    keep(within);
    htmx.swap(within, content, { swapStyle: "innerHTML" });
    restore(within);
  }
}

document.addEventListener("focusout", () => setTimeout(drawHeld));
document.addEventListener("pointerdown", event => { pressed = event.target; }, true);
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => setTimeout(() => { pressed = null; drawHeld(); }), true);  // after the click that it makes
}
