import { TOKENS } from '../../browser/tokens.ts'

const BASE = `
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--cg-bg); color: var(--cg-text); font: 14px/20px var(--cg-font); overflow-wrap: anywhere; }
h1, h2, h3, p, ul, pre, fieldset { margin: 0; padding: 0; border: 0; }
h2 { font-size: 28px; line-height: 36px; font-weight: 650; letter-spacing: -.01em; }
h3 { font-size: 14px; line-height: 20px; font-weight: 600; }
h2:focus { outline: none; }
ul { list-style: none; }
a { color: var(--cg-accent); text-underline-offset: 2px; }
code, pre, .id { font-family: var(--cg-mono); font-size: 13px; line-height: 18px; font-variant-numeric: tabular-nums; }
.muted, .about { color: var(--cg-muted); }
.icon { width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 2px solid var(--cg-accent); outline-offset: 2px; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: 16px; top: -60px; background: var(--cg-bg); padding: 8px 12px; z-index: 3; }
.skip:focus { top: 8px; }
`

const CONTROLS = `
input, select, button { font: inherit; color: inherit; }
input:not([type="radio"]), select { width: 100%; min-width: 0; height: 40px; padding: 0 12px; background: var(--cg-bg); border: 1px solid var(--cg-line); border-radius: var(--cg-radius-control); }
input:not([type="radio"]):hover, select:hover { border-color: var(--cg-muted); }
input[type="file"] { padding: 4px; height: auto; min-height: 40px; border-style: dashed; background: var(--cg-surface); }
input[type="file"]::file-selector-button { font: inherit; font-weight: 600; height: 30px; padding: 0 12px; margin-right: 12px; color: var(--cg-text); background: var(--cg-bg); border: 1px solid var(--cg-line); border-radius: 6px; cursor: pointer; }
select { appearance: none; padding-right: 32px; background-image: linear-gradient(45deg, transparent 50%, var(--cg-muted) 50%), linear-gradient(135deg, var(--cg-muted) 50%, transparent 50%); background-position: right 17px center, right 12px center; background-size: 5px 5px; background-repeat: no-repeat; }
::placeholder { color: var(--cg-muted); opacity: .8; }
[aria-invalid] { border-color: var(--cg-bad) !important; }
button { display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 40px; padding: 0 16px; border-radius: var(--cg-radius-control); border: 1px solid transparent; cursor: pointer; font-weight: 600; }
button.main { background: var(--cg-accent); color: var(--cg-on-accent); min-width: 120px; }
button.main:hover { opacity: .9; }
button.quiet { background: transparent; border-color: var(--cg-line); font-weight: 500; }
button.quiet:hover { border-color: var(--cg-muted); }
button.square { width: 40px; padding: 0; }
button.wide { width: 100%; }
button[aria-disabled="true"] { opacity: .6; cursor: progress; }
label { display: flex; align-items: baseline; gap: 8px; font: 600 13px/18px var(--cg-mono); }
.access label, .variants label { font: 600 13px/18px var(--cg-font); }
.required { font: 500 12px/16px var(--cg-font); color: var(--cg-muted); }
.field { display: grid; gap: 4px; align-content: start; min-width: 0; }
.about { font-size: 13px; line-height: 18px; }
.fault { color: var(--cg-bad); font-size: 13px; line-height: 18px; }
progress { flex: 1; min-width: 80px; height: 3px; appearance: none; border: 0; border-radius: 2px; background: var(--cg-line); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--cg-line); }
progress::-webkit-progress-value { background: var(--cg-accent); }
progress::-moz-progress-bar { background: var(--cg-accent); }
`

const FRAME = `
.top { display: flex; align-items: center; gap: 12px; height: 64px; padding: 0 16px; border-bottom: 1px solid var(--cg-line); }
.top h1 { flex: 1; min-width: 0; font-size: 16px; line-height: 24px; font-weight: 650; display: flex; align-items: baseline; gap: 8px; white-space: nowrap; }
.top h1 a { color: inherit; text-decoration: none; padding: 10px 0; }
.top h1 .muted { font: 13px/18px var(--cg-mono); display: none; }
.pill { display: inline-flex; align-items: center; gap: 6px; font-weight: 600; font-size: 13px; white-space: nowrap; color: var(--cg-bad); }
.pill.good { color: var(--cg-good); } .pill.wait { color: var(--cg-muted); }
.access { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; padding: 12px 16px; background: var(--cg-surface); border-bottom: 1px solid var(--cg-line); }
nav { display: none; }
main { padding: 24px 16px 48px; min-width: 0; }
article > header { display: grid; gap: 8px; margin-bottom: 24px; max-width: 720px; }
.home { display: grid; gap: 24px; } .home > header { margin: 0; } .home h3 { margin-top: 8px; } .home > * { min-width: 0; }
.actions { border: 1px solid var(--cg-line); border-radius: var(--cg-radius); overflow: hidden; }
.actions li + li { border-top: 1px solid var(--cg-line); }
.actions a { display: grid; grid-template-columns: 1fr auto; gap: 2px 12px; padding: 12px 16px; color: inherit; text-decoration: none; align-items: center; }
.actions a:hover { background: var(--cg-surface); }
.actions a:focus-visible { outline-offset: -2px; }
.actions .name { font-weight: 600; grid-column: 1; } .actions .path, .actions .purpose { grid-column: 1; font-size: 13px; line-height: 18px; }
.actions .icon { grid-column: 2; grid-row: 1 / span 3; color: var(--cg-muted); }
.path { color: var(--cg-muted); } .method { font: 600 12px/18px var(--cg-mono); color: var(--cg-accent); margin-right: 8px; }
.links { display: flex; flex-wrap: wrap; gap: 0 24px; } .links a { display: inline-block; padding: 10px 0; }
.back { display: inline-flex; align-items: center; gap: 4px; min-height: 40px; margin: -12px 0 4px; color: var(--cg-muted); text-decoration: none; }
.first { display: grid; gap: 16px; align-items: start; } .first > :only-child { grid-column: 1 / -1; }
.first img { display: block; width: 240px; height: auto; aspect-ratio: 3 / 2; border-radius: var(--cg-radius); background: var(--cg-surface); }
.broken { margin: 48px 16px; }
`

const ACTION = `
.columns { display: grid; gap: 32px; } .columns > * { min-width: 0; }
form { display: grid; gap: 16px; align-content: start; }
.fields, .side, .answer, .answer-body, .problem { display: grid; gap: 16px; align-content: start; min-width: 0; }
.side { gap: 32px; } .answer, .answer-body { gap: 12px; } .problem { gap: 8px; } .problem ul { display: grid; gap: 4px; }
.grid { display: grid; grid-template-columns: 1fr; gap: 16px; }
.variants { display: flex; flex-wrap: wrap; gap: 8px; } .variants legend { padding: 0; margin-bottom: 4px; color: var(--cg-muted); font-size: 13px; }
.variants label { position: relative; } .variants input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
.variants span { display: flex; align-items: center; min-height: 40px; padding: 0 12px; border: 1px solid var(--cg-line); border-radius: var(--cg-radius-control); }
.variants :checked + span { border-color: var(--cg-accent); color: var(--cg-accent); }
.variants :focus-visible + span { outline: 2px solid var(--cg-accent); outline-offset: 2px; }
.fold { border: 1px solid var(--cg-line); border-radius: var(--cg-radius); }
.fold summary { min-height: 40px; padding: 10px 16px; cursor: pointer; font-weight: 600; border-radius: var(--cg-radius); }
.fold > :not(summary) { margin: 4px 16px 16px; }
.note { padding: 10px 12px; border-radius: var(--cg-radius-control); background: var(--cg-surface); color: var(--cg-muted); }
.send { position: sticky; bottom: 0; display: flex; align-items: center; gap: 12px; margin: 0 -16px; padding: 12px 16px; background: var(--cg-bg); border-top: 1px solid var(--cg-line); z-index: 1; }
.send .main { flex: 1; }
.code { border: 1px solid var(--cg-line); border-radius: var(--cg-radius); background: var(--cg-surface); min-width: 0; }
.code-head { display: flex; align-items: center; justify-content: space-between; padding: 4px 4px 4px 16px; border-bottom: 1px solid var(--cg-line); font-size: 13px; }
.code-head button { border-color: transparent; padding: 0 12px; font-size: 13px; }
pre { white-space: pre-wrap; padding: 12px 16px; max-height: 480px; overflow: auto; border-radius: var(--cg-radius); }
.fold pre { padding: 0; } .answers { display: grid; gap: 8px; } .answers li { display: grid; grid-template-columns: 40px minmax(0, 1fr); gap: 8px; align-items: baseline; }
.headline { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; font-size: 13px; } .headline .id { font-size: 12px; }
.empty { padding: 24px 16px; border: 1px dashed var(--cg-line); border-radius: var(--cg-radius); color: var(--cg-muted); text-align: center; }
.problem { padding: 12px 16px; border: 1px solid var(--cg-line); border-left: 3px solid var(--cg-bad); border-radius: var(--cg-radius-control); }
.preview { display: block; width: fit-content; border: 1px solid var(--cg-line); border-radius: var(--cg-radius); overflow: hidden; background: repeating-conic-gradient(var(--cg-line) 0 25%, var(--cg-bg) 0 50%) 0 0 / 16px 16px; }
.preview img { display: block; max-width: 100%; max-height: 320px; width: auto; height: auto; }
.preview:empty { display: none; }
.thumbnails { display: flex; flex-wrap: wrap; gap: 8px; } .thumbnails img { border-radius: var(--cg-radius-thumbnail); background: var(--cg-surface); object-fit: cover; }
`

const WIDE = `
@media (min-width: 640px) {
  .grid { grid-template-columns: 1fr 1fr; } .actions .path { grid-column: 2; grid-row: 1; }
  .actions a { grid-template-columns: 1fr auto 16px; } .actions .icon { grid-column: 3; grid-row: 1 / span 2; } .actions .purpose { grid-column: 1 / span 2; }
  .access { grid-template-columns: minmax(0, 360px) minmax(0, 240px); } .top h1 .muted { display: inline; }
  .first { grid-template-columns: minmax(0, 1fr) 240px; }
}
@media (min-width: 1000px) {
  .top { padding: 0 32px; } .access { padding: 12px 32px; }
  .frame { display: grid; grid-template-columns: 248px minmax(0, 1fr); }
  nav { display: block; position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 24px 16px; }
  nav div + div { margin-top: 24px; }
  nav h2 { padding: 4px 16px; font-size: 13px; line-height: 18px; font-weight: 600; letter-spacing: 0; color: var(--cg-muted); }
  nav a { display: flex; align-items: center; min-height: 40px; padding: 4px 16px; border-radius: var(--cg-radius-control); color: inherit; text-decoration: none; }
  nav a:hover { background: var(--cg-surface); } nav a:focus-visible { outline-offset: -2px; }
  nav a[aria-current] { background: var(--cg-surface); color: var(--cg-accent); font-weight: 600; }
  main { padding: 32px 32px 64px; border-left: 1px solid var(--cg-line); min-height: calc(100vh - 64px); }
  .home { max-width: 860px; } .action { max-width: 1240px; } .back { display: none; }
  .send { position: static; margin: 0; padding: 0; border: 0; } .send .main { flex: none; min-width: 160px; }
}
@media (min-width: 1200px) {
  .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 40px; }
  .side { position: sticky; top: 24px; align-self: start; }
}
@media (pointer: coarse) { input:not([type="radio"]), select, button, .variants span, .fold summary { min-height: 44px; } }
@media (prefers-reduced-motion: no-preference) { .actions a, nav a, button { transition: opacity 120ms ease-out; } }
`

/** Style sheet of the documentation page. */
export const STYLES = [TOKENS, BASE, CONTROLS, FRAME, ACTION, WIDE].join('')
