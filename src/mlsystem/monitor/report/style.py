"""The style sheet of the page: calm, for light and dark screens, for narrow ones, and for paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #1c2430; --soft: #566070; --rule: #dde2e9;
  --before: #c3cad4; --now: #1f5fbf; --now-area: rgba(31, 95, 191, .10);
  --drifted: #b3361e; --drifted-back: #fbe9e5; --unknown: #8a5a00; --unknown-back: #fbf1dc;
  --fine: #2b6e4a; --fine-back: #e5f3eb; --mark: #fbe3c5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --card: #1a2029; --ink: #e5e9ef; --soft: #a0abba; --rule: #2c3541;
    --before: #4b5666; --now: #7fb0ff; --now-area: rgba(127, 176, 255, .12);
    --drifted: #ff9a84; --drifted-back: #41221c; --unknown: #eec06a; --unknown-back: #3a2e15;
    --fine: #84d1a6; --fine-back: #1b3527; --mark: #5a4018;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --rule: #bbbbbb;
    --before: #c3cad4; --now: #1f5fbf; --now-area: rgba(31, 95, 191, .10);
    --drifted: #a02c16; --drifted-back: #ffffff; --unknown: #7a5000; --unknown-back: #ffffff;
    --fine: #2b6e4a; --fine-back: #ffffff; --mark: #fbe3c5;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .feature, .times li, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main, footer { max-width: 60rem; margin: 0 auto; }
main { padding-top: 1.5rem; }
footer { padding: 1rem 0 2.5rem; }
h1 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.1rem); line-height: 1.2; margin: .2rem 0 .8rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1.05rem; line-height: 1.35; margin: 0 0 .4rem; overflow-wrap: anywhere; }
p { margin: 0 0 .5rem; max-width: 46rem; }
a { color: var(--now); text-underline-offset: .15em; }
.verdict {
  background: var(--card); border: 1px solid var(--rule); border-top: 5px solid var(--soft); border-radius: .6rem;
  padding: 1.1rem 1.4rem 1.2rem;
}
.verdict.drifted { border-top-color: var(--drifted); }
.verdict.unknown { border-top-color: var(--unknown); }
.verdict.fine { border-top-color: var(--fine); }
.verdict h2 { font-size: 1rem; margin: 1rem 0 .3rem; }
.verdict ul { margin: 0; padding-left: 1.2rem; max-width: 46rem; }
.verdict li { margin-bottom: .3rem; }
.kicker { color: var(--soft); font-size: .9rem; margin: 0; overflow-wrap: anywhere; }
.lead { font-size: 1.08rem; overflow-wrap: anywhere; }
.overview { margin: 1rem 0 0; padding-top: .8rem; border-top: 1px solid var(--rule); }
.overview div { display: flex; gap: .8rem; align-items: baseline; margin-bottom: .35rem; }
.overview dt { flex: 0 0 6.8rem; }
.overview dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.overview a { margin-right: .5rem; }
.badge {
  display: inline-block; font-size: .78rem; font-weight: 600; line-height: 1; padding: .3em .6em; border-radius: 1em;
  white-space: nowrap; border: 1px solid currentColor; vertical-align: .1em;
}
.badge.drifted { color: var(--drifted); background: var(--drifted-back); }
.badge.unknown { color: var(--unknown); background: var(--unknown-back); }
.badge.fine { color: var(--fine); background: var(--fine-back); }
.legend { color: var(--soft); }
.swatch { display: inline-block; width: .95em; height: .8em; vertical-align: -.05em; border: 2px solid transparent; }
.swatch.before { background: var(--before); }
.swatch.now { background: var(--now-area); border-color: var(--now); }
.features, .times { list-style: none; margin: 0; padding: 0; }
.feature {
  display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 23rem); gap: .6rem 1.6rem; align-items: start;
  background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; padding: 1rem 1.2rem; margin-bottom: .8rem;
}
.feature:target { outline: 2px solid var(--now); }
.feature p { overflow-wrap: anywhere; }
figure { margin: 0; }
.chart { display: block; width: 100%; height: auto; max-width: 26rem; overflow: visible; }
.small, .note { color: var(--soft); font-size: .85rem; }
.feature .small { margin: .5rem 0 0; }
.distance { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .8rem; margin-top: .6rem; }
.distance p, .far { margin: 0; font-size: .9rem; }
.meter { width: 9rem; height: auto; display: block; }
.track { fill: var(--rule); }
.fill.drifted { fill: var(--drifted); }
.fill.unknown { fill: var(--unknown); }
.fill.fine { fill: var(--fine); }
.before { fill: var(--before); stroke: none; }
.now { fill: var(--now-area); stroke: var(--now); stroke-width: 1.6; stroke-linejoin: round; }
.axis { stroke: var(--soft); stroke-width: 1; }
.grid { stroke: var(--rule); stroke-width: 1; stroke-dasharray: 2 3; }
.limit { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 4 3; }
.meter .limit { stroke-dasharray: none; stroke-width: 2; }
.line { fill: none; stroke: var(--soft); stroke-width: 1.3; stroke-linejoin: round; }
.dot.fine { fill: var(--fine); }
.dot.drifted { fill: var(--drifted); }
.dot.unknown { fill: var(--unknown); }
path.unknown { fill: none; stroke: var(--unknown); stroke-width: 1.5; }
text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--ink); }
.tick { fill: var(--soft); font-size: 10.5px; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.times { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: .8rem; }
.times li { background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; padding: .8rem 1rem; min-width: 0; }
.times h3 { margin: 0; }
.scroll {
  overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; margin-top: .6rem;
}
.scroll:focus-visible { outline: 2px solid var(--now); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .8rem; border-bottom: 1px solid var(--rule); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
.rows td, .rows th { font-variant-numeric: tabular-nums; white-space: nowrap; }
.rows small { display: block; color: var(--soft); }
mark { background: var(--mark); color: var(--ink); padding: .05em .3em; border-radius: .25em; }
.missing { font-style: italic; color: var(--soft); }
mark .missing { color: inherit; }
@media (max-width: 44rem) {
  .feature { grid-template-columns: minmax(0, 1fr); }
  .verdict, .feature { padding-left: 1rem; padding-right: 1rem; }
  .overview div { flex-direction: column; gap: .1rem; }
  .overview dt { flex: none; }
}
@media print { .feature { grid-template-columns: minmax(0, 1fr) 20rem; } body { padding: 0; font-size: 10.5pt; } }
"""
