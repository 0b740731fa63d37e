// Charts by ECharts, of the options that the server wrote beside each, in the colours of the page. Loaded by pages that have some.
let echarts = null;
const drawn = new Map();

function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = name => style.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map(number => read(`--series-${number}`)),
    text: read("--text"), faint: read("--text-faint"), line: read("--line"), card: read("--card"),
    good: read("--good"), bad: read("--bad"), warn: read("--warn"),
  };
}

// Names of the page's colours in options stand as "$good".
function coloured(value, palette) {
  if (typeof value === "string" && value.startsWith("$")) return palette[value.slice(1)] ?? value;
  if (Array.isArray(value)) return value.map(item => coloured(item, palette));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, palette)]));
  }
  return value;
}

function axis(given, palette) {
  const lines = { axisLine: { lineStyle: { color: palette.line } }, splitLine: { lineStyle: { color: palette.line } } };
  const one = item => ({ ...lines, ...item, axisLabel: { color: palette.faint, hideOverlap: true, ...item.axisLabel }, nameTextStyle: { color: palette.faint, align: "left" } });
  return Array.isArray(given) ? given.map(one) : one(given);
}

function complete(options) {
  const palette = colours(), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const full = coloured(options, palette);
  if (full.xAxis) full.xAxis = axis(full.xAxis, palette);
  if (full.yAxis) full.yAxis = axis(full.yAxis, palette);
  return {
    color: palette.series,
    textStyle: { color: palette.text, fontFamily: "inherit" },
    animation: !still, animationDuration: 300, animationDurationUpdate: 400,
    aria: { enabled: false },
    grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
    // Rich text: a tooltip of HTML would need styles that the page's policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: palette.card, borderColor: palette.line, textStyle: { color: palette.text } },
    ...full,
    legend: { top: 0, right: 8, type: "scroll", icon: "circle", itemWidth: 10, itemHeight: 10, textStyle: { color: palette.text }, pageTextStyle: { color: palette.text }, ...full.legend },
  };
}

export async function drawCharts(within) {
  const found = [...(within.querySelectorAll?.("script[data-chart]") ?? [])];
  if (!found.length) return;
  echarts ??= (await import("./vendor/echarts.js")).echarts;
  for (const script of found) {
    const place = document.getElementById(script.dataset.chart);
    if (!place) continue;
    let chart = echarts.getInstanceByDom(place);
    const options = script.textContent;
    if (chart && drawn.get(place.id) === options) continue;
    chart ??= echarts.init(place, null, { renderer: "canvas" });
    chart.setOption(complete(JSON.parse(options)), { notMerge: !chart.getOption() });
    drawn.set(place.id, options);
    place.dataset.drawn = "yes";
    resizing.observe(place);
  }
}

const resizing = new ResizeObserver(entries => {
  for (const { target } of entries) echarts?.getInstanceByDom(target)?.resize();
});

export function redrawCharts() {
  drawn.clear();
  drawCharts(document);
}
