// A picture that is wider than its box shows what runs first, else where the workflow begins.
const box = document.getElementById("graph");
const shown = box?.querySelector(".state.running, .state.failed, .state");
if (shown) {
  const at = shown.getBoundingClientRect(), within = box.getBoundingClientRect();
  box.scrollLeft += at.left + at.width / 2 - (within.left + within.width / 2);
}
