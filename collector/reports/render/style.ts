/** Every pair of a text and its ground has a contrast of 4.5 or more (WCAG 2.2, 1.4.3); bars have 3 against theirs. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fff; --text: #17202b; --muted: #566270; --line: #dce1e7; --raised: #f4f6f8;
  --limit: #5b4300; --limit-ground: #fdf5e3; --attention: #9c1c16; --attention-ground: #fdf0ef;
  --good: #17693a; --good-ground: #edf7f0;
  --c0: #2f6cb3; --c1: #c26a12; --c2: #2b8a57; --c3: #8a4fb0; --c4: #b23a55; --c5: #6b7683;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11171e; --text: #dde4ec; --muted: #97a4b3; --line: #2b3541; --raised: #1a222b;
    --limit: #ecc478; --limit-ground: #2e2514; --attention: #ff9f97; --attention-ground: #33191a;
    --good: #6ccb8f; --good-ground: #14291d;
    --c0: #5b9be0; --c1: #e39a4b; --c2: #56b883; --c3: #b98ad8; --c4: #e57a92; --c5: #93a0ae;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 32px 28px 48px; max-width: 1040px; background: var(--ground); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 26px; line-height: 1.25; margin: 2px 0 6px; font-weight: 650; }
h2 { font-size: 18px; margin: 36px 0 10px; padding-bottom: 6px; border-bottom: 2px solid var(--line); font-weight: 650; }
h3 { font-size: 14px; margin: 20px 0 8px; font-weight: 650; }
h3 small { color: var(--muted); font-weight: 400; margin-left: 6px; }
p { margin: 8px 0; }
.product { color: var(--muted); font-size: 12px; margin: 0; letter-spacing: .02em; }
header { border-bottom: 1px solid var(--line); padding-bottom: 16px; }
header + main > section:first-child h2 { margin-top: 22px; }
dl { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 12px 0 0; }
dl div { display: flex; gap: 8px; }
dt { color: var(--muted); }
dd { margin: 0; }
.figures { list-style: none; padding: 0; margin: 12px 0; display: grid; gap: 8px;
  grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); }
.figures li { background: var(--raised); border: 1px solid var(--line); border-radius: 5px; padding: 9px 12px;
  display: flex; flex-direction: column; break-inside: avoid; }
.label { color: var(--muted); font-size: 12px; line-height: 1.35; flex: 1; }
.value { font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.4; }
.before { color: var(--muted); font-size: 12px; } .before:empty { display: none; }
.before b { color: var(--text); font-weight: 600; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; color: var(--muted); font-weight: 600; font-size: 12px; border-bottom: 1px solid var(--line);
  padding: 4px 14px 4px 0; vertical-align: bottom; overflow-wrap: normal; }
td { border-bottom: 1px solid var(--line); padding: 5px 14px 5px 0; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number { white-space: normal; }
td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.text { min-width: 76px; }
td.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace;
  font-size: 12px; max-width: 460px; min-width: 96px; }
.more, .none { color: var(--muted); font-size: 12px; margin: 6px 0 0; }
.note { border-left: 3px solid; padding: 7px 12px; border-radius: 3px; margin: 12px 0; }
.note strong { margin-right: 6px; }
.limit { color: var(--limit); background: var(--limit-ground); }
.attention { color: var(--attention); background: var(--attention-ground); }
.good { color: var(--good); background: var(--good-ground); }
figure { margin: 0; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--muted); font-size: 11.5px; font-family: inherit; }
.side { text-anchor: end; }
.tick { text-anchor: middle; }
.grid { stroke: var(--line); stroke-width: 1; }
.line0 { fill: var(--c0); background: var(--c0); } .line1 { fill: var(--c1); background: var(--c1); }
.line2 { fill: var(--c2); background: var(--c2); } .line3 { fill: var(--c3); background: var(--c3); }
.line4 { fill: var(--c4); background: var(--c4); } .line5 { fill: var(--c5); background: var(--c5); }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 18px; color: var(--muted); font-size: 12px; padding-left: 64px; }
figcaption i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; }
footer { color: var(--muted); font-size: 12px; margin-top: 40px; border-top: 1px solid var(--line); padding-top: 10px; }
@media (max-width: 620px) { body { padding: 18px 14px; } }
@media print {
  :root { color-scheme: light; --ground: #fff; --text: #17202b; --muted: #566270; --line: #dce1e7; --raised: #f4f6f8;
    --limit: #5b4300; --limit-ground: #fdf5e3; --attention: #9c1c16; --attention-ground: #fdf0ef; --good: #17693a;
    --good-ground: #edf7f0; --c0: #2f6cb3; --c1: #c26a12; --c2: #2b8a57; --c3: #8a4fb0; --c4: #b23a55; --c5: #6b7683; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, h3 { break-after: avoid; }
  tr, .note { break-inside: avoid; }
  .table { overflow: visible; }
  @page { margin: 16mm 14mm; }
}
`;
